// The stories of a lock.
import { expect, test } from 'vitest';
import type { Effect } from '../../src/broker/effect.ts';
import { Lock } from '../../src/broker/lock.ts';

function story() {
  const lock = new Lock();
  for (const [session, instance] of [
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ] as const)
    lock.enter(session, instance);
  return { lock, turn: () => lock.turn().map(words) };
}

function words(effect: Effect): string {
  switch (effect.type) {
    case 'granted':
      return `${effect.session}: granted ${effect.fence}${effect.abandoned ? ', abandoned' : ''}`;
    case 'reply':
      return `${effect.session}: reply ${effect.request}`;
    case 'denied':
      return `${effect.session}: ${effect.code} ${effect.request}`;
    case 'refused':
      return `${effect.session}: refused ${effect.request}`;
    case 'abandoned':
      return `abandoned by ${effect.node}`;
    default:
      throw new Error(`a lock does not say ${effect.type}`);
  }
}

test('a lock is handed on in order of arrival, each time with a larger fence', () => {
  const { lock, turn } = story();
  for (const session of [1, 2, 3]) lock.acquire(session, 7, false);
  expect(turn()).toEqual(['1: granted 1']);
  lock.release(1, 1, 8);
  expect(turn()).toEqual(['1: reply 8', '2: granted 2']);
  lock.release(2, 2, 8);
  expect(turn()).toEqual(['2: reply 8', '3: granted 3']);
});

test('to give back what one does not hold, or no longer, changes nothing', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1, false);
  lock.acquire(2, 1, false);
  turn();
  lock.release(2, 1, 9);
  expect(turn()).toEqual(['2: not-held 9']);
  lock.release(1, 1, 2);
  turn();
  lock.release(1, 1, 3);
  lock.release(1, 2, 4);
  expect(turn()).toEqual(['1: not-held 3', '1: not-held 4']);
  lock.release(2, 2, 5);
  expect(turn()).toEqual(['2: reply 5']);
});

test('who will not wait is refused', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1, true);
  lock.acquire(2, 1, true);
  expect(turn()).toEqual(['1: granted 1', '2: refused 1']);
});

test('who gives up leaves the line; who was granted it before keeps it', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1, false);
  lock.acquire(2, 1, false);
  lock.acquire(3, 1, false);
  turn();
  lock.cancel(2, 1);
  lock.cancel(1, 1);
  expect(turn()).toEqual(['2: reply 1']);
  lock.release(1, 1, 2);
  expect(turn()).toEqual(['1: reply 2', '3: granted 2']);
});

test('a lock whose owner is gone is free only when nothing of it can still write, and the next is told', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1, false);
  lock.acquire(2, 1, false);
  turn();
  lock.leave(1, 'lost');
  expect(turn()).toEqual([]);
  lock.settle('a');
  expect(turn()).toEqual(['abandoned by a', '2: granted 2, abandoned']);
  lock.release(2, 2, 1);
  lock.acquire(3, 1, false);
  expect(turn()).toEqual(['2: reply 1', '3: granted 3']);
});

test('a forked process that dies gives its lock back at once', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1, false);
  lock.acquire(2, 1, false);
  turn();
  lock.leave(1, 'died');
  expect(turn()).toEqual(['abandoned by a', '2: granted 2, abandoned']);
});

test('who dies waiting is never granted anything', () => {
  const { lock, turn } = story();
  for (const session of [1, 2, 3]) lock.acquire(session, 1, false);
  turn();
  lock.leave(2, 'lost');
  lock.release(1, 1, 2);
  expect(turn()).toEqual(['1: reply 2', '3: granted 2']);
});

test('that nobody was waiting does not make the next owner forget that it was abandoned', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1, false);
  lock.leave(1, 'died');
  turn();
  lock.acquire(2, 1, false);
  expect(turn()).toEqual(['2: granted 2, abandoned']);
});

test('the same request cannot wait twice', () => {
  const { lock } = story();
  lock.acquire(1, 1, false);
  lock.acquire(2, 1, false);
  expect(() => lock.acquire(2, 1, false)).toThrow('the request 1 is in use already');
});
