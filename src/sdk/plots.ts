// Where in an area of shared memory there is room for an item. A machine. What lies lowest is used first: memory that was used just
// now is the fastest to use again, and what lies above is given back sooner.

interface Plot {
  readonly at: number;
  /** What it takes: whole pages. */
  readonly length: number;
}

export class Plots {
  /** How much there is. */
  bytes: number;
  /** The end of the highest plot since it was last empty. */
  top = 0;
  /** In their order in the area. */
  readonly #plots: Plot[] = [];

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  get empty(): boolean {
    return this.#plots.length === 0;
  }

  /** Where an item of that size can lie from now on; -1: nowhere. */
  take(size: number): number {
    const length = Math.ceil(size / PAGE) * PAGE;
    let at = 0;
    let index = 0;
    for (const plot of this.#plots) {
      if (plot.at - at >= length) break;
      at = plot.at + plot.length;
      index += 1;
    }
    if (at + length > this.bytes) return -1;
    this.#plots.splice(index, 0, { at, length });
    this.top = Math.max(this.top, at + length);
    return at;
  }

  /** Nothing lies there any more. */
  free(at: number): void {
    let low = 0;
    let high = this.#plots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#plots[middle] as Plot).at < at) low = middle + 1;
      else high = middle;
    }
    if (this.#plots[low]?.at === at) this.#plots.splice(low, 1);
  }
}

const PAGE = 4096;
