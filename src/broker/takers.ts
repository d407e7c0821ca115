// Who accepts items of a queue, and in which order they get them: first a share for each one whose program waits, oldest
// first, then a share for each one that reads ahead, then what is left. So nobody goes empty while another gets more
// than its part.
import type { Seat } from './seat.ts';

export class Takers {
  readonly #idle = new Set<Seat>();
  readonly #ahead = new Set<Seat>();

  /** Programs wait that could work. */
  get anyIdle(): boolean {
    return this.#idle.size > 0;
  }

  /** The same, besides the one of `seat`: what is on its way to that one it need not wait for. */
  anyIdleBut(seat: Seat): boolean {
    return this.#idle.size > (this.#idle.has(seat) ? 1 : 0);
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

  /** Deals out `count` items by `give`, which calls `place` in turn, and answers how many it gave. */
  deal(count: number, give: (seat: Seat, count: number) => number): void {
    const takers = this.#idle.size + this.#ahead.size;
    if (takers === 0) return;
    const share = Math.ceil(count / takers);
    let left = count;
    const order = [...this.#idle, ...this.#ahead];
    for (const most of takers === 1 ? [count] : [share, count]) {
      for (const seat of order) {
        const size = Math.min(seat.credit, most, left);
        if (size === 0) continue;
        // Whoever was served goes to the end of its line.
        this.remove(seat);
        left -= give(seat, size);
      }
    }
  }
}

function join(line: Set<Seat>, seat: Seat, belongs: boolean): void {
  if (belongs) line.add(seat);
  else line.delete(seat);
}
