// Random histories of a queue with a direct lane, and lanes with a fault planted in them: each must be caught.
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { Bypass } from '../../src/broker/bypass.ts';
import { Queue, type QueueSettings } from '../../src/broker/queue.ts';
import { LaneWorld } from './lane-world.ts';

const runs = 3000;
const history = fc.array(fc.nat({ max: 0xffffff }), { maxLength: 400, size: 'max' });
let carried = 0;

function property(make: (settings: QueueSettings) => Queue) {
  return fc.property(fc.constantFrom(0, 1, 2, 5, 70), fc.boolean(), history, (maxsize, opened, choices) => {
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
    if (opened) world.openLane();
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

afterEach(() => {
  vi.restoreAllMocks();
});

const { handOver, close } = Bypass.prototype;
const { leave } = Queue.prototype;

const faults: Record<string, () => void> = {
  'forgets one handed over': () => {
    let count = 0;
    vi.spyOn(Bypass.prototype, 'handOver').mockImplementation(function (this: Bypass, session, first, items, handed) {
      count += 1;
      handOver.call(this, session, first, items, count % 3 === 0 ? { ...handed, sent: !handed.sent } : handed);
    });
  },
  'does not count what was done': () => {
    vi.spyOn(Bypass.prototype, 'close').mockImplementation(function (this: Bypass, session, closed) {
      close.call(this, session, { ...closed, done: 0, put: closed.put - closed.done });
    });
  },
  'does not hear what one says that leaves': () => {
    vi.spyOn(Bypass.prototype, 'told').mockReturnValue();
  },
  'does not wait for its end': () => {
    vi.spyOn(Queue.prototype, 'leave').mockImplementation(function (this: Queue, session, how) {
      leave.call(this, session, how);
      if (session === 1 && how === 'lost') leave.call(this, 2, 'goodbye');
    });
  },
};

test.each(Object.keys(faults))('a queue with a lane that %s is caught', (name) => {
  faults[name]?.();
  const faulty = property((settings) => new Queue(settings, 1));
  expect(fc.check(faulty, { numRuns: 3000, endOnFailure: true }).failed).toBe(true);
});
