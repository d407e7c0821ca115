// What has come from a queue and the program has not taken: the values of one delivery, then the deliveries behind it, in the
// order in which they are to be taken.
import { type Items, splitItems } from '../wire/items.ts';
import type { Dead } from '../wire/message.ts';
import type { Decoded } from './encoding.ts';

/** One delivery, or what is left of it. */
export interface Batch {
  readonly items: Items;
  /** Of its first item; the others count on from there. */
  readonly tag: number;
  /** Which delivery this is; 1 for the first. */
  readonly attempt: number;
  readonly redelivered: boolean;
  /** Of a dead letter: what became of it before. */
  readonly death: Dead | null;
}

export class Stock {
  /** How many items there are in all. */
  size = 0;
  /** Of what was taken last; of several, the tag of the first. */
  tag = 0;
  attempt = 1;
  redelivered = false;
  death: Dead | null = null;
  /** Some of the values of the open delivery cannot be given to the program. */
  flawed = false;
  #values: readonly unknown[] = [];
  /** The next of the values, and the tag of the first. */
  #at = 0;
  #from = 0;
  #batches: Batch[] = [];

  /** The values are used up: before anything is taken, the next delivery is to be opened. */
  get used(): boolean {
    return this.#at === this.#values.length;
  }

  /** How many values of the open delivery are left. */
  get left(): number {
    return this.#values.length - this.#at;
  }

  add(batch: Batch): void {
    if (this.#batches.length === 0) this.#batches = [batch];
    else this.#batches.push(batch);
    this.size += batch.items.count;
  }

  /** Opens the next delivery, or so many items of it, and gives it for its values to be read. No more than a handful at once. */
  open(most: number): Batch {
    const batch = this.#batches[0] as Batch;
    const { tag, attempt, redelivered, death } = batch;
    const [items, rest] = splitItems(batch.items, Math.min(most, handfulOf(batch.items)));
    if (rest.count === 0) this.#batches.shift();
    else this.#batches[0] = { items: rest, tag: tag + items.count, attempt, redelivered, death };
    // Of one shape, wherever it came from: it is read for every item that comes alone.
    return { items, tag, attempt, redelivered, death };
  }

  /** These are the values of the delivery that was opened. */
  fill({ values, flawed }: Decoded, { tag, attempt, redelivered, death }: Batch): void {
    this.#values = values;
    this.flawed = flawed;
    this.#at = 0;
    this.#from = tag;
    this.attempt = attempt;
    this.redelivered = redelivered;
    this.death = death;
  }

  /** Takes the next value. */
  take(): unknown {
    const at = this.#at;
    this.tag = this.#from + at;
    this.#at = at + 1;
    this.size -= 1;
    return this.#values[at];
  }

  /** Takes what is left of the values. */
  takeAll(): unknown[] {
    const values = this.#values.slice(this.#at);
    this.tag = this.#from + this.#at;
    this.#at = this.#values.length;
    this.size -= values.length;
    return values;
  }

  /** Gives how many there were. */
  clear(): number {
    const { size } = this;
    this.#values = [];
    this.#at = 0;
    this.#batches.length = 0;
    this.size = 0;
    return size;
  }

  /** The tag of the next value of the open delivery. */
  get next(): number {
    return this.#from + this.#at;
  }

  /** All that is here is in the other from now on, which had nothing. */
  moveTo(other: Stock): void {
    other.#values = this.#values;
    other.#at = this.#at;
    other.#from = this.#from;
    other.#batches = this.#batches;
    other.flawed = this.flawed;
    other.attempt = this.attempt;
    other.redelivered = this.redelivered;
    other.death = this.death;
    other.size = this.size;
    this.#batches = [];
    this.clear();
  }

  /** Takes out what has such a tag. */
  remove(hasTag: (tag: number) => boolean): { readonly tag: number; readonly count: number }[] {
    const removed = [];
    if (!this.used && hasTag(this.#from)) {
      removed.push({ tag: this.#from + this.#at, count: this.left });
      this.#at = this.#values.length;
    }
    const batches = this.#batches.splice(0);
    for (const batch of batches) {
      if (hasTag(batch.tag)) removed.push({ tag: batch.tag, count: batch.items.count });
      else this.#batches.push(batch);
    }
    for (const { count } of removed) this.size -= count;
    return removed;
  }

  /** Gives each delivery another tag, by the tag of what is first of it. */
  rename(tagOf: (tag: number) => number): void {
    if (!this.used) this.#from = tagOf(this.#from + this.#at) - this.#at;
    for (const [index, batch] of this.#batches.entries()) {
      this.#batches[index] = { ...batch, tag: tagOf(batch.tag) };
    }
    // What came back to the queue meanwhile is older, and is said to be taken by its place.
    this.#batches.sort((one, other) => one.tag - other.tag);
  }
}

/**
 * How many of these have their values read at a time: what is read long before it is taken outlives V8's young generation, which grows. Looks
 * at no bytes: of an item in shared memory they would be fetched for that.
 */
function handfulOf({ count, size }: Items): number {
  return size < 2 * HANDFUL_BYTES ? count : Math.ceil((count * HANDFUL_BYTES) / size);
}

const HANDFUL_BYTES = 32 * 1024;
