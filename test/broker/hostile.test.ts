// Clients that take, ask and claim without end, that lie, and that send what nothing can be made of: each is cut off with a
// typed error, what it can make the broker keep has a bound, and whoever speaks properly is served as before.
import { expect, onTestFinished, test, vi } from 'vitest';
import { Most } from '../../src/broker/limits.ts';
import { readRoom } from '../../src/wire/body.ts';
import { itemsOf } from '../../src/wire/items.ts';
import { Limit, Type } from '../../src/wire/message.ts';
import { bytesOf, type Client, lockOf, queueOf, running, runningWith } from './kit.ts';

const huge = 0xffffffff;

test('a want for several items is let in alone with no more than the largest item has', async () => {
  await using run = await running(queueOf('q'));
  const greedy = await run.client('p');
  greedy.say((to) => to.room(Type.WANT, 1, 1, 1));
  let { bytes } = readRoom(await greedy.next(Type.ROOM));
  greedy.say((to) => to.room(Type.WANT, 1, huge, huge));
  // It comes once it is clear that nobody else needs it.
  while (bytes < Limit.ITEM) bytes += readRoom(await greedy.next(Type.ROOM)).bytes;
  await greedy.settled();
  expect(bytes).toBe(Limit.ITEM);
});

test('empty items need room, too, where there is no limit on the count', async () => {
  await using run = await running(queueOf('q', { producers: ['p', 'r'] }));
  const greedy = await run.client('p');
  greedy.say((to) => to.room(Type.WANT, 1, huge, 0));
  const { count } = readRoom(await greedy.next(Type.ROOM));
  expect(count).toBeLessThanOrEqual((64 * 1024 * 1024) / 4);
});

test('a lock is read by one instance only so many times at once', async () => {
  await using run = await running(lockOf('l', ['p', 'r'], { lock: 'rw' }));
  const greedy = await run.client('p');
  for (let from = 0; from < Most.CLAIMS; from += 1024) {
    greedy.socket.write(
      bytesOf((to) => {
        for (let request = from; request < from + 1024; request += 1) to.number(Type.ACQUIRE, 1, request, 2);
      }),
    );
    await greedy.settled();
  }
  greedy.say((to) => to.number(Type.ACQUIRE, 1, Most.CLAIMS, 2));
  expect(await greedy.error()).toBe('limit');
  await greedy.closed;
  expect(run.notices).toContainEqual({ type: 'offence', node: 'p', reason: expect.stringContaining('`p` holds') });
  const other = await run.client('r');
  other.say((to) => to.number(Type.ACQUIRE, 1, 1, 2));
  await other.granted();
});

test('what an instance gave back and no longer waits for it may have again', async () => {
  await using run = await running(lockOf('l', ['p']));
  const client = await run.client('p');
  for (let round = 0; round < 3; round += 1) {
    const { fence } = await client.acquire(1, 0);
    client.socket.write(
      bytesOf((to) => {
        for (let request = 1; request < Most.CLAIMS; request += 1) to.number(Type.ACQUIRE, 1, request);
        for (let request = 1; request < Most.CLAIMS; request += 1) to.number(Type.CANCEL, 1, request);
        to.release(1, fence, 0, 1);
      }),
    );
    await client.settled();
    client.heard.length = 0;
  }
});

test('joins count for all sessions of an instance together', async () => {
  await using run = await running(queueOf('q', { producers: ['p', 'r'] }));
  const [one, two] = [await run.client('p'), await run.client('p')];
  await one.put(1, 'a');
  for (const client of [one, two]) {
    client.socket.write(
      bytesOf((to) => {
        for (let request = 0; request < Most.JOINS / 2; request += 1) to.number(Type.JOIN, 1, request);
      }),
    );
    await client.settled();
  }
  one.say((to) => to.number(Type.JOIN, 1, huge));
  expect(await one.error()).toBe('limit');
  await one.closed;
  // Those of the one that is gone are forgotten.
  two.say((to) => to.number(Type.JOIN, 1, huge));
  await two.settled();
});

test('who takes without end and finishes nothing is cut off, and another gets what it held', async () => {
  await using run = await running(queueOf('q', { maxBytes: 1024 * 1024 * 1024, consumers: ['c', 'd'] }));
  run.broker.started({ type: 'started', node: 'c', pid: 7 });
  const producer = await run.client('p');
  const hoarder = await run.client('c');
  // Items of nothing, as many as go into a frame.
  const at = 1024 * 1024;
  const empties = itemsOf(Array.from({ length: at }, () => Buffer.alloc(0)));
  hoarder.say((to) => to.number(Type.GET, 1, huge, 1));
  for (let held = 0; held <= Most.HELD; held += at) {
    producer.say((to) => to.room(Type.WANT, 1, at, 0));
    for (let room = 0; room < at; ) room += readRoom(await producer.next(Type.ROOM)).count;
    producer.say((to) => to.put(1, empties));
    await producer.settled();
    await hoarder.next(Type.DELIVER);
    hoarder.say((to) => to.number(Type.TAKEN, 1, at));
  }
  expect(await hoarder.error()).toBe('limit');
  await hoarder.closed;
  const reason =
    'it holds more of `q` than it may (4194304 items, or 1 GiB of them): say of each that it is done (`taskDone`, in Python `task_done`), or give the queue `delivery: at-most-once`';
  expect(run.notices).toContainEqual({ type: 'offence', node: 'c', reason });
  const other = await run.client('d');
  expect((await other.getEach(1, 3)).length).toBe(3);
});

test('what is taken one by one and held for long is told apart still', async () => {
  await using run = await running(queueOf('q', { consumers: ['c', 'd'] }));
  const producer = await run.client('p');
  const texts = Array.from({ length: 2000 }, (_, index) => `${index}`);
  await producer.put(1, ...texts);
  const holder = await run.client('c', 7);
  run.broker.started({ type: 'started', node: 'c', pid: 1 });
  expect(await holder.get(1, 2000)).toEqual(texts);
  const isDone = (index: number) => index % 7 === 3 || (index >= 500 && index < 900);
  holder.socket.write(
    bytesOf((to) => {
      for (const _ of texts) to.number(Type.TAKEN, 1, 1);
      to.range(Type.DONE, 1, 500, 400);
      for (let index = 3; index < 2000; index += 7) {
        if (index < 500 || index >= 900) to.range(Type.DONE, 1, index, 1);
      }
    }),
  );
  await holder.settled();
  await holder.kill();
  const other = await run.client('d');
  const left = texts.filter((_, index) => !isDone(index));
  const again = await other.getEach(1, left.length);
  expect(again).toEqual(left);
});

test('one connection too many is its instance’s doing, and a flood of them is told only so often', async () => {
  await using run = await running(queueOf('q'));
  await Promise.all(Array.from({ length: Most.SESSIONS }, () => run.client('p')));
  for (let extra = 0; extra < 3 * Most.OFFENCES; extra += 1) {
    const client = await run.stranger();
    client.hello('p');
    expect(await client.error()).toBe('limit');
  }
  const told = { type: 'offence', node: 'p', reason: '`p` has 1024 connections already' };
  expect(run.notices).toEqual(Array.from({ length: Most.OFFENCES }, () => told));
});

test('where there is no room for more connections, those go that have not said who they are', async () => {
  await using run = await runningWith({ connections: 4 }, queueOf('q'));
  const [first, second] = [await run.stranger(), await run.stranger()];
  for (let more = 0; more < 2; more += 1) await run.stranger();
  const client = await run.client('p');
  expect(await first.error()).toBe('limit');
  await first.closed;
  await run.client('c');
  expect(await second.error()).toBe('limit');
  await client.settled();
  const told = { type: 'offence', node: null, reason: 'there is no room for more than 4 connections' };
  expect(run.notices).toEqual([told, told]);
});

test('where all have said who they are, one of the instance that has the most goes', async () => {
  await using run = await runningWith({ connections: 4 }, queueOf('q', { producers: ['p', 'r'] }));
  const modest = await run.client('r');
  const greedy = [await run.client('p'), await run.client('p'), await run.client('p')];
  const late = await run.client('c');
  expect(await (greedy[2] as Client).error()).toBe('limit');
  for (const client of [modest, late]) await client.settled();
  expect(run.notices).toEqual([{ type: 'offence', node: 'p', reason: 'there is no room for more than 4 connections' }]);
});

test('who says nothing is told why it is cut off, and nobody is blamed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  await using run = await running(queueOf('q'));
  const silent = await run.stranger();
  const half = await run.stranger();
  half.socket.write(
    bytesOf((to) => to.hello({ protocol: 1, instance: 'p', token: '', pid: 1, sdk: '' })).subarray(0, 20),
  );
  // Once this one is welcome the other two have been let in.
  await run.client('p');
  vi.advanceTimersByTime(Limit.HELLO_MS);
  for (const client of [silent, half]) {
    expect(await client.error()).toBe('limit');
    await client.closed;
  }
  const told = { type: 'offence', node: null, reason: 'it did not say hello within 5 s' };
  expect(run.notices).toEqual([told, told]);
});

test('who puts thousands of items at once that do not fit is told so of each', async () => {
  await using run = await running(queueOf('q', { encoding: 'json', item: { type: 'string' } }));
  const clumsy = await run.client('p');
  const many = 20_000;
  clumsy.say((to) => to.room(Type.WANT, 1, many, many));
  await clumsy.next(Type.ROOM);
  const item = Buffer.from('1');
  clumsy.say((to) => {
    for (let request = 0; request < many; request += 1) to.offer(1, request, 0, item);
  });
  await clumsy.settled();
  expect(clumsy.heard.filter(({ type }) => type === Type.ERROR).length).toBe(many);
  expect(run.notices).toEqual([]);
});
