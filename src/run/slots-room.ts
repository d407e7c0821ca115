// Whether there is room for some to start: slots, the locks that they hold, and a way in which all that has begun can still come to
// its end.
import { Foresight, type Standing } from '../plan/foresight.ts';
import { areFree, type Ties, type Unit } from '../plan/ties.ts';
import type { Entry } from './slots-line.ts';

export class SlotsRoom {
  readonly #ties: Ties;
  readonly #most: number;
  /** Of these it is not known how they could all end; they are started as there is room. */
  readonly #dark = new Set<Unit>();

  /** `standing`: how it stands before anything has begun. */
  constructor(ties: Ties, standing: Standing, most: number) {
    this.#ties = ties;
    this.#most = most;
    for (const circle of new Set(ties.circles)) {
      if (circle === null || new Foresight(ties, standing, most, 'dearest').canEnd(circle)) continue;
      for (const unit of circle) this.#dark.add(unit);
    }
  }

  /** It is not known how all that it is tied to could end. */
  isDark(unit: Unit): boolean {
    return this.#dark.has(unit);
  }

  /** Whether there is room for them now, and all that has begun can still end with them. */
  fits(party: ReadonlySet<Entry>, standing: Standing, free: number): boolean {
    let count = 0;
    const circles = new Set<readonly Unit[]>();
    for (const entry of party) {
      count += entry.count;
      const circle = this.#ties.circles[entry.unit.index];
      const mayWait = entry.count > 0 || entry.unit.holds.length > 0;
      if (circle && mayWait && !this.#dark.has(entry.unit)) circles.add(circle);
      // Those who want the same locks are to get them some time.
      for (const { lock } of entry.unit.holds)
        for (const { index } of this.#ties.holders.get(lock) ?? []) {
          const other = this.#ties.circles[index];
          if (other && !other.some((unit) => this.#dark.has(unit))) circles.add(other);
        }
    }
    if (count > free) return false;
    if (circles.size === 0 && [...party].every(({ unit }) => unit.holds.length === 0)) return true;
    return this.haveLocks(party, standing) && this.canEnd(this.#with(party, standing), circles);
  }

  /** Whether the locks are there that they hold. */
  haveLocks(party: ReadonlySet<Entry>, standing: Standing): boolean {
    const locks = [...party].flatMap(({ unit }) => unit.holds);
    if (locks.length === 0) return true;
    const { running } = this.#with(party, standing);
    return areFree(this.#ties, locks, ({ index }) => running[index] as number);
  }

  /** How it stands once these have started. */
  #with(party: ReadonlySet<Entry>, { open, running }: Standing): Standing {
    const then = { open: open.slice(), running: running.slice() };
    for (const { unit, nodes } of party) {
      change(then.open, unit, -nodes.length);
      change(then.running, unit, nodes.length);
    }
    return then;
  }

  /** Whether all that has begun can end, these circles among it. */
  canEnd(standing: Standing, circles: Set<readonly Unit[]>): boolean {
    let free = this.#most;
    for (const { index, takes } of this.#ties.units) {
      if (standing.running[index] === 0) continue;
      const circle = this.#ties.circles[index];
      if (!circle) continue;
      if (!this.#dark.has(this.#ties.units[index] as Unit)) circles.add(circle);
      free -= (standing.running[index] as number) * takes;
    }
    return new Foresight(this.#ties, standing, free).canEnd([...circles].flat());
  }

  /** Once all have ended that can by themselves. */
  later(now: Standing): { readonly standing: Standing; readonly busy: number } {
    const { units } = this.#ties;
    const standing = Foresight.drained(this.#ties, now, units);
    const busy = units.reduce((sum, { index, takes }) => sum + (standing.running[index] as number) * takes, 0);
    return { standing, busy };
  }

  /** All that they have to do with could come to its end, if nothing else ran. */
  canEver(party: ReadonlySet<Entry>, standing: Standing): boolean {
    return [...party].every(({ unit }) => {
      const circle = this.#ties.circles[unit.index];
      return !circle || new Foresight(this.#ties, standing, this.#most).canEnd(circle);
    });
  }
}

export function change(counts: Int32Array, { index }: Unit, by: number): void {
  counts[index] = (counts[index] as number) + by;
}
