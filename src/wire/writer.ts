// Writes frames, one after the other, to be sent as one write. Nothing is sent here: whoever owns the socket takes what has gathered.
import { type Place, standInFor } from './aside.ts';
import { COPIED, EMPTY, Gathering } from './gathering.ts';
import type { Items } from './items.ts';
import {
  type AreaBody,
  type Dead,
  type ErrorBody,
  Flag,
  type Hello,
  type LaneBody,
  type LaneClosed,
  type LaneLeft,
  type LaneMap,
  type OutputBody,
  type ProcessBody,
  Type,
  type Welcome,
} from './message.ts';

/** Puts an item in another way than by its bytes, and says so by `putAside`; false where it cannot. */
type LayAside = (channel: number, bytes: Uint8Array, priority: number | undefined, flags: number) => boolean;

export class FrameWriter extends Gathering {
  /** Asked for every large item. */
  layAside: LayAside | null = null;

  hello(body: Hello): void {
    this.#json(Type.HELLO, 0, body);
  }

  welcome(body: Welcome): void {
    this.#json(Type.WELCOME, 0, body);
  }

  dead(channel: number, body: Dead): void {
    this.#json(Type.DEAD, channel, body);
  }

  error(channel: number, body: ErrorBody): void {
    this.#json(Type.ERROR, channel, body);
  }

  /** `LANE`, `LANE_CLOSED`, `LANE_LEFT`, `LANE_MAP`, `AREA`. */
  json(type: number, channel: number, body: LaneBody | LaneClosed | LaneLeft | LaneMap | AreaBody, flags = 0): void {
    this.#json(type, channel, body, flags);
  }

  /** What has no body: `GOODBYE`, `UNWANT`, `UNGET`, `CLOSE`, `SHUT`, `LANE_READY`, `END`, `BROKEN`, `WITHDRAWN`, `RECALL`, `LANE_GO`, `LANE_STOP`; `REFUSED` of a queue. */
  bare(type: number, channel: number, flags = 0): void {
    this.header(type, flags, channel, 0);
  }

  /**
   * `GET`, `TAKEN` (a count); `JOIN`, `STAT`, `FLUSH`, `READY`, `ACQUIRE`, `CANCEL`, `ASK`, `STUCK`, `REFUSED` of a lock (a request);
   * `AREA_READY`, `LEAVE_AREA` (an area); `PAUSED` (milliseconds).
   */
  number(type: number, channel: number, number: number, flags = 0): void {
    this.header(type, flags, channel, 4);
    this.u32(number);
  }

  /** `WANT`, `ROOM`, `GIVE_ROOM`; `FREED` (an area, and where in it). */
  room(type: number, channel: number, count: number, bytes: number, flags = 0): void {
    this.header(type, flags, channel, 8);
    this.u32(count);
    this.u32(bytes);
  }

  /** `FINISH`. */
  finish(channel: number, request: number, count: number): void {
    this.room(Type.FINISH, channel, request, count);
  }

  /** `DONE`, `GIVE_BACK`. */
  range(type: number, channel: number, tag: number, count: number): void {
    this.header(type, 0, channel, 10);
    this.u48(tag);
    this.u32(count);
  }

  release(channel: number, fence: number, request: number, flags = 0): void {
    this.header(Type.RELEASE, flags, channel, 12);
    this.fence(fence);
    this.u32(request);
  }

  granted(channel: number, request: number, fence: number, flags = 0): void {
    this.header(Type.GRANTED, flags, channel, 12);
    this.u32(request);
    this.fence(fence);
  }

  reply(channel: number, request: number, value?: unknown): void {
    const body = value === undefined ? EMPTY : Buffer.from(JSON.stringify(value));
    this.header(Type.REPLY, 0, channel, 4 + body.length);
    this.u32(request);
    this.copy(body);
  }

  /** `OUTPUT`, `WATCH`, `TERMINATE`: a request, and an object. */
  ask(type: number, request: number, body: OutputBody | ProcessBody, flags = 0): void {
    const json = Buffer.from(JSON.stringify(body));
    this.header(type, flags, 0, 4 + json.length);
    this.u32(request);
    this.copy(json);
  }

  put(channel: number, items: Items, flags = 0): void {
    this.#items(Type.PUT, channel, items, flags);
  }

  putPriority(channel: number, priority: number, items: Items, flags = 0): void {
    this.header(Type.PUT_PRIORITY, flags, channel, 12, items.bytes.length);
    this.double(priority);
    this.u32(items.count);
    this.raw(items.bytes);
  }

  /** One item that is judged, and answered. Large ones are not copied: they must not change until sent. */
  offer(channel: number, request: number, priority: number, item: Uint8Array, flags = 0): void {
    this.header(Type.OFFER, flags, channel, 20, item.length);
    this.u32(request);
    this.double(priority);
    this.u32(1);
    this.u32(item.length);
    this.raw(item);
  }

  deliver(channel: number, items: Items, flags = 0): void {
    this.#items(Type.DELIVER, channel, items, flags);
  }

  redeliver(channel: number, attempt: number, items: Items, flags = 0): void {
    this.header(Type.REDELIVER, flags, channel, 8, items.bytes.length);
    this.u32(attempt);
    this.u32(items.count);
    this.raw(items.bytes);
  }

  handOver(channel: number, first: number, items: Items, flags: number): void {
    this.header(Type.HAND_OVER, flags, channel, 10, items.bytes.length);
    this.u48(first);
    this.u32(items.count);
    this.raw(items.bytes);
  }

  /**
   * Puts one item, the UTF-8 of `text`: into the PUT frame that ends what has gathered, if it is that channel's, else into a
   * new one. Gives the item's size, or -1 where that would be more than `most`: then nothing was written.
   */
  putText(channel: number, text: string, most: number): number {
    const worst = text.length * 3;
    if (worst > this.mostTogether) return this.#putLargeText(channel, text, most);
    return this.addText(channel, text, worst, most);
  }

  /** Puts one item. Large ones are copied only where they may `change` before they are sent. */
  putBytes(channel: number, bytes: Uint8Array, change = false): void {
    if (bytes.length < COPIED) return this.addBytes(channel, bytes);
    if (this.layAside?.(channel, bytes, undefined, Flag.NONE)) return;
    this.header(Type.PUT, 0, channel, 8, bytes.length);
    this.u32(1);
    this.u32(bytes.length);
    this.raw(change ? Buffer.from(bytes) : bytes);
  }

  /** Puts one item that lies aside. */
  putAside(channel: number, place: Place, priority: number | undefined, flags: number): void {
    const items = standInFor(place);
    if (priority === undefined) this.#items(Type.PUT, channel, items, flags | Flag.ASIDE);
    else this.putPriority(channel, priority, items, flags | Flag.ASIDE);
    this.lieAside(place.size);
  }

  /** Puts one item in a frame of its own: with a priority, or at one end of a deque. Large ones are not copied, as above. */
  putApart(channel: number, bytes: Uint8Array, priority: number | undefined, flags: number): void {
    if (bytes.length >= COPIED && this.layAside?.(channel, bytes, priority, flags)) return;
    if (priority === undefined) {
      this.header(Type.PUT, flags, channel, 8, bytes.length);
    } else {
      this.header(Type.PUT_PRIORITY, flags, channel, 16, bytes.length);
      this.double(priority);
    }
    this.u32(1);
    this.u32(bytes.length);
    this.raw(bytes);
  }

  #items(type: number, channel: number, items: Items, flags: number): void {
    this.header(type, flags, channel, 4, items.bytes.length);
    this.u32(items.count);
    this.raw(items.bytes);
  }

  #putLargeText(channel: number, text: string, most: number): number {
    const bytes = Buffer.from(text);
    if (bytes.length > most) return -1;
    this.putBytes(channel, bytes);
    return bytes.length;
  }

  #json(type: number, channel: number, value: unknown, flags = 0): void {
    const body = Buffer.from(JSON.stringify(value));
    this.header(type, flags, channel, body.length);
    this.copy(body);
  }
}
