// What one session of an instance took and left behind is done when another one says so.
import { expect, onTestFinished, test } from 'vitest';
import { readReply } from '../../src/wire/body.ts';
import { Type } from '../../src/wire/message.ts';
import { type Client, queueOf, running } from './kit.ts';

async function start() {
  const run = await running(queueOf('q', { consumers: ['c', 'd'] }));
  onTestFinished(() => run[Symbol.asyncDispose]());
  await (await run.client('p')).put(1, 'a', 'b', 'c', 'd', 'e', 'f');
  /** Takes some in a session of its own, and says goodbye. */
  const take = async (instance: string, count: number) => {
    const client = await run.client(instance, 7);
    await client.get(1, count);
    client.say((to) => to.number(Type.TAKEN, 1, count));
    client.say((to) => to.bare(Type.GOODBYE, 0));
    await client.closed;
  };
  const done = () => run.broker.counts()['q']?.done;
  return { run, take, done };
}

async function finish(client: Client, count: number): Promise<unknown> {
  client.say((to) => to.finish(1, 1, count));
  return readReply(await client.next(Type.REPLY)).value;
}

test('the oldest first, so many as are said, and all where nothing is said', async () => {
  const { run, take, done } = await start();
  await take('c', 2);
  await take('c', 1);
  await take('c', 2);
  const client = await run.client('c');
  expect(await finish(client, 1)).toEqual({ count: 1 });
  expect(await finish(client, 2)).toEqual({ count: 2 });
  expect(done()).toBe(3);
  expect(await finish(client, 0)).toEqual({ count: 2 });
  expect(await finish(client, 0)).toEqual({ count: 0 });
  expect(done()).toBe(5);
});

test('not what a session holds that is still there, nor what another instance left', async () => {
  const { run, take, done } = await start();
  await take('d', 2);
  const here = await run.client('c');
  await here.get(1, 1);
  here.say((to) => to.number(Type.TAKEN, 1, 1));
  await here.settled();
  expect(await finish(await run.client('c'), 0)).toEqual({ count: 0 });
  expect(done()).toBe(0);
});

test('what is not done goes back when the instance fails, and what is done does not', async () => {
  const { run, take, done } = await start();
  await take('c', 3);
  await finish(await run.client('c'), 1);
  run.broker.settle({ type: 'settle', node: 'c', held: 'back', stream: 'end', succeeded: false });
  expect(await (await run.client('d')).getEach(1, 2)).toEqual(['b', 'c']);
  expect(done()).toBe(1);
});
