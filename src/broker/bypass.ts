// What of a queue goes past it, over a direct lane, and how it comes back: as if it had been in the queue all along. What happens to
// the taker meanwhile, and who asks meanwhile how the queue stands, waits for that.
import type { NodeId } from '../plan/plan.ts';
import { ProtocolError } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import { type LaneClosed, type LaneLeft, Limit } from '../wire/message.ts';
import { PLAINLY } from './backlog.ts';
import type { Custody } from './custody.ts';
import type { Holding } from './holding.ts';
import type { Departure, End } from './departure.ts';
import { type Handed, HandedOver, type HandedPiece } from './handed-over.ts';
import { type Intake, longestPut } from './intake.ts';
import type { Lane } from './lane.ts';
import { checkedLeft, LaneShare } from './lane-share.ts';
import { Most } from './limits.ts';
import type { Outflow } from './outflow.ts';
import type { Seat } from './seat.ts';
import type { Settlement } from './settlement.ts';
import type { Space } from './space.ts';
import type { Speech } from './speech.ts';

/** The parts of the queue that it is told to. */
export interface Passed {
  readonly space: Space;
  readonly custody: Custody;
  readonly settlement: Settlement;
  readonly intake: Intake;
  readonly outflow: Outflow;
  readonly speech: Speech;
  readonly seats: ReadonlyMap<number, Seat>;
  /** The one that takes. */
  readonly consumer: NodeId;
}

export class Bypass {
  readonly #lane: Lane;
  readonly #queue: Passed;
  /** How the taker has left and ended, if it did while the lane was in use. */
  #left: Departure = 'goodbye';
  #ended: End | null = null;
  /** What was handed over of this lane so far. It counts once all is: nothing may come in between. */
  #handed = new HandedOver();
  /** The same of the taker, who leaves and cannot know whether the putter is still there to do so: it counts where that is not. */
  #willed = new HandedOver();
  #will: Will | null = null;
  /** What the taker has said of it when it left, before it was closed. */
  #told: LaneLeft | null = null;
  /** What the taker was given of the lane that was closed last. */
  #share: LaneShare | null = null;
  /** Questions that wait for the lane to be closed. */
  #parked: (() => void)[] = [];

  constructor(lane: Lane, queue: Passed) {
    this.#lane = lane;
    this.#queue = queue;
  }

  /** Items may be on their way that the queue does not know of. */
  get busy(): boolean {
    return this.#lane.busy;
  }

  /** How many items went past the queue so far. */
  get carried(): number {
    return this.#lane.carried;
  }

  ready(session: number, can: boolean): void {
    this.#lane.ready(session, can);
  }

  entered(): void {
    this.#lane.stop();
  }

  consider(now: number): void {
    const { custody, intake } = this.#queue;
    const waiting = custody.backlog + custody.ahead;
    this.#lane.consider(now, { put: intake.put, bytes: intake.bytes, waiting, held: custody.unfinished - waiting });
  }

  /**
   * The most that a frame with what was on a lane can say its length is; 0: there is nothing to hand over. A taker that leaves may
   * not know whether the putter has done so.
   */
  longest(session: number): number {
    const seat = this.#queue.seats.get(session);
    if (seat === undefined || !(this.#lane.hands(session) || session === this.#lane.taker)) return 0;
    return Math.max(Limit.LENGTH, longestPut(seat.loan));
  }

  /** These went over the lane, from the number `first` on, and are not done. */
  handOver(session: number, first: number, items: Items, handed: Handed): void {
    if (this.#lane.hands(session)) this.#handed.add(first, items, handed);
    else if (this.#isTaker(session)) this.#willed.add(first, items, handed);
  }

  /** All that was on the lane is handed over. */
  close(session: number, closed: LaneClosed): void {
    if (this.#lane.hands(session)) this.#settle(session, { pieces: this.#handed.allOf(closed), closed });
    else if (this.#isTaker(session)) this.#will = { pieces: this.#willed.allOf(closed), closed };
  }

  #settle(session: number, { pieces, closed }: Will): void {
    const { custody, settlement, intake, outflow, seats, space } = this.#queue;
    const { taker } = this.#lane;
    this.#forget();
    const putter = session === taker ? undefined : seats.get(session);
    // What is taken has given its room back, and to one who is gone nothing is lent any more.
    if (putter !== undefined) for (const piece of pieces) if (!piece.handed.taken) intake.use(putter.loan, piece.items);
    const base = custody.find(taker)?.ledger.nextTag ?? 0;
    for (const piece of pieces) this.#accept(piece);
    this.#share = new LaneShare(taker, this.#lane.close(closed), base);
    intake.put += closed.put;
    custody.settled(closed.done);
    space.peak = Math.max(space.peak, closed.peak);
    const seat = seats.get(taker);
    const holding = custody.find(taker);
    if (holding !== undefined && this.#told !== null) this.#share.settle(custody, holding, this.#told);
    if (seat !== undefined) outflow.busy(seat);
    else if (holding !== undefined) settlement.dismiss(holding, this.#left);
    const rest = custody.find(taker);
    if (this.#ended !== null && rest !== undefined) settlement.release(rest, this.#ended);
    this.#over();
  }

  /** The taker leaves, and says what it took and did of the lane it is on. */
  told(session: number, left: LaneLeft): void {
    const checked = checkedLeft(left);
    if (this.#isTaker(session)) this.#told = checked;
    if (this.#lane.busy) return;
    const holding = this.#queue.custody.find(session);
    if (holding === undefined || this.#share?.session !== session) return;
    this.#share.settle(this.#queue.custody, holding, checked);
    this.#share = null;
  }

  left(session: number, how: Departure): void {
    const { taker } = this.#lane;
    if (this.#isTaker(session)) this.#left = how;
    // Of one who is gone the other end has all that this one handed over, and more.
    if (this.#lane.hands(session)) this.#handed = session === taker ? new HandedOver() : this.#willed;
    if (this.#will !== null && this.#lane.bequeath(session)) this.#settle(taker, this.#will);
    else if (this.#lane.leave(session)) this.#queue.speech.say({ type: 'untold' });
    if (!this.#lane.busy) this.#over();
  }

  settled(instance: NodeId, end: End): void {
    if (this.#lane.busy && instance === this.#queue.consumer) this.#ended = end;
  }

  /** Puts a session's question off until the lane is closed, and has it closed. False: there is no need to. */
  park(session: number, ask: () => void): boolean {
    if (!this.#lane.busy) return false;
    if (this.#parked.length >= Most.PARKED) throw new ProtocolError('limit', 'it asks too often while a lane is open');
    this.#parked.push(() => {
      if (this.#queue.seats.has(session)) ask();
    });
    this.#lane.stop();
    return true;
  }

  #accept({ first, items, handed }: HandedPiece): void {
    const { custody, intake } = this.#queue;
    if (this.#lane.handOver(first, items.count, handed.sent)) custody.adopt(this.#taker(), items, handed.taken);
    else intake.land(items, PLAINLY);
  }

  /** Of a lane that items may be on. */
  #isTaker(session: number): boolean {
    return this.#lane.busy && session === this.#lane.taker;
  }

  #forget(): void {
    this.#handed = new HandedOver();
    this.#willed = new HandedOver();
    this.#will = null;
  }

  #over(): void {
    this.#forget();
    this.#left = 'goodbye';
    this.#ended = null;
    this.#told = null;
    for (const ask of this.#parked.splice(0)) ask();
  }

  /** What the taker was given; it may have left since. */
  #taker(): Holding {
    const { custody, consumer } = this.#queue;
    const { taker } = this.#lane;
    const holding = custody.find(taker);
    if (holding !== undefined) return holding;
    const opened = custody.open(taker, consumer);
    opened.present = false;
    return opened;
  }
}

/** All that was on a lane. */
interface Will {
  readonly pieces: readonly HandedPiece[];
  readonly closed: LaneClosed;
}
