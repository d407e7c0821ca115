// The direct lanes over which the items of a queue come to this process, one lane after the other: enters the one that the
// broker offers, and once it is closed gives what came over it and is not taken the tags that the broker knows it by.
import { readJson } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import { Flag, type LaneBody, type LaneMap, Type, type WelcomePipe, type WelcomeQueue } from '../wire/message.ts';
import { LaneIn } from './lane-in.ts';
import { LANE, type LaneTags, MOST_LANES } from './lane-tags.ts';
import type { Receipts } from './receipts.ts';
import type { Session } from './session.ts';
import { type Batch, Stock } from './stock.ts';

/** What the taking side of the queue does for its lanes. */
export interface Taker {
  /** Of what came through the broker. */
  readonly receipts: Receipts;
  /** Its program waits for an item, and has nothing to do. */
  waits(): boolean;
  arrive(batch: Batch): void;
  /** Gives these back to the broker. */
  giveBack(tag: number, count?: number): void;
  /** The lane is asked to be closed, and is not yet. */
  onLaneStill(): void;
  /** What was set aside of the stock is there again. */
  onRestored(): void;
  /**
   * Items come through the broker again, and these did so while there was still something to come over the lane. Or, where it `retreats`,
   * nothing that came is to be taken before what has gone back.
   */
  onLaneLeft(later: readonly Batch[], retreats: boolean): void;
}

export class LanesIn {
  /**
   * So many items at least are taken from a lane before that is said in the middle of a turn: a quarter of what fits into the queue, so
   * that its producer has something to do meanwhile, and is not woken for a few.
   */
  leastReport = LEAST_UNSAID;
  readonly #session: Session;
  readonly #stock: Stock;
  readonly #taker: Taker;
  #queue: WelcomeQueue | WelcomePipe | null = null;
  /** The lane that items come over, or will; all there ever were, of which the program may still hold items. */
  #lane: LaneIn | null = null;
  #offer: LaneBody | null = null;
  /** Nobody comes to the one that is offered. */
  #forsaken = false;
  readonly #lanes: LaneIn[] = [];
  /** What the broker delivered after all that is still to come over the lane. */
  #later: Batch[] = [];
  /** Items of the lane that are to go back, once it is closed. */
  #returning: number[] = [];
  /** What is not taken of the lane, once the program has given back what comes before. */
  #aside: Stock | null = null;
  /** Told once there is nothing aside any more. */
  readonly #onNothingAside: (() => void)[] = [];

  constructor(session: Session, stock: Stock, taker: Taker) {
    this.#session = session;
    this.#stock = stock;
    this.#taker = taker;
  }

  /** The queue that items come from, as the broker describes it. */
  open(queue: WelcomeQueue | WelcomePipe): void {
    const { maxsize } = queue;
    this.#queue = queue;
    this.leastReport = maxsize === 0 ? MOST_UNSAID : Math.min(Math.max(LEAST_UNSAID, maxsize >> 2), MOST_UNSAID);
  }

  /** The program's items come over a lane. */
  get inUse(): boolean {
    return this.#lane !== null && this.#lane.open;
  }

  /** It is to be closed. */
  get closing(): boolean {
    return this.#lane !== null && this.#lane.closing;
  }

  receive(frame: Frame): void {
    switch (frame.type) {
      case Type.LANE:
        // From the one process that puts: to be entered once all is here that came over the last one.
        this.#offer = readJson(frame) as unknown as LaneBody;
        return this.#enter();
      case Type.LANE_GO:
        // All that came from the broker is here.
        return this.#lane?.go();
      case Type.LANE_STOP:
        // The other end is gone: of the lane that is still to be entered, where there is one, for that came later.
        if (this.#offer !== null) this.#forsaken = true;
        else this.#lane?.orphaned();
        return;
    }
  }

  /** The broker has the lane back. Those of its items that are not done have the tags from `base` on. */
  closed(map: LaneMap, base: number): void {
    this.#lane?.closed(map, base);
  }

  /** Keeps what the broker delivers while there is still something to come over the lane, which is taken before. */
  keeps(batch: Batch): boolean {
    if (this.#lane === null || this.#lane.map === null) return false;
    this.#later.push(batch);
    return true;
  }

  /** What has come of the lane is to be taken after what goes back: it waits until the broker has both. */
  retreat(): void {
    this.#lane?.stop();
    this.#returnOvertaken();
    if (this.#aside !== null) return;
    this.#aside = new Stock();
    this.#stock.moveTo(this.#aside);
  }

  /** Calls back once nothing is aside any more; false: nothing is. */
  whenNothingIsAside(then: () => void): boolean {
    if (this.#aside === null) return false;
    this.#onNothingAside.push(then);
    return true;
  }

  /** Calls back once all that the other end had sent by now is here. */
  look(then: () => void): void {
    this.#lane?.look(then);
  }

  /** Tells the other end what was taken and done. */
  report(): void {
    this.#lane?.report();
  }

  /**
   * The program ends. Says what it took and did to the broker too, for the other end may have stopped listening by now; and what
   * there was to take, where that is gone, for it may have said nothing.
   */
  leave(): void {
    this.report();
    const lane = this.#lane;
    if (lane === null) return;
    const { writer } = this.#session;
    const { left } = lane;
    if (left !== null) this.#returnOvertaken();
    if (lane.leave()) lane.handOver(writer);
    if (left !== null) writer.json(Type.LANE_LEFT, (this.#queue as WelcomeQueue).id, left);
    lane.destroy();
  }

  destroy(): void {
    this.#lane?.destroy();
  }

  /** Where it is said what is taken of a delivery with that tag. */
  receiptsFor(tag: number): Receipts {
    return tag < LANE ? this.#taker.receipts : this.#laneOf(tag).receipts;
  }

  /** The program is through with items that came over a lane. */
  done(name: number, count: number): void {
    const { tags, receipts } = this.#laneOf(name);
    if (tags === null) return receipts.done(name % LANE, count);
    for (const run of tags.of(name % LANE, count)) this.#taker.receipts.done(run.tag, run.count);
  }

  /** The program gives back an item that came over a lane. */
  giveBack(name: number): void {
    const lane = this.#laneOf(name);
    for (const { tag } of lane.tags?.of(name % LANE, 1) ?? []) return this.#taker.giveBack(tag);
    this.#returning.push(name);
    lane.stop();
  }

  #enter(): void {
    if (this.#offer === null || this.#lane !== null) return;
    const { path, key } = this.#offer;
    this.#offer = null;
    const { id, encoding, maxsize, maxBytes } = this.#queue as WelcomeQueue;
    const { writer } = this.#session;
    const ready = (flags: number) => {
      writer.bare(Type.LANE_READY, id, flags);
      this.#session.wrote();
    };
    if (this.#forsaken) {
      this.#forsaken = false;
      writer.json(Type.LANE_CLOSED, id, { put: 0, sent: 0, taken: 0, done: 0, peak: 0 });
      return this.#session.wrote();
    }
    if (this.#lanes.length === MOST_LANES) return ready(Flag.NO_LANE);
    const base = LANE * (this.#lanes.length + 1);
    const lane = new LaneIn(
      { channel: id, path, key, encoding, maxsize, maxBytes },
      {
        onLaneReady: (isReady) => {
          if (!isReady) this.#lane = null;
          ready(isReady ? Flag.NONE : Flag.NO_LANE);
        },
        onLaneItems: (items, first) => {
          const batch = { items, tag: base + first, attempt: 1, redelivered: false, death: null };
          if (this.#aside === null) this.#taker.arrive(batch);
          else this.#aside.add(batch);
        },
        onLaneOver: () => this.#leave(lane),
        waits: () => this.#taker.waits(),
        onLaneStill: () => {
          this.#restore();
          this.#taker.onLaneStill();
        },
      },
    );
    this.#lanes.push(lane);
    this.#lane = lane;
  }

  /** All that was sent over the lane is here, and the broker has it back; or has it back from here. */
  #leave(lane: LaneIn): void {
    const { map } = lane;
    const { writer } = this.#session;
    if (map === null) {
      lane.handOver(writer);
      return this.#session.wrote();
    }
    const { id } = this.#queue as WelcomeQueue;
    this.#taker.receipts.write(writer, id);
    const { tags, taken } = lane.become(map);
    if (taken > 0) {
      this.#returnOvertaken();
      writer.number(Type.TAKEN, id, taken);
    }
    for (const done of lane.doneOf(map)) {
      for (const { tag, count } of tags.of(done.first, done.count)) writer.range(Type.DONE, id, tag, count);
    }
    this.#lane = null;
    // What did not come, though it was sent, comes again before what is here and behind it.
    const retreats = this.#aside !== null || lane.broken;
    this.#aside = null;
    if (retreats) {
      this.#returnOvertaken();
      this.#returnUntaken(tags, lane.taken);
    } else this.#rename(tags);
    for (const name of this.#returning.splice(0)) this.giveBack(name);
    this.#taker.onLaneLeft(this.#later.splice(0), retreats);
    this.#session.wrote();
    this.#tellNothingIsAside();
    this.#enter();
  }

  /** The other end stands still: what is here is better than nothing, though it comes before what goes back. */
  #restore(): void {
    if (this.#aside === null || this.#stock.size > 0) return;
    this.#aside.moveTo(this.#stock);
    this.#aside = null;
    this.#taker.onRestored();
    this.#tellNothingIsAside();
  }

  #tellNothingIsAside(): void {
    for (const then of this.#onNothingAside.splice(0)) then();
  }

  /** What came back to the queue while there was a lane came in between. By the broker's book it is to be taken first. */
  #returnOvertaken(): void {
    for (const { tag, count } of this.#stock.remove((name) => name < LANE)) this.#taker.giveBack(tag, count);
  }

  /** The broker has it, and gives it: the other end has lied, or something comes before. */
  #returnUntaken(tags: LaneTags, taken: number): void {
    this.#stock.remove((name) => name >= LANE);
    for (const { tag, count } of tags.of(taken, LANE)) this.#taker.giveBack(tag, count);
  }

  /** What came over the lane and is not taken: from now on under the tags that the broker knows it by. */
  #rename(tags: LaneTags): void {
    this.#stock.rename((name) => (name < LANE ? name : ([...tags.of(name % LANE, 1)][0]?.tag ?? 0)));
  }

  #laneOf(name: number): LaneIn {
    return this.#lanes[Math.floor(name / LANE) - 1] as LaneIn;
  }
}

const LEAST_UNSAID = 32;
const MOST_UNSAID = 256;
