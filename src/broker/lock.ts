// The machine of a lock: one owner at a time, in order of arrival. Every grant has a fence larger than all before it, and
// only who holds that grant can give it back. What an owner that died was guarding may be half-written: the next is told.
import type { NodeId } from '../plan/plan.ts';
import { ProtocolError } from '../wire/frame.ts';
import type { Effect } from './effect.ts';
import type { Departure } from './queue.ts';

export class Lock {
  #owner: Owner | null = null;
  /** The fence of the last grant. */
  #fence = 0;
  /** The last owner ended without giving it back. */
  #abandoned = false;
  #line: Waiter[] = [];
  readonly #sessions = new Map<number, Session>();
  #effects: Effect[] = [];

  has(session: number): boolean {
    return this.#sessions.has(session);
  }

  enter(session: number, instance: NodeId): void {
    this.#sessions.set(session, { instance, waits: new Set() });
  }

  /** With `atOnce` it is granted now or refused. */
  acquire(session: number, request: number, atOnce: boolean): void {
    const { waits } = this.#session(session);
    if (waits.has(request)) throw new ProtocolError('protocol', `the request ${request} is in use already`);
    if (waits.size === MOST_WAITS)
      throw new ProtocolError('limit', `it waits for this lock ${MOST_WAITS} times already`);
    if (this.#owner === null) {
      this.#grant({ session, request });
    } else if (atOnce) {
      this.#effects.push({ type: 'refused', session, request, never: false });
    } else {
      waits.add(request);
      this.#line.push({ session, request });
    }
  }

  release(session: number, fence: number, request: number): void {
    if (this.#owner?.session !== session || this.#owner.fence !== fence) {
      const message = `the session does not hold the grant ${fence} of this lock`;
      this.#effects.push({ type: 'denied', session, request, code: 'not-held', message });
      return;
    }
    this.#effects.push({ type: 'reply', session, request });
    this.#free();
  }

  /** Waits no longer. Where it was granted before, that stands, and nothing is said. */
  cancel(session: number, request: number): void {
    if (!this.#session(session).waits.delete(request)) return;
    const index = this.#line.findIndex((waiter) => waiter.session === session && waiter.request === request);
    this.#line.splice(index, 1);
    this.#effects.push({ type: 'reply', session, request });
  }

  /** Who leaves waits no more. What it owns is its instance's until that is settled, unless it is known to have died. */
  leave(session: number, how: Departure): void {
    this.#sessions.delete(session);
    this.#line = this.#line.filter((waiter) => waiter.session !== session);
    if (how === 'died' && this.#owner?.session === session) this.#abandon(this.#owner);
  }

  /** An instance has ended for good, and its sessions have left. */
  settle(instance: NodeId): void {
    if (this.#owner?.instance === instance) this.#abandon(this.#owner);
  }

  /** Everything there is to say since the last turn. */
  turn(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #grant({ session, request }: Waiter): void {
    const { instance, waits } = this.#session(session);
    waits.delete(request);
    this.#fence += 1;
    this.#owner = { session, instance, fence: this.#fence };
    this.#effects.push({ type: 'granted', session, request, fence: this.#fence, abandoned: this.#abandoned });
    this.#abandoned = false;
  }

  #free(): void {
    this.#owner = null;
    const next = this.#line.shift();
    if (next !== undefined) this.#grant(next);
  }

  #abandon(owner: Owner): void {
    this.#abandoned = true;
    this.#effects.push({ type: 'abandoned', node: owner.instance });
    this.#free();
  }

  #session(session: number): Session {
    const found = this.#sessions.get(session);
    if (found === undefined) throw new Error(`Internal error: session ${session} is not at this lock`);
    return found;
  }
}

/** So often one session may wait at a time: more than any program has threads, and not enough to fill the memory. */
const MOST_WAITS = 4096;

interface Session {
  readonly instance: NodeId;
  /** Its requests that stand in line. */
  readonly waits: Set<number>;
}

interface Waiter {
  readonly session: number;
  readonly request: number;
}

interface Owner {
  readonly session: number;
  readonly instance: NodeId;
  readonly fence: number;
}
