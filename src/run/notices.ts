// What the broker tells of the run, and what comes of it: most is for the schedule to decide or for a process to hear of; what
// fails the run without ending it at once is kept until its verdict.
import type { Notice } from '../broker/control.ts';
import type { BrokerHost } from '../broker/host.ts';
import type { NodeId } from '../plan/plan.ts';
import type { Admission } from './admission.ts';
import { causeOf } from './deadlock.ts';
import { EachRun } from './each-run.ts';
import { type Happening, happeningOf } from './happening.ts';
import { inspect } from './inspection.ts';
import type { Outputs } from './outputs.ts';
import type { ProcessRun } from './process-run.ts';
import type { ScheduleEffect } from './schedule-effect.ts';
import type { Schedules } from './schedules.ts';
import type { StopCause } from './verdict.ts';

export interface NoticesContext {
  readonly runId: string;
  readonly schedule: Schedules | Admission;
  readonly outputs: Outputs;
  readonly running: ReadonlyMap<NodeId, ProcessRun | EachRun>;
  readonly broker: () => BrokerHost | null;
  readonly now: () => number;
  readonly tell: (happening: Happening) => void;
  readonly perform: (effects: readonly ScheduleEffect[]) => void;
  readonly stop: (cause: StopCause) => void;
  readonly onBroken: (error: unknown) => void;
}

export class Notices {
  /** An item was delivered as often as its `attempts` allow, and never done. */
  exhausted = false;
  /** What became of `from` and `to` that fails the run. */
  readonly troubles: string[] = [];
  readonly #context: NoticesContext;

  constructor(context: NoticesContext) {
    this.#context = context;
  }

  hear(notice: Notice): void {
    const { schedule, outputs, running, broker, now, tell, perform, stop, onBroken } = this.#context;
    const happening = happeningOf(notice);
    if (happening) tell(happening);
    if (notice.type === 'drained') perform(schedule.drained(notice.queue, now()));
    if (notice.type === 'stranded') perform(schedule.stranded(notice.queue, notice.reason, now()));
    if (notice.type === 'terminate') {
      const { node, by, atOnce, errand } = notice;
      perform(schedule.terminate(node, `by \`${by}\``, atOnce, now()));
      broker()?.done(errand);
    }
    if (notice.type === 'output') {
      outputs.set(notice.node, notice.name, notice.value);
      broker()?.done(notice.errand);
    }
    if (notice.type === 'suspects') this.#inspect(notice).catch(onBroken);
    if (notice.type === 'deadlock') stop(causeOf(notice));
    if (notice.type === 'ready' || notice.type === 'given' || notice.type === 'ran-out') {
      const run = running.get(notice.node);
      if (run instanceof EachRun) run.hear(notice);
      else if (notice.type === 'ready') run?.saysReady();
    }
    if (notice.type === 'exhausted') this.exhausted = true;
    if (notice.type === 'supplied' || notice.type === 'recorded') this.#judge(notice);
    if (notice.type === 'recorded') perform(schedule.recorded(notice.queue, notice.reason, now()));
    if ((notice.type === 'offence' || notice.type === 'miswired') && notice.node !== null)
      running.get(notice.node)?.handle({ type: 'fault', reason: notice.reason });
  }

  /** A `from` or a `to` fails the run as a process does, with `on_failure: stop` or `continue`. */
  #judge(notice: Extract<Notice, { type: 'supplied' | 'recorded' }>): void {
    const { queue, reason, fails } = notice;
    if (reason === null || fails === 'no') return;
    const what = notice.type === 'supplied' ? `the \`from\` of queue \`${queue}\`` : `the \`to\` of queue \`${queue}\``;
    const trouble = `${what} failed: ${reason}`;
    this.troubles.push(trouble);
    const { schedule, perform, now } = this.#context;
    if (fails === 'now') perform(schedule.stop(trouble, now()));
  }

  async #inspect(suspected: Extract<Notice, { type: 'suspects' }>): Promise<void> {
    const outlook = await inspect(suspected, this.#context);
    this.#context.broker()?.inspected(suspected.request, outlook);
  }
}
