// Between two attempts of an instance: what one held goes back, its streams stay open, and nobody speaks for it any more.
import { expect, test } from 'vitest';
import { tokenFor } from '../../src/broker/token.ts';
import { Type } from '../../src/wire/message.ts';
import { type Client, lockOf, queueOf, type Running, running, runningWith } from './kit.ts';

const key = '00'.repeat(32);

/** The attempt of `node` ends, and the next begins. */
async function again(run: Running, node: string): Promise<void> {
  await run.broker.gone({ type: 'gone', request: 1, node, abandon: false });
  run.broker.recover({ type: 'recover', node, how: 'failed with exit code 1' });
}

async function client(run: Running, node: string, attempt: number): Promise<Client> {
  const stranger = await run.stranger();
  stranger.hello(node, 100 + attempt, tokenFor(key, node, attempt));
  await stranger.next(Type.WELCOME);
  return stranger;
}

test('what one attempt held the next is given again, charged with an attempt, and its queue stays open', async () => {
  await using run = await running(queueOf('q', { attempts: 2 }));
  await (await run.client('p')).put(1, 'a', 'b');
  const first = await run.client('c', 77);
  expect(await first.get(1)).toEqual(['a']);
  await first.settled();
  await first.kill();
  await again(run, 'c');
  const second = await client(run, 'c', 2);
  expect(await second.get(1, 2)).toEqual(['a']);
  second.say((to) => to.number(Type.TAKEN, 1, 1));
  expect(await second.get(1)).toEqual(['b']);
  expect(run.notices).toEqual([{ type: 'redelivered', queue: 'q', node: 'c', count: 1 }]);
});

test('what was put stays, and the stream of who puts neither ends nor breaks between two attempts', async () => {
  await using run = await runningWith({ again: ['p'] }, queueOf('q'));
  const first = await run.client('p');
  await first.put(1, 'a');
  first.say((to) => to.bare(Type.CLOSE, 1));
  await first.goodbye();
  await again(run, 'p');
  const second = await client(run, 'p', 2);
  await second.put(1, 'b');
  await second.goodbye();
  expect(run.notices).toEqual([]);
  run.broker.settle({ type: 'settle', node: 'p', held: 'done', stream: 'end', succeeded: true });
  expect(await run.notice('closed')).toEqual({ type: 'closed', queue: 'q', aborted: false });
  const consumer = await run.client('c');
  expect(await consumer.get(1, 2)).toEqual(['a', 'b']);
});

test('its locks are free, and the next owner is told', async () => {
  await using run = await running(lockOf('l', ['a', 'b']));
  await (await run.client('a')).acquire(1);
  await again(run, 'a');
  expect(await (await run.client('b')).acquire(1)).toEqual({ fence: 2, abandoned: true });
});

test('who is left of one attempt is cut off, and its token is good for nothing in the next', async () => {
  await using run = await running(queueOf('q'));
  const stale = await run.client('p', 1);
  await again(run, 'p');
  await stale.closed;
  const stranger = await run.stranger();
  stranger.hello('p', 1, tokenFor(key, 'p', 1));
  expect(await stranger.error()).toBe('identity');
  // Nobody known has done wrong: the attempt that runs now is not to fail for it.
  expect(await run.notice('offence')).toMatchObject({ node: null });
  await client(run, 'p', 2);
});

test('that one attempt was told the end says nothing of the next', async () => {
  await using run = await running(queueOf('q'));
  const producer = await run.client('p');
  await producer.put(1, 'a');
  await producer.goodbye();
  run.broker.settle({ type: 'settle', node: 'p', held: 'done', stream: 'end', succeeded: true });
  const first = await run.client('c');
  expect(await first.get(1)).toEqual(['a']);
  first.say((to) => to.number(Type.TAKEN, 1, 1));
  first.say((to) => to.number(Type.GET, 1, 1, 1));
  await first.next(Type.END);
  await first.kill();
  await again(run, 'c');
  const account = await run.broker.gone({ type: 'gone', request: 2, node: 'c', abandon: false });
  expect(account.toldEnd).toBe(false);
});
