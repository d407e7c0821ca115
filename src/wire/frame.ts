// Bytes in, frames out. A frame that lies whole in a chunk is a view of that chunk; one that does not is put together in a
// buffer of exactly its size. What a frame says of its length is checked before anything is allocated for it.
// The bodies are read by body.ts, frames are written by writer.ts.
import { type ErrorCode, Limit, Type } from './message.ts';

/** Views into `buffer`: valid as long as nobody writes to it. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly channel: number;
  readonly buffer: Buffer;
  /** Where the frame begins, its length field first. */
  readonly start: number;
  /** Where its body begins. */
  readonly body: number;
  readonly end: number;
}

/** The other side sent what the protocol does not allow. */
export class ProtocolError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.code = code;
  }
}

/** `length`, `type`, `flags`, `channel`. */
export const HEADER = 8;
/** How many bytes of a frame `length` leaves out: itself. */
export const LENGTH_FIELD = 4;

export class FrameReader {
  /** The longest `length` to accept, asked as soon as a header is there, which says `length`: less of one who has not said who it is. */
  limit: (type: number, channel: number, length: number) => number = () => Limit.ITEM + LENGTH_FIELD + JUDGED;
  /** Where a frame goes that is put together: so many bytes, and nobody else writes to them. */
  allocate = (length: number): Buffer => Buffer.allocUnsafe(length);
  readonly #onFrame: (frame: Frame) => void;
  /** The beginning of a frame of which too little has come to judge its length. */
  readonly #head = Buffer.alloc(JUDGED);
  #headFilled = 0;
  /** A frame that is being put together, and how much of it is there. */
  #whole: Buffer | null = null;
  #filled = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Whether the bytes so far end within a frame. */
  get partial(): boolean {
    return this.#headFilled > 0 || this.#whole !== null;
  }

  /** Where the rest of a frame goes that is being put together: who reads right into it, then says `filled`, saves a copy. */
  get rest(): Buffer | null {
    return this.#whole === null ? null : this.#whole.subarray(this.#filled);
  }

  /** So many bytes were read into `rest`. */
  filled(length: number): void {
    const whole = this.#whole as Buffer;
    this.#filled += length;
    if (this.#filled < whole.length) return;
    this.#whole = null;
    this.#onFrame(frameAt(whole, 0, whole.length));
  }

  /** What came lies in `chunk` between two offsets. Throws a `ProtocolError` for a frame that cannot be; the reader is of no use after that. */
  read(chunk: Buffer, start = 0, end = chunk.length): void {
    let at = start;
    while (at < end) {
      if (this.#whole !== null) at = this.#fill(this.#whole, chunk, at, end);
      else if (this.#headFilled > 0) at = this.#fillHead(chunk, at, end);
      else at = this.#next(chunk, at, end);
    }
  }

  /** A frame begins at `at`. */
  #next(chunk: Buffer, at: number, end: number): number {
    const total = this.#judge(chunk, at, end);
    if (total > 0 && at + total <= end) {
      this.#onFrame(frameAt(chunk, at, at + total));
      return at + total;
    }
    if (total > 0) return this.#begin(total, chunk, at, end);
    chunk.copy(this.#head, 0, at, end);
    this.#headFilled = end - at;
    return end;
  }

  /** Adds to a head byte by byte, until its length can be judged: at most a few bytes. */
  #fillHead(chunk: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end) {
      this.#head[this.#headFilled] = chunk[at] as number;
      this.#headFilled += 1;
      at += 1;
      const total = this.#judge(this.#head, 0, this.#headFilled);
      if (total === 0) continue;
      const head = this.#head.subarray(0, this.#headFilled);
      this.#headFilled = 0;
      this.#begin(total, head, 0, head.length);
      break;
    }
    return at;
  }

  #begin(total: number, chunk: Buffer, at: number, end: number): number {
    this.#whole = this.allocate(total);
    this.#filled = 0;
    return this.#fill(this.#whole, chunk, at, end);
  }

  #fill(whole: Buffer, chunk: Buffer, at: number, end: number): number {
    const copied = chunk.copy(whole, this.#filled, at, end);
    this.filled(copied);
    return at + copied;
  }

  /** How long the frame at `at` is in all, or 0 where more of it must be seen to say so. */
  #judge(bytes: Buffer, at: number, end: number): number {
    const seen = end - at;
    if (seen < HEADER) return 0;
    const length = bytes.readUInt32BE(at);
    if (length < HEADER - LENGTH_FIELD) throw new ProtocolError('protocol', `a frame says its length is ${length}`);
    const channel = bytes.readUInt16BE(at + 6);
    if (length > this.limit(bytes[at + LENGTH_FIELD] as number, channel, length)) throw tooLong(length);
    if (length > Limit.LENGTH) {
      const items = ITEMS_AT[bytes[at + LENGTH_FIELD] as number];
      if (items === undefined) throw tooLong(length);
      if (seen < items + 8) return 0;
      // Only a single item may make a frame this long.
      const size = bytes.readUInt32BE(at + items + 4);
      if (bytes.readUInt32BE(at + items) !== 1 || size > Limit.ITEM) throw tooLong(length);
      if (items + 8 + size !== LENGTH_FIELD + length) throw tooLong(length);
    }
    return LENGTH_FIELD + length;
  }
}

/** Where a frame's items begin, their count first. */
export const ITEMS_AT: Readonly<Record<number, number>> = {
  [Type.PUT]: HEADER,
  [Type.PUT_PRIORITY]: HEADER + 8,
  [Type.OFFER]: HEADER + 12,
  [Type.DELIVER]: HEADER,
  [Type.REDELIVER]: HEADER + 4,
  [Type.HAND_OVER]: HEADER + 6,
};

/** At most so many bytes must be seen before a frame's length can be judged. */
const JUDGED = HEADER + 12 + 8;

/** The frame between two offsets, its length already judged. */
export function frameAt(buffer: Buffer, start: number, end: number): Frame {
  return {
    type: buffer[start + 4] as number,
    flags: buffer[start + 5] as number,
    channel: ((buffer[start + 6] as number) << 8) | (buffer[start + 7] as number),
    buffer,
    start,
    body: start + HEADER,
    end,
  };
}

function tooLong(length: number): ProtocolError {
  return new ProtocolError('limit', `a frame says its length is ${length}, which is more than it may be`);
}
