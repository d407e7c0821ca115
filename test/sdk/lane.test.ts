// Direct lanes between two processes, opened at the first item: nothing may be any different from what it is without.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { queueOf, runningWith } from '../broker/kit.ts';
import { jumpingClock } from '../kit/jumping-clock.ts';
import { as, consumer, getAll, type Item, producer, putAll, queueIn } from './ends.ts';

test('over a lane too, every item is done once, in order, and never more wait than may', async () => {
  let carried = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        maxsize: fc.constantFrom(0, 1, 2, 7, 100),
        put: producer,
        get: consumer,
        again: fc.nat(300),
        slow: fc.option(fc.nat()),
      }),
      async ({ maxsize, put, get, again, slow }) => {
        using _clock = slow === null ? null : jumpingClock(slow);
        const queue = queueOf('q', { maxsize, encoding: 'json', producers: ['p'], consumers: ['c'] });
        await using here = await runningWith({ laneItems: 1 }, queue);
        const seen: Item[] = [];
        await Promise.all([
          as(here, 'p', async (session) => {
            const queue = queueIn(session);
            await putAll(queue, put.how, 0, put.count, 'x'.repeat(put.size));
            await putAll(queue, 'one by one', 1, again, '');
            await queue.flush();
          }),
          as(here, 'c', (session) => getAll(queueIn(session), get, seen)),
        ]);
        const total = put.count + again;
        const counts = here.broker.counts()['q'];
        expect(counts).toMatchObject({ put: total, done: total, left_over: 0 });
        carried += counts?.direct ?? 0;
        if (maxsize > 0 && get !== 'give back') expect(counts?.peak).toBeLessThanOrEqual(maxsize);
        const got = seen.map(({ from, number }) => from * 1e6 + number);
        const sorted = got.toSorted((a, b) => a - b);
        expect(sorted).toEqual([
          ...Array.from({ length: put.count }, (_, n) => n),
          ...Array.from({ length: again }, (_, n) => 1e6 + n),
        ]);
        if (get !== 'give back') expect(got).toEqual(sorted);
      },
    ),
    { numRuns: 100 },
  );
  expect(carried).toBeGreaterThan(0);
});
