// What is given back comes again before those behind it, whichever way the items of a queue come.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { queueOf, runningWith } from '../broker/kit.ts';
import { as, getAll, type Item, producer, putAll, queueIn } from './ends.ts';

test.each([
  ['through the broker', null],
  ['over a lane', 1],
])('what is given back is what comes next, %s', async (_, laneItems) => {
  let carried = 0;
  const puts = fc.record({ maxsize: fc.constantFrom(0, 2, 7, 100), put: producer, again: fc.nat(200) });
  await fc.assert(
    fc.asyncProperty(puts, async ({ maxsize, put, again }) => {
      const queue = queueOf('q', { maxsize, encoding: 'json', producers: ['p'], consumers: ['c'] });
      await using here = await runningWith({ laneItems: laneItems ?? 1e9 }, queue);
      const seen: Item[] = [];
      await Promise.all([
        as(here, 'p', async (session) => {
          await putAll(queueIn(session), put.how, 0, put.count, 'x'.repeat(put.size));
          await putAll(queueIn(session), 'one by one', 1, again, '');
        }),
        as(here, 'c', (session) => getAll(queueIn(session), 'give back', seen)),
      ]);
      carried += here.broker.counts()['q']?.direct ?? 0;
      expect(seen.map(({ from, number }) => [from, number])).toEqual([
        ...Array.from({ length: put.count }, (_, number) => [0, number]),
        ...Array.from({ length: again }, (_, number) => [1, number]),
      ]);
    }),
    { numRuns: 20 },
  );
  expect(carried > 0).toBe(laneItems !== null);
});
