// A run of items as it lies in a frame: each one its size and its bytes, one after the other. Moving items means moving
// such a run; nothing here copies an item unless it says so, and nobody here looks into one.
import { ProtocolError } from './frame.ts';

export interface Items {
  /** `[size u32][bytes]…`, without the count before it. */
  readonly bytes: Buffer;
  readonly count: number;
  /** The items' own bytes, without their size fields. */
  readonly size: number;
}

export const SIZE_FIELD = 4;

export const NO_ITEMS: Items = { bytes: Buffer.alloc(0), count: 0, size: 0 };

/** Reads the items that fill `buffer` from `start` to `end`, `count` of them by what the frame says. */
export function parseItems(buffer: Buffer, start: number, end: number, count: number): Items {
  let at = start;
  for (let left = count; left > 0; left -= 1) {
    if (at + SIZE_FIELD > end) throw new ProtocolError('protocol', 'a frame has fewer items than it says');
    at += SIZE_FIELD + sizeAt(buffer, at);
  }
  if (at !== end) throw new ProtocolError('protocol', 'items and their frame do not end at the same byte');
  return { bytes: buffer.subarray(start, end), count, size: end - start - count * SIZE_FIELD };
}

/** Copies `items` into one run. */
export function itemsOf(items: readonly Uint8Array[]): Items {
  let size = 0;
  for (const item of items) size += item.length;
  const bytes = Buffer.allocUnsafe(size + items.length * SIZE_FIELD);
  let at = 0;
  for (const item of items) {
    at = bytes.writeUInt32BE(item.length, at);
    bytes.set(item, at);
    at += item.length;
  }
  return { bytes, count: items.length, size };
}

/** The first `count` items and the rest; both look into the same memory. */
export function splitItems(items: Items, count: number): [first: Items, rest: Items] {
  if (count <= 0) return [NO_ITEMS, items];
  if (count >= items.count) return [items, NO_ITEMS];
  const at = offsetOf(items, count);
  return [
    { bytes: items.bytes.subarray(0, at), count, size: at - count * SIZE_FIELD },
    {
      bytes: items.bytes.subarray(at),
      count: items.count - count,
      size: items.size - (at - count * SIZE_FIELD),
    },
  ];
}

/** How many of the first items are at most `count` and together at most `size` bytes. */
export function fitting(items: Items, count: number, size: number): number {
  if (items.count <= count && items.size <= size) return items.count;
  const most = Math.min(count, items.count);
  let at = 0;
  let left = size;
  for (let fit = 0; fit < most; fit += 1) {
    const next = sizeAt(items.bytes, at);
    if (next > left) return fit;
    left -= next;
    at += SIZE_FIELD + next;
  }
  return most;
}

/** Each item's bytes, as views. */
export function* eachItem(items: Items): Generator<Buffer> {
  const { bytes, count } = items;
  let at = 0;
  for (let left = count; left > 0; left -= 1) {
    const from = at + SIZE_FIELD;
    at = from + sizeAt(bytes, at);
    yield bytes.subarray(from, at);
  }
}

/** Where the item of that index begins, its size field first. */
export function offsetOf(items: Items, index: number): number {
  let at = 0;
  for (let left = index; left > 0; left -= 1) at += SIZE_FIELD + sizeAt(items.bytes, at);
  return at;
}

/** Reads a size field. */
export function sizeAt(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
