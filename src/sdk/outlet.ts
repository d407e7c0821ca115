// Where the items go that one process puts to a queue: to the broker or, while there is one, over a direct lane; and how each is
// written. Whether there is room for them is the producer's to know.
import { Flag, type LaneBody, Limit, Type, type WelcomeLine } from '../wire/message.ts';
import { Laid } from './areas.ts';
import type { Connection } from './connection.ts';
import type { Failure } from './errors.ts';
import { type Freed, LARGEST, LaneOut } from './lane-out.ts';
import type { Manner } from './manner.ts';
import type { Session } from './session.ts';

/** Puts what goes out here. */
export interface Putter {
  /** So much more may be put. */
  onRoom(count: number, bytes: number): void;
  /** So much more may be put, though not at this moment: a lane is being closed. */
  onFreed(freed: Freed): void;
  /** Items go another way from now on. */
  onTurn(): void;
}

export class Outlet {
  /** The way that items go, and the largest that it takes. Fields, for they are looked at with every put. */
  way: Connection;
  largest: number = Limit.ITEM;
  readonly #session: Session;
  readonly #putter: Putter;
  #lane: LaneOut | null = null;
  #id = 0;
  /** The broker looks at every item, and answers. */
  #judged = false;

  constructor(session: Session, putter: Putter) {
    this.#session = session;
    this.#putter = putter;
    this.way = session.outlet;
  }

  open({ id, judged }: WelcomeLine): void {
    this.#id = id;
    this.#judged = judged;
  }

  /** Items go over a lane. */
  get bypasses(): boolean {
    return this.#lane?.open === true;
  }

  /** Writes an item; null: that is all. Where it is judged, there is an answer to wait for. */
  put(item: Uint8Array | Laid, manner: Manner): Promise<Failure | null> | null {
    // What waits behind this must not be put before it.
    if (item.length > this.largest || item instanceof Laid) this.closeLane();
    if (this.#judged && !(item instanceof Laid)) return this.#offer(item, manner);
    this.#write(item, manner);
    this.way.wroteItem(item.length);
    return null;
  }

  /** The broker offers a lane to the one process that takes. */
  enterLane({ path, key }: LaneBody): void {
    const { writer } = this.#session;
    const lane = new LaneOut(
      { channel: this.#id, path, key },
      {
        onLaneOpen: () => {
          this.way = lane.outlet;
          this.largest = LARGEST;
          // All that was put before this frame came through the broker; nothing after it does. Where it leaves at once, so do the first
          // words on the lane, and it may be found out that the other end is gone already.
          writer.bare(Type.LANE_READY, this.#id);
          this.#session.wrote();
          this.#putter.onTurn();
        },
        onLaneRoom: (count, bytes) => this.#putter.onRoom(count, bytes),
        onLaneTrouble: () => this.leaveLane(),
      },
    );
    this.#lane = lane;
    this.#session.lanes.add(lane);
  }

  /** Items go to the broker again. */
  leaveLane(): void {
    if (this.#lane === null) return;
    this.closeLane();
    this.#putter.onTurn();
  }

  /** The broker gets back what went over the lane and is not done. */
  closeLane(): void {
    const lane = this.#lane;
    if (lane === null) return;
    const { writer, lanes } = this.#session;
    lanes.delete(lane);
    this.#lane = null;
    this.way = this.#session.outlet;
    this.largest = Limit.ITEM;
    if (lane.open) this.#putter.onFreed(lane.close(writer));
    else writer.bare(Type.LANE_READY, this.#id, Flag.NO_LANE);
    lane.destroy();
    this.#session.wrote();
  }

  destroy(): void {
    this.#lane?.destroy();
  }

  #write(item: Uint8Array | Laid, { priority, left }: Manner): void {
    const flags = left ? Flag.LEFT : Flag.NONE;
    if (item instanceof Laid) this.#session.writer.putAside(this.#id, item.place, priority, flags);
    else if (priority === undefined && !left) this.way.writer.putBytes(this.#id, item);
    else this.#session.writer.putApart(this.#id, item, priority, flags);
  }

  #offer(item: Uint8Array, { priority, left }: Manner): Promise<Failure | null> {
    const flags = left ? Flag.LEFT : Flag.NONE;
    return new Promise((resolve) => {
      this.#session.request({
        write: (request) => this.#session.writer.offer(this.#id, request, priority ?? 0, item, flags),
        answer: () => resolve(null),
        fail: resolve,
      });
    });
  }
}
