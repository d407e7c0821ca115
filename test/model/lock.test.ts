// Random histories of a lock, with words that travel for any time, and locks with a fault planted in them: each must be caught.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lock } from '../../src/broker/lock.ts';
import type { Departure } from '../../src/broker/queue.ts';

interface Waiter {
  readonly session: number;
  readonly request: number;
}

/** Knows who holds the lock and who stands in line, and complains when the lock thinks otherwise. */
class LockWorld {
  readonly #lock: Lock;
  #sessions: number[] = [];
  #line: Waiter[] = [];
  #owner: { session: number; fence: number; present: boolean } | null = null;
  #abandoned = false;
  #fence = 0;
  #count = 0;
  #requests = 0;

  constructor(lock: Lock) {
    this.#lock = lock;
    for (let index = 0; index < 4; index += 1) this.#enter();
  }

  step(choice: number): void {
    const session = this.#sessions[(choice >>> 4) % this.#sessions.length] as number;
    const owner = this.#owner;
    switch (choice % 8) {
      case 0:
      case 1:
        this.#acquire(session, false);
        break;
      case 2:
        this.#acquire(session, true);
        break;
      case 3:
      case 4:
        if (owner?.present) this.#release(owner.session, owner.fence);
        break;
      case 5:
        this.#misuse(session, (choice >>> 8) % (this.#fence + 2));
        break;
      case 6:
        this.#cancel((choice >>> 4) % (this.#line.length + 1));
        break;
      case 7:
        this.#leave(session, (['goodbye', 'lost', 'died'] as const)[(choice >>> 8) % 3] as Departure);
    }
    this.#check();
  }

  /** Everybody who holds it gives it back in turn, until nobody waits. */
  settle(): void {
    for (let rounds = this.#line.length + 1; rounds > 0; rounds -= 1) {
      if (this.#owner === null) break;
      if (this.#owner.present) this.#release(this.#owner.session, this.#owner.fence);
      else this.#settleOwner();
      this.#check();
    }
    if (this.#line.length > 0 || this.#owner !== null) throw new Error('somebody waits for ever');
  }

  #enter(): void {
    this.#count += 1;
    this.#sessions.push(this.#count);
    this.#lock.enter(this.#count, `n${this.#count}`);
  }

  #acquire(session: number, atOnce: boolean): void {
    this.#requests += 1;
    const waiter = { session, request: this.#requests };
    this.#lock.acquire(session, waiter.request, atOnce);
    if (this.#owner !== null && atOnce) this.#expect(`refused ${session}`);
    else this.#line.push(waiter);
    this.#handOn();
  }

  #release(session: number, fence: number): void {
    this.#lock.release(session, fence, 0);
    this.#expect(`reply ${session}`);
    this.#owner = null;
    this.#handOn();
  }

  #misuse(session: number, fence: number): void {
    if (this.#owner?.session === session && this.#owner.fence === fence) return;
    this.#lock.release(session, fence, 0);
    this.#expect(`denied ${session}`);
  }

  #cancel(index: number): void {
    const waiter = this.#line[index];
    if (waiter === undefined) return;
    this.#line.splice(index, 1);
    this.#lock.cancel(waiter.session, waiter.request);
    this.#expect(`reply ${waiter.session}`);
  }

  #leave(session: number, how: Departure): void {
    this.#lock.leave(session, how);
    this.#sessions = this.#sessions.filter((it) => it !== session);
    this.#line = this.#line.filter((it) => it.session !== session);
    this.#enter();
    if (this.#owner?.session !== session) return;
    if (how === 'died') this.#abandon();
    else this.#owner.present = false;
  }

  #settleOwner(): void {
    this.#lock.settle(`n${this.#owner?.session}`);
    this.#abandon();
  }

  #abandon(): void {
    this.#expect('abandoned');
    this.#abandoned = true;
    this.#owner = null;
    this.#handOn();
  }

  #handOn(): void {
    if (this.#owner !== null) return;
    const next = this.#line.shift();
    if (next === undefined) return;
    this.#fence += 1;
    this.#owner = { session: next.session, fence: this.#fence, present: true };
    this.#expect(`granted ${next.session} ${this.#fence}${this.#abandoned ? ' abandoned' : ''}`);
    this.#abandoned = false;
  }

  #expected: string[] = [];

  #expect(said: string): void {
    this.#expected.push(said);
  }

  #check(): void {
    const said = this.#lock.turn().map((effect) => {
      if (effect.type === 'granted') {
        return `granted ${effect.session} ${effect.fence}${effect.abandoned ? ' abandoned' : ''}`;
      }
      return 'session' in effect ? `${effect.type} ${effect.session}` : effect.type;
    });
    const expected = this.#expected.splice(0);
    if (said.join() !== expected.join()) throw new Error(`it says ${said.join()}, and should say ${expected.join()}`);
  }
}

const history = fc.array(fc.nat({ max: 0xffff }), { maxLength: 200, size: 'max' });

function property(make: () => Lock) {
  return fc.property(history, (choices) => {
    const world = new LockWorld(make());
    for (const choice of choices) world.step(choice);
    world.settle();
  });
}

test('whatever happens, one holds it at a time, in order of arrival, with rising fences, and every wait ends', () => {
  fc.assert(
    property(() => new Lock()),
    { numRuns: 2000 },
  );
});

class ForgetsWaiters extends Lock {
  #count = 0;
  override acquire(session: number, request: number, atOnce: boolean): void {
    this.#count += 1;
    if (this.#count % 5 !== 0) super.acquire(session, request, atOnce);
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

test.each([ForgetsWaiters, BelievesAnyRelease, KeepsTheDead, FreesTooSoon])('a lock that %o is caught', (Faulty) => {
  expect(
    fc.check(
      property(() => new Faulty()),
      { numRuns: 200, endOnFailure: true },
    ).failed,
  ).toBe(true);
});
