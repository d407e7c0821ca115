// What the broker makes of what the run says: who runs, who is gone, how they ended.
import { expect, test } from 'vitest';
import { readJson } from '../../src/wire/body.ts';
import { Type } from '../../src/wire/message.ts';
import { lockOf, queueOf, type Running, running } from './kit.ts';

const gone = (run: Running, node: string) => run.broker.gone({ type: 'gone', request: 1, node, abandon: false });
const settled = (run: Running, node: string, end: Partial<Parameters<Running['broker']['settle']>[0]> = {}) =>
  run.broker.settle({ type: 'settle', node, held: 'done', stream: 'end', succeeded: true, ...end });

test('what a killed process held comes back once nothing of it is left, and not before', async () => {
  await using run = await running(queueOf('q', { consumers: ['c', 'd'] }));
  run.broker.started({ type: 'started', node: 'c', pid: 77 });
  await (await run.client('p')).put(1, 'a', 'b');
  const victim = await run.client('c', 77);
  expect(await victim.get(1, 2)).toEqual(['a', 'b']);
  victim.say((to) => to.number(Type.TAKEN, 1, 1));
  await victim.settled();
  await victim.kill();
  const other = await run.client('d');
  other.say((to) => to.number(Type.GET, 1, 2, 1));
  await other.settled();
  expect(other.heard).toEqual([]);
  expect(await gone(run, 'c')).toEqual({
    unflushed: false,
    inputBrokeOff: false,
    outputClosed: null,
    toldEnd: false,
    held: 1,
  });
  settled(run, 'c', { held: 'back', succeeded: false });
  expect(await other.delivered()).toEqual(['a']);
  other.say((to) => to.number(Type.TAKEN, 1, 1));
  expect(await other.get(1)).toEqual(['b']);
  expect(run.notices).toEqual([{ type: 'redelivered', queue: 'q', node: 'c', count: 2 }]);
});

test('what a forked process held comes back as soon as its connection breaks', async () => {
  await using run = await running(queueOf('q'));
  run.broker.started({ type: 'started', node: 'c', pid: 77 });
  await (await run.client('p')).put(1, 'a');
  const fork = await run.client('c', 78);
  expect(await fork.get(1)).toEqual(['a']);
  await fork.kill();
  const parent = await run.client('c', 77);
  expect(await parent.get(1)).toEqual(['a']);
});

test('that a session was of a forked process may turn out after it has broken', async () => {
  await using run = await running(queueOf('q'));
  await (await run.client('p')).put(1, 'a');
  const fork = await run.client('c', 78);
  expect(await fork.get(1)).toEqual(['a']);
  await fork.kill();
  const parent = await run.client('c', 77);
  parent.say((to) => to.number(Type.GET, 1, 1, 1));
  await parent.settled();
  run.broker.started({ type: 'started', node: 'c', pid: 77 });
  expect(await parent.delivered()).toEqual(['a']);
});

test('who put items and never said goodbye may have lost some', async () => {
  await using run = await running(queueOf('q', { producers: ['p', 'f', 'o', 'n'] }));
  const hasty = await run.client('p');
  await hasty.send(1, 'a');
  await hasty.kill();
  expect(await gone(run, 'p')).toMatchObject({ unflushed: true });
  const careful = await run.client('f');
  await careful.put(1, 'b');
  await careful.kill();
  expect(await gone(run, 'f')).toMatchObject({ unflushed: false });
  const orderly = await run.client('o');
  await orderly.put(1, 'b');
  await orderly.goodbye();
  expect(await gone(run, 'o')).toMatchObject({ unflushed: false });
  await (await run.client('n')).kill();
  expect(await gone(run, 'n')).toMatchObject({ unflushed: false });
});

test('all that a process had said is worked through before its account is given', async () => {
  await using run = await running(queueOf('q'));
  const producer = await run.client('p');
  await producer.put(1, 'a');
  const consumer = await run.client('c');
  expect(await consumer.get(1)).toEqual(['a']);
  consumer.say((to) => to.range(Type.DONE, 1, 0, 1));
  consumer.socket.end();
  expect(await gone(run, 'c')).toMatchObject({ held: 0 });
});

test('that a process says it is ready is told to the run, before it is answered', async () => {
  await using run = await running(queueOf('q'));
  const daemon = await run.client('c');
  daemon.say((to) => to.number(Type.READY, 0, 7));
  await daemon.next(Type.REPLY);
  expect(run.notices).toEqual([{ type: 'ready', node: 'c' }]);
  // However often it says so.
  daemon.say((to) => to.number(Type.READY, 0, 8));
  await daemon.next(Type.REPLY);
  expect(run.notices).toHaveLength(1);
});

test('a connection that a stranger to the run keeps open does not hold up the account', async () => {
  await using run = await running(queueOf('q'));
  await run.client('p');
  expect(await gone(run, 'p')).toMatchObject({ unflushed: false });
});

test('the run hears that a queue has closed and is drained', async () => {
  await using run = await running(queueOf('q'));
  const producer = await run.client('p');
  await producer.put(1, 'a');
  await producer.goodbye();
  settled(run, 'p');
  const consumer = await run.client('c');
  expect(await consumer.get(1)).toEqual(['a']);
  consumer.say((to) => to.range(Type.DONE, 1, 0, 1));
  consumer.say((to) => to.number(Type.GET, 1, 1, 1));
  expect((await consumer.next(Type.END)).flags).toBe(0);
  expect(run.notices).toEqual([
    { type: 'closed', queue: 'q', aborted: false },
    { type: 'drained', queue: 'q' },
  ]);
  await consumer.goodbye();
  expect(await gone(run, 'c')).toMatchObject({ toldEnd: true });
});

test('`close` of one session ends the stream of its process, once its other sessions have closed or left', async () => {
  await using run = await running(queueOf('q'));
  const parent = await run.client('p', 1);
  const fork = await run.client('p', 2);
  await parent.put(1, 'a');
  await fork.put(1, 'b');
  parent.say((to) => to.bare(Type.CLOSE, 1));
  await parent.settled();
  expect(run.notices).toEqual([]);
  await fork.put(1, 'c');
  await fork.goodbye();
  expect(await run.notice('closed')).toEqual({ type: 'closed', queue: 'q', aborted: false });
});

test('a crawler ends by itself when all its pages are done and everybody waits for more', async () => {
  await using run = await running(
    queueOf('urls', { producers: ['seed', 'c.1', 'c.2'], consumers: ['c.1', 'c.2'], group: ['urls'] }),
  );
  const seed = await run.client('seed');
  await seed.put(1, 'root');
  await seed.goodbye();
  settled(run, 'seed');
  const first = await run.client('c.1');
  const second = await run.client('c.2');
  second.say((to) => to.number(Type.GET, 1, 1, 1));
  await second.settled();
  const [worker, other] = second.heard.length > 0 ? [second, first] : [first, second];
  if (worker === first) first.say((to) => to.number(Type.GET, 1, 1, 1));
  expect(await worker.delivered()).toEqual(['root']);
  if (other === first) other.say((to) => to.number(Type.GET, 1, 1, 1));
  await worker.put(1, 'leaf');
  worker.say((to) => to.range(Type.DONE, 1, 0, 1));
  expect(await other.delivered()).toEqual(['leaf']);
  worker.say((to) => to.number(Type.GET, 1, 1, 1));
  await worker.settled();
  expect(run.notices).toEqual([]);
  other.say((to) => to.range(Type.DONE, 1, 0, 1));
  other.say((to) => to.number(Type.GET, 1, 1, 1));
  await Promise.all([worker.next(Type.END), other.next(Type.END)]);
  expect(run.notices).toEqual([
    { type: 'closed', queue: 'urls', aborted: false },
    { type: 'drained', queue: 'urls' },
  ]);
});

test('a lock is free again when its owner’s whole process tree is gone, and the next is told', async () => {
  await using run = await running(lockOf('l', ['a', 'b']));
  run.broker.started({ type: 'started', node: 'a', pid: 1 });
  const owner = await run.client('a', 1);
  expect(await owner.acquire(1)).toEqual({ fence: 1, abandoned: false });
  const next = await run.client('b');
  next.say((to) => to.number(Type.ACQUIRE, 1, 5));
  await owner.kill();
  await gone(run, 'a');
  await next.settled();
  expect(next.heard).toEqual([]);
  settled(run, 'a', { succeeded: false });
  expect(await next.granted()).toEqual({ fence: 2, abandoned: true });
  expect(run.notices).toEqual([{ type: 'abandoned', lock: 'l', node: 'a' }]);
});

test('a lock that one does not hold cannot be given back', async () => {
  await using run = await running(lockOf('l', ['a', 'b']));
  const owner = await run.client('a');
  await owner.acquire(1);
  const thief = await run.client('b');
  thief.say((to) => to.release(1, 1, 9));
  expect(readJson(await thief.next(Type.ERROR))).toMatchObject({ code: 'not-held', request: 9 });
  owner.say((to) => to.release(1, 1, 9));
  await owner.next(Type.REPLY);
});

test('hundreds wait for a lock, half of them die, and the others get it in order', async () => {
  await using run = await running(lockOf('l', ['a']));
  run.broker.started({ type: 'started', node: 'a', pid: 0 });
  const holder = await run.client('a', 1);
  await holder.acquire(1);
  const waiting = [];
  for (let index = 0; index < 300; index += 1) {
    const client = await run.client('a', 2 + index);
    client.say((to) => to.number(Type.ACQUIRE, 1, 1));
    await client.settled();
    waiting.push(client);
  }
  await Promise.all(waiting.filter((_, index) => index % 2 === 0).map((client) => client.kill()));
  await holder.settled();
  let fence = 1;
  let owner = holder;
  for (const client of waiting.filter((_, index) => index % 2 === 1)) {
    const given = fence;
    owner.say((to) => to.release(1, given, 2));
    fence = (await client.granted()).fence;
    expect(fence).toBe(given + 1);
    owner = client;
  }
});
