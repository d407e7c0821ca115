// Who starts together with whom: with one that stands in line come those of the line without whom it could do nothing, and where some of
// them are still to come it waits for these.
import { startNeeds, type Ties, type Unit } from '../plan/ties.ts';
import type { Standing } from '../plan/foresight.ts';
import type { Entry, SlotsLine } from './slots-line.ts';

/** How it stands, by unit. It changes while it is looked at here. */
export interface Presence {
  readonly standing: Standing;
  /** 1: some of it has begun or ended. */
  readonly touched: Uint8Array;
  /** How many rest and are not in line. */
  readonly away: Int32Array;
  /** 1: it rests until there is something to do for it, and is there for who makes that. */
  readonly pools: Uint8Array;
}

export class Parties {
  readonly #ties: Ties;
  readonly #line: SlotsLine;
  readonly #presence: Presence;

  constructor(ties: Ties, line: SlotsLine, presence: Presence) {
    this.#ties = ties;
    this.#line = line;
    this.#presence = presence;
  }

  /** With those in line who have to start together with it; null while it has to wait for others to come. */
  of(entry: Entry): Set<Entry> | null {
    const party = new Set<Entry>();
    return this.#gather(entry, party) ? party : null;
  }

  #gather(entry: Entry, party: Set<Entry>): boolean {
    if (party.has(entry)) return true;
    party.add(entry);
    const { unit } = entry;
    if (unit.takes === 0) return true;
    if (unit.whole && !this.#gatherAll(unit, party)) return false;
    if (
      unit.feeders.length > 0 &&
      unit.feeders.every((index) => this.#isFar(index)) &&
      !this.#comeAfter(unit.feeders, party)
    )
      return false;
    return unit.some.every((choice) => {
      if (choice.some((index) => this.#isThere(index))) return true;
      const open = choice.filter((index) => this.#presence.standing.open[index] !== 0);
      if (open.length === 0) return true;
      const mate = this.#line.firstOf(open.map((index) => this.#ties.units[index] as Unit));
      if (mate !== null) return this.#gather(mate, party);
      return this.#comeAfter(open, party);
    });
  }

  /** It runs, or does as soon as there is something to do. */
  #isThere(index: number): boolean {
    return (
      this.#presence.standing.running[index] !== 0 ||
      (this.#presence.pools[index] === 1 && this.#presence.away[index] !== 0)
    );
  }

  /** Nothing of it has begun, ended, or is about to start. */
  #isFar(index: number): boolean {
    if (this.#presence.standing.open[index] === 0 || this.#presence.touched[index] === 1) return false;
    return this.#line.firstOf([this.#ties.units[index] as Unit]) === null;
  }

  /** All of a unit that is needed at once, but for those who will come back by themselves. */
  #gatherAll(unit: Unit, party: Set<Entry>): boolean {
    let due = 0;
    for (const mate of this.#line.dueOf(unit)) {
      party.add(mate);
      due += mate.nodes.length;
    }
    const open = (this.#presence.standing.open[unit.index] as number) - (this.#presence.away[unit.index] as number);
    return due === open || unit.staggered || this.#comeAfter([unit.index], party);
  }

  /** Whether any of these units may have to wait for one of the party to start before it can start itself. */
  #comeAfter(units: readonly number[], party: ReadonlySet<Entry>): boolean {
    return units.some((index) => {
      const unit = this.#ties.units[index] as Unit;
      return [...party].some((entry) => startNeeds(this.#ties, unit, entry.unit));
    });
  }
}
