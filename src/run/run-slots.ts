// The slots of a run, as its processes give them back while they rest and ask for them again: those of one process, and of the items of an
// `each`. Where there is no limit, and nothing is held, all may always go on.
import type { NodeId } from '../plan/plan.ts';
import { Admission } from './admission.ts';
import type { EachContext, EachRun } from './each-run.ts';
import type { ProcessRun } from './process-run.ts';
import type { ScheduleEffect } from './schedule-effect.ts';
import type { Schedules } from './schedules.ts';

export interface RunSlotsSettings {
  /** Null: no limit. */
  readonly most: number | null;
  readonly schedule: Schedules | Admission;
  readonly now: () => number;
  readonly perform: (effects: readonly ScheduleEffect[]) => void;
}

export class RunSlots {
  readonly #settings: RunSlotsSettings;
  /** Null: none are counted, and no locks held. */
  readonly #admission: Admission | null;
  /** Those that have to wait for slots for their items. */
  readonly #eachs = new Set<EachRun>();

  constructor(settings: RunSlotsSettings) {
    this.#settings = settings;
    this.#admission = settings.schedule instanceof Admission ? settings.schedule : null;
  }

  /** For the items of this `each`; null: as many as it likes. */
  ofEach(id: NodeId): EachContext['slots'] {
    const admission = this.#admission;
    const { most, now, perform } = this.#settings;
    if (most === null || admission === null) return null;
    const source = {
      rest: () => admission.rest(id),
      comeBack: () => perform(admission.comeBack(id, now())),
      lend: () => admission.lend(id),
      giveBack: () => admission.giveBack(id),
      letIn: () => perform(admission.letIn(now())),
    };
    return { most, source };
  }

  /** What it has goes to others meanwhile. */
  rest(id: NodeId): void {
    const { now, perform } = this.#settings;
    if (this.#admission?.rest(id)) perform(this.#admission.letIn(now()));
  }

  comeBack(run: Pick<ProcessRun, 'node' | 'handle'>): void {
    const { now, perform } = this.#settings;
    if (this.#admission?.isResting(run.node.id)) perform(this.#admission.comeBack(run.node.id, now()));
    else run.handle({ type: 'admitted' });
  }

  watch(run: EachRun): void {
    if (this.#admission !== null) this.#eachs.add(run);
  }

  forget(run: EachRun): void {
    this.#eachs.delete(run);
  }

  /** Slots may have become free. */
  resume(): void {
    for (const run of this.#eachs) run.resume();
  }
}
