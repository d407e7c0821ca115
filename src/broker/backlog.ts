// The items of a queue that nobody has been given, in the order in which they were accepted. What comes back takes its old
// place. Small batches that arrive one after the other are gathered into blocks, so that a million tiny puts do not cost
// a million buffers; large ones are kept as they came, without a copy.
import type { Items } from '../wire/items.ts';
import { type Batch, splitBatch } from './batch.ts';

export class Backlog {
  /** Items in it. */
  count = 0;
  /** By `first`, rising; all of them older than what is being gathered. */
  readonly #batches: Batch[] = [];
  #gathered: Gathered | null = null;

  /** Items that nobody has had yet; `first` is larger than ever before. */
  put(first: number, items: Items): void {
    this.count += items.count;
    if (items.bytes.length > SMALL) {
      this.#seal();
      this.#batches.push(fresh(first, items));
      return;
    }
    if (this.#gathered !== null) {
      if (gather(this.#gathered, first, items)) return;
      this.#seal();
    }
    const last = this.#batches.at(-1);
    if (last === undefined || !joins(last, first)) {
      this.#batches.push(fresh(first, items));
      return;
    }
    this.#batches.pop();
    this.#gathered = { first: last.first, block: Buffer.allocUnsafeSlow(BLOCK), end: 0, count: 0 };
    gather(this.#gathered, last.first, last.items);
    gather(this.#gathered, first, items);
  }

  /** Removes the oldest items: at most `most`, all of one batch. Something must be in it. */
  take(most: number): Batch {
    if (this.#batches.length === 0) this.#seal();
    const head = this.#batches[0];
    if (head === undefined) throw new Error('Internal error: an empty backlog was asked for items');
    if (head.items.count <= most) {
      this.#batches.shift();
      this.count -= head.items.count;
      return head;
    }
    const [taken, rest] = splitBatch(head, most);
    this.#batches[0] = rest;
    this.count -= most;
    return taken;
  }

  /** Puts back what was taken, to where it was. */
  restore(batch: Batch): void {
    this.count += batch.items.count;
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle] as Batch).first < batch.first) low = middle + 1;
      else high = middle;
    }
    this.#batches.splice(low, 0, batch);
  }

  #seal(): void {
    const gathered = this.#gathered;
    if (gathered === null) return;
    this.#gathered = null;
    const bytes = gathered.block.subarray(0, gathered.end);
    const size = gathered.end - gathered.count * 4;
    this.#batches.push(fresh(gathered.first, { bytes, count: gathered.count, size }));
  }
}

/** A block that is still being filled. */
interface Gathered {
  readonly first: number;
  readonly block: Buffer;
  end: number;
  count: number;
}

/** Copying less than this is cheaper than keeping a buffer for it. */
const SMALL = 4 * 1024;
const BLOCK = 16 * 1024;

function gather(into: Gathered, first: number, items: Items): boolean {
  if (into.first + into.count !== first || into.end + items.bytes.length > BLOCK) return false;
  into.block.set(items.bytes, into.end);
  into.end += items.bytes.length;
  into.count += items.count;
  return true;
}

function joins(last: Batch, first: number): boolean {
  return (
    last.items.bytes.length <= SMALL && !last.seen && last.charges === 0 && last.first + last.items.count === first
  );
}

function fresh(first: number, items: Items): Batch {
  return { first, items, charges: 0, seen: false };
}
