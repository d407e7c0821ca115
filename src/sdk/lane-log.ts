// What went over a direct lane and is not done: both ends keep it, so that whichever is left can give it back to the broker when
// the other is gone. Items are named by their numbers on the lane, from 0, in the order in which they were put.
import { type Items, splitItems } from '../wire/items.ts';

/** Items that went together. */
export interface Passage {
  readonly first: number;
  readonly count: number;
  /** The items' own bytes. */
  readonly size: number;
  /** The items themselves, in order. */
  read(): readonly Items[];
}

export interface Undone {
  readonly first: number;
  readonly items: Items;
  readonly taken: boolean;
}

export class LaneLog {
  /** So many were taken; they are taken in order. */
  taken = 0;
  /** How many bytes are kept. */
  bytes = 0;
  /** Of those that are kept, oldest first. */
  readonly #passages: Passage[] = [];
  /** How many of the passages at the front have been wholly taken. */
  #passed = 0;
  /** All before this one are done, and so are these, by rising numbers. */
  #floor = 0;
  #beyond: Range[] = [];

  /** How many are done. */
  get done(): number {
    return this.#beyond.reduce((sum, { from, end }) => sum + end - from, this.#floor);
  }

  /** What is kept, oldest first. */
  get passages(): readonly Passage[] {
    return this.#passages;
  }

  add(passage: Passage): void {
    this.#passages.push(passage);
    this.bytes += passage.size;
  }

  /** The next `count` were taken. Gives how many bytes that frees: those of passages that nothing is left of. */
  take(count: number): number {
    this.taken += count;
    let freed = 0;
    for (let next = this.#passages[this.#passed]; next !== undefined; next = this.#passages[this.#passed]) {
      if (next.first + next.count > this.taken) break;
      freed += next.size;
      this.#passed += 1;
    }
    return freed;
  }

  /** How many bytes of what was taken have not been freed. */
  takenOfRest(): number {
    const passage = this.#passages[this.#passed];
    if (passage === undefined || passage.first >= this.taken) return 0;
    let left = this.taken - passage.first;
    let bytes = 0;
    for (const items of passage.read()) {
      bytes += splitItems(items, left)[0].size;
      left -= Math.min(left, items.count);
    }
    return bytes;
  }

  /** Whether all of these were taken, and none of them is done. */
  isInHand(first: number, count: number): boolean {
    return first + count <= this.taken && this.doneWithin(first, count).next().done === true;
  }

  finish(first: number, count: number): void {
    if (first === this.#floor && this.#beyond.length === 0) this.#floor += count;
    else this.#finishBeyond({ from: first, end: first + count });
    for (let oldest = this.#passages[0]; oldest !== undefined; oldest = this.#passages[0]) {
      if (oldest.first + oldest.count > this.#floor) return;
      this.#passages.shift();
      this.bytes -= oldest.size;
      this.#passed = Math.max(0, this.#passed - 1);
    }
  }

  isDone(number: number): boolean {
    return number < this.#floor || this.#beyond.some(({ from, end }) => from <= number && number < end);
  }

  /** Nothing is kept any more. */
  clear(): void {
    this.#passages.length = 0;
    this.bytes = 0;
  }

  /** Which of `count` items from `first` are done, in runs. */
  *doneWithin(first: number, count: number): Generator<{ readonly first: number; readonly count: number }> {
    for (const range of [{ from: 0, end: this.#floor }, ...this.#beyond]) {
      const from = Math.max(first, range.from);
      const end = Math.min(first + count, range.end);
      if (from < end) yield { first: from, count: end - from };
    }
  }

  /** What is not done, oldest first. */
  *undone(): Generator<Undone> {
    for (const passage of this.#passages) {
      let first = passage.first;
      for (const items of passage.read()) {
        yield* this.#undoneOf(first, items);
        first += items.count;
      }
    }
  }

  *#undoneOf(first: number, items: Items): Generator<Undone> {
    const end = first + items.count;
    let rest = items;
    let at = first;
    for (const edge of this.#edges(first, end)) {
      const [piece, later] = splitItems(rest, edge - at);
      if (piece.count > 0 && !this.isDone(at)) yield { first: at, items: piece, taken: at < this.taken };
      rest = later;
      at = edge;
    }
  }

  /** Where between two numbers something changes, the second one last. */
  #edges(first: number, end: number): number[] {
    const edges = [this.#floor, this.taken, ...this.#beyond.flatMap(({ from, end: last }) => [from, last])];
    const within = edges.filter((edge) => edge > first && edge < end).sort((a, b) => a - b);
    return [...within, end];
  }

  #finishBeyond(range: Range): void {
    this.#beyond.push(range);
    this.#beyond.sort((a, b) => a.from - b.from);
    for (let next = this.#beyond[0]; next !== undefined && next.from <= this.#floor; next = this.#beyond[0]) {
      this.#floor = Math.max(this.#floor, next.end);
      this.#beyond.shift();
    }
    this.#beyond = joined(this.#beyond);
  }
}

interface Range {
  readonly from: number;
  readonly end: number;
}

function joined(ranges: readonly Range[]): Range[] {
  const whole: Range[] = [];
  for (const range of ranges) {
    const last = whole.at(-1);
    if (last !== undefined && last.end === range.from) whole[whole.length - 1] = { from: last.from, end: range.end };
    else whole.push(range);
  }
  return whole;
}
