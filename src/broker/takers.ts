// Who accepts items of a queue, and in which order they get them: first a share for each one whose program waits, oldest
// first, then a share for each one that reads ahead, then what is left. So nobody goes empty while another gets more
// than its part.
import type { NodeId } from '../plan/plan.ts';
import type { Ledger } from './ledger.ts';
import type { Loan } from './room.ts';

/** One session's place at one queue. */
export interface Seat {
  readonly session: number;
  readonly instance: NodeId;
  readonly loan: Loan;
  readonly ledger: Ledger;
  /** How many more items it accepts. */
  credit: number;
  /** Its program waits in `get` and has nothing to read. */
  waiting: boolean;
  /** Its connection is full: it gets nothing until that has gone out. */
  congested: boolean;
  /** It has asked for items at least once. */
  takes: boolean;
  toldEnd: boolean;
  toldBroken: boolean;
  /** It said that it puts no more. */
  closed: boolean;
  /** When it was last given items or took some. */
  stirred: number;
  /** What it has ahead came while its program was busy, or is more than one item. */
  readsAhead: boolean;
  /** It was asked to give back what it read ahead, and took nothing since. */
  recalled: boolean;
}

export class Takers {
  readonly #idle = new Set<Seat>();
  readonly #ahead = new Set<Seat>();

  /** Programs wait that could work. */
  get anyIdle(): boolean {
    return this.#idle.size > 0;
  }

  /** To be called whenever something changed that decides where it stands. */
  place(seat: Seat): void {
    const accepts = seat.credit > 0 && !seat.congested && !seat.toldEnd;
    join(this.#idle, seat, accepts && seat.waiting);
    join(this.#ahead, seat, accepts && !seat.waiting);
  }

  remove(seat: Seat): void {
    this.#idle.delete(seat);
    this.#ahead.delete(seat);
  }

  /** Deals out `count` items by `give`, which calls `place` in turn. Returns how many found nobody. */
  deal(count: number, give: (seat: Seat, count: number) => void): number {
    const takers = this.#idle.size + this.#ahead.size;
    if (takers === 0) return count;
    const share = Math.ceil(count / takers);
    let left = count;
    const order = [...this.#idle, ...this.#ahead];
    for (const most of takers === 1 ? [count] : [share, count]) {
      for (const seat of order) {
        const size = Math.min(seat.credit, most, left);
        if (size === 0) continue;
        // Whoever was served goes to the end of its line.
        this.remove(seat);
        give(seat, size);
        left -= size;
      }
    }
    return left;
  }
}

function join(line: Set<Seat>, seat: Seat, belongs: boolean): void {
  if (belongs) line.add(seat);
  else line.delete(seat);
}
