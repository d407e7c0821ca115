// Writes frames, one after the other, to be sent as one write. Small things are copied into one buffer; large runs of items
// travel as they are, without a copy. Nothing is sent here: whoever owns the socket takes what has gathered.
import { HEADER, LENGTH_FIELD } from './frame.ts';
import type { Items } from './items.ts';
import { type ErrorBody, type Hello, Type, type Welcome } from './message.ts';

export class FrameWriter {
  /** Finished buffers, in order; then `#open` up to `#at`. */
  #full: Buffer[] = [];
  #fullBytes = 0;
  #open: Buffer = EMPTY;
  /** Where in `#open` what has not been taken begins. */
  #from = 0;
  #at = 0;

  /** Bytes that wait to be taken. */
  get pending(): number {
    return this.#fullBytes + this.#at - this.#from;
  }

  /** Everything that has gathered, in order. */
  take(): Buffer[] {
    this.#seal();
    const taken = this.#full;
    this.#full = [];
    this.#fullBytes = 0;
    return taken;
  }

  hello(body: Hello): void {
    this.#json(Type.HELLO, 0, body);
  }

  welcome(body: Welcome): void {
    this.#json(Type.WELCOME, 0, body);
  }

  error(channel: number, body: ErrorBody): void {
    this.#json(Type.ERROR, channel, body);
  }

  /** `GOODBYE`, `UNWANT`, `UNGET`, `CLOSE`, `END`, `BROKEN`, `WITHDRAWN`, `RECALL`; `REFUSED` of a queue. */
  bare(type: number, channel: number, flags = 0): void {
    this.#header(type, flags, channel, 0);
  }

  /** `GET`, `TAKEN` (a count); `JOIN`, `STAT`, `FLUSH`, `ACQUIRE`, `CANCEL` (a request); `REFUSED` of a lock. */
  number(type: number, channel: number, number: number, flags = 0): void {
    this.#header(type, flags, channel, 4);
    this.#u32(number);
  }

  /** `WANT`, `ROOM`, `GIVE_ROOM`. */
  room(type: number, channel: number, count: number, bytes: number, flags = 0): void {
    this.#header(type, flags, channel, 8);
    this.#u32(count);
    this.#u32(bytes);
  }

  /** `DONE`, `GIVE_BACK`. */
  range(type: number, channel: number, tag: number, count: number): void {
    this.#header(type, 0, channel, 10);
    this.#at = this.#open.writeUIntBE(tag, this.#at, 6);
    this.#u32(count);
  }

  release(channel: number, fence: number, request: number): void {
    this.#header(Type.RELEASE, 0, channel, 12);
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

  put(channel: number, items: Items): void {
    this.#items(Type.PUT, channel, items);
  }

  deliver(channel: number, items: Items): void {
    this.#items(Type.DELIVER, channel, items);
  }

  redeliver(channel: number, attempt: number, items: Items): void {
    this.#header(Type.REDELIVER, 0, channel, 8, items.bytes.length);
    this.#u32(attempt);
    this.#u32(items.count);
    this.raw(items.bytes);
  }

  /** Bytes that are whole frames, or the rest of one. Large ones are not copied: they must not change until sent. */
  raw(bytes: Buffer): void {
    if (bytes.length < COPIED) {
      this.#reserve(bytes.length);
      this.#copy(bytes);
      return;
    }
    this.#seal();
    this.#full.push(bytes);
    this.#fullBytes += bytes.length;
  }

  #items(type: number, channel: number, items: Items): void {
    this.#header(type, 0, channel, 4, items.bytes.length);
    this.#u32(items.count);
    this.raw(items.bytes);
  }

  #json(type: number, channel: number, value: unknown): void {
    const body = Buffer.from(JSON.stringify(value));
    this.#header(type, 0, channel, body.length);
    this.#copy(body);
  }

  /** Writes a header and makes room for `near` bytes of the body behind it; `far` more come by `raw`. */
  #header(type: number, flags: number, channel: number, near: number, far = 0): void {
    this.#reserve(HEADER + near);
    const length = HEADER - LENGTH_FIELD + near + far;
    const open = this.#open;
    const at = this.#at;
    open[at] = length >>> 24;
    open[at + 1] = length >>> 16;
    open[at + 2] = length >>> 8;
    open[at + 3] = length;
    open[at + 4] = type;
    open[at + 5] = flags;
    open[at + 6] = channel >>> 8;
    open[at + 7] = channel;
    this.#at = at + HEADER;
  }

  #u32(value: number): void {
    this.#at = this.#open.writeUInt32BE(value, this.#at);
  }

  #fence(value: number): void {
    this.#u32(Math.floor(value / 0x100000000));
    this.#u32(value % 0x100000000);
  }

  #copy(bytes: Buffer): void {
    this.#open.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(length: number): void {
    if (this.#open.length - this.#at >= length) return;
    this.#seal();
    this.#open = Buffer.allocUnsafeSlow(Math.max(BLOCK, length));
    this.#from = 0;
    this.#at = 0;
  }

  /** What is in the open buffer becomes a finished one; the rest of it is still written to. */
  #seal(): void {
    if (this.#at === this.#from) return;
    this.#full.push(this.#open.subarray(this.#from, this.#at));
    this.#fullBytes += this.#at - this.#from;
    this.#from = this.#at;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
const BLOCK = 16 * 1024;
/** A run of items shorter than this is copied: cheaper than one more piece in a write. */
const COPIED = 4 * 1024;
