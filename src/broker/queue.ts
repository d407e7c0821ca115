// The machine of a fifo queue. It takes what sessions and the run say, by method, and returns from `turn` what is to be
// said to whom, as plain data. Where the items are is kept by `Custody`, how much may come in by `Room`, who gets them first by
// `Takers`. A session that asks for what it may not have makes it throw a `ProtocolError`; that ends the session.
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import type { QueueCounts } from '../run/event.ts';
import { ProtocolError } from '../wire/frame.ts';
import { type Items, SIZE_FIELD } from '../wire/items.ts';
import { Custody, type Holding } from './custody.ts';
import type { Effect } from './effect.ts';
import { Ending } from './ending.ts';
import { Joins } from './joins.ts';
import { PATIENCE_MS, Room } from './room.ts';
import { type Seat, seatOf } from './seat.ts';
import { Takers } from './takers.ts';

export type QueueSettings = Pick<
  QueueChannel,
  'maxsize' | 'maxBytes' | 'delivery' | 'attempts' | 'leftover' | 'producers' | 'consumers'
>;

/**
 * How a session leaves. After `goodbye` its instance keeps what it held; of a session that is `lost` the instance keeps all
 * it was given, until it is settled; what a session that `died` was given comes back.
 */
export type Departure = 'goodbye' | 'lost' | 'died';

/** What a session that ever put or took is at. */
export interface Engagement {
  readonly session: number;
  readonly instance: NodeId;
  /** It waits in `get`. */
  readonly waits: boolean;
  /** It waits in `put`. */
  readonly wants: boolean;
}

export class Queue {
  readonly #room: Room;
  readonly #custody: Custody;
  readonly #takers = new Takers();
  readonly #joins = new Joins();
  readonly #seats = new Map<number, Seat>();
  readonly #ending: Ending;
  /** Instances that took from it, and whether they were told its end. */
  readonly #told = new Map<NodeId, boolean>();
  #put = 0;
  #dropped = 0;
  #effects: Effect[] = [];
  #now = 0;
  #deadline: number | null = null;

  constructor(settings: QueueSettings) {
    this.#room = new Room(settings.maxsize, settings.maxBytes, settings.producers.length);
    this.#custody = new Custody(this.#room, settings, (first, count) => this.#answerJoins(first, count));
    this.#ending = new Ending(settings);
    if (this.#ending.outlet === 'dropped') this.#room.lift();
  }

  // ---- Sessions that put ----

  has(session: number): boolean {
    return this.#seats.has(session);
  }

  enter(session: number, instance: NodeId): void {
    this.#seats.set(session, seatOf(this.#custody.open(session, instance), this.#room.open(session)));
  }

  put(session: number, items: Items): void {
    const { closed, loan } = this.#seat(session);
    if (closed) throw new ProtocolError('protocol', 'an item was put after the session had closed the queue');
    const dropped = this.#ending.outlet === 'dropped';
    const admitted = dropped ? this.#room.giveBack(loan, items.count, items.size) : this.#room.use(loan, items);
    if (!admitted) throw new ProtocolError('limit', 'more was put than there was room for');
    this.#put += items.count;
    if (dropped) this.#dropped += items.count;
    else if (items.count > 0) this.#custody.accept(items);
  }

  /** Puts wait that need so much room in all. With `atOnce` they get it now or not at all. */
  want(session: number, count: number, bytes: number, atOnce: boolean): void {
    const seat = this.#seat(session);
    if (seat.closed || this.#ending.endedFor(seat.instance)) {
      this.#effects.push({ type: 'refused', session, never: true });
    } else if (this.#ending.outlet === 'broken') {
      this.#effects.push({ type: 'broken', session });
      if (atOnce) this.#effects.push({ type: 'refused', session, never: true });
    } else if (!atOnce) {
      this.#room.want(seat.loan, count, bytes);
    } else {
      this.#lend();
      if (!this.#room.wantNow(seat.loan, count, bytes)) this.#effects.push({ type: 'refused', session, never: false });
    }
  }

  unwant(session: number): void {
    this.#room.unwant(this.#seat(session).loan);
    this.#effects.push({ type: 'withdrawn', session, puts: true });
  }

  giveRoom(session: number, count: number, bytes: number): void {
    if (!this.#room.giveBack(this.#seat(session).loan, count, bytes)) {
      throw new ProtocolError('not-held', 'more room was given back than was lent');
    }
  }

  /** This session puts no more. */
  close(session: number): void {
    const seat = this.#seat(session);
    seat.closed = true;
    this.#room.stop(seat.loan);
  }

  /** Whether a session of the instance has closed it, and all others that put have too. */
  hasClosed(instance: NodeId): boolean {
    let closed = false;
    for (const seat of this.#seats.values()) {
      if (seat.instance !== instance) continue;
      if (seat.closed) closed = true;
      else if (this.#room.produces(seat.loan)) return false;
    }
    return closed;
  }

  /** The most that a frame with what a session may put now can say its length is. */
  longestPut(session: number): number {
    const loan = this.#seats.get(session)?.loan;
    return loan === undefined ? 0 : PUT_OVERHEAD + loan.count * SIZE_FIELD + loan.bytes;
  }

  // ---- Sessions that get ----

  /** It accepts `count` more items; with `waiting` its program has nothing to read. */
  get(session: number, count: number, waiting: boolean): void {
    const seat = this.#seat(session);
    seat.takes = true;
    seat.credit = Math.min(seat.credit + count, MOST_CREDIT);
    if (waiting) seat.waiting = true;
    if (!this.#told.has(seat.instance)) this.#told.set(seat.instance, false);
    if (seat.toldEnd && waiting) this.#tellEnd(seat);
    this.#takers.place(seat);
  }

  /** Gets no more. What there is for it now it gets first: who asks and withdraws at once wants just that. */
  unget(session: number): void {
    const seat = this.#seat(session);
    this.#deal();
    this.#tellEnds();
    seat.credit = 0;
    seat.waiting = false;
    this.#takers.place(seat);
    this.#effects.push({ type: 'withdrawn', session, puts: false });
  }

  taken(session: number, count: number): void {
    this.#custody.take(this.#stir(session), count);
  }

  done(session: number, tag: number, count: number): void {
    this.#custody.finish(this.#stir(session), tag, count);
  }

  giveBack(session: number, tag: number, count: number): void {
    this.#custody.giveBack(this.#stir(session), tag, count);
  }

  /** What was sent to it has not gone out, or has now. */
  congest(session: number, congested: boolean): void {
    const seat = this.#seat(session);
    seat.congested = congested;
    this.#takers.place(seat);
  }

  // ---- All sessions ----

  /** Answers when all that was put so far is done. */
  join(session: number, request: number): void {
    const { next, unfinished } = this.#custody;
    if (unfinished === 0) this.#effects.push({ type: 'reply', session, request });
    else if (this.#joins.count(session) < MOST_JOINS)
      this.#joins.add({ session, request, before: next, left: unfinished });
    else throw new ProtocolError('limit', `it waits in join ${MOST_JOINS} times already`);
  }

  stat(session: number, request: number): void {
    const stat = {
      size: this.#room.waiting,
      room: this.#ending.outlet === 'broken' ? 0 : this.#room.admits(this.#seat(session).loan),
      unfinished: this.#custody.unfinished,
      closed: this.#ending.stream !== 'open',
    };
    this.#effects.push({ type: 'reply', session, request, stat });
  }

  /** To be called a second time with `died`, where that turns out only after a session was lost. */
  leave(session: number, how: Departure): void {
    const seat = this.#seats.get(session);
    if (seat !== undefined) {
      this.#seats.delete(session);
      this.#takers.remove(seat);
      this.#room.stop(seat.loan);
      this.#joins.forget(session);
    }
    const holding = this.#custody.find(session);
    if (holding === undefined) return;
    if (how === 'died') this.#reclaim(holding);
    else if (how === 'goodbye') this.#custody.part(holding);
    else this.#custody.forsake(holding);
  }

  // ---- The run ----

  /** An instance has ended for good, and its sessions have left. */
  settle(instance: NodeId, held: 'done' | 'back', succeeded: boolean): void {
    for (const holding of [...this.#custody.holdings]) {
      if (holding.instance !== instance) continue;
      if (held === 'back') this.#reclaim(holding);
      else this.#custody.finishAll(holding);
    }
    if (this.#ending.settle(instance, succeeded)) this.#loseConsumers();
  }

  /** A producer's part of the stream has ended; so many are left. */
  silence(instance: NodeId, producers: number): void {
    this.#ending.silence(instance);
    this.#room.producers = producers;
  }

  /** A producer failed: the stream breaks off, now or once the others have ended. */
  abort(): void {
    this.#effects.push(...this.#ending.strand('a producer of it failed'));
  }

  /** The last producer has ended. */
  closeStream(aborted: boolean): void {
    this.#ending.stream = aborted ? 'aborted' : 'ended';
  }

  /** Deals out what there is, and returns everything there is to say since the last turn. */
  turn(now: number): readonly Effect[] {
    this.#now = now;
    this.#deal();
    this.#lend();
    this.#tellEnds();
    this.#recall();
    this.#effects.push(...this.#ending.judge(this.#custody));
    if (this.#ending.lost(this.#custody)) this.#denyJoins();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** When it wants a turn although nothing was said to it. */
  get nextDeadline(): number | null {
    return this.#deadline;
  }

  // ---- Questions ----

  get counts(): QueueCounts {
    const { taken, done, redelivered, unfinished } = this.#custody;
    return {
      put: this.#put,
      taken,
      done,
      redelivered,
      dead_lettered: 0,
      dropped: this.#dropped,
      left_over: unfinished,
      peak: this.#room.peak,
    };
  }

  /** Nothing waits in it and nothing is held. */
  get idle(): boolean {
    return this.#custody.unfinished === this.#custody.exhausted;
  }

  /** No consumer is left, and what is put is dropped. */
  get dropsPuts(): boolean {
    return this.#ending.outlet === 'dropped';
  }

  /** How many items an instance holds. */
  heldBy(instance: NodeId): number {
    let held = 0;
    for (const holding of this.#custody.holdings) {
      if (holding.instance === instance) held += holding.ledger.heldCount;
    }
    return held;
  }

  /** Whether an instance was told the end; null where it never took from it. */
  toldEnd(instance: NodeId): boolean | null {
    return this.#told.get(instance) ?? null;
  }

  *engagements(): Generator<Engagement> {
    for (const { session, instance, loan, takes, waiting } of this.#seats.values()) {
      const wants = this.#room.wants(loan);
      if (wants || takes || this.#room.produces(loan)) yield { session, instance, waits: waiting, wants };
    }
  }

  // ---- Parts ----

  #seat(session: number): Seat {
    const seat = this.#seats.get(session);
    if (seat === undefined) throw new Error(`Internal error: session ${session} is not at this queue`);
    return seat;
  }

  /** Its program has moved on. */
  #stir(session: number): Holding {
    const seat = this.#seat(session);
    seat.stirred = this.#now;
    seat.recalled = false;
    return seat.holding;
  }

  #deal(): void {
    const { backlog } = this.#custody;
    if (backlog > 0) this.#takers.deal(backlog, (seat, count) => this.#deliver(seat, count));
  }

  #deliver(seat: Seat, count: number): void {
    seat.readsAhead = !seat.waiting || count > 1;
    seat.credit -= count;
    seat.waiting = false;
    seat.stirred = this.#now;
    this.#takers.place(seat);
    for (const batch of this.#custody.deliver(seat.holding, count)) {
      this.#effects.push({ type: 'deliver', session: seat.session, batch });
    }
  }

  #lend(): void {
    if (this.#ending.outlet === 'broken' || this.#ending.stream !== 'open') return;
    for (const lent of this.#room.lend(this.#now)) this.#effects.push({ type: 'room', ...lent });
  }

  #reclaim(holding: Holding): void {
    const { instance: node } = holding;
    const { returned, exhausted } = this.#custody.reclaim(holding);
    if (returned > 0) this.#effects.push({ type: 'redelivered', node, count: returned });
    if (exhausted > 0) this.#effects.push({ type: 'exhausted', node });
  }

  #answerJoins(first: number, count: number): void {
    for (const { session, request } of this.#joins.finish(first, count)) {
      this.#effects.push({ type: 'reply', session, request });
    }
  }

  #loseConsumers(): void {
    if (this.#ending.outlet === 'dropped') return this.#room.lift();
    for (const { session, loan } of this.#seats.values()) {
      if (!this.#room.produces(loan)) continue;
      this.#room.unwant(loan);
      this.#effects.push({ type: 'broken', session });
    }
  }

  /** Held items may come back, so all who hold some must be waiting themselves before anyone is told the end. */
  #tellEnds(): void {
    if (this.#ending.stream === 'open' || this.#custody.backlog + this.#custody.ahead > 0) return;
    const waiting = new Set<NodeId>();
    for (const seat of this.#seats.values()) {
      if (seat.waiting || seat.toldEnd) waiting.add(seat.instance);
      else if (seat.holding.ledger.heldCount > 0) return;
    }
    for (const { instance, ledger, present } of this.#custody.holdings) {
      if (!present && ledger.heldCount > 0 && !waiting.has(instance)) return;
    }
    for (const seat of this.#seats.values()) if (seat.waiting) this.#tellEnd(seat);
  }

  #tellEnd(seat: Seat): void {
    seat.toldEnd = true;
    seat.waiting = false;
    this.#takers.place(seat);
    this.#told.set(seat.instance, true);
    this.#effects.push({ type: 'end', session: seat.session, aborted: this.#ending.stream === 'aborted' });
  }

  /** Asks back what one reads ahead while another waits, and room that is not used while others wait for some. */
  #recall(): void {
    const { sessions, next } = this.#room.recall(this.#now);
    for (const session of sessions) this.#effects.push({ type: 'recall', session, room: true });
    this.#deadline = next;
    if (!this.#takers.anyIdle || this.#custody.ahead === 0) return;
    for (const seat of this.#seats.values()) {
      if (seat.holding.ledger.aheadCount === 0 || !seat.readsAhead || seat.recalled) continue;
      const due = seat.stirred + PATIENCE_MS;
      if (due > this.#now) {
        this.#deadline = Math.min(this.#deadline ?? due, due);
        continue;
      }
      seat.recalled = true;
      this.#effects.push({ type: 'recall', session: seat.session, room: false });
    }
  }

  #denyJoins(): void {
    for (const { session, request } of this.#joins.clear()) {
      const message = 'what was put can no longer be done';
      this.#effects.push({ type: 'denied', session, request, code: 'broken', message });
    }
  }
}

/** So often one session may wait at a time. */
const MOST_JOINS = 1024;
const MOST_CREDIT = 0xffffffff;
/** The rest of the header, and the count. */
const PUT_OVERHEAD = 8;
