// What a child sees in its environment: the runner's, then the pipeline's, then ours.
import { delimiter } from 'node:path';
import type { Fence } from '../broker/control.ts';
import { home } from '../home.ts';
import { abandonedVariableOf, fenceVariableOf, isOfLock } from '../plan/fence-variable.ts';
import type { ProcessNode } from '../plan/plan.ts';
import { itemVariables } from './item-input.ts';

/** What all of a run have in common. */
export interface RunIdentity {
  /** The runner's own variables, as `inherited` gives them. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly runId: string;
  readonly runDir: string;
  /** Which of its attempts this is, from 1. */
  readonly attempt: number;
}

export function environmentOf(
  node: ProcessNode,
  run: RunIdentity,
  connection: { readonly socket: string; readonly token: string } | null,
  fences: readonly Fence[] = [],
): Record<string, string> {
  const env: Record<string, string> = { ...run.inherited, ...node.env };
  // What is not told of an item must not be taken for it.
  if (node.stdin.type === 'item') for (const name of itemVariables) if (node.env[name] === undefined) delete env[name];
  prepend(env, 'PATH', home.bin);
  // `forkline` itself needs it, whatever PATH the pipeline gives.
  env.FORKLINE_NODE = process.execPath;
  prepend(env, 'PYTHONPATH', home.python);
  prepend(env, 'NODE_PATH', home.modules);
  env.FORKLINE_PROCESS = node.id;
  env.FORKLINE_RUN_ID = run.runId;
  env.FORKLINE_RUN_DIR = run.runDir;
  env.FORKLINE_ATTEMPT = String(run.attempt);
  if (connection) {
    env.FORKLINE_SOCKET = connection.socket;
    env.FORKLINE_TOKEN = connection.token;
  }
  for (const { lock, fence, abandoned } of fences) {
    env[fenceVariableOf(lock)] = String(fence);
    env[abandonedVariableOf(lock)] = abandoned ? '1' : '0';
  }
  return env;
}

/** The mark by which a process of a run is known wherever it has moved to. */
export function markOf(runId: string): string {
  return `FORKLINE_RUN_ID=${runId}`;
}

/** The marks by which a process of one instance is known. */
export function marksOf(runId: string, node: string): readonly string[] {
  return [markOf(runId), `FORKLINE_PROCESS=${node}`];
}

/** The runner's own, without what an outer run, of which this runner may be a process, told it about itself. To look them up takes long. */
export function inherited(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined && !isOurs(name)) env[name] = value;
  return env;
}

function isOurs(name: string): boolean {
  return ours.has(name) || isOfLock(name);
}

const ours = new Set([
  'FORKLINE_SOCKET',
  'FORKLINE_TOKEN',
  'FORKLINE_PROCESS',
  'FORKLINE_RUN_ID',
  'FORKLINE_RUN_DIR',
  'FORKLINE_ATTEMPT',
]);

function prepend(env: Record<string, string>, name: string, folder: string): void {
  env[name] = env[name] ? `${folder}${delimiter}${env[name]}` : folder;
}
