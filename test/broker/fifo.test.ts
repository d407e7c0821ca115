// The backlog of a fifo queue, by itself: whatever comes, goes and comes back, it stays in order; and a long one is as quick as a short one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Batch } from '../../src/broker/batch.ts';
import { Fifo } from '../../src/broker/fifo.ts';
import { itemsOf } from '../../src/wire/items.ts';

/** Too large to be put together with others. */
const large = itemsOf([Buffer.alloc(5000)]);

/** So often that `expect` would take long. */
function same(is: number, shouldBe: number | undefined): void {
  if (is !== shouldBe) throw new Error(`it is ${is}, and should be ${shouldBe}`);
}

test('what is put, taken and brought back stands in the order in which it was put', () => {
  const step = fc.record({ puts: fc.nat({ max: 1500 }), takes: fc.nat({ max: 1500 }), back: fc.nat({ max: 40 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const fifo = new Fifo();
      const waiting: number[] = [];
      let next = 0;
      for (const { puts, takes, back } of steps) {
        for (let count = 0; count < puts; count += 1) {
          fifo.put(next, large, {});
          waiting.push(next);
          next += 1;
        }
        const taken: Batch[] = [];
        for (let count = 0; count < takes && waiting.length > 0; count += 1) {
          const batch = fifo.take(1);
          same(batch.first, waiting.shift());
          taken.push(batch);
        }
        for (const batch of back === 0 ? [] : taken.slice(-back).reverse()) {
          fifo.restore(batch);
          waiting.unshift(batch.first);
        }
        same(fifo.count, waiting.length);
      }
      while (waiting.length > 0) same(fifo.take(1).first, waiting.shift());
    }),
    { numRuns: 50 },
  );
});

test('taking from hundreds of thousands takes no longer for each than taking from a few', () => {
  const fifo = new Fifo();
  const count = 300_000;
  for (let first = 0; first < count; first += 1) fifo.put(first, large, {});
  // Where each moved up all the others this would take hours.
  for (let first = 0; first < count; first += 1) same(fifo.take(1).first, first);
  expect(fifo.count).toBe(0);
});
