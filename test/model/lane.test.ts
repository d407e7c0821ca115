// Random histories of a queue with a direct lane, and lanes with a fault planted in them: each must be caught.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Queue, type QueueSettings } from '../../src/broker/queue.ts';
import type { Items } from '../../src/wire/items.ts';
import type { LaneClosed } from '../../src/wire/message.ts';
import { LaneWorld } from './lane-world.ts';

const runs = Number(process.env['FORKLINE_HISTORIES'] ?? 3000);
const history = fc.array(fc.nat({ max: 0xffffff }), { maxLength: 400, size: 'max' });
let carried = 0;

function property(make: (settings: QueueSettings) => Queue) {
  return fc.property(fc.constantFrom(0, 1, 2, 5, 70), history, (maxsize, choices) => {
    const world = new LaneWorld(
      make({
        name: 'q',
        order: 'fifo',
        maxsize,
        maxBytes: 100_000,
        overflow: 'block',
        delivery: 'at-least-once',
        attempts: 3,
        deadLetter: null,
        leftover: 'fail',
        producers: ['p'],
        consumers: ['c'],
        from: null,
        to: null,
      } as QueueSettings),
      maxsize,
    );
    for (const choice of choices) world.step(choice);
    world.settle();
    carried += world.carried;
  });
}

test('whatever happens about a lane, nothing is lost, given twice, out of order or beyond the bound, and every wait ends', () => {
  fc.assert(
    property((settings) => new Queue(settings, 1)),
    { numRuns: runs, endOnFailure: true },
  );
  expect(carried).toBeGreaterThan(runs);
});

class ForgetsOneHandedOver extends Queue {
  #count = 0;
  override handOver(session: number, first: number, items: Items, handed: { sent: boolean; taken: boolean }): void {
    this.#count += 1;
    super.handOver(session, first, items, this.#count % 3 === 0 ? { ...handed, sent: !handed.sent } : handed);
  }
}

class CountsNotWhatWasDone extends Queue {
  override laneClosed(session: number, closed: LaneClosed): void {
    super.laneClosed(session, { ...closed, done: 0, put: closed.put - closed.done });
  }
}

class DoesNotWaitForItsEnd extends Queue {
  override leave(session: number, how: 'goodbye' | 'lost' | 'died'): void {
    super.leave(session, how);
    if (session === 1 && how === 'lost') super.leave(2, 'goodbye');
  }
}

test.each([ForgetsOneHandedOver, CountsNotWhatWasDone, DoesNotWaitForItsEnd])('a queue that %s is caught', (Faulty) => {
  const faulty = property((settings) => new Faulty(settings, 1));
  expect(fc.check(faulty, { numRuns: 3000, endOnFailure: true }).failed).toBe(true);
});
