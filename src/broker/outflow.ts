// The side of a queue that is taken from: who is given what, who is told the end, and from whom what was read ahead is asked
// back because somebody else could work on it.
import { earliest } from '../deadline.ts';
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import { ProtocolError } from '../wire/frame.ts';
import type { Custody } from './custody.ts';
import type { Holding } from './holding.ts';
import type { Ending } from './ending.ts';
import { PATIENCE_MS } from './loan.ts';
import { isIdle, type Seat } from './seat.ts';
import type { Speech } from './speech.ts';
import { Takers } from './takers.ts';

export class Outflow {
  readonly #custody: Custody;
  readonly #ending: Ending;
  readonly #speech: Speech;
  readonly #seats: ReadonlyMap<number, Seat>;
  readonly #order: QueueChannel['order'];
  readonly #takers = new Takers();
  /** Instances that took from it, and whether they were told its end. */
  readonly #told = new Map<NodeId, boolean>();

  constructor(
    custody: Custody,
    ending: Ending,
    speech: Speech,
    seats: ReadonlyMap<number, Seat>,
    order: QueueChannel['order'],
  ) {
    this.#custody = custody;
    this.#ending = ending;
    this.#speech = speech;
    this.#seats = seats;
    this.#order = order;
  }

  get(seat: Seat, count: number, waiting: boolean, right: boolean): void {
    if (right && this.#order !== 'deque') {
      throw new ProtocolError('protocol', `the queue is a ${this.#order}, and has no right end to get from`);
    }
    seat.takes = true;
    seat.credit = Math.min(seat.credit + count, MOST_CREDIT);
    if (waiting) seat.waiting = true;
    seat.right = right;
    if (!this.#told.has(seat.instance)) this.#told.set(seat.instance, false);
    if (seat.toldEnd && isIdle(seat)) this.#tellEnd(seat);
    this.#takers.place(seat);
  }

  /** With `mayEnd` it hears of the end too. */
  unget(seat: Seat, now: number, mayEnd: boolean): void {
    this.deal(now);
    if (mayEnd) this.tellEnds();
    seat.credit = 0;
    seat.waiting = false;
    this.#takers.place(seat);
    this.#speech.say({ type: 'withdrawn', session: seat.session, puts: false });
  }

  shut(seat: Seat): void {
    seat.credit = 0;
    seat.waiting = false;
    this.#takers.place(seat);
    this.#custody.part(seat.holding);
  }

  /** Its program has moved on. */
  stir(seat: Seat, now: number): Holding {
    seat.stirred = now;
    seat.recalled = false;
    return seat.holding;
  }

  /** Its program has something to do. */
  busy(seat: Seat): void {
    seat.waiting = false;
    this.#takers.place(seat);
  }

  congest(seat: Seat, congested: boolean): void {
    seat.congested = congested;
    this.#takers.place(seat);
  }

  leave(seat: Seat): void {
    this.#takers.remove(seat);
  }

  /** Whether an instance was told the end; null where it never took from it. */
  toldEnd(instance: NodeId): boolean | null {
    return this.#told.get(instance) ?? null;
  }

  /** It is started again, and will be told anew. */
  forget(instance: NodeId): void {
    this.#told.delete(instance);
  }

  /** Gives out what there is. */
  deal(now: number): void {
    const { backlog } = this.#custody;
    if (backlog > 0) this.#takers.deal(backlog, (seat, count) => this.#deliver(seat, count, now));
  }

  /** Held items may come back, so all who hold some must be waiting themselves before anyone is told the end. */
  tellEnds(): void {
    if (this.#ending.stream === 'open' || this.#custody.backlog + this.#custody.ahead > 0) return;
    const waiting = new Set<NodeId>();
    for (const seat of this.#seats.values()) {
      if (isIdle(seat) || seat.toldEnd) waiting.add(seat.instance);
      else if (seat.holding.ledger.heldCount > 0) return;
    }
    for (const { instance, ledger, present } of this.#custody.holdings) {
      if (!present && ledger.heldCount > 0 && !waiting.has(instance)) return;
    }
    for (const seat of this.#seats.values()) if (isIdle(seat)) this.#tellEnd(seat);
  }

  /** Asks back what one reads ahead while another waits. Returns when it wants to do so again. */
  recall(now: number): number | null {
    if (!this.#takers.anyIdle || this.#custody.ahead === 0) return null;
    let next: number | null = null;
    for (const seat of this.#seats.values()) {
      if (seat.holding.ledger.aheadCount === 0 || !seat.readsAhead || seat.recalled) continue;
      if (!this.#takers.anyIdleBut(seat)) continue;
      const due = seat.stirred + PATIENCE_MS;
      if (due > now) {
        next = earliest(next, due);
        continue;
      }
      seat.recalled = true;
      this.#speech.say({ type: 'recall', session: seat.session, room: false });
    }
    return next;
  }

  /** Answers how many. */
  #deliver(seat: Seat, most: number, now: number): number {
    const alone = this.#custody.nextIsSuspect;
    // What it has taken and done by then it has said.
    const hasNothing = seat.waiting && seat.holding.ledger.aheadCount === 0;
    if ((alone || seat.careful) && !hasNothing) {
      this.#takers.place(seat);
      return 0;
    }
    const batches = this.#custody.deliver(seat.holding, most, seat.right);
    const count = batches.reduce((sum, { items }) => sum + items.count, 0);
    seat.careful = alone;
    seat.readsAhead = !seat.waiting || count > 1;
    seat.credit -= count;
    seat.waiting = false;
    seat.stirred = now;
    this.#takers.place(seat);
    for (const batch of batches) this.#speech.say({ type: 'deliver', session: seat.session, batch, right: seat.right });
    return count;
  }

  #tellEnd(seat: Seat): void {
    seat.toldEnd = true;
    seat.waiting = false;
    this.#takers.place(seat);
    this.#told.set(seat.instance, true);
    this.#speech.say({ type: 'end', session: seat.session, aborted: this.#ending.stream === 'aborted' });
  }
}

const MOST_CREDIT = 0xffffffff;
