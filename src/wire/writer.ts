// Writes frames, one after the other, to be sent as one write. Small things are copied into one block; large runs of items
// travel as they are, without a copy. Nothing is sent here: whoever owns the socket takes what has gathered.
import { type Place, standInFor } from './aside.ts';
import { HEADER, LENGTH_FIELD } from './frame.ts';
import { type Items, SIZE_FIELD } from './items.ts';
import {
  type AreaBody,
  type Dead,
  type ErrorBody,
  Flag,
  type Hello,
  type LaneBody,
  type LaneClosed,
  type LaneMap,
  type OutputBody,
  type ProcessBody,
  Type,
  type Welcome,
} from './message.ts';

/** Puts an item in another way than by its bytes, and says so by `putAside`; false where it cannot. */
type LayAside = (channel: number, bytes: Uint8Array, priority: number | undefined, flags: number) => boolean;

export class FrameWriter {
  /** Asked for every large item. */
  layAside: LayAside | null = null;
  readonly #blockSize: number;
  /** Finished pieces, in order; then `#block` from `#from` to `#at`. */
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  #block = EMPTY as Block;
  #from = 0;
  #at = 0;
  /** The channel of the PUT frame at the end of `#block` that more items may join; -1: there is none. */
  #joining = NOBODY;
  #joiningAt = 0;
  #joined = 0;
  /** Bytes of items that lie aside, and wait for their frames to be taken. */
  #aside = 0;

  constructor(blockSize = 16 * 1024) {
    this.#blockSize = blockSize;
  }

  /** Bytes that wait to be taken, or lie aside and are to be told of. */
  get pending(): number {
    return this.#piecesBytes + this.#at - this.#from + this.#aside;
  }

  /** Everything that has gathered, in order. */
  take(): Buffer[] {
    this.#seal();
    const taken = this.#pieces;
    this.#pieces = [];
    this.#piecesBytes = 0;
    this.#aside = 0;
    return taken;
  }

  /** What was taken is sent and its memory may be written to again. */
  reuse(): void {
    if (this.pending === 0) {
      this.#from = 0;
      this.#at = 0;
    }
  }

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

  /** `LANE`, `LANE_CLOSED`, `LANE_MAP`, `AREA`. */
  json(type: number, channel: number, body: LaneBody | LaneClosed | LaneMap | AreaBody, flags = 0): void {
    this.#json(type, channel, body, flags);
  }

  /** What has no body: `GOODBYE`, `UNWANT`, `UNGET`, `CLOSE`, `SHUT`, `LANE_READY`, `END`, `BROKEN`, `WITHDRAWN`, `RECALL`, `LANE_GO`, `LANE_STOP`; `REFUSED` of a queue. */
  bare(type: number, channel: number, flags = 0): void {
    this.#header(type, flags, channel, 0);
  }

  /**
   * `GET`, `TAKEN` (a count); `JOIN`, `STAT`, `FLUSH`, `READY`, `ACQUIRE`, `CANCEL`, `ASK`, `STUCK`, `REFUSED` of a lock (a request);
   * `AREA_READY`, `LEAVE_AREA` (an area); `PAUSED` (milliseconds).
   */
  number(type: number, channel: number, number: number, flags = 0): void {
    this.#header(type, flags, channel, 4);
    this.#u32(number);
  }

  /** `WANT`, `ROOM`, `GIVE_ROOM`; `FREED` (an area, and where in it). */
  room(type: number, channel: number, count: number, bytes: number, flags = 0): void {
    this.#header(type, flags, channel, 8);
    this.#u32(count);
    this.#u32(bytes);
  }

  /** `FINISH`. */
  finish(channel: number, request: number, count: number): void {
    this.room(Type.FINISH, channel, request, count);
  }

  /** `DONE`, `GIVE_BACK`. */
  range(type: number, channel: number, tag: number, count: number): void {
    this.#header(type, 0, channel, 10);
    this.#at = this.#block.writeUIntBE(tag, this.#at, 6);
    this.#u32(count);
  }

  release(channel: number, fence: number, request: number, flags = 0): void {
    this.#header(Type.RELEASE, flags, channel, 12);
    this.#fence(fence);
    this.#u32(request);
  }

  granted(channel: number, request: number, fence: number, flags = 0): void {
    this.#header(Type.GRANTED, flags, channel, 12);
    this.#u32(request);
    this.#fence(fence);
  }

  reply(channel: number, request: number, value?: unknown): void {
    const body = value === undefined ? EMPTY : Buffer.from(JSON.stringify(value));
    this.#header(Type.REPLY, 0, channel, 4 + body.length);
    this.#u32(request);
    this.#copy(body);
  }

  /** `OUTPUT`, `WATCH`, `TERMINATE`: a request, and an object. */
  ask(type: number, request: number, body: OutputBody | ProcessBody, flags = 0): void {
    const json = Buffer.from(JSON.stringify(body));
    this.#header(type, flags, 0, 4 + json.length);
    this.#u32(request);
    this.#copy(json);
  }

  put(channel: number, items: Items, flags = 0): void {
    this.#items(Type.PUT, channel, items, flags);
  }

  putPriority(channel: number, priority: number, items: Items, flags = 0): void {
    this.#header(Type.PUT_PRIORITY, flags, channel, 12, items.bytes.length);
    this.#at = this.#block.writeDoubleBE(priority, this.#at);
    this.#u32(items.count);
    this.raw(items.bytes);
  }

  /** One item that is judged, and answered. Large ones are not copied: they must not change until sent. */
  offer(channel: number, request: number, priority: number, item: Uint8Array, flags = 0): void {
    this.#header(Type.OFFER, flags, channel, 20, item.length);
    this.#u32(request);
    this.#at = this.#block.writeDoubleBE(priority, this.#at);
    this.#u32(1);
    this.#u32(item.length);
    this.raw(item);
  }

  deliver(channel: number, items: Items, flags = 0): void {
    this.#items(Type.DELIVER, channel, items, flags);
  }

  redeliver(channel: number, attempt: number, items: Items, flags = 0): void {
    this.#header(Type.REDELIVER, flags, channel, 8, items.bytes.length);
    this.#u32(attempt);
    this.#u32(items.count);
    this.raw(items.bytes);
  }

  handOver(channel: number, first: number, items: Items, flags: number): void {
    this.#header(Type.HAND_OVER, flags, channel, 10, items.bytes.length);
    this.#at = this.#block.writeUIntBE(first, this.#at, 6);
    this.#u32(items.count);
    this.raw(items.bytes);
  }

  /**
   * Puts one item, the UTF-8 of `text`: into the PUT frame that ends what has gathered, if it is that channel's, else into a
   * new one. Gives the item's size, or -1 where that would be more than `most`: then nothing was written.
   */
  putText(channel: number, text: string, most: number): number {
    const worst = text.length * 3;
    if (worst > this.#blockSize - PUT_OVERHEAD) return this.#putLargeText(channel, text, most);
    if (this.#joining !== channel || this.#at + SIZE_FIELD + worst > this.#block.length) this.#join(channel, worst);
    const block = this.#block;
    const at = this.#at;
    const size = block.utf8Write(text, at + SIZE_FIELD, worst);
    if (size > most) return -1;
    block[at] = size >>> 24;
    block[at + 1] = size >>> 16;
    block[at + 2] = size >>> 8;
    block[at + 3] = size;
    this.#at = at + SIZE_FIELD + size;
    this.#joined += 1;
    return size;
  }

  /** Puts one item. Large ones are copied only where they may `change` before they are sent. */
  putBytes(channel: number, bytes: Uint8Array, change = false): void {
    if (bytes.length < COPIED) {
      this.#join(channel, bytes.length);
      this.#u32(bytes.length);
      this.#block.set(bytes, this.#at);
      this.#at += bytes.length;
      this.#joined += 1;
      return;
    }
    if (this.layAside?.(channel, bytes, undefined, Flag.NONE)) return;
    this.#header(Type.PUT, 0, channel, 8, bytes.length);
    this.#u32(1);
    this.#u32(bytes.length);
    this.raw(change ? Buffer.from(bytes) : bytes);
  }

  /** Puts one item that lies aside. */
  putAside(channel: number, place: Place, priority: number | undefined, flags: number): void {
    const items = standInFor(place);
    if (priority === undefined) this.#items(Type.PUT, channel, items, flags | Flag.ASIDE);
    else this.putPriority(channel, priority, items, flags | Flag.ASIDE);
    this.#aside += place.size;
  }

  /** Puts one item in a frame of its own: with a priority, or at one end of a deque. Large ones are not copied, as above. */
  putApart(channel: number, bytes: Uint8Array, priority: number | undefined, flags: number): void {
    if (bytes.length >= COPIED && this.layAside?.(channel, bytes, priority, flags)) return;
    if (priority === undefined) {
      this.#header(Type.PUT, flags, channel, 8, bytes.length);
    } else {
      this.#header(Type.PUT_PRIORITY, flags, channel, 16, bytes.length);
      this.#at = this.#block.writeDoubleBE(priority, this.#at);
    }
    this.#u32(1);
    this.#u32(bytes.length);
    this.raw(bytes);
  }

  /** Bytes that are whole frames, or the rest of one. Large ones are not copied: they must not change until sent. */
  raw(bytes: Uint8Array): void {
    this.#part();
    if (bytes.length < COPIED) {
      this.#reserve(bytes.length);
      this.#copy(bytes);
      return;
    }
    this.#seal();
    this.#pieces.push(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#piecesBytes += bytes.length;
  }

  #items(type: number, channel: number, items: Items, flags: number): void {
    this.#header(type, flags, channel, 4, items.bytes.length);
    this.#u32(items.count);
    this.raw(items.bytes);
  }

  #putLargeText(channel: number, text: string, most: number): number {
    const bytes = Buffer.from(text);
    if (bytes.length > most) return -1;
    this.putBytes(channel, bytes);
    return bytes.length;
  }

  /** Makes room for an item of up to `most` bytes at the end of a PUT frame to `channel`. */
  #join(channel: number, most: number): void {
    if (this.#joining === channel && this.#at + SIZE_FIELD + most <= this.#block.length) return;
    this.#part();
    this.#reserve(PUT_OVERHEAD + most);
    this.#joining = channel;
    this.#joiningAt = this.#at;
    this.#joined = 0;
    this.#at += HEADER + 4;
  }

  /** Nothing more joins the PUT frame at the end: its length and count are now known. */
  #part(): void {
    const channel = this.#joining;
    if (channel === NOBODY) return;
    const end = this.#at;
    this.#joining = NOBODY;
    this.#at = this.#joiningAt;
    if (this.#joined === 0) return;
    this.#head(end - this.#at - LENGTH_FIELD, Type.PUT, 0, channel);
    this.#u32(this.#joined);
    this.#at = end;
  }

  #json(type: number, channel: number, value: unknown, flags = 0): void {
    const body = Buffer.from(JSON.stringify(value));
    this.#header(type, flags, channel, body.length);
    this.#copy(body);
  }

  /** Writes a header and makes room for `near` bytes of the body behind it; `far` more come by `raw`. */
  #header(type: number, flags: number, channel: number, near: number, far = 0): void {
    this.#part();
    this.#reserve(HEADER + near);
    this.#head(HEADER - LENGTH_FIELD + near + far, type, flags, channel);
  }

  #head(length: number, type: number, flags: number, channel: number): void {
    const block = this.#block;
    const at = this.#at;
    block[at] = length >>> 24;
    block[at + 1] = length >>> 16;
    block[at + 2] = length >>> 8;
    block[at + 3] = length;
    block[at + 4] = type;
    block[at + 5] = flags;
    block[at + 6] = channel >>> 8;
    block[at + 7] = channel;
    this.#at = at + HEADER;
  }

  #u32(value: number): void {
    this.#at = this.#block.writeUInt32BE(value, this.#at);
  }

  #fence(value: number): void {
    this.#u32(Math.floor(value / 0x100000000));
    this.#u32(value % 0x100000000);
  }

  #copy(bytes: Uint8Array): void {
    this.#block.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(length: number): void {
    if (this.#block.length - this.#at >= length) return;
    this.#seal();
    this.#block = Buffer.allocUnsafeSlow(Math.max(this.#blockSize, length)) as Block;
    this.#from = 0;
    this.#at = 0;
  }

  /** What is in the block becomes a finished piece; the rest of the block is still written to. */
  #seal(): void {
    this.#part();
    if (this.#at === this.#from) return;
    this.#pieces.push(this.#block.subarray(this.#from, this.#at));
    this.#piecesBytes += this.#at - this.#from;
    this.#from = this.#at;
  }
}

/** With the part of Node's `write` that writes, without its checks: it is called for every item. */
type Block = Buffer & { utf8Write(text: string, at: number, most: number): number };

const EMPTY: Buffer = Buffer.alloc(0);
const NOBODY = -1;
/** A PUT frame of one item, without the item. */
const PUT_OVERHEAD = HEADER + 4 + SIZE_FIELD;
/** A run of items shorter than this is copied: cheaper than one more piece in a write. */
const COPIED = 4 * 1024;
