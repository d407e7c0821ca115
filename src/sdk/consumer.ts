// The taking side of a queue, in one process: asks for items when the program waits for one, reads ahead as far as the program
// is quick, and says what was taken and done with the next write. How an item gets from here to the program is in taking.ts.
import { readJson } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import { Flag, type LaneMap, mayReadAhead, Type, type WelcomePipe, type WelcomeQueue } from '../wire/message.ts';
import { Deliveries } from './deliveries.ts';
import { Demand } from './demand.ts';
import { type Decoded, type Encoding, encodingOf } from './encoding.ts';
import { endOf, type Failure } from './errors.ts';
import { type Asker, Gets } from './gets.ts';
import { LANE } from './lane-tags.ts';
import { LanesIn, type Taker } from './lanes-in.ts';
import { Pace } from './pace.ts';
import { Receipts } from './receipts.ts';
import type { Session } from './session.ts';
import { type Batch, Stock } from './stock.ts';
import { type StockKeeper, Taking } from './taking.ts';

export class Consumer implements StockKeeper, Taker, Asker {
  readonly receipts = new Receipts();
  readonly stock = new Stock();
  readonly taking: Taking;
  readonly gets: Gets;
  queue: WelcomeQueue | WelcomePipe | null = null;
  failure: Failure | null = null;
  readonly #session: Session;
  readonly #name: string;
  readonly #pace = new Pace();
  #encoding: Encoding | null = null;
  /** What is next is decided at the moment of the get, so nothing is read ahead. */
  #exact = false;
  readonly #lanes: LanesIn;
  readonly #deliveries: Deliveries;
  readonly #demand: Demand;
  /** Half of what was read ahead is taken: more may be asked for though nobody waits. */
  #asking = false;

  constructor(session: Session, name: string) {
    this.#session = session;
    this.#name = name;
    this.#lanes = new LanesIn(session, this.stock, this);
    this.taking = new Taking(session, name, this, this.#lanes);
    this.#demand = new Demand(session);
    this.#deliveries = new Deliveries(session);
    this.gets = new Gets(session, name, this, this.taking, this.#lanes);
  }

  /** Says what was taken and done, before what is written next. */
  report(): void {
    if (this.queue !== null) this.receipts.write(this.#session.writer, this.queue.id);
  }

  giveBack(tag: number, count = 1): void {
    if (tag >= LANE) return this.#lanes.giveBack(tag);
    const { id } = this.queue as WelcomeQueue | WelcomePipe;
    this.receipts.write(this.#session.writer, id);
    this.#session.writer.range(Type.GIVE_BACK, id, tag, count);
    this.#session.wrote();
  }

  /** What was taken is done, and cannot go back. */
  get forgets(): boolean {
    return this.queue?.delivery === 'at-most-once';
  }

  /** The program gives back an item that it took. It comes again before those behind it, so what was read ahead of these goes back too. */
  handBack(tag: number): void {
    this.giveBack(tag);
    this.#pace.recalled();
    if (this.#lanes.inUse) {
      this.taking.tally();
      this.#lanes.retreat();
      this.#plan();
    }
    this.#retreat();
  }

  /** The program takes no more for now. */
  rest(): void {
    if (this.gets.line.size === 0 && this.failure === null) this.#retreat();
  }

  open(queue: WelcomeQueue | WelcomePipe, encoding = encodingOf(queue)): void {
    this.queue = queue;
    this.#encoding = encoding;
    this.#demand.open(queue.id);
    const forgets = queue.delivery === 'at-most-once';
    // At a pipe there is nobody else who could be given it again.
    this.taking.open({ announces: forgets && queue.kind === 'queue', forgets });
    this.#lanes.open(queue);
    this.#exact = !mayReadAhead(queue);
    if (this.#exact) this.#pace.most = 0;
    this.gets.line.refuseEnds(queue);
    if (this.gets.line.size > 0) this.taking.ride();
  }

  receive(frame: Frame): void {
    switch (frame.type) {
      case Type.DELIVER:
      case Type.REDELIVER:
        return this.#deliver(frame);
      case Type.DEAD:
        return this.#deliveries.foretell(frame);
      case Type.END:
        return this.fail(() => endOf(this.#name, frame.flags === Flag.BROKE));
      case Type.WITHDRAWN:
        return this.#withdrawn();
      case Type.LANE_MAP:
        return this.#mapLane(readJson(frame) as unknown as LaneMap);
      case Type.RECALL:
        this.#pace.recalled();
        return this.#retreat();
      default:
        this.#lanes.receive(frame);
    }
  }

  fail(failure: Failure): void {
    this.failure ??= failure;
    this.#lanes.destroy();
    this.gets.line.fail(failure);
  }

  leave(): void {
    this.#lanes.leave();
    this.#giveBackAhead();
  }

  settle(): void {
    this.taking.riding = false;
    this.taking.tally();
    if (this.queue === null) return;
    const { id } = this.queue;
    this.receipts.write(this.#session.writer, id);
    if (this.#lanes.inUse) {
      this.#settleLane();
      if (!this.#lanes.closing) return;
    }
    // What goes back must be back before more is asked for.
    if (this.failure !== null || this.#demand.retreating) return;
    const late = this.gets.line.takeLate();
    if (late.length > 0) this.#demand.expire(late);
    const { head } = this.gets.line;
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

  onWait(): void {
    this.taking.tally();
    this.#judge();
  }

  onAbort(): void {
    if (this.gets.line.size === 0) this.#demand.withdraw();
  }

  #judge(): void {
    this.#pace.worked(performance.now(), this.taking.since);
    this.taking.since = 0;
  }

  #plan(): void {
    if (this.#lanes.inUse) this.taking.untilAsking = Math.max(this.#lanes.leastReport, this.stock.size >> 1);
    else this.taking.untilAsking = Math.max(1, this.stock.size + this.#demand.credit - (this.#pace.ahead >> 1));
  }

  #deliver(frame: Frame): void {
    const batch = this.#deliveries.read(frame, (this.#encoding as Encoding).copies);
    const right = (frame.flags & Flag.RIGHT) !== 0;
    this.#demand.came(batch.items.count);
    // Who gives an item back has taken all before it: so this waits until it is said what was taken of the lane.
    if (this.#lanes.keeps(batch)) return;
    if (this.#demand.retreating) return this.#decline(batch);
    if (this.#exact && !this.gets.line.waitsAt(right)) return this.#declineLate(batch);
    this.arrive(batch, right);
  }

  arrive(batch: Batch, right = false): void {
    const { items } = batch;
    this.stock.add(batch);
    this.#pace.came(items.count, items.size);
    this.#serve(right);
  }

  #serve(right = false): void {
    if (this.gets.line.size === 0) return;
    this.#pace.begin(performance.now());
    this.gets.serve(right);
    if (this.#exact && this.stock.size > 0) this.#retreat();
    if (this.gets.line.size > 0) this.taking.ride();
  }

  /** Whoever waited for these does so no more, and the next call is to get what is next then. */
  #declineLate(batch: Batch): void {
    this.#decline(batch);
    this.#retreat();
    if (this.gets.line.size > 0) this.taking.ride();
  }

  /** Gives back what was read ahead, and what is still on its way. */
  #retreat(): void {
    this.#giveBackAhead();
    this.#demand.retreat();
  }

  #withdrawn(): void {
    const { expiring, retreat } = this.#demand.withdrawn();
    this.gets.expire(expiring, retreat);
    if (this.gets.line.size > 0) this.taking.ride();
    // Nothing is on its way that could come before what goes back.
    else if (this.#demand.over) this.#giveBackAhead();
  }

  /** `next`: the tag behind what was read ahead. */
  #giveBackAhead(next = this.#deliveries.next): void {
    // What came over a lane is not the broker's to give to another.
    if (this.#lanes.inUse) return;
    this.taking.tally();
    const count = this.stock.clear();
    this.#plan();
    if (count > 0) this.giveBack(next - count, count);
  }

  /** Does not even look at these. What a lane has left goes back before. */
  #decline({ tag, items }: Batch): void {
    this.#giveBackAhead(tag);
    this.giveBack(tag, items.count);
  }

  /**
   * Says what there is to say over the lane. Nothing is asked of the broker as long as there is one; but once it is to be closed,
   * for who puts may stand still and not hear that, and wait for a process of its own that puts through the broker.
   */
  #settleLane(): void {
    this.#lanes.report();
    for (const get of this.gets.line.takeLate()) get.settleEmpty();
    this.#plan();
  }

  /** The broker has the lane back. */
  #mapLane(map: LaneMap): void {
    this.#lanes.closed(map, this.#deliveries.adopt(map));
  }

  waits(): boolean {
    return this.gets.line.size > 0;
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
}
