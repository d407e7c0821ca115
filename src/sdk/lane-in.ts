// The taking end of a direct lane: what has come over it, what was taken and done of that, which the other end is told, and when all of it
// is over. It keeps what is not done, for the case that the other end dies without having given it back to the broker.
import { readItems } from '../wire/body.ts';
import { type Frame, ProtocolError } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import { Flag, type LaneLeft, type LaneMap, Type, type WelcomeLine } from '../wire/message.ts';
import { FrameWriter } from '../wire/writer.ts';
import { LARGEST_PASSAGE, LaneDoor } from './lane-door.ts';
import { LaneLog } from './lane-log.ts';
import { LaneTags } from './lane-tags.ts';
import type { LaneSettings } from './lane-out.ts';
import { Receipts } from './receipts.ts';

export interface LaneReader {
  /** The other end can connect now; or there can be no lane. */
  onLaneReady(ready: boolean): void;
  /** Items that are to be taken after all that came before. The first has this number on the lane. */
  onLaneItems(items: Items, first: number): void;
  /** What was sent has come, and what was said of it too: to be dealt with now. */
  onLaneOver(): void;
  /** The program waits for an item, and has nothing to do. */
  waits(): boolean;
  /** The program has waited for long, and nothing has come, though the other end was asked to close it: it may be unable to hear that. */
  onLaneStill(): void;
}

export type LaneBounds = LaneSettings & Pick<WelcomeLine, 'encoding' | 'maxsize' | 'maxBytes'>;

export class LaneIn {
  readonly receipts = new Receipts();
  /** The program's items come from here. */
  open = false;
  /** What became of it, once the broker has it back. */
  map: LaneMap | null = null;
  tags: LaneTags | null = null;
  readonly #settings: LaneBounds;
  readonly #user: LaneReader;
  readonly #door: LaneDoor;
  readonly #writer = new FrameWriter();
  readonly #log = new LaneLog();
  /** Came before all that comes from the broker is here. */
  #early: Items[] = [];
  #received = 0;
  /** The bytes of what is not known to be taken. */
  #waitingBytes = 0;
  #passedOn = 0;
  /** Nothing more comes. */
  #ended = false;
  /** The other end is gone, and has said nothing to the broker. */
  #orphan = false;
  #asked = false;
  #leaving = false;
  #saidStill = false;
  #watch: NodeJS.Timeout | null = null;
  /** How often in a row it was looked, and the program waited, and nothing had come since the look before. */
  #waitingFor = 0;
  #receivedBefore = 0;
  #base = 0;
  readonly #lookers: (() => void)[] = [];

  constructor(settings: LaneBounds, user: LaneReader) {
    this.#settings = settings;
    this.#user = user;
    this.#door = new LaneDoor(settings, {
      onListening: (can) => user.onLaneReady(can),
      onFrame: (frame) => this.#receive(frame),
      onClosed: () => {
        this.#ended = true;
        this.#judge();
      },
    });
  }

  /** All that came from the broker is here: the rest comes over the lane. */
  go(): void {
    this.open = true;
    for (const items of this.#early.splice(0)) this.#pass(items);
    this.#watch = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Tells the other end what was taken and done since the last time. */
  report(): void {
    this.#settle(true);
    this.#door.say(this.#writer.take());
  }

  /** The other end was asked to close it, and has not. */
  get closing(): boolean {
    return this.#asked;
  }

  /** Asks the other end to give all back to the broker. */
  stop(): void {
    this.#saidStill = false;
    this.#waitingFor = 0;
    if (this.#asked) return;
    this.#asked = true;
    this.#writer.bare(Type.LANE_STOP, this.#settings.channel);
    this.report();
  }

  /** The other end is gone. Once all it had sent is here, the broker is to be given what is not done. */
  orphaned(): void {
    this.#orphan = true;
    if (!this.#door.entered) this.#ended = true;
    this.#judge();
  }

  /** The broker has it back, and what is not done of it has the tags from `base` on. */
  closed(map: LaneMap, base: number): void {
    this.map = map;
    this.#base = base;
    this.#judge();
    this.#awaitConnection(TURNS);
  }

  /** Calls back once all that the other end had sent by now is here, or all that it ever sent. */
  look(then: () => void): void {
    setImmediate(() =>
      setImmediate(() => {
        if (this.#ended && this.open) this.#lookers.push(then);
        else then();
      }),
    );
  }

  /** Writes to the broker all that came and is not done, as the other end would have. */
  handOver(broker: FrameWriter): void {
    const { channel } = this.#settings;
    this.#settle(false);
    for (const { first, items, taken } of this.#log.undone()) {
      broker.handOver(channel, first, items, taken ? Flag.SENT | Flag.TAKEN : Flag.SENT);
    }
    let early = this.#passedOn;
    for (const items of this.#early) {
      broker.handOver(channel, early, items, Flag.SENT);
      early += items.count;
    }
    const { taken, done } = this.#log;
    const put = this.#received;
    broker.json(Type.LANE_CLOSED, channel, { put, sent: put, taken, done, peak: 0 });
  }

  /**
   * The program ends: what has come by now is here, though it does not get it any more. Gives whether the other end is gone, and may
   * have said nothing to the broker.
   */
  leave(): boolean {
    this.#leaving = true;
    return this.open && this.map === null && this.#door.readRest();
  }

  /** From now on its items are the broker's. Gives how many of those with tags were taken. */
  become(map: LaneMap): { readonly tags: LaneTags; readonly taken: number } {
    this.#settle(false);
    this.open = false;
    const tags = new LaneTags(map.ranges, this.#base);
    this.tags = tags;
    this.destroy();
    for (const then of this.#lookers.splice(0)) queueMicrotask(then);
    this.#early = [];
    let taken = 0;
    for (const [first, count] of map.ranges) taken += Math.max(0, Math.min(count, this.#log.taken - first));
    this.#log.clear();
    return { tags, taken };
  }

  /** What came is not what was said to be sent. */
  get broken(): boolean {
    return this.#received !== this.map?.sent;
  }

  /** How many the program has taken. */
  get taken(): number {
    return this.#log.taken;
  }

  /** What of it the program has taken and done, as the other end was told last; null where that is nothing. */
  get left(): LaneLeft | null {
    const { taken } = this.#log;
    if (taken === 0) return null;
    return { taken, done: [...this.#log.doneWithin(0, taken)].map(({ first, count }) => [first, count]) };
  }

  /** What is done of those that the broker takes for not done. */
  *doneOf(map: LaneMap): Generator<{ readonly first: number; readonly count: number }> {
    for (const [first, count] of map.ranges) yield* this.#log.doneWithin(first, count);
  }

  destroy(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#door.destroy();
  }

  /**
   * The other end connected before it handed over, and wrote what it says was sent. Where nothing of that is here after so many turns of the
   * loop, the system has refused the connection, as of a process that has all the files open that it may, and tells nobody.
   */
  #awaitConnection(turns: number): void {
    if (this.#door.entered || this.tags !== null) return;
    if (turns > 0) return void setImmediate(() => this.#awaitConnection(turns - 1));
    this.#ended = true;
    this.#judge();
  }

  #receive(frame: Frame): void {
    if (frame.type !== Type.PUT) throw new ProtocolError('protocol', 'only items come over a lane');
    const items = readItems(frame);
    if (items.count === 0) return;
    const { maxsize, maxBytes } = this.#settings;
    const received = this.#received + items.count;
    const waitingBytes = this.#waitingBytes + items.size;
    // What is not let in has not come: the broker is to hear of it from the other end.
    if ((maxsize > 0 && received - this.#log.taken > maxsize) || waitingBytes > maxBytes + LARGEST_PASSAGE)
      throw new ProtocolError('limit', 'more came than there was room for');
    this.#received = received;
    this.#waitingBytes = waitingBytes;
    if (this.open && !this.#leaving) this.#pass(items);
    else this.#early.push(items);
  }

  #pass(items: Items): void {
    const first = this.#passedOn;
    this.#passedOn += items.count;
    // Who decodes them may write over them, or give them to the program.
    const kept = this.#settings.encoding === 'text' ? items : { ...items, bytes: Buffer.from(items.bytes) };
    this.#log.add({ first, count: items.count, size: items.size, read: () => [kept] });
    this.#user.onLaneItems(items, first);
  }

  /** What the program has taken and done is known here too; with `tell` the other end is told. */
  #settle(tell: boolean): void {
    const { channel } = this.#settings;
    this.receipts.settle({
      taken: (count) => {
        this.#waitingBytes -= this.#log.take(count);
        if (tell) this.#writer.number(Type.TAKEN, channel, count);
      },
      done: (first, count) => {
        this.#log.finish(first, count);
        if (tell) this.#writer.range(Type.DONE, channel, first, count);
      },
    });
  }

  #judge(): void {
    if (this.tags !== null) return;
    // What the program was never to have from here, the broker gives it.
    const whole = this.#ended || this.#received >= (this.map?.sent ?? 0);
    const over = this.map === null ? this.#orphan && this.#ended : !this.open || whole;
    if (over) this.#user.onLaneOver();
  }

  #look(): void {
    this.#door.say([]);
    const still = this.#received === this.#receivedBefore;
    this.#receivedBefore = this.#received;
    this.#waitingFor = still && this.#user.waits() ? this.#waitingFor + 1 : 0;
    if (this.#waitingFor <= MOST_LOOKS_WAITING || this.#saidStill) return;
    this.stop();
    this.#saidStill = true;
    this.#user.onLaneStill();
  }
}

/** One to accept a connection, one to read from it, and some more for strangers. */
const TURNS = 10;
const LOOK_MS = 10;
/** Then the broker should know that this process waits. */
const MOST_LOOKS_WAITING = 10;
