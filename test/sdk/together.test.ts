// The SDK and the broker together, over a real socket, under histories that nobody would write by hand.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Lock } from '../../src/sdk/lock.ts';
import { Lock as SdkLock } from '../../src/sdk/lock.ts';
import { lockOf, queueOf, running } from '../broker/kit.ts';
import { jumpingClock } from '../kit/jumping-clock.ts';
import { as, byText, consumer, getAll, type Item, producer, putAll, queueIn } from './ends.ts';

test('every item is done once or dropped, of a fifo in the order of its producer, and never more wait than may', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        order: fc.constantFrom('fifo', 'fifo', 'lifo', 'priority', 'deque'),
        overflow: fc.constantFrom('block', 'block', 'drop_oldest', 'drop_newest'),
        maxsize: fc.constantFrom(0, 1, 2, 7, 100),
        producers: fc.array(producer, { minLength: 1, maxLength: 3 }),
        consumers: fc.array(consumer, { minLength: 1, maxLength: 3 }),
        slow: fc.option(fc.nat()),
      }),
      async ({ order, overflow, maxsize, producers, consumers, slow }) => {
        using _clock = slow === null ? null : jumpingClock(slow);
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
