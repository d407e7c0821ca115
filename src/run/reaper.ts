// Leaves nobody behind: finds what is left of a process group or of a whole run, and kills it until nothing is left. On Linux
// it reads /proc; elsewhere it knows only whether a group has members.
import { readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hasOpen, hasVariables, pids, read, statOf } from '../procfs.ts';

const pollMs = 4;
const longestPollMs = 64;
/** How long killed processes are waited for; the kernel may hold one in an uninterruptible call. */
const patienceMs = 5_000;

/** Signals every process of a group; false where it has none. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    // EPERM: members there are, but of another user (sudo).
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Waits until a group whose leader is gone is empty, and kills what is left of it: at once, or once `patience` is aborted. Answers
 * whom it killed.
 */
export async function emptyGroup(pgid: number, patience?: AbortSignal): Promise<number[]> {
  const members = (): number[] => (signalGroup(pgid, 0) ? groupMembers(pgid) : []);
  if (patience) await untilEmpty(members, patience);
  return killUntilEmpty(members);
}

/** Kills all that is in a cgroup and below it, and takes it away. */
export async function emptyCgroup(folder: string): Promise<void> {
  const populated = (): number[] => (/^populated 1$/m.test(read(join(folder, 'cgroup.events'))) ? [0] : []);
  try {
    writeFileSync(join(folder, 'cgroup.kill'), '1');
  } catch {
    // It is gone.
  }
  await untilEmpty(populated, AbortSignal.timeout(patienceMs));
  removeFolders(folder);
}

function removeFolders(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removeFolders(join(folder, entry.name));
    rmdirSync(folder);
  } catch {
    // It is gone, or something in it cannot be killed.
  }
}

/** Whether anything of the group lives; a zombie does not. */
export function groupLives(pgid: number): boolean {
  return signalGroup(pgid, 0) && groupMembers(pgid).length > 0;
}

/** Whether a process of the group has what /proc shows by that name open. Where that cannot be seen, it has while it lives. */
export function groupHolds(pgid: number, shown: string): boolean {
  if (!signalGroup(pgid, 0)) return false;
  if (process.platform !== 'linux') return true;
  return hasOpen(pgid, shown) || groupMembers(pgid).some((pid) => pid !== pgid && hasOpen(pid, shown));
}

async function untilEmpty(find: () => readonly number[], patience: AbortSignal): Promise<void> {
  for (let pauseMs = 1; !patience.aborted && find().length > 0; pauseMs = Math.min(pauseMs * 2, longestPollMs))
    await pause(pauseMs, undefined, { signal: patience }).catch(() => {});
}

/** Kills whoever is found, and looks again, until nobody is. Answers whom it killed. */
export async function killUntilEmpty(find: () => readonly number[]): Promise<number[]> {
  const killed = new Set<number>();
  for (let waited = 0; waited < patienceMs; waited += pollMs) {
    const alive = find();
    if (alive.length === 0) break;
    for (const pid of alive) {
      killed.add(pid);
      kill(pid);
    }
    await pause(pollMs);
  }
  return [...killed];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile, or is not ours to end.
  }
}

/** The living members of a group; zombies are nobody's harm. */
function groupMembers(pgid: number): number[] {
  if (process.platform !== 'linux') return [-pgid];
  return pids().filter((pid) => {
    const { lives, group } = statOf(pid);
    return lives && group === pgid;
  });
}

/** What carries the mark `NAME=value` in its environment, wherever it has moved to. What has emptied its environment is not found. */
export function marked(mark: string): number[] {
  if (process.platform !== 'linux') return [];
  return pids().filter((pid) => pid !== process.pid && hasVariables(pid, [mark]));
}

/** All that descends from these, zombies left out. */
export function descendantsOf(ancestors: readonly number[]): number[] {
  if (process.platform !== 'linux' || ancestors.length === 0) return [];
  const parents = new Map(pids().map((pid) => [pid, statOf(pid)]));
  const found = new Set<number>(ancestors);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, { parent }] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found].filter((pid) => !ancestors.includes(pid) && parents.get(pid)?.lives);
}
