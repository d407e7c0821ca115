// The taking side of a queue, in one process: asks for items when the program waits for one, reads ahead as far as the program
// is quick, and says what was taken and done with the next write.
import { readAttempt, readItems, readJson } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import { type Items, splitItems } from '../wire/items.ts';
import {
  type Dead,
  Flag,
  type LaneBody,
  type LaneMap,
  mayReadAhead,
  Type,
  type WelcomePipe,
  type WelcomeQueue,
} from '../wire/message.ts';
import { type Encoding, encodingOf, Undecodable } from './encoding.ts';
import { Empty, QueueAborted, QueueClosed } from './errors.ts';
import { LaneIn } from './lane-in.ts';
import { LANE, type LaneTags, MOST_LANES } from './lane-tags.ts';
import { checkEnds } from './manner.ts';
import { Pace } from './pace.ts';
import { Watch } from './patience.ts';
import { Receipts } from './receipts.ts';
import type { Failure, Rider, Session } from './session.ts';

/** An item as it was given to this process. */
export interface Arrival {
  readonly value: unknown;
  readonly tag: number;
  /** Which delivery this is; 1 for the first. */
  readonly attempt: number;
  readonly redelivered: boolean;
  /** Of a dead letter: what became of it before. */
  readonly death: Dead | null;
}

export class Consumer implements Rider {
  /** Of what `next` or `nextBatch` gave last. */
  tag = 0;
  attempt = 1;
  redelivered = false;
  death: Dead | null = null;
  readonly receipts = new Receipts();
  /** Where it goes that what is taken now was taken. */
  #receipts = this.receipts;
  readonly #session: Session;
  readonly #name: string;
  readonly #pace = new Pace();
  #queue: WelcomeQueue | WelcomePipe | null = null;
  #encoding: Encoding | null = null;
  #failure: Failure | null = null;
  #atMostOnce = false;
  /** Says that it takes before it does: somebody else would be given it again. At a pipe there is nobody else. */
  #announces = false;
  /** What is next is decided at the moment of the get, so nothing is read ahead. */
  #exact = false;
  /** The end it said last that it gets from. */
  #right = false;
  /** What is here and not taken: `#values` from `#at`, then `#batches`; so many in all. */
  #values: readonly unknown[] = [];
  #at = 0;
  readonly #batches: Batch[] = [];
  #here = 0;
  /** The tag of `#values[0]`, and of what comes next from the broker. */
  #valuesTag = 0;
  #nextTag = 0;
  /** How many more the broker may send, and how many may be taken before it is time to ask for more. */
  #credit = 0;
  /** Of what comes next from the broker. */
  #nextDeath: Dead | null = null;
  #untilAsking = 1;
  #asking = false;
  /** Taken since the pace was last judged. */
  #takenSince = 0;
  /** Calls that wait; as long as there are any, nothing is here. */
  readonly #line = new Set<WaitingGet>();
  #saidWaiting = false;
  /** Their time is over, but the broker may send something before it hears that. */
  #expiring: WaitingGet[] = [];
  /** The UNGETs that are not answered yet. */
  readonly #withdrawals: Withdrawal[] = [];
  #riding = false;
  /** The lane that items come over, or will, and the closed ones of which the program may still hold some. */
  #lane: LaneIn | null = null;
  #offer: LaneBody | null = null;
  readonly #lanes: LaneIn[] = [];
  /** What the broker delivered after all that is still to come over the lane. */
  #afterLane: Batch[] = [];
  /** Items of the lane that are to go back, once it is closed. */
  #returning: number[] = [];

  constructor(session: Session, name: string) {
    this.#session = session;
    this.#name = name;
  }

  /** Something is here, and `next` gives it. */
  get ready(): boolean {
    return this.#here > 0;
  }

  /** Takes the next item that is here. */
  next(): unknown {
    if (this.#at === this.#values.length) this.#turn(1);
    if (this.#untilAsking <= 0) this.#ask();
    const at = this.#at;
    const value = this.#values[at];
    this.tag = this.#valuesTag + at;
    this.#at = at + 1;
    this.#count(1);
    if (value instanceof Undecodable) throw this.#refuse(value);
    return value;
  }

  /** Takes what is here of one delivery: its first is `tag`. */
  nextBatch(): unknown[] {
    if (this.#at === this.#values.length) this.#turn(Number.POSITIVE_INFINITY);
    const values = this.#values.slice(this.#at);
    this.tag = this.#valuesTag + this.#at;
    this.#at = this.#values.length;
    if (this.#untilAsking < values.length) this.#ask();
    this.#count(values.length);
    for (const value of values) if (value instanceof Undecodable) throw this.#refuse(value);
    return values;
  }

  /** Waits for an item: forever, or so long; 0 asks the broker once. From one end of a deque, where one is given. */
  async wait(timeMs: number, signal?: AbortSignal, right: boolean | null = null): Promise<Arrival> {
    if (right !== null && this.#queue !== null) checkEnds(this.#queue);
    const outcome = this.#here > 0 ? this.#arrival() : await this.#join(timeMs, signal, right);
    if (typeof outcome === 'function') throw outcome();
    return outcome;
  }

  /** Waits until an item is here, and takes nothing; false where there was none in time. */
  async arrives(timeMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#here > 0) return true;
    const outcome = await this.#join(timeMs, signal, null, true);
    if (typeof outcome !== 'function') return true;
    const error = outcome();
    if (error instanceof Empty) return false;
    throw error;
  }

  /** The program is through with these. */
  done(tag: number, count: number): void {
    if (this.#atMostOnce) return;
    if (tag < LANE) this.receipts.done(tag, count);
    else this.#doneOfLane(tag, count);
    this.#ride();
  }

  /** Says what was taken and done, before what is written next. */
  report(): void {
    if (this.#queue !== null) this.receipts.write(this.#session.writer, this.#queue.id);
  }

  giveBack(tag: number): void {
    if (tag < LANE) return this.#giveBack(tag, 1);
    const lane = this.#laneOf(tag);
    for (const at of lane.tags?.of(tag % LANE, 1) ?? []) return this.#giveBack(at.tag, 1);
    this.#returning.push(tag);
    lane.stop();
  }

  /** The program takes no more for now. */
  rest(): void {
    if (this.#line.size === 0 && this.#failure === null) this.#retreat();
  }

  open(queue: WelcomeQueue | WelcomePipe, encoding = encodingOf(queue)): void {
    this.#queue = queue;
    this.#encoding = encoding;
    this.#atMostOnce = queue.delivery === 'at-most-once';
    this.#announces = this.#atMostOnce && queue.kind === 'queue';
    this.#exact = !mayReadAhead(queue);
    if (this.#exact) this.#pace.most = 0;
    this.#refuseEnds(queue);
    if (this.#line.size > 0) this.#ride();
  }

  receive(frame: Frame): void {
    switch (frame.type) {
      case Type.DELIVER:
        return this.#deliver(readItems(frame), 1, false, isFromRight(frame));
      case Type.REDELIVER:
        return this.#deliver(readItems(frame), readAttempt(frame), true, isFromRight(frame));
      case Type.DEAD:
        this.#nextDeath = readJson(frame) as unknown as Dead;
        return;
      case Type.END:
        return this.fail(frame.flags === Flag.BROKE ? () => this.#broken() : () => this.#ended());
      case Type.WITHDRAWN:
        return this.#withdrawn();
      case Type.LANE:
        this.#offer = readJson(frame) as unknown as LaneBody;
        return this.#enterLane();
      case Type.LANE_GO:
        return this.#lane?.go();
      case Type.LANE_STOP:
        return this.#lane?.orphaned();
      case Type.LANE_MAP:
        return this.#mapLane(readJson(frame) as unknown as LaneMap);
      case Type.RECALL:
        this.#pace.recalled();
        return this.#retreat();
    }
  }

  fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#lane?.destroy();
    for (const get of this.#line) get.settle(failure);
  }

  leave(): void {
    this.#lane?.report();
    this.#lane?.destroy();
    this.#giveBackAhead();
  }

  settle(): void {
    this.#riding = false;
    if (this.#queue === null) return;
    const { id } = this.#queue;
    this.receipts.write(this.#session.writer, id);
    if (this.#lane?.open) {
      this.#settleLane(this.#lane);
      if (!this.#lane.closing) return;
    }
    // What goes back must be back before more is asked for.
    if (this.#failure !== null || this.#retreating) return;
    if (this.#expiring.length > 0) this.#expire(this.#expiring.splice(0));
    const { waiting, right } = this.#waiting();
    const more = Math.max(0, Math.max(waiting, this.#pace.ahead) - this.#here - this.#credit);
    const news = more > 0 || !this.#saidWaiting || right !== this.#right;
    if (waiting > 0 ? news : more > 0 && this.#asking) {
      const flags = (waiting > 0 ? Flag.WAITING : Flag.NONE) | (right ? Flag.RIGHT : Flag.NONE);
      this.#session.writer.number(Type.GET, id, more, flags);
      this.#right = right;
      this.#saidWaiting = waiting > 0;
      this.#credit += more;
    }
    this.#plan();
  }

  /** How many calls wait: the oldest, and those behind it that get from the same end. */
  #waiting(): { waiting: number; right: boolean } {
    let waiting = 0;
    let right = false;
    for (const get of this.#line) {
      if (get.withdrawn) continue;
      if (waiting > 0 && get.right !== right) break;
      ({ right } = get);
      waiting += 1;
    }
    return { waiting, right };
  }

  get #id(): number {
    return (this.#queue as WelcomeQueue | WelcomePipe).id;
  }

  /** The next delivery is the one that is taken from. */
  #turn(most: number): void {
    // What is said to be taken can go to nobody else any more, so that is no more than the program takes now.
    const { items, tag, attempt, redelivered, death } = this.#next(this.#announces ? most : Number.POSITIVE_INFINITY);
    this.#receipts = tag < LANE ? this.receipts : this.#laneOf(tag).receipts;
    this.#values = (this.#encoding as Encoding).decode(items);
    this.#at = 0;
    this.#valuesTag = tag;
    this.attempt = attempt;
    this.redelivered = redelivered;
    this.death = death;
    if (!this.#announces) return;
    this.#receipts.took(items.count);
    this.#ride();
    this.#session.flush();
  }

  #next(most: number): Batch {
    const batch = this.#batches[0] as Batch;
    const [items, rest] = splitItems(batch.items, most);
    if (rest.count === 0) this.#batches.shift();
    else this.#batches[0] = { ...batch, items: rest, tag: batch.tag + items.count };
    return { ...batch, items };
  }

  /** So many were taken. */
  #count(count: number): void {
    this.#here -= count;
    this.#untilAsking -= count;
    this.#takenSince += count;
    if (this.#announces) return;
    this.#receipts.took(count);
    if (!this.#riding) this.#ride();
  }

  /** Half of what is read ahead is taken: judges the pace and asks for more, in the middle of a turn if need be. */
  #ask(): void {
    this.#judge(performance.now());
    this.#asking = true;
    this.#ride();
    this.#session.flush();
    this.#asking = false;
    this.#plan();
  }

  #judge(nowMs: number): void {
    this.#pace.worked(nowMs, this.#takenSince);
    this.#takenSince = 0;
  }

  #plan(): void {
    if (this.#lane?.open) this.#untilAsking = Math.max(LEAST_REPORT, this.#here >> 1);
    else this.#untilAsking = Math.max(1, this.#here + this.#credit - (this.#pace.ahead >> 1));
  }

  #join(
    timeMs: number,
    signal: AbortSignal | undefined,
    right: boolean | null,
    peeks = false,
  ): Promise<Arrival | Failure> {
    if (this.#failure !== null) return Promise.resolve(this.#failure);
    this.#judge(performance.now());
    return new Promise((resolve) => {
      const get: WaitingGet = {
        right: right === true,
        choosy: right !== null,
        withdrawn: false,
        peeks,
        empty: () => new Empty(`\`${this.#name}\` had no item${timeMs > 0 ? ' in time' : ''}`),
        settle: (outcome) => {
          this.#line.delete(get);
          watch?.stop();
          this.#session.letGo();
          resolve(outcome);
        },
      };
      const watch = this.#watch(get, timeMs, signal);
      this.#line.add(get);
      this.#session.hold();
      this.#ride();
      if (timeMs === 0) this.#askOnce(get);
    });
  }

  /** Waits until the broker has heard that it waits: what there was is here then, or that it is the end. */
  #askOnce(get: WaitingGet): void {
    if (this.#lane?.open && !this.#lane.closing)
      return this.#lane.look(() => (this.#lane?.open ? this.#giveUp(get) : this.#askOnce(get)));
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
    if (!this.#line.has(get)) return;
    this.#expiring.push(get);
    this.#ride();
  }

  #watch(get: WaitingGet, timeMs: number, signal: AbortSignal | undefined): Watch | null {
    if (timeMs === 0 || (timeMs === Number.POSITIVE_INFINITY && signal === undefined)) return null;
    const expire = () => {
      if (this.#queue === null) get.settle(get.empty);
      else this.#giveUp(get);
    };
    const abort = () => {
      get.settle(() => signal?.reason);
      if (this.#line.size === 0 && this.#credit > 0) this.#withdraw({ expiring: [], retreat: false });
    };
    return new Watch(timeMs, signal, expire, abort);
  }

  #deliver(items: Items, attempt: number, redelivered: boolean, right: boolean): void {
    const death = this.#nextDeath;
    this.#nextDeath = null;
    if (this.#retreating) return this.#decline(items.count);
    if (this.#exact && !this.#isAwaited(right)) return this.#declineLate(items.count);
    const batch = { items, attempt, redelivered, death, tag: this.#nextTag };
    this.#nextTag += items.count;
    // What comes before the answer to an UNGET was asked for before it.
    if (this.#withdrawals.length === 0) this.#credit = Math.max(0, this.#credit - items.count);
    this.#saidWaiting = false;
    if (this.#lane?.map) this.#afterLane.push(batch);
    else this.#arrive(batch, right);
  }

  #arrive(batch: Batch, right = false): void {
    const { items } = batch;
    this.#batches.push(batch);
    this.#here += items.count;
    this.#pace.came(items.count, items.size);
    if (this.#line.size === 0) return;
    this.#pace.begin(performance.now());
    for (const get of this.#line) {
      if (this.#here === 0) break;
      if (get.right !== right) continue;
      this.#line.delete(get);
      get.settle(get.peeks ? SOMETHING : this.#arrival());
    }
    if (this.#exact && this.#here > 0) this.#retreat();
    if (this.#line.size > 0) this.#ride();
  }

  #isAwaited(right: boolean): boolean {
    for (const get of this.#line) if (get.right === right) return true;
    return false;
  }

  /** Whoever waited for these does so no more, and the next call is to get what is next then. */
  #declineLate(count: number): void {
    if (this.#withdrawals.length === 0) this.#credit = Math.max(0, this.#credit - count);
    this.#saidWaiting = false;
    this.#decline(count);
    this.#retreat();
    if (this.#line.size > 0) this.#ride();
  }

  #arrival(): Arrival | Failure {
    try {
      const value = this.next();
      const { tag, attempt, redelivered, death } = this;
      return { value, tag, attempt, redelivered, death };
    } catch (error) {
      return () => error as Error;
    }
  }

  /** Their time is over: the broker gives what it has now, and its answer decides. Others wait on behind that. */
  #expire(late: readonly WaitingGet[]): void {
    const expiring = late.filter((get) => this.#line.has(get));
    if (expiring.length === 0) return;
    for (const get of expiring) get.withdrawn = true;
    // A retreat may have kept it from asking until now.
    if (this.#credit === 0) {
      const flags = Flag.WAITING | (expiring[0]?.right === true ? Flag.RIGHT : Flag.NONE);
      this.#session.writer.number(Type.GET, this.#id, expiring.length, flags);
    }
    this.#withdraw({ expiring, retreat: false });
  }

  /** Gives back what was read ahead, and what is still on its way: or that would be taken before what went back. */
  #retreat(): void {
    this.#giveBackAhead();
    if (this.#credit > 0) this.#withdraw({ expiring: [], retreat: true });
    for (const withdrawal of this.#withdrawals) withdrawal.retreat = true;
  }

  get #retreating(): boolean {
    return this.#withdrawals.some(({ retreat }) => retreat);
  }

  #withdraw(withdrawal: Withdrawal): void {
    this.#session.writer.bare(Type.UNGET, this.#id);
    this.#withdrawals.push(withdrawal);
    this.#credit = 0;
    this.#saidWaiting = false;
    this.#session.wrote();
  }

  #withdrawn(): void {
    const { expiring = [], retreat = false } = this.#withdrawals.shift() ?? {};
    for (const get of expiring) {
      if (!this.#line.has(get)) continue;
      // What there was for it may be what went back: the next answer decides.
      if (retreat) this.#expiring.push(get);
      else get.settle(get.empty);
    }
    if (this.#line.size > 0) this.#ride();
    // Nothing is on its way that could come before what goes back.
    else if (this.#credit + this.#withdrawals.length === 0) this.#giveBackAhead();
  }

  #giveBackAhead(): void {
    // What came over a lane is not the broker's to give to another.
    if (this.#lane?.open) return;
    const count = this.#here;
    this.#values = [];
    this.#at = 0;
    this.#batches.length = 0;
    this.#here = 0;
    this.#plan();
    if (count > 0) this.#giveBack(this.#nextTag - count, count);
  }

  /** Does not even look at these. */
  #decline(count: number): void {
    this.#nextTag += count;
    this.#giveBack(this.#nextTag - count, count);
  }

  #giveBack(tag: number, count: number): void {
    this.receipts.write(this.#session.writer, this.#id);
    this.#session.writer.range(Type.GIVE_BACK, this.#id, tag, count);
    this.#session.wrote();
  }

  /** Calls that were made before it was known that the queue has no ends to choose from. */
  #refuseEnds(queue: WelcomeQueue | WelcomePipe): void {
    for (const get of this.#line) {
      try {
        if (get.choosy) checkEnds(queue);
      } catch (error) {
        get.settle(() => error as Error);
      }
    }
  }

  /** The broker offers a lane from the one process that puts: to be entered once all is here that came over the last one. */
  #enterLane(): void {
    if (this.#offer === null || this.#lane !== null) return;
    const { path, key } = this.#offer;
    this.#offer = null;
    const { id, encoding, maxsize, maxBytes } = this.#queue as WelcomeQueue;
    const { writer } = this.#session;
    const ready = (flags: number) => {
      writer.bare(Type.LANE_READY, id, flags);
      this.#session.wrote();
    };
    if (this.#lanes.length === MOST_LANES) return ready(Flag.NO_LANE);
    const base = LANE * (this.#lanes.length + 1);
    const lane = new LaneIn(
      { channel: id, path, key, encoding, maxsize, maxBytes },
      {
        onLaneReady: (isReady) => {
          if (!isReady) this.#lane = null;
          ready(isReady ? Flag.NONE : Flag.NO_LANE);
        },
        onLaneItems: (items, first) =>
          this.#arrive({ items, tag: base + first, attempt: 1, redelivered: false, death: null }),
        onLaneOver: () => this.#leaveLane(lane),
        waits: () => this.#line.size > 0,
        onLaneStill: () => this.#ride(),
      },
    );
    this.#lanes.push(lane);
    this.#lane = lane;
  }

  /**
   * Says what there is to say over the lane. Nothing is asked of the broker as long as there is one; but once it is to be closed,
   * for who puts may stand still and not hear that, and wait for a process of its own that puts through the broker.
   */
  #settleLane(lane: LaneIn): void {
    lane.report();
    for (const get of this.#expiring.splice(0)) if (this.#line.has(get)) get.settle(get.empty);
    this.#plan();
  }

  /** The broker has the lane back. Those of its items that are not done have the next tags from here on. */
  #mapLane(map: LaneMap): void {
    const base = this.#nextTag;
    for (const [, count] of map.ranges) this.#nextTag += count;
    this.#lane?.closed(map, base);
  }

  /** All that was sent over the lane is here, and the broker has it back; or has it back from here. */
  #leaveLane(lane: LaneIn): void {
    const { map } = lane;
    const { writer } = this.#session;
    if (map === null) {
      lane.handOver(writer);
      return this.#session.wrote();
    }
    const { id } = this.#queue as WelcomeQueue;
    this.receipts.write(writer, id);
    const { tags, taken } = lane.become(map);
    if (taken > 0) {
      this.#returnOvertaken();
      writer.number(Type.TAKEN, id, taken);
    }
    for (const done of lane.doneOf(map)) {
      for (const { tag, count } of tags.of(done.first, done.count)) writer.range(Type.DONE, id, tag, count);
    }
    this.#lane = null;
    this.#receipts = this.receipts;
    if (lane.broken === null) this.#rename(tags);
    else this.#returnUntaken(tags, lane.broken);
    for (const tag of this.#returning.splice(0)) this.giveBack(tag);
    for (const batch of this.#afterLane.splice(0)) this.#arrive(batch);
    this.#saidWaiting = false;
    this.#plan();
    this.#ride();
    this.#session.wrote();
    this.#enterLane();
  }

  /** What came back to the queue while there was a lane came in between. By the broker's book it is to be taken first. */
  #returnOvertaken(): void {
    const { length } = this.#values;
    if (this.#valuesTag < LANE && this.#at < length) {
      this.#here -= length - this.#at;
      this.#giveBack(this.#valuesTag + this.#at, length - this.#at);
      this.#at = length;
    }
    for (let index = 0; index < this.#batches.length; index += 1) {
      const { tag, items } = this.#batches[index] as Batch;
      if (tag >= LANE) continue;
      this.#here -= items.count;
      this.#giveBack(tag, items.count);
      this.#batches.splice(index, 1);
      index -= 1;
    }
  }

  /** The other end has lied: the broker has what it said, and gives that. */
  #returnUntaken(tags: LaneTags, taken: number): void {
    const lane = (tag: number) => tag >= LANE;
    if (lane(this.#valuesTag)) {
      this.#here -= this.#values.length - this.#at;
      this.#at = this.#values.length;
    }
    for (const { items, tag } of this.#batches) if (lane(tag)) this.#here -= items.count;
    this.#batches.splice(0, this.#batches.length, ...this.#batches.filter(({ tag }) => !lane(tag)));
    for (const { tag, count } of tags.of(taken, LANE)) this.#giveBack(tag, count);
  }

  /** What came over the lane and is not taken: from now on under the tags that the broker knows it by. */
  #rename(tags: LaneTags): void {
    const tagOf = (number: number) => [...tags.of(number % LANE, 1)][0]?.tag ?? 0;
    if (this.#at < this.#values.length && this.#valuesTag >= LANE) {
      this.#valuesTag = tagOf(this.#valuesTag + this.#at) - this.#at;
    }
    for (const [index, batch] of this.#batches.entries()) {
      if (batch.tag >= LANE) this.#batches[index] = { ...batch, tag: tagOf(batch.tag) };
    }
    // What came back to the queue meanwhile is older, and is said to be taken by its place.
    this.#batches.sort((one, other) => one.tag - other.tag);
  }

  #doneOfLane(name: number, count: number): void {
    const { tags, receipts } = this.#laneOf(name);
    if (tags === null) return receipts.done(name % LANE, count);
    for (const run of tags.of(name % LANE, count)) this.receipts.done(run.tag, run.count);
  }

  #laneOf(name: number): LaneIn {
    return this.#lanes[Math.floor(name / LANE) - 1] as LaneIn;
  }

  #ride(): void {
    if (this.#riding) return;
    this.#riding = true;
    this.#session.ride(this);
  }

  #refuse(item: Undecodable): Error {
    return new Error(`\`${this.#name}\`: ${item.message}`);
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
/** So many items at least are taken from a lane before that is said in the middle of a turn. */
const LEAST_REPORT = 32;

interface Batch {
  readonly items: Items;
  readonly tag: number;
  readonly attempt: number;
  readonly redelivered: boolean;
  readonly death: Dead | null;
}

interface Withdrawal {
  /** Who expires with the answer. */
  readonly expiring: readonly WaitingGet[];
  /** What comes before the answer goes back. */
  retreat: boolean;
}

interface WaitingGet {
  /** It gets from the right end of a deque. */
  readonly right: boolean;
  /** Its end was chosen. */
  readonly choosy: boolean;
  /** Will be settled by the answer to an UNGET at the latest. */
  withdrawn: boolean;
  /** Wants to know that something is here, and to leave it there. */
  readonly peeks: boolean;
  readonly empty: Failure;
  settle(outcome: Arrival | Failure): void;
}
