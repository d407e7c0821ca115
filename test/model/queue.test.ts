// Random histories of a queue, and queues with a fault planted in them: each must be caught.
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { Effect } from '../../src/broker/effect.ts';
import { Custody } from '../../src/broker/custody.ts';
import { Joins } from '../../src/broker/joins.ts';
import { Ledger } from '../../src/broker/ledger.ts';
import { Queue, type QueueSettings } from '../../src/broker/queue.ts';
import { QueueView } from '../../src/broker/queue-view.ts';
import { Sorted } from '../../src/broker/sorted.ts';
import { Space } from '../../src/broker/space.ts';
import { AsideItems, isOver } from '../../src/wire/aside.ts';
import { QueueWorld, type WorldSettings } from './queue-world.ts';

const settings = fc.record({
  order: fc.constantFrom('fifo' as const, 'lifo' as const, 'priority' as const, 'deque' as const),
  overflow: fc.constantFrom('block' as const, 'drop_oldest' as const, 'drop_newest' as const, 'fail' as const),
  maxsize: fc.constantFrom(0, 1, 2, 5, 70),
  maxBytes: fc.constantFrom(10, 100, 100_000),
  attempts: fc.constantFrom(1, 3),
  deadLetter: fc.constantFrom(null, 'dead'),
  delivery: fc.constantFrom('at-least-once' as const, 'at-most-once' as const),
  aside: fc.boolean(),
  producers: fc.constantFrom(['p'], ['p', 'q'], ['p', 'q', 'r']),
  consumers: fc.constantFrom(['c'], ['c', 'd'], ['c', 'd', 'e']),
});
const history = fc.array(fc.nat({ max: 0xffffff }), { maxLength: 150, size: 'max' });

function property(make: (settings: QueueSettings) => Queue) {
  return fc.property(settings, history, (world, choices) => run(make, world, choices));
}

function run(make: (settings: QueueSettings) => Queue, settings: WorldSettings, choices: readonly number[]): void {
  const world = new QueueWorld(make({ ...settings, name: 'q', leftover: 'fail' }), settings);
  for (const choice of choices) world.step(choice);
  world.settle();
}

test('whatever happens, nothing is lost, given to two, out of order or beyond the bound, and every wait ends', () => {
  fc.assert(
    property((it) => new Queue(it)),
    { numRuns: 3000 },
  );
});

class SkipsAcknowledgements extends Queue {
  #count = 0;
  override done(session: number, tag: number, count: number): ReturnType<Queue['done']> {
    this.#count += 1;
    return this.#count % 5 === 0 ? [] : super.done(session, tag, count);
  }
}

class FreesItsNeighbours extends Queue {
  override done(session: number, tag: number, count: number): ReturnType<Queue['done']> {
    return super.done(session, tag, count).map((batch) => {
      const { buffer } = batch.items.bytes;
      return { ...batch, items: { ...batch.items, bytes: Buffer.from(buffer) } };
    });
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

class CountsTheHeld extends Queue {
  override taken(): void {}
}

class TurnsTiesRound extends Queue {
  #tiny = 0;
  override put(...[session, items, manner]: Parameters<Queue['put']>): void {
    this.#tiny += 1e-9;
    const { priority } = manner ?? {};
    super.put(session, items, priority === undefined ? manner : { ...manner, priority: priority - this.#tiny });
  }
}

class GivesFromTheOtherEnd extends Queue {
  override put(...[session, items, manner]: Parameters<Queue['put']>): void {
    super.put(session, items, manner?.left === undefined ? manner : { left: !manner.left });
  }
}

class IsNoStack extends Queue {
  constructor(settings: QueueSettings) {
    super({ ...settings, order: settings.order === 'lifo' ? 'fifo' : settings.order });
  }
}

class DropsTheWrongOnes extends Queue {
  constructor(settings: QueueSettings) {
    super({ ...settings, overflow: settings.overflow === 'drop_newest' ? 'drop_oldest' : settings.overflow });
  }
}

class LetsPutsWait extends Queue {
  constructor(settings: QueueSettings) {
    super({ ...settings, overflow: settings.overflow === 'fail' ? 'block' : settings.overflow });
  }
}

class BuriesInSilence extends Queue {
  override turn(now: number): ReturnType<Queue['turn']> {
    return super.turn(now).filter((effect) => effect.type !== 'dead');
  }
}

class BuriesTwice extends Queue {
  override turn(now: number): ReturnType<Queue['turn']> {
    return super.turn(now).flatMap<Effect>((effect) => (effect.type === 'dead' ? [effect, effect] : [effect]));
  }
}

class KnowsNoGrave extends Queue {
  constructor(settings: QueueSettings) {
    super({ ...settings, deadLetter: null });
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
  CountsTheHeld,
  TurnsTiesRound,
  FreesItsNeighbours,
  GivesFromTheOtherEnd,
  IsNoStack,
  DropsTheWrongOnes,
  LetsPutsWait,
  BuriesInSilence,
  BuriesTwice,
  KnowsNoGrave,
])('a queue that %o is caught', (Faulty) => {
  const faulty = property((it) => new Faulty(it));
  expect(fc.check(faulty, { numRuns: 2000, endOnFailure: true }).failed).toBe(true);
});

afterEach(() => {
  vi.restoreAllMocks();
});

function miscount(distort: (counts: QueueView['counts']) => QueueView['counts']): void {
  const counts = Object.getOwnPropertyDescriptor(QueueView.prototype, 'counts')?.get;
  vi.spyOn(QueueView.prototype, 'counts', 'get').mockImplementation(function (this: QueueView) {
    return distort(counts?.call(this));
  });
}

/** Faults that are not at its surface, by what they do. */
const deep: Record<string, () => void> = {
  'never says that an item which lies in shared memory is over': () => {
    vi.spyOn(AsideItems.prototype, 'over').mockImplementation(() => {});
  },
  'says of an item which lies in shared memory that it is over when it is taken': () => {
    const take = Ledger.prototype.take;
    vi.spyOn(Ledger.prototype, 'take').mockImplementation(function (this: Ledger, count, hold) {
      const batches = take.call(this, count, hold);
      for (const { items } of batches) isOver(items);
      return batches;
    });
  },
  'does not count what it dropped': () => {
    miscount(({ put, dropped, ...others }) => ({ ...others, put: put - dropped, dropped: 0 }));
  },
  'does not count whom it buried': () => {
    miscount(({ left_over, dead_lettered, ...others }) => ({
      ...others,
      left_over: left_over + dead_lettered,
      dead_lettered: 0,
    }));
  },
  'brings back to the end of the line what takes its old place': () => {
    const restore = Sorted.prototype.restore;
    vi.spyOn(Sorted.prototype, 'restore').mockImplementation(function (this: Sorted, batch) {
      restore.call(this, { ...batch, rank: (batch.rank ?? 0) + 1 });
    });
  },
  'forgets who waits in join': () => {
    const finish = Joins.prototype.finish;
    let count = 0;
    vi.spyOn(Joins.prototype, 'finish').mockImplementation(function (this: Joins, first, many) {
      count += 1;
      if (count % 2 === 0) finish.call(this, first, many);
    });
  },
  'waits for what was dropped': () => {
    const dropOldest = Custody.prototype.dropOldest;
    vi.spyOn(Custody.prototype, 'dropOldest').mockImplementation(function (this: Custody) {
      dropOldest.call(this);
      this.unfinished += 1;
    });
  },
  'lets in one more than fits before it drops': () => {
    vi.spyOn(Space.prototype, 'fits').mockImplementation(function (this: Space, { count }) {
      return this.waiting + count <= this.maxsize + 1;
    });
  },
  'keeps a place for what was dropped': () => {
    const leave = Space.prototype.leave;
    let count = 0;
    vi.spyOn(Space.prototype, 'leave').mockImplementation(function (this: Space, items) {
      count += 1;
      if (count % 7 !== 0) leave.call(this, items);
    });
  },
};

test.each(Object.keys(deep))('a queue that %s is caught', (name) => {
  deep[name]?.();
  const faulty = property((it) => new Queue(it));
  expect(fc.check(faulty, { numRuns: 2000, endOnFailure: true }).failed).toBe(true);
});
