// Random histories of shared memory: sessions lay items down, take them, are slow to hear, and go at any moment. Nobody finds other
// bytes than were laid down for the item, and in the end all memory is free. Each planted fault must be caught.
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { type AreaEffect, Areas } from '../../src/broker/areas.ts';
import { Plots } from '../../src/sdk/plots.ts';
import { LEAST_ASIDE, type Place } from '../../src/wire/aside.ts';

const MEBIBYTE = 1024 * 1024;
const PAGE = 4096;

interface Session {
  readonly session: number;
  /** By channel: what it was lent, and has left. */
  readonly ours: Map<number, { readonly area: number; readonly plots: Plots }>;
  /** What it was told and has not heard. */
  readonly heard: (() => void)[];
  /** What it said and the broker has not heard. */
  readonly said: (() => void)[];
  /** What it can read, and what it was told is gone. */
  readonly readable: Set<number>;
  /** Channels that it puts nothing more to. */
  readonly closed: Set<number>;
}

interface Item {
  readonly number: number;
  readonly place: Place;
}

class World {
  readonly #areas: Areas;
  readonly #sessions: Session[] = [];
  /** By area: the number of the item that each page was last written for. */
  readonly #memory = new Map<number, Map<number, number>>();
  /** Put and not over. */
  readonly #items: Item[] = [];
  #last = 0;

  constructor(areas: Areas) {
    this.#areas = areas;
    for (let number = 0; number < 3; number += 1) this.#enter();
  }

  step(choice: number): void {
    const session = this.#sessions[choice % this.#sessions.length] as Session;
    const extra = choice >>> 8;
    const channel = extra % 2;
    switch ((choice >>> 4) % 10) {
      case 0:
        return this.#sendLarge(session, channel);
      case 1:
      case 2:
        return this.#layDown(session, channel, LEAST_ASIDE + ((extra * 7919) % (3 * MEBIBYTE)));
      case 3:
      case 4:
        return session.said.shift()?.();
      case 5:
        return session.heard.shift()?.();
      case 6:
        return this.#pickUp(session, extra);
      case 7:
        return this.#finish(extra);
      case 8:
        return this.#leave(session, channel);
      case 9:
        if (extra % 4 === 0) this.#depart(session);
    }
  }

  settle(): void {
    for (const session of [...this.#sessions]) {
      while (session.said.length > 0) session.said.shift()?.();
      this.#depart(session);
    }
    while (this.#items.length > 0) this.#finish(0);
    // All of it can be lent again.
    const free = this.#areas.offer(1000, 0)?.bytes;
    if (free !== 16 * MEBIBYTE) throw new Error(`${free} can be lent where nobody has any`);
    if (this.#memory.size > 0) throw new Error(`area ${[...this.#memory.keys()].join()} is never gone`);
  }

  #enter(): void {
    this.#last += 1;
    const session = this.#last;
    this.#sessions.push({ session, ours: new Map(), heard: [], said: [], readable: new Set(), closed: new Set() });
  }

  #sendLarge({ session, heard, ours, closed }: Session, channel: number): void {
    if (closed.has(channel)) return;
    const offer = this.#areas.offer(session, channel);
    if (offer === null) return;
    const { area, bytes, fresh } = offer;
    if (fresh) this.#memory.set(area, new Map());
    heard.push(() => {
      const before = ours.get(channel);
      if (closed.has(channel)) return;
      if (before === undefined) ours.set(channel, { area, plots: new Plots(bytes) });
      else before.plots.bytes = bytes;
    });
  }

  #layDown(lender: Session, channel: number, size: number): void {
    const { session, ours, said } = lender;
    const lent = ours.get(channel);
    const at = lent?.plots.take(size) ?? -1;
    if (lent === undefined || at < 0) return;
    this.#last += 1;
    const item = { number: this.#last, place: { area: lent.area, at, size } };
    const memory = this.#memory.get(lent.area);
    if (memory === undefined) throw new Error(`area ${lent.area} is gone and still lent`);
    for (const page of pagesOf(item.place)) memory.set(page, item.number);
    said.push(() => {
      this.#areas.put(session, channel, item.place);
      this.#items.push(item);
      if (this.#areas.isCrowded(item.place)) this.#sendLarge(lender, channel);
    });
  }

  #pickUp({ session, heard, said, readable }: Session, extra: number): void {
    const item = this.#items[extra % Math.max(1, this.#items.length)];
    if (item === undefined) return;
    const { area } = item.place;
    const reads = this.#areas.reads(session, area);
    if (reads === 'yes') {
      if (!readable.has(area)) throw new Error(`session ${session} is sent to area ${area}, which it has not opened`);
      this.#check(item);
    } else if (reads === 'new') {
      heard.push(() => {
        readable.add(area);
        said.push(() => this.#areas.canRead(session, area));
      });
    }
  }

  #finish(extra: number): void {
    const [item] = this.#items.splice(extra % Math.max(1, this.#items.length), 1);
    if (item === undefined) return;
    this.#check(item);
    this.#perform(this.#areas.over(item.place));
  }

  #leave({ session, ours, said, closed }: Session, channel: number): void {
    const lent = ours.get(channel);
    if (lent === undefined) return;
    ours.delete(channel);
    closed.add(channel);
    said.push(() => this.#perform(this.#areas.leave(session, lent.area)));
  }

  /** What it had said and was not heard is lost. */
  #depart(session: Session): void {
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    for (const effect of this.#areas.depart(session.session)) this.#perform(effect);
    this.#enter();
  }

  #perform(effect: AreaEffect | null): void {
    if (effect === null) return;
    const { area } = effect;
    if (effect.type === 'freed') {
      const lender = this.#sessions.find(({ session }) => session === effect.session);
      lender?.heard.push(() => {
        for (const lent of lender.ours.values()) if (lent.area === area) lent.plots.free(effect.at);
      });
      return;
    }
    if (this.#items.some(({ place }) => place.area === area)) throw new Error(`area ${area} is gone with items in it`);
    this.#memory.delete(area);
    for (const { session, heard, readable } of this.#sessions) {
      if (effect.readers.includes(session)) heard.push(() => readable.delete(area));
    }
  }

  #check({ number, place }: Item): void {
    const memory = this.#memory.get(place.area);
    for (const page of pagesOf(place)) {
      if (memory?.get(page) !== number) throw new Error(`item ${number} is overwritten by ${memory?.get(page)}`);
    }
  }
}

function pagesOf({ at, size }: Place): number[] {
  const first = Math.floor(at / PAGE);
  return Array.from({ length: Math.floor((at + size - 1) / PAGE) - first + 1 }, (_, index) => first + index);
}

const budget = fc.constantFrom(40 * MEBIBYTE, 64 * MEBIBYTE, 256 * MEBIBYTE);
const history = fc.array(fc.nat({ max: 0xffffff }), { maxLength: 200, size: 'max' });

const property = (make: (bytes: number) => Areas) =>
  fc.property(budget, history, (bytes, choices) => {
    const world = new World(make(bytes));
    for (const choice of choices) world.step(choice);
    world.settle();
  });

test('whatever happens, nobody finds other bytes than were laid down, and in the end all memory is free', () => {
  fc.assert(
    property((bytes) => new Areas(bytes)),
    { numRuns: 1000 },
  );
});

class FreesTheWrongPlace extends Areas {
  override over(place: Place): AreaEffect | null {
    const effect = super.over(place);
    return effect?.type === 'freed' && effect.at > 0 ? { ...effect, at: 0 } : effect;
  }
}

class ForgetsWhoLeaves extends Areas {
  override depart(): AreaEffect[] {
    return [];
  }
}

class TellsNoReader extends Areas {
  override reads(session: number, area: number): 'yes' | 'no' | 'new' {
    const reads = super.reads(session, area);
    return reads === 'new' ? 'yes' : reads;
  }
}

class ClosesAtOnce extends Areas {
  override leave(session: number, area: number): AreaEffect | null {
    return super.leave(session, area) ?? { type: 'gone', area, readers: [] };
  }
}

test.each([FreesTheWrongPlace, ForgetsWhoLeaves, TellsNoReader, ClosesAtOnce])(
  'shared memory that %o is caught',
  (Faulty) => {
    const faulty = property((bytes) => new Faulty(bytes));
    expect(fc.check(faulty, { numRuns: 1000, endOnFailure: true }).failed).toBe(true);
  },
);

afterEach(() => {
  vi.restoreAllMocks();
});

test('plots that overlap are caught', () => {
  const take = Plots.prototype.take;
  vi.spyOn(Plots.prototype, 'take').mockImplementation(function (this: Plots, size) {
    return take.call(this, Math.max(1, size - PAGE));
  });
  expect(
    fc.check(
      property((bytes) => new Areas(bytes)),
      { numRuns: 1000, endOnFailure: true },
    ).failed,
  ).toBe(true);
});
