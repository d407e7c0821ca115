// How a run came out: its exit code, the one sentence that says why, and what is to be said of items that were left.
import type { NodeId, Plan } from '../plan/plan.ts';
import type { QueueCounts } from './event.ts';

/** The exit code of a run that took too long; those of signals are larger. */
export const TIMED_OUT = 124;

/** Why a run was ended early, and the exit code for that. */
export interface StopCause {
  readonly exitCode: number;
  readonly reason: string;
}

/** Whether the run's time limit or a signal was that. */
export function isCutShort({ exitCode }: StopCause): boolean {
  return exitCode >= TIMED_OUT;
}

export interface RunFacts {
  readonly plan: Plan;
  /** Nodes whose failure fails the run. */
  readonly failed: readonly NodeId[];
  /** Nodes that failed, and whose failure is ignored. */
  readonly ignored: readonly NodeId[];
  readonly counts: Readonly<Record<string, QueueCounts>>;
  /** An item was never done, however often it was delivered. */
  readonly exhausted: boolean;
  /** What became of `from` and `to` that fails the run. */
  readonly troubles: readonly string[];
  readonly journalLost: boolean;
  readonly stopped: StopCause | null;
}

export interface Verdict {
  readonly exitCode: number;
  readonly reason: string;
  readonly warnings: readonly { readonly message: string; readonly queue: string }[];
}

export function verdictOf({
  plan,
  failed,
  ignored,
  counts,
  exhausted,
  troubles,
  journalLost,
  stopped,
}: RunFacts): Verdict {
  const warnings: { message: string; queue: string }[] = [];
  const left: string[] = [];
  for (const channel of plan.channels) {
    if (channel.kind !== 'queue' || channel.leftover === 'ignore') continue;
    const count = counts[channel.name]?.left_over ?? 0;
    if (count === 0) continue;
    const message = `${count} ${count === 1 ? 'item was' : 'items were'} left over in queue \`${channel.name}\``;
    warnings.push({ message, queue: channel.name });
    if (channel.leftover === 'fail') left.push(message);
  }
  const problems = [
    ...(stopped ? [stopped.reason] : []),
    ...(failed.length > 0 ? [failedOf(failed)] : []),
    ...troubles,
    ...left,
    ...(exhausted && left.length === 0 ? ['an item could not be done in as many attempts as its queue allows'] : []),
    ...(journalLost ? [INCOMPLETE] : []),
  ];
  const exitCode = stopped?.exitCode ?? (problems.length > 0 ? 1 : 0);
  const fine = ignored.length === 0 ? 'everything succeeded' : `everything succeeded but ${ignoredOf(ignored)}`;
  return { exitCode, reason: problems.length > 0 ? problems.join('; ') : fine, warnings };
}

export const INCOMPLETE = 'the files of the run are incomplete';

function failedOf(failed: readonly NodeId[]): string {
  return `${named(failed)} failed`;
}

function ignoredOf(ignored: readonly NodeId[]): string {
  return `${named(ignored)}, whose ${ignored.length === 1 ? 'failure is' : 'failures are'} ignored`;
}

function named(nodes: readonly NodeId[]): string {
  const shown = nodes.slice(0, 5).map((id) => `\`${id}\``);
  const more = nodes.length > shown.length ? ` and ${nodes.length - shown.length} more` : '';
  return `${shown.join(', ')}${more}`;
}
