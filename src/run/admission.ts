// The gate between those whose needs hold (`schedules`) and those who run, for plans in which not all that are due may start at
// once: it lets in whom `slots` grants it. To the schedules whoever waits here has been told to start; one that is told to stop meanwhile ends
// without ever having run. Who rests between two attempts, or has no item to work on, comes back through the same gate.
import { earliest } from '../deadline.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import { fateOf, type Ending, pipedWith } from './outcome.ts';
import type { Prospects } from './prospects.ts';
import type { ScheduleEffect } from './schedule-effect.ts';
import { type IsWanted, Schedules } from './schedules.ts';
import { Slots } from './slots.ts';

/** The gate is left out where all that is due starts at once. */
export function scheduleOf(plan: Plan, isWanted?: IsWanted): Schedules | Admission {
  const isGated =
    plan.slots !== null || plan.nodes.some((node) => isProcess(node) && node.each === null && node.holds.length > 0);
  return isGated ? new Admission(plan, isWanted) : new Schedules(plan, isWanted);
}

export class Admission {
  readonly #schedules: Schedules;
  readonly #slots: Slots;

  constructor(plan: Plan, isWanted?: IsWanted) {
    this.#schedules = new Schedules(plan, isWanted);
    this.#slots = new Slots(plan);
  }

  begin(now: number): ScheduleEffect[] {
    return this.#pass(this.#schedules.begin(now), now);
  }

  started(id: NodeId, now: number): ScheduleEffect[] {
    return this.#pass(this.#schedules.started(id, now), now);
  }

  ready(id: NodeId, now: number): ScheduleEffect[] {
    return this.#pass(this.#schedules.ready(id, now), now);
  }

  terminate(id: NodeId, reason: string, atOnce: boolean, now: number): ScheduleEffect[] {
    return this.#pass(this.#schedules.terminate(id, reason, atOnce, now), now);
  }

  ended(ending: Ending, now: number): ScheduleEffect[] {
    this.#slots.ended(ending.node);
    return this.#pass(this.#schedules.ended(ending, now), now);
  }

  drained(queue: string, now: number): ScheduleEffect[] {
    return this.#pass(this.#schedules.drained(queue, now), now);
  }

  stranded(queue: string, reason: string, now: number): ScheduleEffect[] {
    return this.#pass(this.#schedules.stranded(queue, reason, now), now);
  }

  recorded(queue: string, reason: string | null, now: number): ScheduleEffect[] {
    return this.#pass(this.#schedules.recorded(queue, reason, now), now);
  }

  stop(reason: string, now: number): ScheduleEffect[] {
    return this.#pass(this.#schedules.stop(reason, now), now);
  }

  /** It runs no more for now, and others may. False where it keeps what it has, and need not ask to come back. */
  rest(id: NodeId): boolean {
    return this.#slots.rests(id);
  }

  isResting(id: NodeId): boolean {
    return this.#slots.isResting(id);
  }

  /** It wants to go on. */
  comeBack(id: NodeId, now: number): ScheduleEffect[] {
    this.#slots.due([id], now);
    return this.#pass([], now);
  }

  /** Whether there is a slot for one more item of an `each` that runs. */
  lend(id: NodeId): boolean {
    return this.#slots.lend(id);
  }

  giveBack(id: NodeId): void {
    this.#slots.regain(id);
  }

  /** Something was given back. */
  letIn(now: number): ScheduleEffect[] {
    return this.#pass([], now);
  }

  nextDeadline(): number | null {
    return earliest(this.#schedules.nextDeadline(), this.#slots.nextDeadline());
  }

  timedOut(now: number): boolean {
    return this.#schedules.timedOut(now);
  }

  tick(now: number): ScheduleEffect[] {
    const effects = this.#pass(this.#schedules.tick(now), now);
    const long = this.#slots.waits(now);
    return long === null ? effects : [...effects, { do: 'queued', ...long }];
  }

  prospects(suspects: readonly NodeId[], absent: readonly NodeId[]): Prospects | null {
    return this.#schedules.prospects(suspects, absent, (id) => this.#slots.lackOf(id));
  }

  /** Keeps back whom it is not the turn of, and lets in whom it is. */
  #pass(effects: readonly ScheduleEffect[], now: number): ScheduleEffect[] {
    const passed: ScheduleEffect[] = [];
    const work = [...effects];
    // It grows while it is read.
    for (const effect of work) {
      const line = effect.do === 'stop' ? this.#slots.inLineWith(effect.node) : null;
      if (effect.do === 'start') this.#slots.due(effect.nodes, now);
      else if (effect.do === 'stop' && line === null) {
        this.#slots.withdraw(effect.node);
        // Who ended in line with another may be told to stop a moment later.
        if (this.#slots.isUnderWay(effect.node)) passed.push(effect);
      } else if (effect.do === 'stop' && line !== null)
        for (const ending of cutShort(effect, line)) {
          this.#slots.ended(ending.node);
          const cause = ending.node === effect.node ? effect.reason : pipedWith(effect.node, `was ${effect.as}`);
          passed.push({ do: 'end', fate: fateOf(ending), cause });
          work.push(...this.#schedules.ended(ending, now));
        }
      else {
        if (effect.do === 'wait') this.#slots.begun(effect.node);
        if (effect.do === 'end') this.#slots.ended(effect.fate.node);
        passed.push(effect);
      }
    }
    for (const { nodes, again } of this.#slots.grant())
      passed.push(again ? { do: 'admit', node: nodes[0] as NodeId } : { do: 'start', nodes });
    return passed;
  }
}

/** Those who would have started together end together. */
function cutShort({ node, as }: Extract<ScheduleEffect, { do: 'stop' }>, line: readonly NodeId[]): readonly Ending[] {
  if (as === 'stopped') return line.map((id) => ({ node: id, outcome: 'cancelled', becauseOfFailure: true }));
  return line.map((id) => ({ node: id, outcome: id === node ? 'terminated' : 'skipped' }));
}
