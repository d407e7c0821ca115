// The machine of a lock: a mutex, a semaphore or a readers-writer lock, in order of arrival. Every grant has a fence larger
// than all before it, and only that grant can be given back. What an owner that died was guarding may be half-written: the
// next is told. A lock of the whole machine (`scope: host`) is granted only while this run has it, which its shell sees to.
import type { LockChannel, NodeId } from '../plan/plan.ts';
import { ProtocolError } from '../wire/frame.ts';
import type { Effect } from './effect.ts';
import { Most } from './limits.ts';
import type { Departure } from './departure.ts';
import { type Waiter, WaitingLine } from './waiting-line.ts';

export type LockSettings = Pick<LockChannel, 'lock' | 'permits' | 'owned' | 'scope' | 'strict'>;

/** How a session asks for it. */
export interface Asking {
  /** Now or not at all. */
  readonly atOnce?: boolean;
  /** To read only, beside others who do. */
  readonly shared?: boolean;
  /** Its process may take it again and again for a moment, where nobody else waits. */
  readonly borrows?: boolean;
}

/** One that is out. */
export interface LockGrant {
  readonly session: number;
  readonly instance: NodeId;
  readonly fence: number;
  /** The last fence that it may give itself: larger than `fence` where it is lent. */
  readonly last: number;
  readonly alone: boolean;
}

export class Lock {
  readonly #settings: LockSettings;
  /** How many may hold it at once who do not have to be alone. */
  readonly #most: number;
  /** By fence, oldest first. */
  readonly #out = new Map<number, LockGrant>();
  #aloneOut = false;
  /** The fence of the last grant. */
  #fence = 0;
  /** Somebody ended without giving it back, and nobody who could mend what that left behind was told. */
  #abandoned = false;
  readonly #line = new WaitingLine();
  readonly #sessions = new Map<number, Session>();
  /** How often each instance holds it or waits for it. */
  readonly #claims = new Map<NodeId, number>();
  /** Whether this run has it, of all runs on this machine. */
  #host: 'away' | 'sought' | 'here';
  #effects: Effect[] = [];

  constructor(settings: LockSettings) {
    this.#settings = settings;
    this.#most = settings.lock === 'rw' ? Number.POSITIVE_INFINITY : settings.permits;
    this.#host = settings.scope === 'host' ? 'away' : 'here';
  }

  /** Only who took it can give it back, and it comes back when that one ends. */
  get owned(): boolean {
    return this.#settings.owned;
  }

  has(session: number): boolean {
    return this.#sessions.has(session);
  }

  enter(session: number, instance: NodeId): void {
    this.#sessions.set(session, { instance, waits: new Map() });
  }

  acquire(session: number, request: number, { atOnce = false, shared = false, borrows = false }: Asking = {}): void {
    const { waits, instance } = this.#session(session);
    if (waits.has(request)) throw new ProtocolError('protocol', `the request ${request} is in use already`);
    if (this.#claimsOf(instance) >= Most.CLAIMS) {
      throw new ProtocolError('limit', `\`${instance}\` holds this lock and waits for it ${Most.CLAIMS} times already`);
    }
    const readsAndWrites = this.#settings.lock === 'rw';
    if (shared && !readsAndWrites) throw new ProtocolError('protocol', 'only a lock of kind `rw` is taken to read');
    const waiter: Waiter = { session, request, alone: readsAndWrites && !shared, atOnce, borrows };
    if (atOnce && (this.#line.first !== null || !this.#admits(waiter))) return this.#refuse(waiter);
    waits.set(request, waiter);
    this.#claim(instance, 1);
    this.#line.join(waiter);
    this.#advance();
  }

  /** The fence 0 is the oldest grant of a lock that belongs to nobody. With `quiet` nothing is said where all is well. */
  release(session: number, fence: number, request: number, quiet = false): void {
    const grant = this.#granted(session, fence);
    if (grant === undefined) {
      const message = this.#settings.owned
        ? `the session does not hold the grant ${fence} of this lock`
        : fence === 0
          ? 'nobody holds this lock'
          : `the grant ${fence} of this lock is not out`;
      this.#effects.push({ type: 'denied', session, request, code: 'not-held', message });
      return;
    }
    this.#fence = Math.max(this.#fence, fence);
    if (!quiet) this.#effects.push({ type: 'reply', session, request });
    this.#end(grant);
    this.#advance();
  }

  /** Waits no longer. Where it was granted before, that stands, and nothing is said. */
  cancel(session: number, request: number): void {
    const { waits } = this.#session(session);
    const waiter = waits.get(request);
    if (waiter === undefined) return;
    this.#takeFromLine(waiter);
    this.#effects.push({ type: 'reply', session, request });
    this.#advance();
  }

  /** Who leaves waits no more. What it holds is its instance's until that is settled, unless it is known to have died. */
  leave(session: number, how: Departure): void {
    for (const waiter of this.#sessions.get(session)?.waits.values() ?? []) this.#takeFromLine(waiter);
    this.#sessions.delete(session);
    if (how === 'died') this.#abandon((grant) => grant.session === session);
    this.#advance();
  }

  /** An instance has ended for good, and its sessions have left. */
  settle(instance: NodeId): void {
    this.#abandon((grant) => grant.instance === instance);
    this.#advance();
  }

  /** This run has the lock now; `fence` is that of the last grant on this machine. */
  arrived({ fence, abandoned }: { readonly fence: number; readonly abandoned: boolean }): void {
    this.#host = 'here';
    this.#fence = Math.max(this.#fence, fence);
    this.#abandoned ||= abandoned;
    this.#advance();
  }

  /** Another run has it: who would not wait is refused. */
  unavailable(): void {
    this.#host = 'away';
    for (let { first } = this.#line; first?.atOnce; { first } = this.#line) {
      this.#takeFromLine(first);
      this.#refuse(first);
    }
    this.#advance();
  }

  /** It cannot be had at all. */
  broken(reason: string): void {
    this.#host = 'away';
    for (const waiter of [...this.#line]) {
      const { session, request } = waiter;
      this.#takeFromLine(waiter);
      this.#effects.push({ type: 'denied', session, request, code: 'broken', message: reason });
    }
  }

  /** Everything there is to say since the last turn. */
  turn(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Who holds it, oldest first. */
  get grants(): Iterable<LockGrant> {
    return this.#out.values();
  }

  /** Another run has it, as far as is known. */
  get isAway(): boolean {
    return this.#host !== 'here';
  }

  /** Who waits for it, in order. */
  get waiters(): Iterable<Waiter> {
    return this.#line;
  }

  /** Whose session it is. */
  instanceOf(session: number): NodeId {
    return this.#session(session).instance;
  }

  /** Grants it to the first in line, as long as it may have it. */
  #advance(): void {
    for (let { first } = this.#line; first !== null && this.#admits(first); { first } = this.#line) {
      if (this.#host !== 'here') return this.#seek(first.atOnce);
      this.#takeFromLine(first);
      this.#grant(first);
    }
    if (this.#settings.scope === 'host' && this.#host !== 'away' && this.#isIdle()) this.#yield();
  }

  #admits({ alone }: Waiter): boolean {
    return alone ? this.#out.size === 0 : !this.#aloneOut && this.#out.size < this.#most;
  }

  #grant({ session, request, alone, borrows }: Waiter): void {
    const { instance } = this.#session(session);
    this.#fence += 1;
    const fence = this.#fence;
    this.#claim(instance, 1);
    const lent = borrows && this.#mayLend && this.#line.first === null;
    this.#out.set(fence, { session, instance, fence, last: lent ? fence + LENT : fence, alone });
    this.#aloneOut = alone;
    this.#effects.push({ type: 'granted', session, request, fence, abandoned: this.#abandoned, lent });
    // A reader cannot mend what a dead writer left behind.
    if (alone || this.#settings.lock !== 'rw') this.#abandoned = false;
  }

  #granted(session: number, fence: number): LockGrant | undefined {
    if (!this.#settings.owned && fence === 0) return this.#out.values().next().value;
    const grant = this.#out.get(fence) ?? this.#lentOne(fence);
    return this.#settings.owned && grant?.session !== session ? undefined : grant;
  }

  /** One that is lent is given back by the last fence that its process gave itself. */
  #lentOne(fence: number): LockGrant | undefined {
    if (!this.#mayLend) return undefined;
    const grant = this.#out.values().next().value;
    return grant !== undefined && grant.fence <= fence && fence <= grant.last ? grant : undefined;
  }

  get #mayLend(): boolean {
    const { lock, owned, scope, strict } = this.#settings;
    return lock === 'mutex' && owned && scope === 'run' && !strict;
  }

  #end(grant: LockGrant): void {
    this.#out.delete(grant.fence);
    this.#claim(grant.instance, -1);
    this.#aloneOut = false;
    // Other runs are to have their turn, whoever waits in this one.
    if (this.#settings.scope === 'host') this.#yield();
  }

  #abandon(isOf: (grant: LockGrant) => boolean): void {
    if (!this.#settings.owned) return;
    for (const grant of [...this.#out.values()].filter(isOf)) {
      if (grant.alone || this.#settings.lock !== 'rw') {
        this.#abandoned = true;
        this.#effects.push({ type: 'abandoned', node: grant.instance });
      }
      // How many of those it gave itself nobody knows.
      this.#fence = Math.max(this.#fence, grant.last);
      this.#end(grant);
    }
  }

  #isIdle(): boolean {
    return this.#out.size === 0 && this.#line.first === null;
  }

  #seek(atOnce: boolean): void {
    if (this.#host === 'sought') return;
    this.#host = 'sought';
    this.#effects.push({ type: 'seek', atOnce });
  }

  #yield(): void {
    this.#host = 'away';
    this.#effects.push({ type: 'yield', abandoned: this.#abandoned });
    // Whoever has it next is told, in this run or another: it stands in the lock's file.
    this.#abandoned = false;
  }

  #takeFromLine(waiter: Waiter): void {
    const { waits, instance } = this.#session(waiter.session);
    waits.delete(waiter.request);
    this.#claim(instance, -1);
    this.#line.leave(waiter);
  }

  #claimsOf(instance: NodeId): number {
    return this.#claims.get(instance) ?? 0;
  }

  #claim(instance: NodeId, more: number): void {
    this.#claims.set(instance, this.#claimsOf(instance) + more);
  }

  #refuse({ session, request }: Waiter): void {
    this.#effects.push({ type: 'refused', session, request, never: false });
  }

  #session(session: number): Session {
    const found = this.#sessions.get(session);
    if (found === undefined) throw new Error(`Internal error: session ${session} is not at this lock`);
    return found;
  }
}

/** So many more fences a process may give itself while a lock is lent to it: more than it can in that moment. */
const LENT = 0xffff;

interface Session {
  readonly instance: NodeId;
  /** By request. */
  readonly waits: Map<number, Waiter>;
}
