// The machine of a queue's direct lane: a connection past the broker, from the one process that puts to the one that takes. It
// is opened where much is put, and closed again as soon as anything is out of the ordinary: then what went over it and is
// not done is handed over, and the queue goes on as if it had had it all along. What happens meanwhile waits for that.
import type { QueueChannel } from '../plan/plan.ts';
import type { LaneClosed, LaneMap } from '../wire/message.ts';
import type { Seat } from './seat.ts';
import type { Speech } from './speech.ts';

export class Lane {
  /** Items that went over it, all told. */
  carried = 0;
  readonly #speech: Speech;
  readonly #seats: ReadonlyMap<number, Seat>;
  /** How many items must be put within a short time for it to be worth while. */
  #least: number;
  #since = Number.NEGATIVE_INFINITY;
  #putBefore = 0;
  #bytesBefore = 0;
  #offered = 0;
  #phase: Phase = 'closed';
  #putter = NOBODY;
  #taker = NOBODY;
  /** The taker was told that all which came through the broker has been sent to it. */
  #gone = false;
  /** Something may have gone over it. */
  #used = false;
  /** What the taker has of what is handed over. */
  #ranges: [number, number][] = [];

  constructor(speech: Speech, seats: ReadonlyMap<number, Seat>, least: number) {
    this.#least = least;
    this.#speech = speech;
    this.#seats = seats;
  }

  /** Items may be on it that the broker does not know of. */
  get busy(): boolean {
    return this.#phase === 'open' || this.#phase === 'orphaned';
  }

  /** Who takes from it, or did. */
  get taker(): number {
    return this.#taker;
  }

  /** Offers a lane where much is put, and says go once all that was put before is taken. */
  consider(now: number, { put, bytes, waiting, held }: QueueLoad): void {
    if (this.#phase === 'open' && waiting === 0 && !this.#gone) {
      this.#gone = true;
      this.#speech.say({ type: 'lane-go', session: this.#taker });
    }
    if (this.#phase !== 'closed') return;
    if (now - this.#since > WINDOW_MS) {
      this.#since = now;
      this.#putBefore = put;
      this.#bytesBefore = bytes;
    } else if (put - this.#putBefore >= this.#least && held <= MOST_HELD && waiting <= MOST_WAITING) {
      if (bytes - this.#bytesBefore <= MOST_SIZE * (put - this.#putBefore)) this.#offer();
    }
  }

  /** A session can do its part, or cannot. */
  ready(session: number, can: boolean): void {
    if (this.#phase === 'listening' && session === this.#taker) {
      if (!can) this.#phase = 'closed';
      else if (!this.#alone()) this.#forget();
      else {
        this.#phase = 'connecting';
        this.#speech.say({ type: 'lane', session: this.#putter, listen: false, number: this.#offered });
      }
    } else if (this.#phase === 'connecting' && session === this.#putter) {
      if (!can) return this.#forget();
      this.#phase = 'open';
      this.#used = true;
      if (!this.#alone()) this.stop();
    }
  }

  /** Something wants to know how the queue stands, or to take part in it. */
  stop(): void {
    if (this.#phase === 'open') this.#speech.say({ type: 'lane-stop', session: this.#putter, orphaned: false });
  }

  /** Whether this session is the one that is to hand over what was on the lane. */
  hands(session: number): boolean {
    return this.#phase === 'open' ? session === this.#putter : this.#phase === 'orphaned' && session === this.#taker;
  }

  /**
   * These were on the lane from the number `first` on; `sent`: they have come to the taker. Gives whether the taker has them to give
   * to its program: before it was told to go on with them, there is something older in the queue.
   */
  handOver(first: number, count: number, sent: boolean): boolean {
    if (!sent || !this.#gone) return false;
    const last = this.#ranges.at(-1);
    if (last !== undefined && last[0] + last[1] === first) last[1] += count;
    else this.#ranges.push([first, count]);
    return true;
  }

  /** All is handed over. Gives what of it the taker was given. */
  close({ put, sent, taken }: LaneClosed): LaneMap['ranges'] {
    this.#speech.say({ type: 'lane-map', session: this.#taker, map: { sent, ranges: this.#ranges } });
    // The putter was ahead: a lane of which the other end cannot keep up holds both of them up.
    if (sent < put || put - taken > MOST_WAITING / 4) this.#least = Math.min(this.#least * 8, MOST_LEAST);
    this.#end(put);
    return this.#ranges;
  }

  /** The putter has left, and the taker has handed over in its place already. False: it is somebody else. */
  bequeath(session: number): boolean {
    if (this.#phase !== 'open' || session !== this.#putter) return false;
    this.#phase = 'orphaned';
    return true;
  }

  /** A session has left. Gives whether what is on the lane is lost with it. */
  leave(session: number): boolean {
    if (this.#phase === 'closed' || (session !== this.#taker && session !== this.#putter)) return false;
    const left = session === this.#taker ? this.#putter : this.#taker;
    if (this.#seats.has(left)) {
      if (session === this.#putter) this.#forget();
      else if (this.#phase === 'listening') this.#end(0);
      else this.#speech.say({ type: 'lane-stop', session: left, orphaned: false });
      return false;
    }
    this.#end(0);
    return this.#used;
  }

  #offer(): void {
    const [putter, ...otherPutters] = [...this.#seats.values()].filter((seat) => seat.puts);
    const [taker, ...otherTakers] = [...this.#seats.values()].filter((seat) => seat.takes);
    this.#since = Number.NEGATIVE_INFINITY;
    if (putter === undefined || taker === undefined || otherPutters.length + otherTakers.length > 0) return;
    if (putter === taker || putter.closed || !putter.lanes || !taker.lanes || this.#seats.size > 2) return;
    this.#phase = 'listening';
    this.#offered += 1;
    this.#putter = putter.session;
    this.#taker = taker.session;
    this.#gone = false;
    this.#used = false;
    this.#ranges = [];
    this.#speech.say({ type: 'lane', session: this.#taker, listen: true, number: this.#offered });
  }

  /** Nobody else is there. */
  #alone(): boolean {
    return this.#seats.size === 2 && this.#seats.has(this.#putter) && this.#seats.has(this.#taker);
  }

  /** The other end does not come, or comes no more: the taker hands over what it has. */
  #forget(): void {
    if (!this.#seats.has(this.#taker)) return this.#end(0);
    this.#phase = 'orphaned';
    this.#speech.say({ type: 'lane-stop', session: this.#taker, orphaned: true });
  }

  #end(put: number): void {
    this.#phase = 'closed';
    this.#putter = NOBODY;
    this.carried += put;
    // One that is closed again at once is not worth what it costs.
    if (put < this.#least * WORTH_TIMES) this.#least = Math.min(this.#least * 4, MOST_LEAST);
  }
}

/** How many items were put to the queue so far, and their bytes, and how many of these wait and are held. */
export interface QueueLoad {
  readonly put: number;
  readonly bytes: number;
  readonly waiting: number;
  readonly held: number;
}

type Phase =
  | 'closed'
  /** The taker was asked to listen, then the putter to connect. */
  | 'listening'
  | 'connecting'
  | 'open'
  /** The putter is gone, or never came. */
  | 'orphaned';

/** Whether a queue's items may go past the broker: it must have nothing to say to any single one. */
export function mayHaveLane(queue: LaneSettings): boolean {
  const [putter, ...otherPutters] = queue.producers;
  const [taker, ...otherTakers] = queue.consumers;
  const two = putter !== undefined && taker !== undefined && otherPutters.length + otherTakers.length === 0;
  const plain = queue.order === 'fifo' && queue.overflow === 'block' && queue.delivery === 'at-least-once';
  const unseen = !queue.confirm && queue.item === null && queue.deadLetter === null;
  return two && putter !== taker && plain && unseen && queue.group === null;
}

type LaneSettings = Pick<
  QueueChannel,
  'producers' | 'consumers' | 'group' | 'confirm' | 'order' | 'overflow' | 'delivery' | 'item' | 'deadLetter'
>;

/** So many items within a short time make a lane worth while: the fewer the queue holds, the more often somebody is woken. */
export function laneItemsOf({ maxsize }: Pick<QueueChannel, 'maxsize'>): number {
  return maxsize === 0 ? LANE_ITEMS : Math.min(LANE_ITEMS, FILLS * maxsize);
}

const NOBODY = 0;
const WINDOW_MS = 20;
const LANE_ITEMS = 2000;
const FILLS = 20;
/** What a program takes and does not get done, both ends of a lane would keep. */
const MOST_HELD = 10_000;
/** Of larger items, in bytes, both ends would keep so much that it costs more memory than a lane saves time. */
const MOST_SIZE = 512;
/** Where more waits the taker is behind, and has enough to do. */
const MOST_WAITING = 4096;
/** It should last for so many times what made it worth while. */
const WORTH_TIMES = 10;
const MOST_LEAST = 2 ** 30;
