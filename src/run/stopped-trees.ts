// Stops all processes of a run where they are, and lets them go on. On Linux it reads /proc and finds also what has left its process
// group; elsewhere it knows the groups alone.
import { pids, read, type Stat, statOf } from '../procfs.ts';
import { markOf } from './environment.ts';

/** A process that was stopped here, or, where it is negative, a whole group. */
export interface Stopped {
  readonly pid: number;
  /** When it was started, as the kernel counts: by then another process may have its number. */
  readonly startedAt: string;
}

/** All that is of the run of that id, but for its keeper. What was stopped already is left out. */
export function stopTrees(leaders: readonly number[], runId: string): Stopped[] {
  if (process.platform !== 'linux') return leaders.filter((pid) => signal(-pid, 'SIGSTOP')).map(groupOf);
  const stopped: Stopped[] = [];
  const seen = new Set<number>();
  // A process that was not yet stopped may have forked meanwhile: until a look finds nothing new.
  for (let looks = 0, found = 1; found > 0 && looks < MOST_LOOKS; looks++) {
    const fresh = membersOf(leaders, runId, seen);
    found = fresh.length;
    for (const { pid, state, startedAt } of fresh) {
      seen.add(pid);
      if (state !== 'T' && signal(pid, 'SIGSTOP')) stopped.push({ pid, startedAt });
    }
  }
  return stopped;
}

export function letGoOn(stopped: readonly Stopped[]): void {
  for (const { pid, startedAt } of stopped) if (pid < 0 || statOf(pid).startedAt === startedAt) signal(pid, 'SIGCONT');
}

const MOST_LOOKS = 50;

interface Process extends Stat {
  readonly pid: number;
}

/**
 * Those of the run that are not among `known`: of the groups and sessions of the leaders, what carries the run's mark, and what is below
 * all these or below the keeper, to whom falls what has lost its parent.
 */
function membersOf(leaders: readonly number[], runId: string, known: ReadonlySet<number>): Process[] {
  const heads = new Set(leaders);
  const keepers = new Set<number>();
  const isMarked = (pid: number): boolean => {
    const environment = read(`/proc/${pid}/environ`);
    if (!environment.includes(runId)) return false;
    const variables = environment.split('\0');
    if (variables.includes(`FORKLINE_KEEPER_OF=${runId}`)) keepers.add(pid);
    return variables.includes(markOf(runId));
  };
  const strangers = allProcesses().filter(({ pid }) => pid !== process.pid && !known.has(pid));
  const found = new Set(
    strangers.filter(
      ({ pid, group, session }) => heads.has(pid) || heads.has(group) || heads.has(session) || isMarked(pid),
    ),
  );
  const members = new Set([...leaders, ...known, ...keepers, ...[...found].map(({ pid }) => pid)]);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const one of strangers) {
      if (found.has(one) || keepers.has(one.pid) || !members.has(one.parent)) continue;
      found.add(one);
      members.add(one.pid);
    }
  }
  return [...found];
}

function allProcesses(): Process[] {
  return pids().flatMap((pid) => {
    const stat = statOf(pid);
    return stat.lives ? [{ pid, ...stat }] : [];
  });
}

function groupOf(leader: number): Stopped {
  return { pid: -leader, startedAt: '' };
}

/** False where there is none, or it is another user's. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
