// Random histories of a queue, and queues with a fault planted in them: each must be caught.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Queue, type QueueSettings } from '../../src/broker/queue.ts';
import { QueueWorld, type WorldSettings } from './queue-world.ts';

const settings = fc.record({
  maxsize: fc.constantFrom(0, 1, 2, 5, 70),
  maxBytes: fc.constantFrom(10, 100, 100_000),
  attempts: fc.constantFrom(1, 3),
  delivery: fc.constantFrom('at-least-once' as const, 'at-most-once' as const),
  producers: fc.constantFrom(['p'], ['p', 'q'], ['p', 'q', 'r']),
  consumers: fc.constantFrom(['c'], ['c', 'd'], ['c', 'd', 'e']),
});
const history = fc.array(fc.nat({ max: 0xffffff }), { maxLength: 150, size: 'max' });

function property(make: (settings: QueueSettings) => Queue) {
  return fc.property(settings, history, (world, choices) => run(make, world, choices));
}

function run(make: (settings: QueueSettings) => Queue, settings: WorldSettings, choices: readonly number[]): void {
  const world = new QueueWorld(make({ ...settings, leftover: 'fail' }), settings);
  for (const choice of choices) world.step(choice);
  world.settle();
}

test('whatever happens, nothing is lost, given to two, out of order or beyond the bound, and every wait ends', () => {
  fc.assert(
    property((it) => new Queue(it)),
    { numRuns: 2000 },
  );
});

class SkipsAcknowledgements extends Queue {
  #count = 0;
  override done(session: number, tag: number, count: number): void {
    this.#count += 1;
    if (this.#count % 5 !== 0) super.done(session, tag, count);
  }
}

class ForgetsWaiters extends Queue {
  #count = 0;
  override want(session: number, count: number, bytes: number, atOnce: boolean): void {
    this.#count += 1;
    if (this.#count % 2 !== 0) super.want(session, count, bytes, atOnce);
  }
}

class HandsOneToTwo extends Queue {
  override turn(now: number): ReturnType<Queue['turn']> {
    const effects = super.turn(now);
    const delivery = effects.find((it) => it.type === 'deliver');
    return delivery === undefined ? effects : [...effects, delivery];
  }
}

class ForgetsTheDead extends Queue {
  override leave(): void {}
}

class LendsTooMuch extends Queue {
  constructor(settings: QueueSettings) {
    super({ ...settings, maxsize: settings.maxsize === 0 ? 0 : settings.maxsize + 1 });
  }
}

class NeverSaysTheEnd extends Queue {
  override closeStream(): void {}
}

class ChargesNobody extends Queue {
  constructor(settings: QueueSettings) {
    super({ ...settings, attempts: 1000 });
  }
}

test.each([
  SkipsAcknowledgements,
  ForgetsWaiters,
  HandsOneToTwo,
  ForgetsTheDead,
  LendsTooMuch,
  NeverSaysTheEnd,
  ChargesNobody,
])('a queue that %o is caught', (Faulty) => {
  const faulty = property((it) => new Faulty(it));
  expect(fc.check(faulty, { numRuns: 2000, endOnFailure: true }).failed).toBe(true);
});
