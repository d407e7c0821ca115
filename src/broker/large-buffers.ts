// The memory that large frames are read into. What the system gives anew costs as much to come by as the bytes cost to move: so
// that of an item that is done is used again, for as long as it is certain that nobody looks into it any more.
import { HEADER } from '../wire/frame.ts';

interface Loan {
  readonly whole: Buffer;
  /** How long the frame in it is. */
  readonly length: number;
  /** Writes of it that the system has not taken. */
  writes: number;
}

export class LargeBuffers {
  readonly #loans = new WeakMap<ArrayBufferLike, Loan>();
  readonly #free: Buffer[] = [];
  #freeBytes = 0;

  /** For a frame of that length. */
  allocate(length: number): Buffer {
    if (length < LEAST) return Buffer.allocUnsafe(length);
    const whole = this.#takeFree(length) ?? Buffer.allocUnsafeSlow(Math.ceil(length / STEP) * STEP);
    this.#loans.set(whole.buffer, { whole, length, writes: 0 });
    return whole.subarray(0, length);
  }

  /** This run of items is over, for good. Where it is the whole of a PUT frame of its own, and not on its way to anybody, its memory is free. */
  recycle(items: Buffer): void {
    const loan = this.#loans.get(items.buffer);
    if (loan === undefined || items.length !== loan.length - BEFORE_ITEMS) return;
    this.#loans.delete(items.buffer);
    if (loan.writes > 0 || this.#freeBytes + loan.whole.length > MOST_FREE) return;
    this.#free.push(loan.whole);
    this.#freeBytes += loan.whole.length;
  }

  /** The system is still to take these. */
  writing(pieces: readonly Buffer[]): void {
    this.#count(pieces, 1);
  }

  written(pieces: readonly Buffer[]): void {
    this.#count(pieces, -1);
  }

  #takeFree(length: number): Buffer | undefined {
    const index = this.#free.findIndex((free) => free.length >= length && free.length <= 2 * length);
    const [free] = index < 0 ? [] : this.#free.splice(index, 1);
    this.#freeBytes -= free?.length ?? 0;
    return free;
  }

  #count(pieces: readonly Buffer[], writes: 1 | -1): void {
    for (const { buffer } of pieces) {
      const loan = this.#loans.get(buffer);
      if (loan !== undefined) loan.writes += writes;
    }
  }
}

/** What comes before the items of a PUT frame. */
const BEFORE_ITEMS = HEADER + 4;
/** Less is cheap to come by. */
const LEAST = 128 * 1024;
/** Frames of nearly the same length fit into each other's memory. */
const STEP = 64 * 1024;
/** So much is kept for later. */
const MOST_FREE = 8 * 1024 * 1024;
