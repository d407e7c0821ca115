// The items of a queue that nobody has been given, in the order in which they will be. What comes back takes its old place.
import type { Items } from '../wire/items.ts';
import type { Batch } from './batch.ts';

export interface Backlog {
  /** Items in it. */
  readonly count: number;
  /** Items that nobody has had yet; `first` is larger than ever before. */
  put(first: number, items: Items): void;
  /** Removes the items that come next: at most `most`, all of one batch. Something must be in it. */
  take(most: number): Batch;
  /** Puts back what was taken, to where it was. */
  restore(batch: Batch): void;
}
