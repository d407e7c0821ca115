// Where the bytes of a socket are read to: into slabs, so that no buffer is made for each small read, and the rest of a large frame right
// into its place. Frames look into what was read, so no part of a slab is written to again.
import type { FrameReader } from './frame.ts';

export interface SlabSizes {
  /** The first slab. Who sends as much at a time as fits gets twice as much to send it to, up to the largest. */
  readonly least: number;
  readonly largest: number;
  /** So much at least there is to read to at a time. */
  readonly space: number;
}

export class Inlet {
  readonly #reader: FrameReader;
  readonly #sizes: SlabSizes;
  #slab = Buffer.alloc(0);
  #taken = 0;
  #slabSize: number;
  /** What is read now goes right into the frame it belongs to. */
  #straight = false;

  constructor(reader: FrameReader, sizes: SlabSizes) {
    this.#reader = reader;
    this.#sizes = sizes;
    this.#slabSize = sizes.least;
  }

  /** Where to read to. */
  space(): Buffer {
    const { space } = this.#sizes;
    const { rest } = this.#reader;
    this.#straight = rest !== null && rest.length >= space;
    if (rest !== null && this.#straight) return rest;
    if (this.#slab.length - this.#taken < space) {
      this.#slab = Buffer.allocUnsafeSlow(this.#slabSize);
      this.#taken = 0;
    }
    return this.#slab.subarray(this.#taken);
  }

  /** So much was read there. Throws what the reader throws. */
  read(length: number): void {
    if (this.#straight) return this.#reader.filled(length);
    const from = this.#taken;
    this.#taken += length;
    if (this.#taken === this.#slab.length) this.#slabSize = Math.min(this.#slabSize * 2, this.#sizes.largest);
    this.#reader.read(this.#slab, from, this.#taken);
  }
}
