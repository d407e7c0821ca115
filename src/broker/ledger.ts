// What one session was given of one queue and has not finished: first *ahead* (delivered, not known to be taken by the
// program), then *held* (taken, not done). Items are named by their tags, the order in which the session got them.
import { type Batch, joinBatches, splitBatch } from './batch.ts';
import { Most } from './limits.ts';

export class Ledger {
  /** How many are ahead, and how many held. */
  aheadCount = 0;
  heldCount = 0;
  heldBytes = 0;
  readonly #ahead: Entry[] = [];
  readonly #held: Entry[] = [];
  /** The tag of the next item to be delivered, and of the next to be taken. */
  #next = 0;
  #taken = 0;

  get nextToTake(): number {
    return this.#taken;
  }

  get nextTag(): number {
    return this.#next;
  }

  /** How many of those ahead the program has taken by what another than its session said: up to the last of them. */
  get takenUnsaid(): number {
    const last = this.#ahead.findLast(({ batch }) => batch.left === true);
    return last === undefined ? 0 : last.tag + last.batch.items.count - this.#taken;
  }

  /** More is held than any program means to finish. */
  get isHoard(): boolean {
    return this.heldCount > Most.HELD || (this.heldCount > Most.HELD_FEW && this.heldBytes > Most.HELD_BYTES);
  }

  deliver(batch: Batch): void {
    this.#ahead.push({ tag: this.#next, batch });
    this.#next += batch.items.count;
    this.aheadCount += batch.items.count;
  }

  /** Removes the oldest `count` ahead; there must be so many. With `hold` they are held from now on. */
  take(count: number, hold: boolean): Batch[] {
    const batches: Batch[] = [];
    let left = count;
    while (left > 0) {
      const entry = this.#ahead[0];
      if (entry === undefined) throw new Error('Internal error: more items were taken than are ahead');
      const size = entry.batch.items.count;
      if (size <= left) {
        this.#ahead.shift();
        batches.push(entry.batch);
        if (hold) this.#hold(entry);
        left -= size;
      } else {
        const [head, rest] = splitBatch(entry.batch, left);
        this.#ahead[0] = { tag: entry.tag + left, batch: rest };
        batches.push(head);
        if (hold) this.#hold({ tag: entry.tag, batch: head });
        left = 0;
      }
    }
    this.#taken += count;
    this.aheadCount -= count;
    if (hold) this.heldCount += count;
    return batches;
  }

  /** Removes `count` held items in a row from `tag`. Null, and nothing is changed, where one of them is not held. */
  release(tag: number, count: number): Batch[] | null {
    const start = this.#find(tag);
    if (!this.#covers(start, tag, count)) return null;
    const released: Batch[] = [];
    const kept: Entry[] = [];
    let end = start;
    for (let at = tag; at < tag + count; end += 1) {
      const entry = this.#held[end] as Entry;
      const last = entry.tag + entry.batch.items.count;
      let { batch } = entry;
      if (last > tag + count) {
        const [head, rest] = splitBatch(batch, tag + count - entry.tag);
        kept.push({ tag: tag + count, batch: rest });
        batch = head;
      }
      if (entry.tag < tag) {
        const [before, rest] = splitBatch(batch, tag - entry.tag);
        kept.unshift({ tag: entry.tag, batch: before });
        batch = rest;
      }
      released.push(batch);
      this.heldBytes -= batch.items.size;
      at = last;
    }
    this.heldCount -= count;
    if (start === 0 && end === 1 && kept.length === 0) this.#held.shift();
    else this.#held.splice(start, end - start, ...kept);
    return released;
  }

  /** Removes the oldest `count` held, or as many as there are. */
  releaseOldest(count: number): Batch[] {
    const released: Batch[] = [];
    for (let left = Math.min(count, this.heldCount); left > 0; ) {
      const { tag, batch } = this.#held[0] as Entry;
      const some = Math.min(left, batch.items.count);
      released.push(...(this.release(tag, some) ?? []));
      left -= some;
    }
    return released;
  }

  /** Removes everything. */
  clear(): { readonly held: Batch[]; readonly ahead: Batch[] } {
    const held = this.#held.map((entry) => entry.batch);
    const ahead = this.#ahead.map((entry) => entry.batch);
    this.#held.length = 0;
    this.#ahead.length = 0;
    this.heldCount = 0;
    this.heldBytes = 0;
    this.aheadCount = 0;
    return { held, ahead };
  }

  #hold(entry: Entry): void {
    this.heldBytes += entry.batch.items.size;
    const last = this.#held.length < MANY ? undefined : this.#held.at(-1);
    const joined = last && joinBatches(last.batch, entry.batch);
    if (joined) this.#held[this.#held.length - 1] = { tag: last.tag, batch: joined };
    else this.#held.push(entry);
  }

  /** Where the held entry stands that holds `tag`, or the one after it. */
  #find(tag: number): number {
    let low = 0;
    let high = this.#held.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#held[middle] as Entry;
      if (entry.tag + entry.batch.items.count <= tag) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #covers(start: number, tag: number, count: number): boolean {
    let at = tag;
    for (let index = start; at < tag + count; index += 1) {
      const entry = this.#held[index];
      if (entry === undefined || entry.tag > at) return false;
      at = entry.tag + entry.batch.items.count;
    }
    return true;
  }
}

/** So many entries are held one by one; from there on those that were one batch are put together again. */
const MANY = 256;

interface Entry {
  /** Of its first item. */
  readonly tag: number;
  readonly batch: Batch;
}
