// A Plan → its run: makes the run's folder, tells every event to the journal, the summary and the caller, and executes.
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Plan } from '../plan/plan.ts';
import type { Event } from './event.ts';
import { Execution } from './executor.ts';
import type { Happening } from './happening.ts';
import { ignoreItself, Journal } from './journal.ts';
import type { Pausable } from './pausing.ts';
import { type Summary, Summarizer } from './summary.ts';
import type { StopCause } from './verdict.ts';

export interface RunOptions {
  /** The run's folder. Default: `.forkline/runs/<run id>` in the current folder. */
  readonly runDir?: string;
  /** Called with every event, in order; it must not throw. */
  readonly onEvent?: (event: Event) => void;
  /** How long processes must have been waiting for each other to be a deadlock, which ends the run, in milliseconds. Default: 1000.
   * 0: none is looked for. */
  readonly deadlockMs?: number;
  /** Stops the run by each process's `stop` rule. Its reason may be the name of a signal, which decides the exit code. */
  readonly signal?: AbortSignal;
  /** Kills everything at once. */
  readonly kill?: AbortSignal;
  /** Called once, with what pauses the run and lets it go on. */
  readonly onPausable?: (pausing: Pausable) => void;
}

/** Runs a plan to its end. Rejects only where the run's folder cannot be made, or for a mistake of Forkline's. */
export async function run(plan: Plan, options: RunOptions = {}): Promise<Summary> {
  const runId = newRunId(new Date());
  const runDir = options.runDir === undefined ? defaultFolder(runId) : resolve(options.runDir);
  const deadlockMs = options.deadlockMs ?? DEADLOCK_MS;
  const summarizer = new Summarizer();
  const tell = (happening: Happening): void => {
    const event = { time: Date.now(), ...happening } as Event;
    journal.event(event);
    summarizer.add(event);
    options.onEvent?.(event);
  };
  const journal = new Journal(runDir, plan, (message) => tell({ type: 'warning', message }));
  const execution = new Execution(plan, { runId, runDir, tell, deadlockMs, journalLost: () => journal.lost });
  execution.begin();
  options.onPausable?.(execution.pausing);
  const unlisten = listen(execution, options);
  try {
    await execution.run();
    const summary = summarizer.summary();
    journal.end(summary);
    return summary;
  } finally {
    unlisten();
  }
}

const DEADLOCK_MS = 1000;

function listen(execution: Execution, { signal, kill }: RunOptions): () => void {
  const onStop = (): void => execution.stop(causeOf(signal?.reason));
  const onKill = (): void => execution.kill(causeOf(kill?.reason));
  signal?.addEventListener('abort', onStop);
  kill?.addEventListener('abort', onKill);
  if (signal?.aborted) onStop();
  if (kill?.aborted) onKill();
  return () => {
    signal?.removeEventListener('abort', onStop);
    kill?.removeEventListener('abort', onKill);
  };
}

function causeOf(reason: unknown): StopCause {
  switch (reason) {
    case 'SIGTERM':
      return { exitCode: 143, reason: 'the run was terminated (SIGTERM)' };
    case 'SIGHUP':
      return { exitCode: 129, reason: 'the terminal was closed (SIGHUP)' };
    default:
      return { exitCode: 130, reason: 'the run was interrupted' };
  }
}

/** Sorts by time, and two at once do not collide. */
function newRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${time}-${randomBytes(3).toString('hex')}`;
}

function defaultFolder(runId: string): string {
  ignoreItself(resolve('.forkline'));
  return join(resolve('.forkline'), 'runs', runId);
}
