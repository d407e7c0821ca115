// A run of items that lie in a row and share one history. Queues move batches, never single items: what a batch costs does
// not depend on how many items it holds.
import { AsideItems } from '../wire/aside.ts';
import { type Items, splitItems } from '../wire/items.ts';

/** What is known of dead letters: where they were delivered how often, and what was the end of that. */
export interface Death {
  readonly queue: string;
  readonly reason: string;
  readonly attempts: number;
}

export interface Batch {
  /** The place of its first item in the order in which the queue accepted them; the others follow without a gap. */
  readonly first: number;
  readonly items: Items;
  /** How many times a taker ended badly at their cost. */
  readonly charges: number;
  /** A program may have had them before. */
  readonly seen: boolean;
  /** Its taker ended badly. It is given alone, to one that waits, so that next time it is certain who is to be charged. */
  readonly suspect?: boolean;
  /** They wait no more, though it is not yet said that they are taken. */
  readonly left?: boolean;
  /** What decides about its place where that is not its number: its priority, or its place in a deque. */
  readonly rank?: number;
  /** How they came here from another queue; null: they were put. */
  readonly death: Death | null;
}

/** Its first `count` items, and the rest; one of them may be empty. */
export function splitBatch(batch: Batch, count: number): [Batch, Batch] {
  const [head, rest] = splitItems(batch.items, count);
  return [
    { ...batch, items: head },
    { ...batch, first: batch.first + count, items: rest },
  ];
}

/** Two that lie in a row in memory, too, and share their history, as one; null where they do not. */
export function joinBatches(one: Batch, next: Batch): Batch | null {
  if (one.items instanceof AsideItems || next.items instanceof AsideItems) return null;
  const { bytes, count, size } = one.items;
  const follows = one.first + count === next.first && bytes.buffer === next.items.bytes.buffer;
  if (!follows || bytes.byteOffset + bytes.length !== next.items.bytes.byteOffset) return null;
  const alike =
    one.charges === next.charges && one.seen === next.seen && one.suspect === next.suspect && one.death === next.death;
  if (!alike || one.rank !== undefined || next.rank !== undefined) return null;
  const length = bytes.length + next.items.bytes.length;
  const joined = Buffer.from(bytes.buffer, bytes.byteOffset, length);
  return { ...one, items: { bytes: joined, count: count + next.items.count, size: size + next.items.size } };
}
