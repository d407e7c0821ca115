// The machine of a fifo queue. It takes what sessions and the run say, by method, and returns from `turn` what is to be
// said to whom, as plain data. No clock, socket or promise in it. A session that asks for what it may not have makes it
// throw a `ProtocolError` before anything has changed.
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import type { QueueCounts } from '../run/event.ts';
import { ProtocolError } from '../wire/frame.ts';
import { type Items, SIZE_FIELD } from '../wire/items.ts';
import { Backlog } from './backlog.ts';
import { type Batch, splitBatch } from './batch.ts';
import type { Effect } from './effect.ts';
import { Joins } from './joins.ts';
import { Ledger } from './ledger.ts';
import { PATIENCE_MS, Room } from './room.ts';
import { type Seat, Takers } from './takers.ts';

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
  readonly #settings: QueueSettings;
  readonly #backlog = new Backlog();
  readonly #room: Room;
  readonly #takers = new Takers();
  readonly #joins = new Joins();
  readonly #seats = new Map<number, Seat>();
  /** What sessions that left were given and their instances answer for. */
  readonly #parked = new Map<number, { readonly instance: NodeId; readonly ledger: Ledger }>();
  /** Who takes from it and has not ended for good. */
  readonly #consumers: Set<NodeId>;
  /** Instances that took from it, and whether they were told its end. */
  readonly #told = new Map<NodeId, boolean>();
  /** Instances whose part of the stream has ended. */
  readonly #silent = new Set<NodeId>();
  /** What becomes of what is put once no consumer is left. */
  #outlet: 'consumers' | 'broken' | 'dropped' = 'consumers';
  #stream: 'open' | 'ended' | 'aborted' = 'open';
  /** The number of the next item. */
  #next = 0;
  /** Delivered and not known to be taken, in all sessions together. */
  #ahead = 0;
  /** Accepted and not done. */
  #unfinished = 0;
  #exhausted = 0;
  #verdict: 'drained' | 'stranded' | null = null;
  #counts = { put: 0, taken: 0, done: 0, redelivered: 0, dropped: 0 };
  #effects: Effect[] = [];
  #now = 0;
  #deadline: number | null = null;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
    this.#room = new Room(settings.maxsize, settings.maxBytes, settings.producers.length);
    this.#consumers = new Set(settings.consumers);
    // Nothing to run has succeeded.
    if (this.#consumers.size === 0) this.#loseConsumers(true);
  }

  // ---- Sessions ----

  has(session: number): boolean {
    return this.#seats.has(session);
  }

  enter(session: number, instance: NodeId): void {
    this.#seats.set(session, {
      session,
      instance,
      loan: this.#room.open(session),
      ledger: new Ledger(),
      credit: 0,
      waiting: false,
      congested: false,
      takes: false,
      toldEnd: false,
      toldBroken: false,
      closed: false,
      stirred: 0,
      readsAhead: false,
      recalled: false,
    });
  }

  put(session: number, items: Items): void {
    const seat = this.#seat(session);
    if (seat.closed) throw new ProtocolError('protocol', 'an item was put after the session had closed the queue');
    const dropped = this.#outlet === 'dropped';
    const admitted = dropped
      ? this.#room.giveBack(seat.loan, items.count, items.size)
      : this.#room.use(seat.loan, items);
    if (!admitted) throw new ProtocolError('limit', 'more was put than there was room for');
    this.#counts.put += items.count;
    if (dropped) {
      this.#counts.dropped += items.count;
    } else if (items.count > 0) {
      this.#backlog.put(this.#next, items);
      this.#next += items.count;
      this.#unfinished += items.count;
    }
  }

  /** Puts wait that need so much room in all. With `atOnce` they get it now or not at all. */
  want(session: number, count: number, bytes: number, atOnce: boolean): void {
    const seat = this.#seat(session);
    if (seat.closed || this.#silent.has(seat.instance) || this.#stream !== 'open') {
      this.#effects.push({ type: 'refused', session, never: true });
    } else if (this.#outlet === 'broken') {
      this.#effects.push({ type: 'broken', session });
      seat.toldBroken = true;
      if (atOnce) this.#effects.push({ type: 'refused', session, never: true });
    } else if (!atOnce) {
      this.#room.want(seat.loan, count, bytes);
    } else {
      this.#lend();
      if (!this.#room.wantNow(seat.loan, count, bytes)) {
        this.#effects.push({ type: 'refused', session, never: false });
      }
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

  /** Whether the sessions of an instance, one of which has closed, have now all closed that put. */
  hasClosed(instance: NodeId): boolean {
    let closed = false;
    for (const seat of this.#seats.values()) {
      if (seat.instance !== instance) continue;
      if (seat.closed) closed = true;
      else if (this.#room.produces(seat.loan)) return false;
    }
    return closed;
  }

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

  unget(session: number): void {
    const seat = this.#seat(session);
    seat.credit = 0;
    seat.waiting = false;
    this.#takers.place(seat);
    this.#effects.push({ type: 'withdrawn', session, puts: false });
  }

  taken(session: number, count: number): void {
    const seat = this.#seat(session);
    if (count > seat.ledger.aheadCount) throw new ProtocolError('not-held', 'more was taken than was delivered');
    this.#take(seat, count);
  }

  done(session: number, tag: number, count: number): void {
    const seat = this.#seat(session);
    const { ledger } = seat;
    if (tag + count > ledger.nextTag) throw notHeld(tag, count);
    if (tag + count > ledger.nextToTake) this.#take(seat, tag + count - ledger.nextToTake);
    if (this.#settings.delivery === 'at-most-once') return;
    const released = ledger.release(tag, count);
    if (released === null) throw notHeld(tag, count);
    for (const batch of released) this.#finish(batch);
  }

  giveBack(session: number, tag: number, count: number): void {
    const seat = this.#seat(session);
    const { ledger } = seat;
    const end = tag + count;
    if (end > ledger.nextTag) throw notHeld(tag, count);
    if (tag > ledger.nextToTake) this.#take(seat, tag - ledger.nextToTake);
    const unseen = Math.max(0, end - ledger.nextToTake);
    const seen = count - unseen;
    const released = seen === 0 ? [] : ledger.release(tag, seen);
    if (released === null) throw notHeld(tag, count);
    for (const batch of released) {
      this.#room.enter(batch.items);
      this.#backlog.restore({ ...batch, seen: true });
    }
    if (unseen > 0) this.#returnAhead(ledger.take(unseen, false));
    seat.recalled = false;
  }

  /** Answers when all that was put so far is done. */
  join(session: number, request: number): void {
    if (this.#unfinished === 0) this.#effects.push({ type: 'reply', session, request });
    else this.#joins.add({ session, request, before: this.#next, left: this.#unfinished });
  }

  stat(session: number, request: number): void {
    const stat = {
      size: this.#room.waiting,
      room: this.#outlet === 'broken' ? 0 : this.#room.admits(this.#seat(session).loan),
      unfinished: this.#unfinished,
      closed: this.#stream !== 'open',
    };
    this.#effects.push({ type: 'reply', session, request, stat });
  }

  /** What was sent to it has not gone out, or has now. */
  congest(session: number, congested: boolean): void {
    const seat = this.#seats.get(session);
    if (seat === undefined) return;
    seat.congested = congested;
    this.#takers.place(seat);
  }

  /** To be called a second time with `died`, where that turns out only after a session was lost. */
  leave(session: number, how: Departure): void {
    const seat = this.#seats.get(session);
    const answerable = seat ?? this.#parked.get(session);
    if (answerable === undefined) return;
    const { ledger, instance } = answerable;
    this.#parked.delete(session);
    if (seat !== undefined) this.#vacate(seat);
    if (how === 'died') this.#reclaim(ledger, instance);
    if (how === 'goodbye') this.#returnAhead(ledger.take(ledger.aheadCount, false));
    if (ledger.aheadCount + ledger.heldCount > 0) this.#parked.set(session, { instance, ledger });
  }

  // ---- The run ----

  /** An instance has ended for good, and its sessions have left. */
  settle(instance: NodeId, held: 'done' | 'back', succeeded: boolean): void {
    for (const [session, parked] of this.#parked) {
      if (parked.instance !== instance) continue;
      this.#parked.delete(session);
      if (held === 'back') {
        this.#reclaim(parked.ledger, instance);
      } else {
        this.#returnAhead(parked.ledger.take(parked.ledger.aheadCount, false));
        for (const batch of parked.ledger.clear().held) this.#finish(batch);
      }
    }
    if (this.#consumers.delete(instance) && this.#consumers.size === 0) this.#loseConsumers(succeeded);
  }

  /** A producer's part of the stream has ended; so many are left. */
  silence(instance: NodeId, producers: number): void {
    this.#silent.add(instance);
    this.#room.producers = producers;
  }

  /** A producer failed: the stream breaks off, now or once the others have ended. */
  abort(): void {
    this.#strand('a producer of it failed');
  }

  /** The last producer has ended. */
  closeStream(aborted: boolean): void {
    this.#stream = aborted ? 'aborted' : 'ended';
  }

  /** Deals out what there is, and returns everything there is to say since the last turn. */
  turn(now: number): readonly Effect[] {
    this.#now = now;
    if (this.#backlog.count > 0) {
      this.#takers.deal(this.#backlog.count, (seat, count) => this.#deliver(seat, count));
    }
    this.#lend();
    if (this.#stream !== 'open' && this.#backlog.count + this.#ahead === 0) this.#tellEnds();
    this.#recall();
    this.#judge();
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
    const left = { dead_lettered: 0, left_over: this.#unfinished, peak: this.#room.peak };
    return { ...this.#counts, ...left };
  }

  /** Nothing waits in it and nothing is held. */
  get idle(): boolean {
    return this.#unfinished === this.#exhausted;
  }

  /** How many items an instance holds. */
  heldBy(instance: NodeId): number {
    let held = 0;
    for (const seat of this.#seats.values()) if (seat.instance === instance) held += seat.ledger.heldCount;
    for (const parked of this.#parked.values()) if (parked.instance === instance) held += parked.ledger.heldCount;
    return held;
  }

  /** Whether an instance was told the end; null where it never took from it. */
  toldEnd(instance: NodeId): boolean | null {
    return this.#told.get(instance) ?? null;
  }

  /** The most that a frame with what a session may put now can say its length is. */
  longestPut(session: number): number {
    const loan = this.#seats.get(session)?.loan;
    return loan === undefined ? 0 : PUT_OVERHEAD + loan.count * SIZE_FIELD + loan.bytes;
  }

  /** No consumer is left, and what is put is dropped. */
  get dropsPuts(): boolean {
    return this.#outlet === 'dropped';
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

  #vacate(seat: Seat): void {
    this.#seats.delete(seat.session);
    this.#takers.remove(seat);
    this.#room.stop(seat.loan);
    this.#joins.forget(seat.session);
  }

  #deliver(seat: Seat, count: number): void {
    seat.readsAhead = !seat.waiting || count > 1 || seat.ledger.aheadCount > 0;
    seat.credit -= count;
    seat.waiting = false;
    seat.stirred = this.#now;
    this.#takers.place(seat);
    this.#ahead += count;
    for (let left = count; left > 0; ) {
      const batch = this.#backlog.take(left);
      left -= batch.items.count;
      seat.ledger.deliver(batch);
      this.#effects.push({ type: 'deliver', session: seat.session, batch });
    }
  }

  #take(seat: Seat, count: number): void {
    const hold = this.#settings.delivery === 'at-least-once';
    seat.stirred = this.#now;
    seat.recalled = false;
    this.#ahead -= count;
    this.#counts.taken += count;
    for (const batch of seat.ledger.take(count, hold)) {
      this.#room.leave(batch.items);
      if (!hold) this.#finish(batch);
    }
  }

  #finish(batch: Batch): void {
    const { count } = batch.items;
    this.#unfinished -= count;
    this.#counts.done += count;
    for (const { session, request } of this.#joins.finish(batch.first, count)) {
      this.#effects.push({ type: 'reply', session, request });
    }
  }

  /** Items that were ahead go back to where they were, as if they had never been given. */
  #returnAhead(batches: readonly Batch[]): void {
    for (const batch of batches) {
      this.#ahead -= batch.items.count;
      this.#backlog.restore(batch);
    }
  }

  /**
   * All that a taker which ended badly was given comes back. What it had taken is charged with an attempt; where nothing is
   * known to be taken, the oldest item is, so that one that kills every taker cannot do so for ever.
   */
  #reclaim(ledger: Ledger, node: NodeId): void {
    const { held, ahead } = ledger.clear();
    let count = 0;
    for (const batch of held) {
      this.#room.enter(batch.items);
      count += this.#charge(batch, node);
    }
    for (const [index, batch] of ahead.entries()) {
      this.#ahead -= batch.items.count;
      const [oldest, rest] =
        held.length > 0 || index > 0 ? [null, batch] : batch.items.count === 1 ? [batch, null] : splitBatch(batch, 1);
      if (oldest !== null) count += this.#charge(oldest, node);
      if (rest === null) continue;
      count += rest.items.count;
      this.#backlog.restore({ ...rest, seen: true });
    }
    if (count === 0) return;
    this.#counts.redelivered += count;
    this.#effects.push({ type: 'redelivered', node, count });
  }

  /** Returns how many go back: all, or none where they were delivered as often as they may be. */
  #charge(batch: Batch, node: NodeId): number {
    const { count } = batch.items;
    const charges = batch.charges + 1;
    if (charges < this.#settings.attempts) {
      this.#backlog.restore({ ...batch, charges, seen: true });
      return count;
    }
    this.#room.leave(batch.items);
    this.#exhausted += count;
    this.#effects.push({ type: 'exhausted', node });
    return 0;
  }

  #loseConsumers(succeeded: boolean): void {
    if (this.#settings.leftover === 'ignore' && succeeded) {
      this.#outlet = 'dropped';
      this.#room.lift();
      return;
    }
    this.#outlet = 'broken';
    for (const seat of this.#seats.values()) {
      if (!this.#room.produces(seat.loan)) continue;
      this.#room.unwant(seat.loan);
      seat.toldBroken = true;
      this.#effects.push({ type: 'broken', session: seat.session });
    }
  }

  #lend(): void {
    if (this.#outlet === 'broken' || this.#stream !== 'open') return;
    for (const lent of this.#room.lend(this.#now)) this.#effects.push({ type: 'room', ...lent });
  }

  /** Held items may come back, so all who hold some must be waiting themselves before anyone is told the end. */
  #tellEnds(): void {
    const waiting = new Set<NodeId>();
    for (const seat of this.#seats.values()) {
      if (seat.waiting || seat.toldEnd) waiting.add(seat.instance);
      else if (seat.ledger.heldCount > 0) return;
    }
    for (const { instance, ledger } of this.#parked.values()) {
      if (ledger.heldCount > 0 && !waiting.has(instance)) return;
    }
    for (const seat of this.#seats.values()) if (seat.waiting) this.#tellEnd(seat);
  }

  #tellEnd(seat: Seat): void {
    seat.toldEnd = true;
    seat.waiting = false;
    this.#takers.place(seat);
    this.#told.set(seat.instance, true);
    this.#effects.push({ type: 'end', session: seat.session, aborted: this.#stream === 'aborted' });
  }

  /** Asks back what one reads ahead while another waits, and room that is not used while others wait for some. */
  #recall(): void {
    const { sessions, next } = this.#room.recall(this.#now);
    for (const session of sessions) this.#effects.push({ type: 'recall', session, room: true });
    this.#deadline = next;
    if (!this.#takers.anyIdle || this.#ahead === 0) return;
    for (const seat of this.#seats.values()) {
      if (seat.ledger.aheadCount === 0 || !seat.readsAhead || seat.recalled) continue;
      const due = seat.stirred + PATIENCE_MS;
      if (due > this.#now) {
        this.#deadline = Math.min(this.#deadline ?? due, due);
        continue;
      }
      seat.recalled = true;
      this.#effects.push({ type: 'recall', session: seat.session, room: false });
    }
  }

  #judge(): void {
    const lost = this.#exhausted > 0 || (this.#consumers.size === 0 && this.#unfinished > 0);
    if (lost) {
      this.#strand(
        this.#exhausted > 0 ? 'an item was delivered again and again and never done' : 'no consumer is left',
      );
      for (const { session, request } of this.#joins.clear()) {
        this.#effects.push({
          type: 'denied',
          session,
          request,
          code: 'broken',
          message: 'what was put can no longer be done',
        });
      }
    } else if (this.#stream === 'ended' && this.#unfinished === 0 && this.#verdict === null) {
      this.#verdict = 'drained';
      this.#effects.push({ type: 'drained' });
    }
  }

  #strand(reason: string): void {
    if (this.#verdict !== null) return;
    this.#verdict = 'stranded';
    this.#effects.push({ type: 'stranded', reason });
  }
}

const MOST_CREDIT = 0xffffffff;
/** The rest of the header, and the count. */
const PUT_OVERHEAD = 8;

function notHeld(tag: number, count: number): ProtocolError {
  return new ProtocolError('not-held', `the session does not hold the ${count} items from ${tag}`);
}
