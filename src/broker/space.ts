// How much may be in a queue, how much of that waits there, and how much is lent to those who will put it.
import { type Items, SIZE_FIELD } from '../wire/items.ts';
import { Most } from './limits.ts';

export class Space {
  /** Items accepted and not taken by a program. */
  waiting = 0;
  waitingBytes = 0;
  /** The most that ever waited. */
  peak = 0;
  /** Lent and not used, by all sessions together. */
  lent = 0;
  lentBytes = 0;
  maxsize: number;
  maxBytes: number;

  /** A `maxsize` of 0 is no limit. */
  constructor(maxsize: number, maxBytes: number) {
    this.maxsize = maxsize === 0 ? Number.POSITIVE_INFINITY : maxsize;
    this.maxBytes = maxBytes;
  }

  /** Items that wait from now on, admitted or come back. */
  enter(items: Items): void {
    this.waiting += items.count;
    this.waitingBytes += items.size;
    if (this.waiting > this.peak) this.peak = this.waiting;
  }

  /** Items that wait no more. */
  leave(items: Items): void {
    this.waiting -= items.count;
    this.waitingBytes -= items.size;
  }

  /** Whether they could wait, too; a single one may where nothing does. */
  fits({ count, size }: Items): boolean {
    if (this.waiting + count > this.#most) return false;
    return this.waitingBytes + size <= this.maxBytes || (this.waiting === 0 && count === 1);
  }

  lend(count: number, bytes: number): void {
    this.lent += count;
    this.lentBytes += bytes;
  }

  /** There is no limit on the count, but for the memory that empty items take, too. */
  get isUnlimited(): boolean {
    return this.maxsize === Number.POSITIVE_INFINITY;
  }

  /** How many more may be lent. */
  get places(): number {
    return Math.max(0, this.#most - this.waiting - this.lent);
  }

  /** Less than none where something was let in alone or came back. */
  get freeBytes(): number {
    return this.maxBytes - this.waitingBytes - this.lentBytes;
  }

  /** Every item takes its size field, if nothing else. */
  get #most(): number {
    return this.isUnlimited ? Math.max(Most.TINY_ITEMS, Math.floor(this.maxBytes / SIZE_FIELD)) : this.maxsize;
  }

  /** From now on everything is admitted. */
  lift(): void {
    this.maxsize = Number.POSITIVE_INFINITY;
    this.maxBytes = Number.POSITIVE_INFINITY;
  }
}
