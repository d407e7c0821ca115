// What the machine of one process (`lifecycle`) is told, what it answers with, and the phases between.
import type { Account, Fed } from '../broker/control.ts';
import type { NodeId } from '../plan/plan.ts';
import type { Outcome } from './event.ts';
import type { Report, Seen } from './neighbours.ts';
import type { ReadinessEffect } from './readiness.ts';

export type LifePhase =
  | 'pending'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'emptying'
  | 'accounting'
  | 'awaiting'
  | 'ended';
/** `resting`: between one attempt and the next, until that is admitted. */
export type Phase = LifePhase | 'resting';

/** A process of the run, as far as it can be seen from outside. */
export interface Life {
  readonly phase: Phase;
  /** Null where it has none, or none yet. */
  readonly pid: number | null;
}

export type Input =
  | { readonly type: 'start' }
  | { readonly type: 'spawned'; readonly pid: number }
  /** Its next attempt may begin. */
  | { readonly type: 'admitted' }
  /** The files of its streams are opened, which may take any time: one may be a FIFO. */
  | { readonly type: 'opening' }
  /** There is no process: no such program, no such folder, … */
  | { readonly type: 'refused'; readonly reason: string }
  /** It was told to end before there was a process, and there never will be one. */
  | { readonly type: 'withdrawn' }
  /** The leader has exited and was reaped. */
  | {
      readonly type: 'exited';
      readonly exitcode: number;
      readonly signal: NodeJS.Signals | null;
      /** Of the pipes that join it to others, where it has such. */
      readonly seen?: Seen;
    }
  /** Nothing of its tree is alive. */
  | { readonly type: 'emptied'; readonly leaked: readonly number[] }
  | { readonly type: 'accounted'; readonly account: Account }
  /** One that a pipe joins it to has exited, or ended. */
  | { readonly type: 'heard'; readonly report: Report }
  /** What was told to others meanwhile has reached them. */
  | { readonly type: 'reconsider' }
  | { readonly type: 'stop'; readonly as: 'terminated' | 'stopped'; readonly reason: string }
  /** At once. `as`: what it will have ended as, where it is not stopped with the run. */
  | { readonly type: 'kill'; readonly as?: 'terminated'; readonly reason?: string }
  /** It must fail, whatever its exit code: it broke a promise of its wiring, or the protocol. */
  | { readonly type: 'fault'; readonly reason: string }
  /** The probe of its readiness holds, or did not when it was tried. */
  | { readonly type: 'held' }
  | { readonly type: 'unheld'; readonly reason: string }
  | { readonly type: 'tick' };

export type Effect =
  | { readonly do: 'spawn' }
  | { readonly do: 'announce'; readonly pid: number }
  | { readonly do: 'signal'; readonly signal: NodeJS.Signals; readonly reason: string }
  /** Wait until its tree is empty. `patient`: what is left of it was told to end, and is given until `hurry`; else it is
   * killed. */
  | { readonly do: 'empty'; readonly patient: boolean }
  /** It is no longer wanted, should there be no process yet, or one that waits for a file to be opened. */
  | { readonly do: 'cancel' }
  | { readonly do: 'hurry' }
  | { readonly do: 'leaked'; readonly pids: readonly number[] }
  /** It has failed, and so much was written to its stdin that counts as done. */
  | ({ readonly do: 'fed' } & Fed)
  /** Not all that it had written is in that queue: it was stopped, and no more room came. */
  | { readonly do: 'cut-off'; readonly queue: string }
  /** Ask the broker what became of all it said; `abandon`: waiting for room in queues only as long as some comes. */
  | { readonly do: 'account'; readonly abandon: boolean }
  | {
      readonly do: 'settle';
      readonly held: 'done' | 'back';
      readonly stream: 'end' | 'abort';
      readonly succeeded: boolean;
      /** In words, where it has not succeeded. */
      readonly how?: string;
      /** It has not, and ended as it should all the same. */
      readonly orderly?: boolean;
    }
  /** To one that a pipe joins it to. */
  | { readonly do: 'report'; readonly to: NodeId; readonly report: Report }
  /** Come back with it once all that is being done now is done. */
  | { readonly do: 'reconsider' }
  | ReadinessEffect
  /** One of several attempts has ended, and another will follow: what it held goes back, and its streams stay open. */
  | { readonly do: 'recover'; readonly how: string }
  /** The attempt of that number follows after so long. */
  | { readonly do: 'again'; readonly attempt: number; readonly delayMs: number; readonly ended: Ended }
  /** The delay is over: it goes on once it is `admitted`. */
  | { readonly do: 'return' }
  | { readonly do: 'end'; readonly ended: Ended };

export interface Ended {
  readonly outcome: Outcome;
  readonly exitcode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly startedAt: number | null;
  readonly cause: string | null;
  /** What it takes for it to be started again: a rule that says so after failures, or even after all went well; `never` where it
   * would only fail again. */
  readonly again: 'on-failure' | 'always' | 'never';
  /** Where there was more than one. */
  readonly attempts?: number;
}

/** Of one that was never started. */
export const neverRan: Ended = {
  outcome: 'skipped',
  exitcode: null,
  signal: null,
  startedAt: null,
  cause: null,
  again: 'never',
};
