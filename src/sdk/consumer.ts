// The taking side of a queue, in one process: asks for items when the program waits for one, reads ahead as far as the program
// is quick, and says what was taken and done with the next write. How an item gets from here to the program is in taking.ts.
import { readAttempt, readJson } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import {
  type Dead,
  Flag,
  type LaneBody,
  type LaneMap,
  mayReadAhead,
  Type,
  type WelcomeLine,
  type WelcomePipe,
  type WelcomeQueue,
} from '../wire/message.ts';
import { Demand } from './demand.ts';
import { type Decoded, type Encoding, encodingOf } from './encoding.ts';
import { Empty, type Failure, QueueAborted, QueueClosed } from './errors.ts';
import { LANE } from './lane-tags.ts';
import { LanesIn, type Taker } from './lanes-in.ts';
import { checkEnds } from './manner.ts';
import { Pace } from './pace.ts';
import { Receipts } from './receipts.ts';
import type { Session } from './session.ts';
import { type Batch, Stock } from './stock.ts';
import { type StockKeeper, Taking } from './taking.ts';
import { type Arrival, type GetOptions, type WaitingGet, WaitingGets } from './waiting-gets.ts';

export class Consumer implements StockKeeper, Taker {
  readonly receipts = new Receipts();
  readonly stock = new Stock();
  readonly taking: Taking;
  readonly #session: Session;
  readonly #name: string;
  readonly #pace = new Pace();
  #queue: WelcomeQueue | WelcomePipe | null = null;
  #encoding: Encoding | null = null;
  #failure: Failure | null = null;
  /** What is next is decided at the moment of the get, so nothing is read ahead. */
  #exact = false;
  #leastReport = LEAST_UNSAID;
  readonly #lanes: LanesIn;
  /** As long as any call waits, nothing is here. */
  readonly #line: WaitingGets;
  /** Of what comes next from the broker. */
  #nextTag = 0;
  #nextDeath: Dead | null = null;
  readonly #demand: Demand;
  /** Half of what was read ahead is taken: more may be asked for though nobody waits. */
  #asking = false;

  constructor(session: Session, name: string) {
    this.#session = session;
    this.#name = name;
    this.#lanes = new LanesIn(session, this.stock, this);
    this.taking = new Taking(session, name, this, this.#lanes);
    this.#demand = new Demand(session);
    this.#line = new WaitingGets(
      session,
      name,
      (get) => this.#timeIsOver(get),
      () => this.#wasAborted(),
    );
  }

  /** Waits for an item: forever, or so long; 0 asks the broker once. From one end of a deque, where one is given. */
  async wait(timeMs: number, signal?: AbortSignal, right: boolean | null = null): Promise<Arrival> {
    const outcome = await this.outcome(timeMs, signal, right);
    if (typeof outcome === 'function') throw outcome();
    return outcome;
  }

  /** The same for one that throws by itself: each function that waits is one more to be made for every item. */
  outcome(timeMs: number, signal: AbortSignal | undefined, right: boolean | null): Promise<Arrival | Failure> {
    if (right !== null && this.#queue !== null) checkEnds(this.#queue);
    return this.taking.ready ? Promise.resolve(this.#arrival()) : this.#join({ timeMs, signal, right, peeks: false });
  }

  /** Waits until an item is here, and takes nothing; false where there was none in time. */
  async arrives(timeMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.taking.ready) return true;
    const options = { timeMs, signal, right: null, peeks: true };
    const outcome = await this.#join(options);
    if (typeof outcome !== 'function') return true;
    const error = outcome();
    if (error instanceof Empty) return false;
    throw error;
  }

  /** Says what was taken and done, before what is written next. */
  report(): void {
    if (this.#queue !== null) this.receipts.write(this.#session.writer, this.#queue.id);
  }

  giveBack(tag: number, count = 1): void {
    if (tag >= LANE) return this.#lanes.giveBack(tag);
    this.receipts.write(this.#session.writer, this.#id);
    this.#session.writer.range(Type.GIVE_BACK, this.#id, tag, count);
    this.#session.wrote();
  }

  /** What was taken is done, and cannot go back. */
  get forgets(): boolean {
    return this.#queue?.delivery === 'at-most-once';
  }

  /** The program gives back an item that it took. It comes again before those behind it, so what was read ahead of these goes back too. */
  handBack(tag: number): void {
    this.giveBack(tag);
    this.#pace.recalled();
    if (this.#lanes.open) {
      this.taking.tally();
      this.#lanes.retreat();
      this.#plan();
    }
    this.#retreat();
  }

  /** The program takes no more for now. */
  rest(): void {
    if (this.#line.size === 0 && this.#failure === null) this.#retreat();
  }

  open(queue: WelcomeQueue | WelcomePipe, encoding = encodingOf(queue)): void {
    this.#queue = queue;
    this.#encoding = encoding;
    this.#demand.open(queue.id);
    const forgets = queue.delivery === 'at-most-once';
    // At a pipe there is nobody else who could be given it again.
    this.taking.open({ announces: forgets && queue.kind === 'queue', forgets });
    this.#leastReport = leastReport(queue);
    this.#exact = !mayReadAhead(queue);
    if (this.#exact) this.#pace.most = 0;
    this.#line.refuseEnds(queue);
    if (this.#line.size > 0) this.taking.ride();
  }

  receive(frame: Frame): void {
    switch (frame.type) {
      case Type.DELIVER:
        return this.#deliver(this.#itemsOf(frame), 1, false, isFromRight(frame));
      case Type.REDELIVER:
        return this.#deliver(this.#itemsOf(frame), readAttempt(frame), true, isFromRight(frame));
      case Type.DEAD:
        this.#nextDeath = readJson(frame) as unknown as Dead;
        return;
      case Type.END:
        return this.fail(frame.flags === Flag.BROKE ? () => this.#broken() : () => this.#ended());
      case Type.WITHDRAWN:
        return this.#withdrawn();
      case Type.LANE:
        return this.#lanes.offer(this.#queue as WelcomeQueue, readJson(frame) as unknown as LaneBody);
      case Type.LANE_GO:
        return this.#lanes.go();
      case Type.LANE_STOP:
        return this.#lanes.orphaned();
      case Type.LANE_MAP:
        return this.#mapLane(readJson(frame) as unknown as LaneMap);
      case Type.RECALL:
        this.#pace.recalled();
        return this.#retreat();
    }
  }

  fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#lanes.destroy();
    this.#line.fail(failure);
  }

  leave(): void {
    this.#lanes.report();
    this.#lanes.destroy();
    this.#giveBackAhead();
  }

  settle(): void {
    this.taking.riding = false;
    this.taking.tally();
    if (this.#queue === null) return;
    const { id } = this.#queue;
    this.receipts.write(this.#session.writer, id);
    if (this.#lanes.open) {
      this.#settleLane();
      if (!this.#lanes.closing) return;
    }
    // What goes back must be back before more is asked for.
    if (this.#failure !== null || this.#demand.retreating) return;
    const late = this.#line.takeLate();
    if (late.length > 0) this.#demand.expire(late);
    const { head } = this.#line;
    const more = Math.max(head.waiting, this.#pace.ahead) - this.stock.size - this.#demand.credit;
    if (head.waiting > 0 || this.#asking) this.#demand.ask(Math.max(0, more), head);
    this.#plan();
  }

  decode(items: Items): Decoded {
    return (this.#encoding as Encoding).decode(items);
  }

  /** Half of what is read ahead is taken: judges the pace and asks for more, in the middle of a turn if need be. */
  onLow(): void {
    this.#judge();
    this.#asking = true;
    this.taking.ride();
    this.#session.flush();
    this.#asking = false;
    this.#plan();
  }

  get #id(): number {
    return (this.#queue as WelcomeQueue | WelcomePipe).id;
  }

  #judge(): void {
    this.#pace.worked(performance.now(), this.taking.since);
    this.taking.since = 0;
  }

  #plan(): void {
    if (this.#lanes.open) this.taking.untilAsking = Math.max(this.#leastReport, this.stock.size >> 1);
    else this.taking.untilAsking = Math.max(1, this.stock.size + this.#demand.credit - (this.#pace.ahead >> 1));
  }

  #join(options: GetOptions): Promise<Arrival | Failure> {
    if (this.#failure !== null) return Promise.resolve(this.#failure);
    this.taking.tally();
    this.#judge();
    return new Promise((resolve) => {
      const get = this.#line.add(options, resolve);
      this.taking.ride();
      if (options.timeMs === 0) this.#askOnce(get);
    });
  }

  /**
   * Asks and takes that back in one write: what there was is here before the answer, or that it is the end. Between two writes
   * the broker would take the program to wait, and a queue that feeds itself to have come to its end.
   */
  #askOnce(get: WaitingGet): void {
    if (this.#lanes.whenNothingIsAside(() => this.#line.has(get) && this.#askOnce(get))) return;
    if (this.#lanes.closing) return this.#askBesideLane(get);
    if (this.#lanes.open) return this.#lanes.look(() => (this.#lanes.open ? this.#giveUp(get) : this.#askOnce(get)));
    this.settle();
    this.#giveUp(get);
  }

  /** Of a lane that is not closed yet nothing can be taken back: the broker is asked, and has said all once it answers the FLUSH behind. */
  #askBesideLane(get: WaitingGet): void {
    this.#session.request({
      write: (request) => {
        this.settle();
        this.#session.writer.number(Type.FLUSH, 0, request);
      },
      answer: () => this.#giveUp(get),
      fail: () => {},
    });
  }

  #giveUp(get: WaitingGet): void {
    if (this.#line.giveUp(get)) this.taking.ride();
  }

  #timeIsOver(get: WaitingGet): void {
    if (this.#queue === null) get.settleEmpty();
    else this.#giveUp(get);
  }

  #wasAborted(): void {
    if (this.#line.size === 0) this.#demand.withdraw();
  }

  #itemsOf(frame: Frame): Items {
    return this.#session.areas.itemsOf(frame, (this.#encoding as Encoding).copies);
  }

  #deliver(items: Items, attempt: number, redelivered: boolean, right: boolean): void {
    const death = this.#nextDeath;
    this.#nextDeath = null;
    this.#demand.came(items.count);
    if (this.#demand.retreating) return this.#decline(items.count);
    if (this.#exact && !this.#line.waitsAt(right)) return this.#declineLate(items.count);
    const batch = { items, attempt, redelivered, death, tag: this.#nextTag };
    this.#nextTag += items.count;
    if (!this.#lanes.keeps(batch)) this.arrive(batch, right);
  }

  arrive(batch: Batch, right = false): void {
    const { items } = batch;
    this.stock.add(batch);
    this.#pace.came(items.count, items.size);
    this.#serve(right);
  }

  #serve(right = false): void {
    if (this.#line.size === 0) return;
    this.#pace.begin(performance.now());
    while (this.stock.size > 0) {
      const get = this.#line.take(right);
      if (get === null) break;
      get.settle(get.peeks ? SOMETHING : this.#arrival());
    }
    if (this.#exact && this.stock.size > 0) this.#retreat();
    if (this.#line.size > 0) this.taking.ride();
  }

  /** Whoever waited for these does so no more, and the next call is to get what is next then. */
  #declineLate(count: number): void {
    this.#decline(count);
    this.#retreat();
    if (this.#line.size > 0) this.taking.ride();
  }

  #arrival(): Arrival | Failure {
    try {
      const value = this.taking.next();
      const { tag, attempt, redelivered, death } = this.stock;
      return { value, tag, attempt, redelivered, death };
    } catch (error) {
      return () => error as Error;
    }
  }

  /** Gives back what was read ahead, and what is still on its way. */
  #retreat(): void {
    this.#giveBackAhead();
    this.#demand.retreat();
  }

  #withdrawn(): void {
    const { expiring, retreat } = this.#demand.withdrawn();
    for (const get of expiring) {
      // What there was for it may be what went back: the next answer decides.
      if (retreat) this.#line.giveUp(get);
      else if (this.#line.has(get)) get.settleEmpty();
    }
    if (this.#line.size > 0) this.taking.ride();
    // Nothing is on its way that could come before what goes back.
    else if (this.#demand.over) this.#giveBackAhead();
  }

  #giveBackAhead(): void {
    // What came over a lane is not the broker's to give to another.
    if (this.#lanes.open) return;
    this.taking.tally();
    const count = this.stock.clear();
    this.#plan();
    if (count > 0) this.giveBack(this.#nextTag - count, count);
  }

  /** Does not even look at these. */
  #decline(count: number): void {
    this.#nextTag += count;
    this.giveBack(this.#nextTag - count, count);
  }

  /**
   * Says what there is to say over the lane. Nothing is asked of the broker as long as there is one; but once it is to be closed,
   * for who puts may stand still and not hear that, and wait for a process of its own that puts through the broker.
   */
  #settleLane(): void {
    this.#lanes.report();
    for (const get of this.#line.takeLate()) get.settleEmpty();
    this.#plan();
  }

  /** The broker has the lane back. Those of its items that are not done have the next tags from here on. */
  #mapLane(map: LaneMap): void {
    const base = this.#nextTag;
    for (const [, count] of map.ranges) this.#nextTag += count;
    this.#lanes.closed(map, base);
  }

  waits(): boolean {
    return this.#line.size > 0;
  }

  onLaneStill(): void {
    this.taking.ride();
  }

  onRestored(): void {
    this.taking.onRestored();
    this.#plan();
    this.#serve();
  }

  onLaneLeft(later: readonly Batch[], retreats: boolean): void {
    this.taking.onLaneLeft();
    if (!retreats) for (const batch of later) this.arrive(batch);
    else {
      for (const { tag, items } of later) this.giveBack(tag, items.count);
      this.#retreat();
    }
    this.#demand.repeat();
    this.#plan();
    this.taking.ride();
  }

  #ended(): QueueClosed {
    return new QueueClosed(`\`${this.#name}\` has ended: every process that puts to it has`);
  }

  #broken(): QueueAborted {
    return new QueueAborted(`\`${this.#name}\` broke off: a process that puts to it failed`);
  }
}

const SOMETHING: Arrival = { value: undefined, tag: 0, attempt: 1, redelivered: false, death: null };

function isFromRight({ flags }: Frame): boolean {
  return (flags & Flag.RIGHT) !== 0;
}

/**
 * So many items at least are taken from a lane before that is said in the middle of a turn: a quarter of what fits into the queue, so that
 * its producer has something to do meanwhile, and is not woken for a few.
 */
function leastReport({ maxsize }: WelcomeLine): number {
  return maxsize === 0 ? MOST_UNSAID : Math.min(Math.max(LEAST_UNSAID, maxsize >> 2), MOST_UNSAID);
}

const LEAST_UNSAID = 32;
const MOST_UNSAID = 256;
