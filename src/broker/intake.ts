// The side of a queue that is put to: what sessions may put and when, and what becomes of it. A session that puts more than
// it may makes it throw a `ProtocolError`.
import { isOver } from '../wire/aside.ts';
import { ProtocolError } from '../wire/frame.ts';
import { type Items, SIZE_FIELD } from '../wire/items.ts';
import type { QueueChannel } from '../plan/plan.ts';
import type { Manner } from './backlog.ts';
import type { Death } from './batch.ts';
import { type Custody, drops } from './custody.ts';
import type { Ending } from './ending.ts';
import { Most } from './limits.ts';
import type { Loan } from './loan.ts';
import { Room } from './room.ts';
import type { Seat } from './seat.ts';
import { Overflow } from './overflow.ts';
import { Space } from './space.ts';
import type { Speech } from './speech.ts';

export type IntakeSettings = Pick<QueueChannel, 'order' | 'overflow' | 'producers'>;

/** Why an item is not admitted. */
export interface Refusal {
  readonly request: number;
  readonly message: string;
  /** In the item, as a JSON pointer. */
  readonly path: string;
  readonly reason: string;
}

export class Intake {
  put = 0;
  /** Of all that was put. */
  bytes = 0;
  dropped = 0;
  readonly #room: Room;
  readonly #space: Space;
  readonly #custody: Custody;
  readonly #ending: Ending;
  readonly #speech: Speech;
  readonly #settings: IntakeSettings;
  /** Drops what there is no room for, where that is what the queue does. */
  readonly #overflow: Overflow | null;

  constructor(space: Space, custody: Custody, ending: Ending, speech: Speech, settings: IntakeSettings) {
    const dropping = drops(settings);
    this.#settings = settings;
    this.#overflow = dropping ? new Overflow(space, custody, settings.overflow === 'drop_newest') : null;
    // Where puts are dropped none of them waits; where they fail, room that lies with one must not fail another's.
    const lending = dropping ? new Space(0, Number.POSITIVE_INFINITY) : space;
    this.#room = new Room(lending, settings.producers.length, settings.overflow !== 'fail');
    this.#space = space;
    this.#custody = custody;
    this.#ending = ending;
    this.#speech = speech;
    if (ending.outlet === 'dropped') space.lift();
  }

  open(session: number): Loan {
    return this.#room.open(session);
  }

  accept({ loan, closed }: Seat, items: Items, manner: Manner): void {
    this.#check(manner);
    if (closed) throw putAfterClose();
    this.use(loan, items);
    this.put += items.count;
    this.bytes += items.size;
    this.land(items, manner);
  }

  /** Items use up room that was lent for them. */
  use(loan: Loan, items: Items): void {
    if (!this.#room.use(loan, items.count, items.size)) throw putTooMuch();
  }

  /** Items are let in, if there is somebody to let them in for. */
  land(items: Items, manner: Manner): void {
    if (this.#ending.outlet === 'dropped') this.#drop(items);
    else if (items.count === 0) return;
    else if (this.#overflow !== null) this.dropped += this.#overflow.admit(items, manner);
    else this.#custody.accept(items, manner);
  }

  /** Dead letters come from the broker itself, whatever room there is. */
  bury(items: Items, death: Death): void {
    this.put += items.count;
    if (this.#ending.outlet === 'dropped') this.#drop(items);
    else this.#custody.accept(items, { death });
  }

  #drop(items: Items): void {
    this.dropped += items.count;
    isOver(items);
  }

  /** An item does not fit: the room that it was lent is free again. */
  refuse({ session, loan, closed }: Seat, { count, size }: Items, { request, message, ...misfit }: Refusal): void {
    if (closed) throw putAfterClose();
    if (!this.#room.giveBack(loan, count, size)) throw putTooMuch();
    this.#speech.say({ type: 'denied', session, request, code: 'unfit', message, misfit });
  }

  want(seat: Seat, count: number, bytes: number, atOnce: boolean, now: number): void {
    const { session } = seat;
    if (seat.closed || this.#ending.endedFor(seat.instance)) {
      this.#speech.say({ type: 'refused', session, never: true });
    } else if (this.#ending.outlet === 'broken') {
      this.#speech.say({ type: 'broken', session });
      if (atOnce) this.#speech.say({ type: 'refused', session, never: true });
    } else if (!atOnce) {
      this.#room.want(seat.loan, count, bytes);
      if (this.#settings.overflow === 'fail') this.#meetNow(seat, now);
    } else {
      this.lend(now);
      if (!this.#room.wantNow(seat.loan, count, bytes)) this.#speech.say({ type: 'refused', session, never: false });
    }
  }

  unwant({ session, loan }: Seat): void {
    this.#room.unwant(loan);
    this.#speech.say({ type: 'withdrawn', session, puts: true });
  }

  giveRoom({ loan }: Seat, count: number, bytes: number): void {
    if (!this.#room.giveBack(loan, count, bytes)) {
      throw new ProtocolError('not-held', 'more room was given back than was lent');
    }
  }

  close(seat: Seat): void {
    seat.closed = true;
    this.leave(seat);
  }

  leave({ loan }: Seat): void {
    this.#room.stop(loan);
  }

  /** Whether its program puts, or may again. */
  produces({ loan }: Seat): boolean {
    return this.#room.produces(loan);
  }

  /** Whether its program waits in `put`. */
  wants({ loan }: Seat): boolean {
    return this.#room.wants(loan);
  }

  /** Room is free, though it may be too little for who is first in line. */
  get hasRoom(): boolean {
    return this.#room.hasSome;
  }

  /** How many more items it could put now; -1 for no limit. */
  admits({ loan }: Seat): number {
    if (this.#ending.outlet === 'broken') return 0;
    return this.#overflow === null ? this.#room.admits(loan) : this.#overflow.admits;
  }

  /** So many producers have not ended for good. */
  set producers(count: number) {
    this.#room.producers = count;
  }

  /** No consumer is left. */
  loseConsumers(seats: Iterable<Seat>): void {
    if (this.#ending.outlet === 'dropped') return this.#space.lift();
    for (const seat of seats) {
      if (!this.produces(seat)) continue;
      this.#room.unwant(seat.loan);
      this.#speech.say({ type: 'broken', session: seat.session });
    }
  }

  /** Gives away what room there is. */
  lend(now: number): void {
    if (this.#ending.outlet === 'broken' || this.#ending.stream !== 'open') return;
    for (const lent of this.#room.lend(now)) this.#speech.say({ type: 'room', ...lent });
  }

  /** Asks back room that is not used while others wait for some. Returns when it wants to do so again. */
  recall(now: number): number | null {
    const { sessions, next } = this.#room.recall(now);
    for (const session of sessions) this.#speech.say({ type: 'recall', session, room: true });
    return next;
  }

  /** What there is room for goes on now, and the rest not at all. */
  #meetNow({ session, loan }: Seat, now: number): void {
    this.lend(now);
    if (!this.#room.wants(loan)) return;
    this.#room.unwant(loan);
    this.#speech.say({ type: 'refused', session, never: false });
  }

  #check({ priority, left }: Manner): void {
    const { order } = this.#settings;
    if (priority !== undefined && order !== 'priority') throw noSuchPut('with a priority', order);
    if (left && order !== 'deque') throw noSuchPut('at its left end', order);
  }
}

function noSuchPut(how: string, order: string): ProtocolError {
  return new ProtocolError('protocol', `the queue is a ${order}, and something was put ${how}`);
}

/** The most that a frame with what a session may put now can say its length is; a short one is looked into, to say what is wrong with it. */
export function longestPut(loan: Loan): number {
  return Math.max(Most.PLAIN_FRAME, PUT_OVERHEAD + loan.count * SIZE_FIELD + loan.bytes);
}

function putAfterClose(): ProtocolError {
  return new ProtocolError('protocol', 'an item was put after the session had closed the queue');
}

function putTooMuch(): ProtocolError {
  return new ProtocolError('limit', 'more was put than there was room for');
}

/** The rest of the header, a request and a priority, and the count. */
const PUT_OVERHEAD = 20;
