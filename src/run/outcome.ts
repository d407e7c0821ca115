// What an ending means to others: the table of endings. A node that has ended has an outcome, and from it follows what its
// dependents may take it for, whether its streams end or break, and whether it fails the run.
import type { NodeId } from '../plan/plan.ts';
import type { Outcome } from './event.ts';
import type { Ended } from './life.ts';

/** How a node ended, as those who wait for it see it. */
export interface Fate {
  readonly node: NodeId;
  readonly outcome: Outcome;
  readonly succeeded: boolean;
  readonly completed: boolean;
  readonly failed: boolean;
  /** No failure is behind it: its streams end rather than break, and what is skipped because of it is skipped benignly. */
  readonly benign: boolean;
}

export interface Ending {
  readonly node: NodeId;
  readonly outcome: Outcome;
  /** `on_failure: ignore`: a failure is taken as a success. */
  readonly ignoreFailure?: boolean;
  /** Skipped or cancelled: whether a failure was the cause. */
  readonly becauseOfFailure?: boolean;
}

export function fateOf({ node, outcome, ignoreFailure = false, becauseOfFailure = false }: Ending): Fate {
  switch (outcome) {
    case 'succeeded':
    case 'passed':
    case 'finished':
      return { node, outcome, succeeded: true, completed: true, failed: false, benign: true };
    case 'failed':
    case 'timed_out':
      return {
        node,
        outcome,
        succeeded: ignoreFailure,
        completed: true,
        failed: !ignoreFailure,
        benign: ignoreFailure,
      };
    case 'terminated':
      return { node, outcome, succeeded: false, completed: true, failed: false, benign: true };
    case 'stopped':
      return { node, outcome, succeeded: false, completed: true, failed: false, benign: !becauseOfFailure };
    case 'skipped':
    case 'cancelled':
      return {
        node,
        outcome,
        succeeded: false,
        completed: !becauseOfFailure,
        failed: false,
        benign: !becauseOfFailure,
      };
  }
}

/** Why one is skipped that would have been started together with another. */
export function pipedWith(node: NodeId, phrase: string): string {
  return `\`${node}\`, which a pipe joins it to, ${phrase}`;
}

/** How a process ended that has not succeeded, to be said after its name. */
export function howEnded({ outcome, exitcode, signal, cause }: Omit<Ended, 'startedAt' | 'again'>): string {
  switch (outcome) {
    case 'timed_out':
      return 'timed out';
    case 'terminated':
    case 'stopped':
    case 'cancelled':
      return `was ${outcome}`;
    default:
      if (cause !== null) return `failed: ${cause}`;
      return signal === null ? `failed with exit code ${exitcode ?? 1}` : `was killed by ${signal}`;
  }
}

/** What became of it, to be said after its name. */
export function phraseOf({ outcome }: Fate): string {
  switch (outcome) {
    case 'timed_out':
      return 'timed out';
    case 'succeeded':
    case 'passed':
    case 'finished':
    case 'failed':
      return outcome;
    case 'terminated':
    case 'stopped':
    case 'skipped':
    case 'cancelled':
      return `was ${outcome}`;
  }
}
