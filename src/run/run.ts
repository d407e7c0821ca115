// A Plan → its run: makes the run's folder, tells every event to the journal, the summary and the caller, and executes.
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { withContested } from '../plan/contested.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import type { RunContext } from '../plan/resolve.ts';
import type { Tier } from './containment.ts';
import type { Event } from './event.ts';
import type { ExecutionOptions } from './execution-options.ts';
import { Execution } from './executor.ts';
import type { Happening } from './happening.ts';
import { ignoreItself, Journal } from './journal.ts';
import type { Pausable } from './pausing.ts';
import type { Secrets } from './secrets.ts';
import { type Summary, Summarizer } from './summary.ts';
import { INCOMPLETE, type StopCause } from './verdict.ts';

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
  /** The surest means by which nothing is to be left behind. Default: `cgroup`, which is the surest of all; less is for trying out. */
  readonly containment?: Tier;
  /** With less than this nothing is started, and the exit code is 2. */
  readonly requireContainment?: 'full';
  /** Called once, with what pauses the run and lets it go on. */
  readonly onPausable?: (pausing: Pausable) => void;
}

/** The folder of a run cannot be made, for that `cause`. */
export class FolderNotMade extends Error {
  override readonly name = 'FolderNotMade';
  /** Where it failed. */
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`cannot make the folder of the run, \`${path}\``, { cause });
    this.path = path;
  }
}

/**
 * Runs a plan to its end. Rejects with `FolderNotMade`, with an error of the name `SecretsMissing` where a secret is not set, and
 * else only for a mistake of Forkline's.
 */
export async function run(planned: Plan, options: RunOptions = {}): Promise<Summary> {
  const plan = withContested(planned);
  const runId = newRunId(new Date());
  const runDir = options.runDir === undefined ? made('.forkline', () => defaultFolder(runId)) : resolve(options.runDir);
  const deadlockMs = options.deadlockMs ?? DEADLOCK_MS;
  const secrets = await secretsFor(plan, { id: runId, dir: runDir, name: plan.name });
  const summarizer = new Summarizer();
  const tell = (happening: Happening): void => {
    const event = { time: Date.now(), ...(secrets?.happening(happening) ?? happening) } as Event;
    journal.event(event);
    summarizer.add(event);
    options.onEvent?.(event);
    if (event.type === 'run.started')
      for (const exposure of secrets?.exposures(plan) ?? []) tell({ type: 'warning', ...exposure });
  };
  const warn = (message: string, node?: NodeId): void =>
    tell({ type: 'warning', message, ...(node === undefined ? {} : { node }) });
  const journal = made(options.runDir ?? runDir, () => new Journal(runDir, secrets?.plan(plan) ?? plan, warn));
  const masker = secrets?.masker ?? null;
  const settings: ExecutionOptions = {
    runId,
    runDir,
    tell,
    masker,
    deadlockMs,
    containment: options.containment ?? 'cgroup',
    requireContainment: options.requireContainment === 'full',
    journalLost: () => journal.lost,
  };
  const execution = made('/tmp', () => new Execution(plan, settings));
  execution.begin();
  options.onPausable?.(execution.pausing);
  const unlisten = listen(execution, options);
  try {
    await execution.run();
    const summary = summarizer.summary();
    const whole = journal.end(summary);
    return whole || !summary.success ? summary : { ...summary, success: false, exitCode: 1, reason: INCOMPLETE };
  } catch (error) {
    throw secrets?.error(error) ?? error;
  } finally {
    unlisten();
  }
}

const DEADLOCK_MS = 1000;

function made<T>(folder: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new FolderNotMade((error as NodeJS.ErrnoException).path ?? folder, error);
  }
}

/** Null where the plan has none, which then costs nothing. */
async function secretsFor(plan: Plan, run: RunContext['run']): Promise<Secrets | null> {
  if (plan.secrets.length === 0) return null;
  const { SecretsMissing, secretsOfRun } = await import('./secrets.ts');
  const secrets = secretsOfRun(plan, run, process.env);
  const problems = secrets.problems();
  if (problems.length > 0) throw new SecretsMissing(problems.join('\n'));
  return secrets;
}

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
    case 'SIGQUIT':
      return { exitCode: 131, reason: 'the run was killed (SIGQUIT)' };
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
