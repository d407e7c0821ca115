// Random histories of locks of every kind, with words that travel for any time, and locks with a fault planted in them: each
// must be caught.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Asking, Lock, type LockSettings } from '../../src/broker/lock.ts';
import type { Departure } from '../../src/broker/departure.ts';
import { mutex } from '../broker/kit.ts';

const kinds = {
  mutex: {},
  'mutex that is never lent': { strict: true },
  semaphore: { lock: 'semaphore', permits: 3 },
  'readers-writer lock': { lock: 'rw' },
  'lock that nobody owns': { owned: false },
  'semaphore that nobody owns': { lock: 'semaphore', permits: 2, owned: false },
  'lock of the whole machine': { scope: 'host' },
} as const satisfies Record<string, Partial<LockSettings>>;

interface Waiter {
  readonly session: number;
  readonly request: number;
  readonly reads: boolean;
  readonly atOnce: boolean;
  readonly borrows: boolean;
}

interface Holder {
  readonly session: number;
  readonly fence: number;
  /** The last that it may give itself. */
  readonly last: number;
  readonly reads: boolean;
  present: boolean;
}

/** Knows who holds the lock and who stands in line, and complains when the lock thinks otherwise. */
class LockWorld {
  readonly #lock: Lock;
  readonly #settings: LockSettings;
  #sessions: number[] = [];
  #line: Waiter[] = [];
  #holders: Holder[] = [];
  #abandoned = false;
  #fence = 0;
  #count = 0;
  #requests = 0;
  /** Of a lock of the whole machine. */
  #host: 'away' | 'sought' | 'here';
  #stamp = { fence: 0, abandoned: false };

  constructor(lock: Lock, settings: LockSettings) {
    this.#lock = lock;
    this.#settings = settings;
    this.#host = settings.scope === 'host' ? 'away' : 'here';
    for (let index = 0; index < 5; index += 1) this.#enter();
  }

  step(choice: number): void {
    const session = this.#sessions[(choice >>> 4) % this.#sessions.length] as number;
    const more = choice >>> 8;
    switch (choice % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        this.#acquire(session, { shared: more % 2 === 0, borrows: more % 3 === 0 });
        break;
      case 5:
        this.#acquire(session, { shared: more % 2 === 0, atOnce: true });
        break;
      case 6:
      case 7:
      case 8:
        this.#release(this.#holders[more % Math.max(1, this.#holders.length)], session, more % 5);
        break;
      case 9:
        this.#misuse(session, more % (this.#fence + 2));
        break;
      case 10:
        this.#cancel(more % (this.#line.length + 1));
        break;
      case 11:
      case 12:
        this.#leave(session, (['goodbye', 'lost', 'died'] as const)[more % 3] as Departure);
        break;
      case 13:
        this.#settleOne(this.#holders.find(({ present }) => !present));
        break;
      case 14:
        this.#other(more % 3);
        break;
      case 15:
        this.#releaseAnybodys(session);
    }
    this.#check();
  }

  /** Everybody who holds it gives it back in turn, until nobody waits. */
  settle(): void {
    for (let rounds = 2 * this.#line.length + this.#holders.length + 2; rounds > 0; rounds -= 1) {
      const [holder] = this.#holders;
      if (this.#host === 'sought') this.#arrive();
      else if (holder === undefined) break;
      else if (holder.present || !this.#settings.owned) this.#release(holder, this.#sessions[0] as number);
      else this.#settleOne(holder);
      this.#check();
    }
    if (this.#line.length > 0 || this.#holders.length > 0) throw new Error('somebody waits for ever');
  }

  #enter(): void {
    this.#count += 1;
    this.#sessions.push(this.#count);
    this.#lock.enter(this.#count, `n${this.#count}`);
  }

  #acquire(session: number, { shared = false, atOnce = false, borrows = false }: Asking): void {
    this.#requests += 1;
    const reads = shared && this.#settings.lock === 'rw';
    const waiter: Waiter = { session, request: this.#requests, reads, atOnce, borrows };
    this.#lock.acquire(session, waiter.request, { shared: reads, atOnce, borrows });
    if (atOnce && (this.#line.length > 0 || !this.#fits(waiter))) this.#expect(`refused ${session}`);
    else this.#line.push(waiter);
    this.#handOn();
  }

  /** What is lent is given back by one of the fences that its holder may have given itself. */
  #release(holder: Holder | undefined, other: number, used = 0): void {
    if (holder === undefined) return;
    const by = this.#settings.owned ? holder.session : other;
    if (this.#settings.owned && !holder.present) return;
    const fence = Math.min(holder.fence + used, holder.last);
    this.#lock.release(by, fence, 0);
    this.#fence = Math.max(this.#fence, fence);
    this.#expect(`reply ${by}`);
    this.#end(holder);
    this.#handOn();
  }

  #releaseAnybodys(session: number): void {
    const [oldest] = this.#holders;
    this.#lock.release(session, 0, 0);
    if (this.#settings.owned || oldest === undefined) return this.#expect(`denied ${session}`);
    this.#expect(`reply ${session}`);
    this.#end(oldest);
    this.#handOn();
  }

  #misuse(session: number, fence: number): void {
    if (fence === 0) return;
    const holder = this.#holders.find((it) => it.fence <= fence && fence <= it.last);
    if (holder !== undefined && (holder.session === session || !this.#settings.owned)) return;
    this.#lock.release(session, fence, 0);
    this.#expect(`denied ${session}`);
  }

  #cancel(index: number): void {
    const waiter = this.#line[index];
    if (waiter === undefined) return;
    this.#line.splice(index, 1);
    this.#lock.cancel(waiter.session, waiter.request);
    this.#expect(`reply ${waiter.session}`);
    this.#handOn();
  }

  #leave(session: number, how: Departure): void {
    this.#lock.leave(session, how);
    this.#sessions = this.#sessions.filter((it) => it !== session);
    this.#line = this.#line.filter((it) => it.session !== session);
    for (const holder of this.#holders) if (holder.session === session) holder.present = false;
    if (how === 'died') this.#abandonAll(session);
    this.#handOn();
    this.#enter();
  }

  #settleOne(holder: Holder | undefined): void {
    if (holder === undefined) return;
    this.#lock.settle(`n${holder.session}`);
    this.#abandonAll(holder.session);
    this.#handOn();
  }

  #abandonAll(session: number): void {
    if (!this.#settings.owned) return;
    for (const holder of this.#holders.filter((it) => it.session === session)) {
      if (!holder.reads) {
        this.#abandoned = true;
        this.#expect('abandoned');
      }
      this.#fence = Math.max(this.#fence, holder.last);
      this.#end(holder);
    }
  }

  /** What other runs do, to a lock of the whole machine. */
  #other(what: number): void {
    if (this.#host !== 'sought') {
      if (this.#host === 'away' && this.#settings.scope === 'host') {
        this.#stamp = { fence: this.#stamp.fence + 1, abandoned: what === 0 };
      }
    } else if (what > 0) this.#arrive();
    else if (this.#line[0]?.atOnce) {
      this.#host = 'away';
      this.#lock.unavailable();
      while (this.#line[0]?.atOnce) this.#expect(`refused ${this.#line.shift()?.session}`);
      this.#handOn();
    }
  }

  #arrive(): void {
    this.#host = 'here';
    this.#lock.arrived(this.#stamp);
    this.#fence = this.#stamp.fence;
    this.#abandoned = this.#stamp.abandoned;
    this.#stamp = { fence: this.#fence + 1, abandoned: true };
    this.#handOn();
  }

  #end(holder: Holder): void {
    this.#holders.splice(this.#holders.indexOf(holder), 1);
    if (this.#settings.scope === 'host') this.#yield();
  }

  #yield(): void {
    this.#expect(`yield${this.#abandoned ? ' abandoned' : ''}`);
    if (this.#host === 'here') this.#stamp = { ...this.#stamp, abandoned: this.#abandoned };
    this.#abandoned = false;
    this.#host = 'away';
  }

  #fits({ reads }: Waiter): boolean {
    if (this.#settings.lock !== 'rw') return this.#holders.length < this.#settings.permits;
    return reads ? this.#holders.every((holder) => holder.reads) : this.#holders.length === 0;
  }

  get #isLent(): boolean {
    const { lock, owned, scope, strict } = this.#settings;
    return lock === 'mutex' && owned && scope === 'run' && !strict;
  }

  #handOn(): void {
    for (let [next] = this.#line; next !== undefined && this.#fits(next); [next] = this.#line) {
      if (this.#host === 'sought') return;
      if (this.#host === 'away') {
        this.#host = 'sought';
        return this.#expect(`seek${next.atOnce ? ' at once' : ''}`);
      }
      this.#line.shift();
      this.#fence += 1;
      const { session, reads } = next;
      const fence = this.#fence;
      const lent = next.borrows && this.#isLent && this.#line.length === 0;
      this.#holders.push({ session, fence, last: lent ? fence + 0xffff : fence, reads, present: true });
      const words = `${this.#abandoned ? ' abandoned' : ''}${lent ? ' lent' : ''}`;
      this.#expect(`granted ${session} ${fence}${words}`);
      if (!next.reads) this.#abandoned = false;
    }
    const nobody = this.#holders.length === 0 && this.#line.length === 0;
    if (this.#settings.scope === 'host' && this.#host !== 'away' && nobody) this.#yield();
  }

  #expected: string[] = [];

  #expect(said: string): void {
    this.#expected.push(said);
  }

  #check(): void {
    const said = this.#lock.turn().map((effect) => {
      switch (effect.type) {
        case 'granted':
          return `granted ${effect.session} ${effect.fence}${effect.abandoned ? ' abandoned' : ''}${effect.lent ? ' lent' : ''}`;
        case 'yield':
          return `yield${effect.abandoned ? ' abandoned' : ''}`;
        case 'seek':
          return `seek${effect.atOnce ? ' at once' : ''}`;
        default:
          return 'session' in effect ? `${effect.type} ${effect.session}` : effect.type;
      }
    });
    const expected = this.#expected.splice(0);
    if (said.join() !== expected.join()) throw new Error(`it says ${said.join()}, and should say ${expected.join()}`);
    const holders = [...this.#lock.grants].map(({ fence }) => fence).join();
    if (holders !== this.#holders.map(({ fence }) => fence).join()) throw new Error(`it is held by ${holders}`);
    const line = [...this.#lock.waiters].map(({ session, request }) => `${session}.${request}`).join();
    if (line !== this.#line.map(({ session, request }) => `${session}.${request}`).join()) {
      throw new Error(`these wait: ${line}`);
    }
  }
}

const history = fc.array(fc.nat({ max: 0xffff }), { maxLength: 200, size: 'max' });

function property(kind: keyof typeof kinds, make: (settings: LockSettings) => Lock) {
  const settings: LockSettings = { ...mutex, ...kinds[kind] };
  return fc.property(history, (choices) => {
    const world = new LockWorld(make(settings), settings);
    for (const choice of choices) world.step(choice);
    world.settle();
  });
}

test.each(Object.keys(kinds) as (keyof typeof kinds)[])(
  'whatever happens to a %s, nobody holds it who may not, it goes in order of arrival, fences rise, and every wait ends',
  (kind) => {
    fc.assert(
      property(kind, (settings) => new Lock(settings)),
      { numRuns: 1500 },
    );
  },
);

class ForgetsWaiters extends Lock {
  #count = 0;
  override acquire(session: number, request: number, asking: Asking): void {
    this.#count += 1;
    if (this.#count % 5 !== 0) super.acquire(session, request, asking);
  }
}

class BelievesAnyRelease extends Lock {
  override release(session: number, fence: number, request: number): void {
    for (let other = 0; other < 1000; other += 1) super.release(other, fence, request);
    super.release(session, fence, request);
  }
}

class KeepsTheDead extends Lock {
  override leave(): void {}
}

class FreesTooSoon extends Lock {
  override leave(session: number): void {
    super.leave(session, 'died');
  }
}

class CountsOnePermitTooMany extends Lock {
  constructor(settings: LockSettings) {
    super({ ...settings, permits: settings.permits + 1 });
  }
}

class LetsWritersRead extends Lock {
  override acquire(session: number, request: number, asking: Asking): void {
    super.acquire(session, request, { ...asking, shared: true });
  }
}

class MakesReadersWait extends Lock {
  override acquire(session: number, request: number, asking: Asking): void {
    super.acquire(session, request, { ...asking, shared: false });
  }
}

class DiesWithItsTaker extends Lock {
  constructor(settings: LockSettings) {
    super({ ...settings, owned: true });
  }
}

class LeavesTheLineStuck extends Lock {
  override cancel(session: number, request: number): void {
    // As if nobody looked whether those behind may have it now.
    const before = [...this.waiters].length;
    super.cancel(session, request);
    if (before > 1) this.turn();
  }
}

class LendsWhatOthersWaitFor extends Lock {
  override turn() {
    return super.turn().map((effect) => (effect.type === 'granted' ? { ...effect, lent: true } : effect));
  }
}

class ForgetsWhatWasLent extends Lock {
  override release(session: number, fence: number, request: number): void {
    const [grant] = this.grants;
    super.release(session, grant?.session === session ? grant.fence : fence, request);
  }
}

class ForgetsWhatTheFileSays extends Lock {
  override arrived({ fence }: { fence: number }): void {
    super.arrived({ fence, abandoned: false });
  }
}

class CountsFromItsOwn extends Lock {
  override arrived({ abandoned }: { abandoned: boolean }): void {
    super.arrived({ fence: 0, abandoned });
  }
}

test.each([
  ['mutex', ForgetsWaiters],
  ['mutex', BelievesAnyRelease],
  ['mutex', KeepsTheDead],
  ['mutex', FreesTooSoon],
  ['mutex', LendsWhatOthersWaitFor],
  ['mutex that is never lent', LendsWhatOthersWaitFor],
  ['mutex', ForgetsWhatWasLent],
  ['semaphore', CountsOnePermitTooMany],
  ['semaphore', FreesTooSoon],
  ['readers-writer lock', LetsWritersRead],
  ['readers-writer lock', MakesReadersWait],
  ['readers-writer lock', LeavesTheLineStuck],
  ['lock that nobody owns', DiesWithItsTaker],
  ['lock of the whole machine', ForgetsWhatTheFileSays],
  ['lock of the whole machine', CountsFromItsOwn],
] as const)('a %s that %o is caught', (kind, Faulty) => {
  expect(
    fc.check(
      property(kind, (settings) => new Faulty(settings)),
      { numRuns: 200, endOnFailure: true },
    ).failed,
  ).toBe(true);
});
