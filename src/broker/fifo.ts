// The backlog of a fifo queue. Small batches that arrive one after the other are gathered into blocks, so that a million tiny puts do not cost
// a million buffers; large ones are kept as they came, without a copy.
import { AsideItems } from '../wire/aside.ts';
import { type Items, SIZE_FIELD } from '../wire/items.ts';
import type { Backlog, Manner } from './backlog.ts';
import { type Batch, type Death, splitBatch } from './batch.ts';
import { keptAlone } from './kept-alone.ts';

export class Fifo implements Backlog {
  count = 0;
  /** By `first`, rising; all of them older than what is being gathered. Those before `#from` are taken. */
  readonly #batches: (Batch | null)[] = [];
  #from = 0;
  /** Where small batches are gathered, and how much of it is taken. */
  #block = Buffer.alloc(0);
  #blockTaken = 0;
  /** The newest items, at the end of the block. */
  #gathered: Gathered | null = null;

  get nextIsSuspect(): boolean {
    return this.#batches[this.#from]?.suspect === true;
  }

  put(first: number, items: Items, { death }: Manner): void {
    this.count += items.count;
    if (items instanceof AsideItems || items.bytes.length > SMALL || death !== undefined) {
      this.#seal();
      this.#batches.push(fresh(first, keptAlone(items), death));
      return;
    }
    if (this.#gathered !== null && this.#gathered.first + this.#gathered.count !== first) this.#seal();
    if (this.#block.length - this.#blockTaken < items.bytes.length) {
      this.#seal();
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      this.#blockTaken = 0;
    }
    this.#gathered ??= { first, from: this.#blockTaken, count: 0 };
    this.#block.set(items.bytes, this.#blockTaken);
    this.#blockTaken += items.bytes.length;
    this.#gathered.count += items.count;
  }

  take(most: number): Batch {
    if (this.#batches.length === 0) this.#seal();
    const head = this.#batches[this.#from];
    if (!head) throw new Error('Internal error: an empty backlog was asked for items');
    if (head.items.count <= most) {
      this.#leave();
      this.count -= head.items.count;
      return head;
    }
    const [taken, rest] = splitBatch(head, most);
    this.#batches[this.#from] = rest;
    this.count -= most;
    return taken;
  }

  takeOldest(): Batch {
    return this.take(1);
  }

  restore(batch: Batch): void {
    this.count += batch.items.count;
    let low = this.#from;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle] as Batch).first < batch.first) low = middle + 1;
      else high = middle;
    }
    if (low > this.#from || this.#from === 0) this.#batches.splice(low, 0, batch);
    else {
      this.#from -= 1;
      this.#batches[this.#from] = batch;
    }
  }

  /** The first is taken. Moving up all others each time would take longer the more there are. */
  #leave(): void {
    this.#batches[this.#from] = null;
    this.#from += 1;
    if (this.#from === this.#batches.length) this.#batches.length = 0;
    else if (this.#from < MANY || this.#from * 2 < this.#batches.length) return;
    else this.#batches.splice(0, this.#from);
    this.#from = 0;
  }

  #seal(): void {
    const gathered = this.#gathered;
    if (gathered === null) return;
    this.#gathered = null;
    const bytes = this.#block.subarray(gathered.from, this.#blockTaken);
    const size = bytes.length - gathered.count * SIZE_FIELD;
    this.#batches.push(fresh(gathered.first, { bytes, count: gathered.count, size }));
  }
}

interface Gathered {
  readonly first: number;
  /** Where in the block it begins. */
  readonly from: number;
  count: number;
}

/** Copying less than this costs less than the memory that would be kept for its sake: all that came in the same read. */
const SMALL = 4 * 1024;
const BLOCK = 16 * 1024;
/** So many places at least are given back at a time. */
const MANY = 1024;

function fresh(first: number, items: Items, death: Death | null = null): Batch {
  return { first, items, charges: 0, seen: false, death };
}
