// What has been written and not been taken yet: finished pieces, then the block that is being written to. Small things are copied
// into the block; large runs of items travel as they are, without a copy. Of the frames it knows where their headers are, and
// that items put one after the other to one channel share one.
import { HEADER, LENGTH_FIELD } from './frame.ts';
import { SIZE_FIELD } from './items.ts';
import { Type } from './message.ts';

export class Gathering {
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

  /** Bytes that are whole frames, or the rest of one. Large ones are not copied: they must not change until sent. */
  raw(bytes: Uint8Array): void {
    this.#part();
    if (bytes.length < COPIED) {
      this.#reserve(bytes.length);
      this.copy(bytes);
      return;
    }
    this.#seal();
    this.#pieces.push(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#piecesBytes += bytes.length;
  }

  /** So many bytes lie aside, of items whose frames were written. */
  protected lieAside(size: number): void {
    this.#aside += size;
  }

  /** The largest item that a PUT frame may share with others. */
  protected get mostTogether(): number {
    return this.#blockSize - PUT_OVERHEAD;
  }

  /**
   * Adds an item, the UTF-8 of `text`, which `worst` bytes hold, to the PUT frame that ends what has gathered, if it is that channel's,
   * else to a new one. Gives the item's size, or -1 where that would be more than `most`: then nothing was added.
   */
  protected addText(channel: number, text: string, worst: number, most: number): number {
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

  /** The same with an item of so few bytes that they are copied. */
  protected addBytes(channel: number, bytes: Uint8Array): void {
    this.#join(channel, bytes.length);
    this.u32(bytes.length);
    this.copy(bytes);
    this.#joined += 1;
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
    this.u32(this.#joined);
    this.#at = end;
  }

  /** Writes a header and makes room for `near` bytes of the body behind it; `far` more come by `raw`. */
  protected header(type: number, flags: number, channel: number, near: number, far = 0): void {
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

  protected u32(value: number): void {
    this.#at = this.#block.writeUInt32BE(value, this.#at);
  }

  protected u48(value: number): void {
    this.#at = this.#block.writeUIntBE(value, this.#at, 6);
  }

  protected double(value: number): void {
    this.#at = this.#block.writeDoubleBE(value, this.#at);
  }

  protected fence(value: number): void {
    this.u32(Math.floor(value / 0x100000000));
    this.u32(value % 0x100000000);
  }

  protected copy(bytes: Uint8Array): void {
    this.#block.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(length: number): void {
    // What begins near the end of a block, for the rest of it is not sent yet, would soon be cut in two: and many small frames are
    // more to keep than few large ones.
    const late = this.#at === this.#from && this.#at > this.#blockSize / 2;
    if (this.#block.length - this.#at >= length && !late) return;
    this.#seal();
    this.#block = Buffer.allocUnsafeSlow(Math.max(this.#blockSize, length)) as Block;
    this.#from = 0;
    this.#at = 0;
  }

  /** What is in the block becomes a finished piece; the rest of the block is still written to. */
  #seal(): void {
    this.#part();
    if (this.#at === this.#from) return;
    const piece = this.#block.subarray(this.#from, this.#at);
    // Mostly it is the only one: an array that is pushed to has room for many.
    if (this.#pieces.length === 0) this.#pieces = [piece];
    else this.#pieces.push(piece);
    this.#piecesBytes += this.#at - this.#from;
    this.#from = this.#at;
  }
}

/** With the part of Node's `write` that writes, without its checks: it is called for every item. */
type Block = Buffer & { utf8Write(text: string, at: number, most: number): number };

export const EMPTY: Buffer = Buffer.alloc(0);
const NOBODY = -1;
/** A PUT frame of one item, without the item. */
const PUT_OVERHEAD = HEADER + 4 + SIZE_FIELD;
/** A run of items shorter than this is copied: cheaper than one more piece in a write. */
export const COPIED = 4 * 1024;
