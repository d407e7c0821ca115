// Random histories of a pipe, and pipes with a fault planted in them: each must be caught.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pipe } from '../../src/broker/pipe.ts';
import { type End, PipeWorld, type PipeWorldSettings } from './pipe-world.ts';

const settings = fc.record({
  duplex: fc.boolean(),
  maxBytes: fc.constantFrom(8, 40, 1000),
  maxsize: fc.constantFrom(1, 3, 100),
});
const history = fc.array(fc.nat({ max: 0xffffff }), { maxLength: 150, size: 'max' });
const first = fc.constantFrom<End>('a', 'b');

type Make = (settings: PipeWorldSettings) => Pipe;

function property(make: Make) {
  return fc.property(settings, history, first, (world, choices, end) => {
    const it = new PipeWorld(make(world), world);
    for (const choice of choices) it.step(choice);
    it.settle(end);
  });
}

const of = (Kind: typeof Pipe): Make => {
  return ({ duplex, maxBytes, maxsize }) => new Kind({ ends: ['a', 'b'], duplex }, { maxBytes, maxsize });
};

test('whatever happens, messages arrive once and in order, within the window, and every wait ends', () => {
  fc.assert(property(of(Pipe)), { numRuns: 3000 });
});

class ForgetsTheDead extends Pipe {
  override settle(): void {}
}

class EndsTooEarly extends Pipe {
  override leave(session: number, how: 'goodbye' | 'lost' | 'died'): void {
    super.leave(session, how);
    this.settle('a');
  }
}

class HandsOneToTwo extends Pipe {
  override turn(now: number): ReturnType<Pipe['turn']> {
    const effects = super.turn(now);
    const delivery = effects.find((it) => it.type === 'deliver');
    return delivery === undefined ? effects : [...effects, delivery];
  }
}

class ForgetsWaiters extends Pipe {
  #count = 0;
  override receiving(session: number): ReturnType<Pipe['receiving']> {
    this.#count += 1;
    return this.#count % 7 === 0 ? undefined : super.receiving(session);
  }
}

class ClosesForAll extends Pipe {
  override close(session: number): void {
    super.close(session);
    this.settle('a');
  }
}

class OpensTheWindow extends Pipe {
  constructor(channel: ConstructorParameters<typeof Pipe>[0], window: ConstructorParameters<typeof Pipe>[1]) {
    super(channel, { maxBytes: (window?.maxBytes ?? 0) * 3, maxsize: (window?.maxsize ?? 0) + 1 });
  }
}

test.each([ForgetsTheDead, EndsTooEarly, HandsOneToTwo, ForgetsWaiters, ClosesForAll, OpensTheWindow])(
  'a pipe that %o is caught',
  (Faulty) => {
    expect(fc.check(property(of(Faulty)), { numRuns: 2000, endOnFailure: true }).failed).toBe(true);
  },
);
