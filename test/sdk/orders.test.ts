// Queues that are no plain fifo, as a program meets them: orders, the two ends of a deque, and what happens where there is no
// room. With the real broker, and by hand where it matters who says what.
import { expect, test } from 'vitest';
import type { QueueChannel } from '../../src/plan/plan.ts';
import { Queue } from '../../src/sdk/queue.ts';
import { Session } from '../../src/sdk/session.ts';
import { queueOf, type Running, running } from '../broker/kit.ts';
import { tokenFor } from '../../src/broker/token.ts';
import { queueChannel } from '../kit/scripted-broker.ts';
import { bare, client, counted, deliver, failure, range, stranger, holdTime } from './kit.ts';

holdTime();

function queueAt(run: Running, instance: string): Queue {
  const session = new Session({
    FORKLINE_SOCKET: run.path,
    FORKLINE_TOKEN: tokenFor('00'.repeat(32), instance),
    FORKLINE_PROCESS: instance,
  });
  return session.channel('queue', 'q', () => new Queue(session, 'q'));
}

async function both(settings: Partial<QueueChannel>) {
  const run = await running(queueOf('q', { encoding: 'json', ...settings }));
  return {
    run,
    putting: queueAt(run, 'p'),
    getting: queueAt(run, 'c'),
    [Symbol.asyncDispose]: () => run[Symbol.asyncDispose](),
  };
}

async function all(queue: Queue, side?: 'left' | 'right'): Promise<unknown[]> {
  const items: unknown[] = [];
  try {
    for (;;) items.push(await queue.getNowait({ side }));
  } catch (error) {
    expect((error as Error).name).toBe('Empty');
    return items;
  }
}

// ---- Orders ----

test('a stack is taken from the top', async () => {
  await using q = await both({ order: 'lifo' });
  await q.putting.putMany([1, 2, 3]);
  await q.putting.flush();
  expect(await q.getting.get()).toBe(3);
  await q.putting.put(4, { confirm: true });
  expect(await all(q.getting)).toEqual([4, 2, 1]);
});

test('a priority queue gives the lowest first, equal ones as they came, and 0 to those put without', async () => {
  await using q = await both({ order: 'priority' });
  for (const [value, priority] of [
    ['low', 9],
    ['b', 1.5],
    ['c', 1.5],
    ['urgent', -3],
  ] as const) {
    await q.putting.put(value, { priority });
  }
  await q.putting.put('plain');
  await q.putting.putNowait('last', { priority: Number.POSITIVE_INFINITY });
  await q.putting.putMany(['x', 'y'], { priority: -2 });
  await q.putting.flush();
  expect(await all(q.getting)).toEqual(['urgent', 'x', 'y', 'plain', 'b', 'c', 'low', 'last']);
});

test('a deque has two ends', async () => {
  await using q = await both({ order: 'deque' });
  await q.putting.putMany([3, 4]);
  await q.putting.put(2, { side: 'left' });
  await q.putting.put(1, { side: 'left' });
  await q.putting.put(5, { side: 'right', confirm: true });
  expect(await q.getting.get({ side: 'right' })).toBe(5);
  expect(await q.getting.get()).toBe(1);
  expect((await q.getting.take({ side: 'right' })).value).toBe(4);
  expect(await all(q.getting, 'right')).toEqual([3, 2]);
});

test('calls that wait at both ends of an empty deque are served in the order in which they were made', async () => {
  await using q = await both({ order: 'deque' });
  const gets = [q.getting.get({ side: 'right' }), q.getting.get({ side: 'left' }), q.getting.get({ side: 'right' })];
  await q.getting.qsize();
  await q.putting.put('a', { confirm: true });
  expect(await gets[0]).toBe('a');
  await q.putting.putMany(['b', 'c']);
  expect((await Promise.all(gets.slice(1))).toSorted()).toEqual(['b', 'c']);
});

test('what is more urgent is next, however many were put before', async () => {
  await using q = await both({ order: 'priority' });
  await q.putting.putMany(
    Array.from({ length: 500 }, (_, index) => index),
    { priority: 5 },
  );
  await q.putting.flush();
  let count = 0;
  for await (const item of q.getting) {
    count += 1;
    if (count === 100) await q.putting.put('urgent', { priority: 1, confirm: true });
    if (count === 101) {
      expect(item).toBe('urgent');
      break;
    }
  }
});

test('what is given back takes its old place', async () => {
  await using q = await both({ order: 'priority' });
  await q.putting.put('a', { priority: 1 });
  await q.putting.put('b', { priority: 1, confirm: true });
  const taken = await q.getting.take();
  await q.putting.put('urgent', { priority: 0, confirm: true });
  taken.giveBack();
  expect(await all(q.getting)).toEqual(['urgent', 'a', 'b']);
});

test.each([
  [
    'fifo',
    (q: Queue) => q.put(1, { priority: 1 }),
    '`priority` is for a queue with `order: priority`, and `q` has `order: fifo`',
  ],
  [
    'lifo',
    (q: Queue) => q.put(1, { side: 'right' }),
    '`side` is for a queue with `order: deque`, and `q` has `order: lifo`',
  ],
  [
    'priority',
    (q: Queue) => q.get({ side: 'left' }),
    '`side` is for a queue with `order: deque`, and `q` has `order: priority`',
  ],
  [
    'fifo',
    (q: Queue) => q.take({ side: 'right' }),
    '`side` is for a queue with `order: deque`, and `q` has `order: fifo`',
  ],
  ['deque', (q: Queue) => q.put(1, { side: 'top' as 'left' }), 'a side is `left` or `right`, not `top`'],
  [
    'priority',
    (q: Queue) => q.put(1, { priority: Number.NaN }),
    'a priority is a number, and NaN is before or after none',
  ],
  ['priority', (q: Queue) => q.put(1, { priority: '1' as unknown as number }), 'a priority is a number, not `1`'],
] as const)(
  'on a %s: %s is a mistake of the caller, before the broker is there and after',
  async (order, call, message) => {
    await using q = await both({ order, producers: ['p'], consumers: ['p'] });
    for (let turn = 0; turn < 2; turn += 1) {
      const error = (await call(q.putting).catch((reason: unknown) => reason)) as Error;
      expect([error.name, error.message]).toEqual(['TypeError', message]);
      await q.putting.qsize();
    }
  },
);

test('nothing is read ahead, and what comes when nobody waits any more goes back at once', async () => {
  const { broker, queue } = await client(queueChannel({ order: 'lifo' }));
  const gave = new AbortController();
  const get = queue().get({ signal: gave.signal });
  expect(await broker.next()).toEqual(counted('GET', 1, 1));
  gave.abort(new Error('no longer'));
  await expect(get).rejects.toThrow('no longer');
  expect(await broker.next()).toEqual(bare('UNGET'));
  broker.send(deliver('7'));
  expect(await broker.next()).toEqual(range('GIVE_BACK', 0, 1));
  broker.send(bare('WITHDRAWN'));
  const next = queue().get();
  expect(await broker.next()).toEqual(counted('GET', 1, 1));
  broker.send(deliver('8'));
  expect(await next).toBe(8);
});

test('an item from the end that nobody waits at any more goes back', async () => {
  const { broker, queue } = await client(queueChannel({ order: 'deque' }));
  const gave = new AbortController();
  const left = failure(queue().get({ signal: gave.signal }));
  const right = queue().get({ side: 'right' });
  expect(await broker.next()).toEqual(counted('GET', 1, 1));
  gave.abort();
  broker.send(deliver('1'));
  expect(await broker.until('GIVE_BACK')).toEqual(range('GIVE_BACK', 0, 1));
  expect(await broker.until('GET')).toEqual(counted('GET', 1, 3));
  broker.send({ ...deliver('2'), flags: 2 });
  expect(await right).toBe(2);
  await left;
});

// ---- Overflow ----

test('a full queue drops its oldest item, and says that it is full', async () => {
  await using q = await both({ maxsize: 3, overflow: 'drop_oldest' });
  await q.putting.putMany([1, 2, 3, 4, 5]);
  expect([await q.putting.qsize(), await q.putting.full(), await q.putting.empty()]).toEqual([3, true, false]);
  expect(await all(q.getting)).toEqual([3, 4, 5]);
  expect(q.run.broker.counts()['q']).toMatchObject({ put: 5, dropped: 2 });
});

test('join does not wait for what was dropped', async () => {
  await using q = await both({ maxsize: 1, overflow: 'drop_newest', producers: ['p'], consumers: ['p'] });
  await q.putting.putMany([1, 2, 3]);
  expect(await q.putting.get()).toBe(1);
  q.putting.taskDone();
  await q.putting.join();
});

test('where puts fail they do so at once, whatever time they have, and many at once are judged one by one', async () => {
  await using q = await both({ maxsize: 2, overflow: 'fail' });
  const puts = [1, 2, 3, 4].map((item) => failure(q.putting.put(item, { timeout: '1h' })));
  expect(await Promise.all(puts)).toEqual(['nothing', 'nothing', 'Full', 'Full']);
  expect(await failure(q.putting.put(5))).toBe('Full');
  expect(await q.getting.get()).toBe(1);
  expect(await failure(q.putting.putNowait(6))).toBe('nothing');
  expect(await q.getting.get()).toBe(2);
  expect(await q.putting.full()).toBe(false);
});

test('puts that were made before the broker was there fail as any other, where there is no room', async () => {
  const { broker, queue } = await stranger();
  const put = failure(queue().put(1));
  await broker.welcome(queueChannel({ overflow: 'fail' }));
  expect(await broker.next()).toMatchObject({ type: 'WANT', flags: 1, count: 1 });
  const { request } = await broker.next();
  broker.send(bare('REFUSED'), { type: 'REPLY', flags: 0, channel: 0, request: request as number });
  expect(await put).toBe('Full');
});
