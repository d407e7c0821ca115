// The backlog of a queue that is no fifo: each item by itself, at the place that it was given when it was put and that it takes
// again when it comes back. A stack gives its newest, a deque what is at one of its ends, and a priority queue the lowest,
// the oldest of equal ones.
import { AsideItems } from '../wire/aside.ts';
import { type Items, SIZE_FIELD, sizeAt } from '../wire/items.ts';
import type { Backlog, Manner } from './backlog.ts';
import type { Batch } from './batch.ts';
import { Heap, type Heaped } from './heap.ts';

export class Sorted implements Backlog {
  count = 0;
  readonly nextIsSuspect = false;
  readonly #order: 'lifo' | 'priority' | 'deque';
  /** What comes next, from the left end and, for a deque, from the right. */
  readonly #next: Heap<Entry>;
  readonly #last: Heap<Entry> | null;
  /** By age, where that is asked for. */
  readonly #ages: Heap<Entry> | null;
  readonly #heaps: readonly Heap<Entry>[];
  /** The places at the two ends of a deque that were given last. */
  #leftmost = 0;
  #rightmost = -1;

  /** With `aging` it can say which is the oldest. */
  constructor(order: 'lifo' | 'priority' | 'deque', aging: boolean) {
    this.#order = order;
    this.#next = new Heap(0, order === 'lifo' ? newer : lower);
    this.#last = order === 'deque' ? new Heap(1, higher) : null;
    this.#ages = aging ? new Heap(2, older) : null;
    this.#heaps = [this.#next, this.#last, this.#ages].filter((heap) => heap !== null);
  }

  put(first: number, items: Items, manner: Manner): void {
    const death = manner.death ?? null;
    for (const [index, kept] of keepEach(items).entries()) {
      const rank = this.#rank(manner);
      this.#add({ first: first + index, kept, charges: 0, seen: false, rank, death, places: [] });
    }
  }

  take(_most: number, right: boolean): Batch {
    return this.#remove((right && this.#last !== null ? this.#last : this.#next).first);
  }

  restore(batch: Batch): void {
    const { items, rank = 0, ...others } = batch;
    for (const kept of keepEach(items)) this.#add({ ...others, kept, rank, places: [] });
  }

  takeOldest(): Batch {
    return this.#remove(this.#ages?.first);
  }

  #rank({ priority, left }: Manner): number {
    if (this.#order === 'priority') return priority ?? 0;
    if (left) {
      this.#leftmost -= 1;
      return this.#leftmost;
    }
    this.#rightmost += 1;
    return this.#rightmost;
  }

  #add(entry: Entry): void {
    this.count += 1;
    for (const heap of this.#heaps) heap.add(entry);
  }

  #remove(entry: Entry | undefined): Batch {
    if (entry === undefined) throw new Error('Internal error: an empty backlog was asked for items');
    this.count -= 1;
    for (const heap of this.#heaps) heap.remove(entry);
    const { first, kept, charges, seen, death, rank } = entry;
    return { first, items: unkeep(kept), charges, seen, death, rank };
  }
}

interface Entry extends Omit<Batch, 'items'>, Heaped {
  readonly kept: Kept;
  readonly rank: number;
}

function lower(one: Entry, other: Entry): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.first < other.first);
}

function higher(one: Entry, other: Entry): boolean {
  return one.rank > other.rank;
}

function newer(one: Entry, other: Entry): boolean {
  return one.first > other.first;
}

function older(one: Entry, other: Entry): boolean {
  return one.first < other.first;
}

/**
 * An item and its size field. One that stays here long must not keep the memory of all that came with it, so it is a copy unless
 * it is large; and a small one is a string of its bytes, which costs a tenth of what a buffer of its own does.
 */
type Kept = string | Buffer | AsideItems;

function keepEach(items: Items): Kept[] {
  if (items instanceof AsideItems) return [items];
  const { bytes, count } = items;
  const kept: Kept[] = [];
  for (let at = 0; kept.length < count; ) {
    const from = at;
    at += SIZE_FIELD + sizeAt(bytes, from);
    kept.push(keep(bytes, from, at));
  }
  return kept;
}

function keep(run: Buffer, from: number, to: number): Kept {
  const length = to - from;
  if (length <= SMALL) return run.toString('latin1', from, to);
  if (length > LARGE) return run.subarray(from, to);
  const bytes = Buffer.allocUnsafeSlow(length);
  run.copy(bytes, 0, from, to);
  return bytes;
}

function unkeep(kept: Kept): Items {
  if (kept instanceof AsideItems) return kept;
  const bytes = typeof kept === 'string' ? Buffer.from(kept, 'latin1') : kept;
  return { bytes, count: 1, size: bytes.length - SIZE_FIELD };
}

const SMALL = 1024;
const LARGE = 16 * 1024;
