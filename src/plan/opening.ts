// What else is done in thought for one process to come to its end: what is started, and what is seen to. Each step is taken in place, and
// those that were in vain are taken back, or kept and taken again later.
import type { Unit } from './ties.ts';

export class Opening {
  /** So many of these are started. */
  readonly counts = new Map<Unit, number>();
  /** It is seen to that these get on. */
  readonly moving = new Set<Unit>();
  /** Slots that this takes. */
  cost = 0;
  readonly #steps: Step[] = [];

  /** How far it has come: what follows can be taken back, or kept for later. */
  get mark(): number {
    return this.#steps.length;
  }

  move(unit: Unit): void {
    if (this.moving.has(unit)) return;
    this.moving.add(unit);
    this.#steps.push({ unit, count: null, before: undefined });
  }

  start(unit: Unit, count: number): void {
    const before = this.counts.get(unit);
    this.counts.set(unit, count);
    this.cost += (count - (before ?? 0)) * unit.takes;
    this.#steps.push({ unit, count, before });
  }

  takeBack(mark: number): readonly Step[] {
    const steps = this.#steps.splice(mark);
    for (const { unit, count, before } of steps.toReversed()) {
      if (count === null) this.moving.delete(unit);
      else {
        this.cost -= (count - (before ?? 0)) * unit.takes;
        if (before === undefined) this.counts.delete(unit);
        else this.counts.set(unit, before);
      }
    }
    return steps;
  }

  takeAgain(steps: readonly Step[]): void {
    for (const { unit, count } of steps) {
      if (count === null) this.move(unit);
      else this.start(unit, count);
    }
  }
}

/** That one is seen to (`count` is null), or that so many of it are started. */
export interface Step {
  readonly unit: Unit;
  readonly count: number | null;
  readonly before: number | undefined;
}
