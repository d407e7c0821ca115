// The stories of a lock.
import { expect, test } from 'vitest';
import type { Effect } from '../../src/broker/effect.ts';
import { waitsFor } from '../../src/broker/lock-waits.ts';
import { Lock, type LockSettings } from '../../src/broker/lock.ts';
import { factsOf } from '../../src/broker/wait-facts.ts';
import type { WaitFact } from '../../src/run/event.ts';
import { mutex } from './kit.ts';

const seats = { lock: 'semaphore', permits: 2 } as const;
const page = { lock: 'rw' } as const;
const anyones = { owned: false } as const;
const deploy = { scope: 'host' } as const;

function story(settings: Partial<LockSettings> = {}) {
  const lock = new Lock({ ...mutex, ...settings });
  for (const [session, instance] of [
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
    [4, 'd'],
  ] as const)
    lock.enter(session, instance);
  return {
    lock,
    turn: () => lock.turn().map(words),
    read: (session: number) => lock.acquire(session, 1, { shared: true }),
    write: (session: number) => lock.acquire(session, 1),
  };
}

function words(effect: Effect): string {
  switch (effect.type) {
    case 'granted':
      return `${effect.session}: granted ${effect.fence}${effect.abandoned ? ', abandoned' : ''}${effect.lent ? ', lent' : ''}`;
    case 'reply':
      return `${effect.session}: reply ${effect.request}`;
    case 'denied':
      return `${effect.session}: ${effect.code} ${effect.request}`;
    case 'refused':
      return `${effect.session}: refused ${effect.request}`;
    case 'abandoned':
      return `abandoned by ${effect.node}`;
    case 'seek':
      return `seek${effect.atOnce ? ' at once' : ''}`;
    case 'yield':
      return `yield${effect.abandoned ? ' abandoned' : ''}`;
    default:
      throw new Error(`a lock does not say ${effect.type}`);
  }
}

test('a lock is handed on in order of arrival, each time with a larger fence', () => {
  const { lock, turn } = story();
  for (const session of [1, 2, 3]) lock.acquire(session, 7);
  expect(turn()).toEqual(['1: granted 1']);
  lock.release(1, 1, 8);
  expect(turn()).toEqual(['1: reply 8', '2: granted 2']);
  lock.release(2, 2, 8);
  expect(turn()).toEqual(['2: reply 8', '3: granted 3']);
});

test('to give back what one does not hold, or no longer, changes nothing', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1);
  lock.acquire(2, 1);
  turn();
  lock.release(2, 1, 9);
  lock.release(1, 0, 10);
  expect(turn()).toEqual(['2: not-held 9', '1: not-held 10']);
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
  lock.acquire(1, 1, { atOnce: true });
  lock.acquire(2, 1, { atOnce: true });
  expect(turn()).toEqual(['1: granted 1', '2: refused 1']);
});

test('who gives up leaves the line; who was granted it before keeps it', () => {
  const { lock, turn } = story();
  for (const session of [1, 2, 3]) lock.acquire(session, 1);
  turn();
  lock.cancel(2, 1);
  lock.cancel(1, 1);
  expect(turn()).toEqual(['2: reply 1']);
  lock.release(1, 1, 2);
  expect(turn()).toEqual(['1: reply 2', '3: granted 2']);
});

test('a lock whose owner is gone is free only when nothing of it can still write, and the next is told', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1);
  lock.acquire(2, 1);
  turn();
  lock.leave(1, 'lost');
  expect(turn()).toEqual([]);
  lock.settle('a');
  expect(turn()).toEqual(['abandoned by a', '2: granted 2, abandoned']);
  lock.release(2, 2, 1);
  lock.acquire(3, 1);
  expect(turn()).toEqual(['2: reply 1', '3: granted 3']);
});

test('a forked process that dies gives its lock back at once', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1);
  lock.acquire(2, 1);
  turn();
  lock.leave(1, 'died');
  expect(turn()).toEqual(['abandoned by a', '2: granted 2, abandoned']);
});

test('a session that turns out later to have died gives its lock back then', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1);
  lock.leave(1, 'lost');
  turn();
  lock.leave(1, 'died');
  expect(turn()).toEqual(['abandoned by a']);
});

test('who dies waiting is never granted anything', () => {
  const { lock, turn } = story();
  for (const session of [1, 2, 3]) lock.acquire(session, 1);
  turn();
  lock.leave(2, 'lost');
  lock.release(1, 1, 2);
  expect(turn()).toEqual(['1: reply 2', '3: granted 2']);
});

test('that nobody was waiting does not make the next owner forget that it was abandoned', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1);
  lock.leave(1, 'died');
  turn();
  lock.acquire(2, 1);
  expect(turn()).toEqual(['2: granted 2, abandoned']);
});

test('the same request cannot wait twice, and only a lock of kind `rw` is taken to read', () => {
  const { lock } = story();
  lock.acquire(1, 1);
  lock.acquire(2, 1);
  expect(() => lock.acquire(2, 1)).toThrow('the request 1 is in use already');
  expect(() => lock.acquire(3, 1, { shared: true })).toThrow('only a lock of kind `rw` is taken to read');
});

test('a semaphore is held by as many as it has permits, and one session may hold several', () => {
  const { lock, turn } = story(seats);
  lock.acquire(1, 1);
  lock.acquire(1, 2);
  lock.acquire(2, 1);
  lock.acquire(3, 1, { atOnce: true });
  expect(turn()).toEqual(['1: granted 1', '1: granted 2', '3: refused 1']);
  lock.release(1, 2, 9);
  expect(turn()).toEqual(['1: reply 9', '2: granted 3']);
  lock.release(1, 2, 9);
  expect(turn()).toEqual(['1: not-held 9']);
});

test('all permits of one that ends are free again, and the next owner is told, once', () => {
  const { lock, turn } = story(seats);
  lock.acquire(1, 1);
  lock.acquire(1, 2);
  lock.acquire(2, 1);
  lock.acquire(3, 1);
  turn();
  lock.settle('a');
  expect(turn()).toEqual(['abandoned by a', 'abandoned by a', '2: granted 3, abandoned', '3: granted 4']);
});

test('readers share a lock, a writer has it alone, and nobody overtakes who came before', () => {
  const { lock, turn, read, write } = story(page);
  read(1);
  read(2);
  write(3);
  read(4);
  expect(turn()).toEqual(['1: granted 1', '2: granted 2']);
  lock.acquire(1, 2, { shared: true, atOnce: true });
  expect(turn()).toEqual(['1: refused 2']);
  lock.release(2, 2, 9);
  lock.release(1, 1, 9);
  expect(turn()).toEqual(['2: reply 9', '1: reply 9', '3: granted 3']);
  lock.release(3, 3, 9);
  expect(turn()).toEqual(['3: reply 9', '4: granted 4']);
});

test('a writer that gives up or dies lets the readers behind it in', () => {
  const { lock, turn, read, write } = story(page);
  read(1);
  write(2);
  read(3);
  turn();
  lock.cancel(2, 1);
  expect(turn()).toEqual(['2: reply 1', '3: granted 2']);
  lock.acquire(2, 2);
  lock.acquire(4, 1, { shared: true });
  turn();
  lock.leave(2, 'lost');
  expect(turn()).toEqual(['4: granted 3']);
});

test('what a writer left half written is told to every reader until the next writer', () => {
  const { lock, turn, read, write } = story(page);
  write(1);
  read(2);
  read(3);
  turn();
  lock.leave(1, 'died');
  expect(turn()).toEqual(['abandoned by a', '2: granted 2, abandoned', '3: granted 3, abandoned']);
  lock.release(2, 2, 1);
  write(4);
  turn();
  lock.leave(3, 'died');
  expect(turn()).toEqual(['4: granted 4, abandoned']);
  lock.release(4, 4, 1);
  read(2);
  expect(turn()).toEqual(['4: reply 1', '2: granted 5']);
});

test('a lock that nobody owns is given back by anybody, once, and outlives who took it', () => {
  const { lock, turn } = story(anyones);
  lock.acquire(1, 1);
  lock.acquire(2, 1);
  turn();
  lock.leave(1, 'died');
  lock.settle('a');
  expect(turn()).toEqual([]);
  lock.release(3, 1, 7);
  expect(turn()).toEqual(['3: reply 7', '2: granted 2']);
  lock.release(3, 0, 8);
  lock.release(3, 0, 9);
  lock.release(2, 2, 4);
  expect(turn()).toEqual(['3: reply 8', '3: not-held 9', '2: not-held 4']);
});

test('a lock of the whole machine is granted once this run has it, and let go of after every grant', () => {
  const { lock, turn } = story(deploy);
  lock.acquire(1, 1);
  lock.acquire(2, 1);
  expect(turn()).toEqual(['seek']);
  lock.arrived({ fence: 41, abandoned: true });
  expect(turn()).toEqual(['1: granted 42, abandoned']);
  lock.release(1, 42, 9);
  expect(turn()).toEqual(['1: reply 9', 'yield', 'seek']);
  lock.arrived({ fence: 50, abandoned: false });
  expect(turn()).toEqual(['2: granted 51']);
  lock.settle('b');
  expect(turn()).toEqual(['abandoned by b', 'yield abandoned']);
});

test('a lock of the whole machine that another run has is refused to who will not wait, and sought for the others', () => {
  const { lock, turn } = story(deploy);
  lock.acquire(1, 1, { atOnce: true });
  lock.acquire(2, 1);
  lock.acquire(3, 1, { atOnce: true });
  expect(turn()).toEqual(['seek at once', '3: refused 1']);
  lock.unavailable();
  expect(turn()).toEqual(['1: refused 1', 'seek']);
  lock.cancel(2, 1);
  expect(turn()).toEqual(['2: reply 1', 'yield']);
  lock.acquire(1, 2, { atOnce: true });
  expect(turn()).toEqual(['seek at once']);
});

test('who waits for a lock of the whole machine that cannot be had is told so', () => {
  const { lock, turn } = story(deploy);
  lock.acquire(1, 1);
  lock.acquire(2, 1);
  turn();
  lock.broken('no `flock`');
  expect(turn()).toEqual(['1: broken 1', '2: broken 1']);
});

test('a release that wants no answer gets one only where it is refused', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1);
  turn();
  lock.release(1, 1, 0, true);
  lock.release(1, 1, 0, true);
  expect(turn()).toEqual(['1: not-held 0']);
});

test('a lock is lent where nobody waits, and given back by the last fence that was used', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1, { borrows: true });
  lock.acquire(2, 1, { borrows: true });
  lock.acquire(3, 1);
  expect(turn()).toEqual(['1: granted 1, lent']);
  lock.release(2, 3, 9);
  lock.release(1, 5, 0, true);
  expect(turn()).toEqual(['2: not-held 9', '2: granted 6']);
  lock.release(1, 5, 9);
  lock.release(2, 7, 9);
  expect(turn()).toEqual(['1: not-held 9', '2: not-held 9']);
});

test('a lock that was lent to one that died counts as held, and as used as often as it could be', () => {
  const { lock, turn } = story();
  lock.acquire(1, 1, { borrows: true });
  lock.acquire(2, 1);
  turn();
  lock.leave(1, 'died');
  expect(turn()).toEqual(['abandoned by a', `2: granted ${1 + 0xffff + 1}, abandoned`]);
});

test.each([{ strict: true }, seats, page, anyones, deploy])('a lock with %o is never lent', (settings) => {
  const { lock } = story(settings);
  lock.acquire(1, 1, { borrows: true });
  lock.arrived({ fence: 0, abandoned: false });
  expect([...lock.grants]).toMatchObject([{ fence: 1, last: 1 }]);
});

test('who waits for a lock of the machine that is not here waits for another run', () => {
  const { lock } = story(deploy);
  lock.acquire(1, 1);
  expect(factsAt(lock)).toEqual([{ ...waiting('a'), on: [], elsewhere: true }]);
  lock.arrived({ fence: 1, abandoned: false });
  lock.acquire(2, 1);
  expect(factsAt(lock)).toEqual([{ ...waiting('b'), on: ['a'] }]);
});

test('a reader waits behind the writers before it, and those for the readers', () => {
  const { lock, read, write } = story(page);
  read(1);
  write(2);
  read(3);
  write(4);
  expect(factsAt(lock)).toEqual([
    { ...waiting('b'), on: ['a'] },
    { ...waiting('c'), on: ['a'], behind: ['b'] },
    { ...waiting('d'), on: ['a'] },
  ]);
});

function factsAt(lock: Lock): WaitFact[] {
  const waits = waitsFor(lock, [], new Set());
  return waits.flatMap(({ session, cause }) =>
    factsOf(lock.instanceOf(session), [{ ...cause, channel: 'l' }], 0, new Set()),
  );
}

function waiting(node: string) {
  return { node, does: 'acquire', channel: 'l', forMs: 0 };
}
