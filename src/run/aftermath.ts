// Kills what is left of a run that has lost its guards, the keeper or the runner or both, by what was written down of it: its cgroup, who
// was started and when, and the marks in their environments; and takes away what it had made. Never a process of which only the number
// is known: that may be a stranger's by now.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { markOf } from './environment.ts';
import { removePrivateFolder, startTimeIn, startTimeOf } from './private-folder.ts';
import { descendantsOf, emptyCgroup, killUntilEmpty, marked } from './reaper.ts';

/** Answers whom it killed. The folder stays. */
export async function clearAfter(folder: string): Promise<readonly number[]> {
  const runId = read(join(folder, 'run')).trim();
  const cgroup = read(join(folder, 'cgroup')).trim();
  // A cgroup that is not named for the run is not the run's.
  if (runId !== '' && cgroup.endsWith(`/forkline-${runId}`)) await emptyCgroup(cgroup);
  const kept = runId === '' ? [] : await wardensGone(runId);
  const others = await killUntilEmpty(() => {
    const started = startedIn(folder);
    return [...new Set([...started, ...descendantsOf(started), ...(runId === '' ? [] : marked(markOf(runId)))])];
  });
  return [...new Set([...kept, ...others])];
}

/** And takes away the folder. */
export async function sweepAfter(folder: string): Promise<readonly number[]> {
  const killed = await clearAfter(folder);
  removePrivateFolder(folder);
  return killed;
}

/**
 * They kill what they keep when they find the keeper gone, and then end. One that does not is killed, but first what it keeps: whatever
 * has hidden itself is known by nothing else than that it descends from it.
 */
async function wardensGone(runId: string): Promise<readonly number[]> {
  const find = (): readonly number[] => marked(`FORKLINE_KEEPER_OF=${runId}`);
  for (let waited = 0; waited < WARDENS_MS && find().length > 0; waited += LOOK_MS) await pause(LOOK_MS);
  const kept = await killUntilEmpty(() => descendantsOf(find()));
  await killUntilEmpty(find);
  return kept;
}

/** Those that still run, and are the same that were started. */
function startedIn(folder: string): number[] {
  return read(join(folder, 'starts'))
    .split('\n')
    .flatMap((line) => {
      const pid = Number.parseInt(line, 10);
      return pid > 0 && startTimeOf(pid) === startTimeIn(line) ? [pid] : [];
    });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const WARDENS_MS = 2_000;
const LOOK_MS = 10;
