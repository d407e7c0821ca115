// Whether all that has begun can still come to its end, with so many slots left and the locks as they are held: it is tried in thought,
// one end after the other. Who cannot end by itself gets those started that it needs, as few as will do. What is found possible
// here stays possible, whichever end comes first in truth, as long as nothing else is started that makes it impossible.
import { Opening, type Step } from './opening.ts';
import { areFree, startNeeds, type Ties, type Unit } from './ties.ts';

/** How the members of each unit stand, by its index. */
export interface Standing {
  /** Not started and not ended. */
  readonly open: Int32Array;
  readonly running: Int32Array;
}

/** Of several that would do, which is taken: the one that is had for least, or, to be sure of any, the dearest. */
export type Choice = 'cheapest' | 'dearest';

interface Costly {
  readonly unit: Unit;
  readonly opening: Opening;
  /** Slots that are still taken once `unit` has ended. */
  readonly behind: number;
}

/** How much is tried in search of the best choice; beyond it the first one that will do is taken. */
const mostTried = 2000;
/** How long a chain of who needs whom is followed; what lies beyond it is not counted. */
const mostLevels = 1000;

export class Foresight {
  readonly #ties: Ties;
  readonly #choice: Choice;
  readonly #open: Int32Array;
  readonly #running: Int32Array;
  #free: number;
  #tried = 0;
  #level = 0;
  /** There is no end in sight otherwise: what comes late is counted as if it ran all the while. */
  #bold = false;
  /** The fewest slots that it takes to go on from where it stands, and who is needed then. */
  #lacking: { readonly slots: number; readonly needed: readonly Unit[] } | null = null;

  constructor(ties: Ties, { open, running }: Standing, free: number, choice: Choice = 'cheapest') {
    this.#ties = ties;
    this.#choice = choice;
    this.#open = open.slice();
    this.#running = running.slice();
    this.#free = free;
  }

  /** Whether all of these units can end. */
  canEnd(units: Iterable<Unit>): boolean {
    // A daemon has its locks until all else has ended.
    let left = [...units].filter((unit) => !this.#isOver(unit) && (unit.takes === 1 || unit.holds.length === 0));
    while (left.length > 0) {
      const { rest, costly } = this.#endFree(left);
      left = rest;
      if (rest.length === 0) return true;
      if (costly === null) {
        if (this.#bold || this.#lacking !== null) return false;
        this.#bold = true;
        continue;
      }
      this.#bold = false;
      this.#start(costly.opening);
      this.#end(costly.unit);
      left = left.filter((unit) => unit !== costly.unit);
    }
    return true;
  }

  /** What it takes besides what there is; null where slots alone would not help. To be asked after `canEnd` has said no. */
  get lacking(): { readonly slots: number; readonly needed: readonly Unit[] } | null {
    return this.#lacking;
  }

  /** How they stand once all have ended that can with nothing else being started. */
  static drained(ties: Ties, { open, running }: Standing, units: Iterable<Unit>): Standing {
    const thought = new Foresight(ties, { open, running }, 0);
    const left = new Set([...units].filter((unit) => !thought.#isOver(unit)));
    for (let more = true; more; ) {
      more = false;
      for (const unit of left) {
        const running = thought.#running[unit.index] as number;
        if (running === 0 || !thought.#mayEnd(unit)) continue;
        const opening = thought.#openingOf(unit);
        if (opening === null || [...opening.counts.values()].some((count) => count > 0)) continue;
        thought.#running[unit.index] = 0;
        left.delete(unit);
        more = true;
      }
    }
    return { open: thought.#open, running: thought.#running };
  }

  /** Ends all that can end without anything else being taken. */
  #endFree(units: readonly Unit[]): { rest: Unit[]; costly: Costly | null } {
    let left = units;
    for (;;) {
      const rest: Unit[] = [];
      let costly: Costly | null = null;
      this.#lacking = null;
      // Whoever leaves nothing behind is as good as any other who does not end for free.
      let isFound = false;
      for (const unit of left) {
        const isWanted = !isFound || unit.takes === 0 || this.#running[unit.index] !== 0;
        const opening = isWanted && this.#mayEnd(unit) ? this.#openingOf(unit) : null;
        const cost = opening?.cost ?? 0;
        if (opening !== null && cost === 0) {
          this.#start(opening);
          this.#end(unit);
          continue;
        }
        rest.push(unit);
        if (opening === null) continue;
        if (cost <= this.#free) {
          // Best those who leave the fewest running behind them.
          const behind = cost - (opening.counts.get(unit) ?? 0) * unit.takes;
          if (costly === null || behind < costly.behind) costly = { unit, opening, behind };
          if (behind === 0) isFound = true;
        } else if (this.#lacking === null || cost - this.#free < this.#lacking.slots)
          this.#lacking = { slots: cost - this.#free, needed: this.#neededWith(opening) };
      }
      if (rest.length === left.length || rest.length === 0) return { rest, costly };
      left = rest;
    }
  }

  #isOver({ index }: Unit): boolean {
    return this.#open[index] === 0 && this.#running[index] === 0;
  }

  #mayEnd({ startAfter, endAfter }: Unit): boolean {
    return this.#areOver(startAfter) && this.#areOver(endAfter);
  }

  #unit(index: number): Unit {
    return this.#ties.units[index] as Unit;
  }

  #openOf({ index }: Unit): number {
    return this.#open[index] as number;
  }

  #areOver(units: readonly number[]): boolean {
    return units.every((index) => this.#open[index] === 0 && this.#running[index] === 0);
  }

  /** Those that have to be started for one of it to come to its end; null where they cannot be now. */
  #openingOf(unit: Unit): Opening | null {
    const opening = new Opening();
    return this.#openInto(opening, unit, null) ? opening : null;
  }

  /** One of it runs, or all of it where all are needed at once, and it gets on. */
  #openInto(opening: Opening, unit: Unit, by: Unit | null): boolean {
    const isNew = !opening.moving.has(unit);
    opening.move(unit);
    const least = this.#running[unit.index] === 0 ? Math.min(1, this.#openOf(unit)) : 0;
    if (this.#level >= mostLevels) return true;
    this.#level++;
    const getsOn =
      this.#startInto(opening, unit, unit.whole ? this.#openOf(unit) : least, by) &&
      (!isNew || unit.some.every((choice) => this.#openOneOf(opening, unit, choice)));
    this.#level--;
    return getsOn;
  }

  /** So many of it are started besides. What comes only after `by` has started, and what comes before that, has to run while `by` does. */
  #startInto(opening: Opening, unit: Unit, count: number, by: Unit | null): boolean {
    if ((opening.counts.get(unit) ?? -1) >= count) return true;
    if (count > 0 && !this.#isFreeFor(unit, count, opening)) return false;
    const late = count === 0 ? [] : unit.startAfter.filter((other) => !this.#isOver(this.#unit(other)));
    if (late.length > 0 && (by === null || !(this.#bold || startNeeds(this.#ties, unit, by)))) return false;
    opening.start(unit, count);
    if (this.#level >= mostLevels) return true;
    this.#level++;
    const areStarted =
      late.every((other) => this.#openInto(opening, this.#unit(other), unit)) &&
      unit.opened.every((other) => this.#startInto(opening, this.#unit(other), this.#openOf(this.#unit(other)), unit));
    this.#level--;
    return areStarted;
  }

  /** One of them runs, and gets on, or none of them is left. */
  #openOneOf(opening: Opening, by: Unit, choice: readonly number[]): boolean {
    const units = choice.map((index) => this.#ties.units[index] as Unit).filter((unit) => !this.#isOver(unit));
    if (units.length === 0) return true;
    const isThere = (unit: Unit): boolean =>
      (this.#running[unit.index] as number) > 0 || (opening.counts.get(unit) ?? 0) > 0;
    const { mark } = opening;
    let best: { readonly steps: readonly Step[]; readonly cost: number } | null = null;
    // Who comes only after `by` has started helps it only where nobody else does.
    for (const late of [null, by]) {
      const inTurn = [...units.filter(isThere), ...units.filter((other) => !isThere(other))];
      for (const [at, unit] of inTurn.entries()) {
        const wasThere = isThere(unit);
        const getsOn = this.#openInto(opening, unit, late);
        const { cost } = opening;
        const isBest = getsOn && (best === null || this.#isBetter(cost, best.cost));
        const isLast = getsOn && (wasThere || ++this.#tried > mostTried || at === inTurn.length - 1);
        if (isBest && isLast) return true;
        const steps = opening.takeBack(mark);
        if (isBest) best = { steps, cost };
        if (isLast) break;
      }
      if (best !== null || units.some(({ startAfter }) => this.#areOver(startAfter))) break;
    }
    if (best === null) return false;
    opening.takeAgain(best.steps);
    return true;
  }

  #isBetter(cost: number, other: number): boolean {
    return this.#choice === 'cheapest' ? cost < other : cost > other;
  }

  #start(opening: Opening): void {
    for (const [unit, count] of opening.counts) {
      if (count === 0) continue;
      this.#open[unit.index] = (this.#open[unit.index] as number) - count;
      this.#running[unit.index] = (this.#running[unit.index] as number) + count;
      this.#free -= count * unit.takes;
    }
  }

  /** Those of it that have not started run one after the other, each where one has just ended. */
  #end(unit: Unit): void {
    const running = this.#running[unit.index] as number;
    this.#free += running * unit.takes;
    this.#running[unit.index] = 0;
    this.#open[unit.index] = 0;
  }

  #neededWith(opening: Opening): readonly Unit[] {
    return this.#ties.units.filter(
      (unit) => unit.takes === 1 && ((this.#running[unit.index] as number) > 0 || (opening.counts.get(unit) ?? 0) > 0),
    );
  }

  #isFreeFor(unit: Unit, count: number, opening: Opening): boolean {
    return areFree(this.#ties, unit.holds, (other) => {
      const more = other === unit ? count : (opening.counts.get(other) ?? 0);
      return (this.#running[other.index] as number) + more;
    });
  }
}
