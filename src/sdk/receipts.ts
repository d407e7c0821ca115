// What the broker has not been told of the items a process was given: which it took, which are done. And which ones taken by
// `get` the program still holds. Items are named by their tags, which count from 0 in the order in which they came.
import { Type } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';

export class Receipts {
  /** How many the program took since that was last told. A field, for it counts with every item. */
  taken = 0;
  /** Done, and not yet told: these ranges, then one that still grows. */
  #ranges: Range[] = [];
  #from = 0;
  #count = 0;
  /** Taken by `get` and not done, oldest first. The only one may be used up: mostly its next item is the next that is taken. */
  readonly #held: Range[] = [];

  done(tag: number, count: number): void {
    if (tag === this.#from + this.#count) {
      this.#count += count;
      return;
    }
    if (this.#count > 0) this.#ranges.push({ tag: this.#from, count: this.#count });
    this.#from = tag;
    this.#count = count;
  }

  hold(tag: number): void {
    const last = this.#held.at(-1);
    if (last !== undefined && last.tag + last.count === tag) last.count += 1;
    else if (last?.count === 0) this.#held[0] = { tag, count: 1 };
    else this.#held.push({ tag, count: 1 });
  }

  /** The oldest item that is held, which is so no more; nothing where none is. */
  release(): number | undefined {
    const oldest = this.#held[0];
    if (oldest === undefined || oldest.count === 0) return undefined;
    const { tag } = oldest;
    oldest.tag += 1;
    oldest.count -= 1;
    if (oldest.count === 0 && this.#held.length > 1) this.#held.shift();
    return tag;
  }

  /** Tells the broker. */
  write(writer: FrameWriter, channel: number): void {
    if (this.taken > 0) writer.number(Type.TAKEN, channel, this.taken);
    this.taken = 0;
    for (const { tag, count } of this.#ranges) writer.range(Type.DONE, channel, tag, count);
    if (this.#count > 0) writer.range(Type.DONE, channel, this.#from, this.#count);
    this.#forget();
  }

  /** Tells that hearer what was taken and done since the last time. */
  settle(hearer: ReceiptHearer): void {
    if (this.taken > 0) hearer.taken(this.taken);
    this.taken = 0;
    for (const { tag, count } of this.#ranges) hearer.done(tag, count);
    if (this.#count > 0) hearer.done(this.#from, this.#count);
    this.#forget();
  }

  #forget(): void {
    if (this.#ranges.length > 0) this.#ranges = [];
    this.#from += this.#count;
    this.#count = 0;
  }
}

export interface ReceiptHearer {
  taken(count: number): void;
  done(tag: number, count: number): void;
}

interface Range {
  tag: number;
  count: number;
}
