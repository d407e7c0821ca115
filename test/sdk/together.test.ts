// The SDK and the broker together, over a real socket, under histories that nobody would write by hand.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Lock } from '../../src/sdk/lock.ts';
import { Lock as SdkLock } from '../../src/sdk/lock.ts';
import { Queue } from '../../src/sdk/queue.ts';
import { Session } from '../../src/sdk/session.ts';
import { lockOf, type Running, queueOf, running } from '../broker/kit.ts';
import { tokenFor } from '../../src/broker/token.ts';

interface Item {
  readonly from: number;
  readonly number: number;
  readonly note: string;
}

type Putting = 'one by one' | 'all at once' | 'confirmed' | 'without waiting' | 'with little time' | 'many';
type Getting =
  | 'loop'
  | 'batches'
  | 'get'
  | 'take'
  | 'give back'
  | 'without waiting'
  | 'with little time'
  | 'with a signal';

const producer = fc.record({
  how: fc.constantFrom<Putting>(
    'one by one',
    'all at once',
    'confirmed',
    'without waiting',
    'with little time',
    'many',
  ),
  count: fc.nat(120),
  size: fc.constantFrom(0, 10, 3000, 100_000),
});
const consumer = fc.constantFrom<Getting>(
  'loop',
  'batches',
  'get',
  'take',
  'give back',
  'without waiting',
  'with little time',
  'with a signal',
);

test('every item is done once or dropped, of a fifo in the order of its producer, and never more wait than may', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        order: fc.constantFrom('fifo', 'fifo', 'lifo', 'priority', 'deque'),
        overflow: fc.constantFrom('block', 'block', 'drop_oldest', 'drop_newest'),
        maxsize: fc.constantFrom(0, 1, 2, 7, 100),
        producers: fc.array(producer, { minLength: 1, maxLength: 3 }),
        consumers: fc.array(consumer, { minLength: 1, maxLength: 3 }),
      }),
      async ({ order, overflow, maxsize, producers, consumers }) => {
        const put = producers.map((_, index) => `put.${index}`);
        const get = consumers.map((_, index) => `get.${index}`);
        const settings = { order, overflow, maxsize, encoding: 'json', producers: put, consumers: get } as const;
        await using here = await running(queueOf('q', settings));
        const seen: Item[][] = consumers.map(() => []);
        await Promise.all([
          ...producers.map(({ how, count, size }, index) =>
            as(here, `put.${index}`, (session) => putAll(queueIn(session), how, index, count, 'x'.repeat(size))),
          ),
          ...consumers.map((how, index) =>
            as(here, `get.${index}`, (session) => getAll(queueIn(session), how, seen[index] as Item[])),
          ),
        ]);
        const counts = here.broker.counts()['q'];
        const total = producers.reduce((sum, { count }) => sum + count, 0);
        const dropped = counts?.dropped ?? 0;
        expect(counts).toMatchObject({ put: total, done: total - dropped, left_over: 0 });
        if (overflow === 'block') expect(dropped).toBe(0);
        // What is given back may exceed it; and what a queue that drops has sent, and nobody waits for any more, is.
        if (maxsize > 0 && overflow === 'block' && !consumers.includes('give back'))
          expect(counts?.peak).toBeLessThanOrEqual(maxsize);
        const all = seen.flat().map(({ from, number }) => `${from}/${number}`);
        const every = producers.flatMap(({ count }, from) => Array.from({ length: count }, (_, n) => `${from}/${n}`));
        if (dropped === 0) expect(all.toSorted(byText)).toEqual(every.toSorted(byText));
        expect(new Set(all).size).toBe(total - dropped);
        expect(every).toEqual(expect.arrayContaining(all));
        // What one consumer read ahead and gave back comes to another one late.
        if (order !== 'fifo' || consumers.length > 1 || consumers.includes('give back')) return;
        for (const items of seen) {
          for (const from of producers.keys()) {
            const numbers = items.filter((item) => item.from === from).map(({ number }) => number);
            expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
          }
        }
      },
    ),
    { numRuns: 80 },
  );
});

test('of an at-most-once queue, one who leaves its loop keeps nothing that others could take', async () => {
  const settings = { encoding: 'json', delivery: 'at-most-once', producers: ['p'], consumers: ['c', 'd'] } as const;
  await using here = await running(queueOf('q', settings));
  await as(here, 'p', (session) => putAll(queueIn(session), 'many', 0, 1000, ''));
  const seen: number[] = [];
  await as(here, 'c', async (session) => {
    for await (const { number } of queueIn(session)) {
      seen.push(number);
      if (seen.length === 100) break;
    }
  });
  await as(here, 'd', async (session) => {
    for await (const { number } of queueIn(session)) seen.push(number);
  });
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, number) => number));
  expect(here.broker.counts()['q']).toMatchObject({ put: 1000, taken: 1000, done: 1000, left_over: 0 });
  expect(here.notices.filter(({ type }) => type === 'offence')).toEqual([]);
});

test('a lock has one holder at a time, and rising fences', async () => {
  const users = ['a', 'b', 'c', 'd'];
  await using here = await running(lockOf('mutex', users));
  let holders = 0;
  let shared = 0;
  const fences: number[] = [];
  const use = async (mutex: Lock) => {
    for (let round = 0; round < 50; round += 1) {
      await mutex.with(async ({ fence }) => {
        holders += 1;
        expect(holders).toBe(1);
        fences.push(fence);
        const read = shared;
        await mutex.acquire({ timeout: round % 3 }).catch(() => {});
        shared = read + 1;
        holders -= 1;
      });
    }
  };
  await Promise.all(
    users.map((user) =>
      as(here, user, (session) => use(session.channel('lock', 'mutex', () => new SdkLock(session, 'mutex')))),
    ),
  );
  expect(shared).toBe(200);
  expect(fences).toEqual(fences.toSorted((a, b) => a - b));
});

/** Acts as that instance, and ends in good order. */
async function as(here: Running, instance: string, act: (session: Session) => Promise<void>): Promise<void> {
  const session = new Session({
    FORKLINE_SOCKET: here.path,
    FORKLINE_TOKEN: tokenFor('00'.repeat(32), instance),
    FORKLINE_PROCESS: instance,
  });
  await act(session);
  // Leaving writes without a turn of the loop, and here the broker that reads has the same loop.
  await session.confirm();
  session.leave('ended');
  await here.broker.gone({ type: 'gone', request: 1, node: instance, abandon: false });
  here.broker.settle({ type: 'settle', node: instance, held: 'done', stream: 'end', succeeded: true });
}

function queueIn(session: Session): Queue<Item> {
  return session.channel('queue', 'q', () => new Queue<Item>(session, 'q'));
}

async function putAll(queue: Queue<Item>, how: Putting, from: number, count: number, note: string): Promise<void> {
  const items = Array.from({ length: count }, (_, number): Item => ({ from, number, note }));
  if (how === 'many') return queue.putMany(items);
  if (how === 'all at once') return void (await Promise.all(items.map((item) => queue.put(item))));
  for (const item of items) {
    if (how === 'one by one') await queue.put(item);
    else if (how === 'confirmed') await queue.put(item, { confirm: true });
    else
      await until(() => (how === 'without waiting' ? queue.putNowait(item) : queue.put(item, { timeout: 1 })), 'Full');
  }
}

async function getAll(queue: Queue<Item>, how: Getting, seen: Item[]): Promise<void> {
  if (how === 'loop') for await (const item of queue) seen.push(item);
  else if (how === 'batches') for await (const batch of queue.batches()) seen.push(...batch);
  else {
    for (;;) {
      try {
        await getOne(queue, how, seen);
      } catch (error) {
        if ((error as Error).name === 'QueueClosed') return;
        throw error;
      }
    }
  }
}

let given = 0;

async function getOne(queue: Queue<Item>, how: Exclude<Getting, 'loop' | 'batches'>, seen: Item[]): Promise<void> {
  if (how === 'get') {
    seen.push(await queue.get());
    queue.taskDone();
  } else if (how === 'take' || how === 'give back') {
    const taken = await queue.take();
    given += 1;
    if (how === 'give back' && given % 3 > 0) return taken.giveBack();
    seen.push(taken.value);
    taken.done();
  } else if (how === 'with a signal') {
    const aborted = await queue.get({ signal: AbortSignal.timeout(2) }).catch(rethrowUnless('TimeoutError'));
    if (aborted === undefined) return;
    seen.push(aborted);
    queue.taskDone();
  } else {
    const options = how === 'without waiting' ? { block: false } : { timeout: 1 };
    seen.push(await until(() => queue.get(options), 'Empty'));
    queue.taskDone();
  }
}

/** Tries again as long as that is what it fails with. */
async function until<T>(act: () => Promise<T>, name: string): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      rethrowUnless(name)(error);
    }
  }
}

function rethrowUnless(name: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as Error).name !== name) throw error;
    return undefined;
  };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
