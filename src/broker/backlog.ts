// The items of a queue that nobody has been given, in the order in which they will be. What comes back takes its old place.
import type { Items } from '../wire/items.ts';
import type { Batch, Death } from './batch.ts';

export interface Backlog {
  /** Items in it. */
  readonly count: number;
  /** What comes next has to be given alone; never where nothing is read ahead anyhow. */
  readonly nextIsSuspect: boolean;
  /** Items that nobody has had yet; `first` is larger than ever before. */
  put(first: number, items: Items, manner: Manner): void;
  /** Removes the items that come next, from the right end where there are two: at most `most`, all of one batch. Something must be in it. */
  take(most: number, right: boolean): Batch;
  /** Removes the item that was put before all others; something must be in it. */
  takeOldest(): Batch;
  /** Puts back what was taken, to where it was. */
  restore(batch: Batch): void;
}

/** How items are put, where that makes a difference. */
export interface Manner {
  readonly priority?: number;
  /** At the left end. */
  readonly left?: boolean;
  /** As dead letters of another queue. */
  readonly death?: Death;
}

export const PLAINLY: Manner = {};
