// What the environment of a process that holds locks, which others take too, calls the number of its grant, and whether who had it before
// gave it back. Two locks may come to the same name.

export function fenceVariableOf(lock: string): string {
  return `${FENCE}${capitals(lock)}`;
}

export function abandonedVariableOf(lock: string): string {
  return `${ABANDONED}${capitals(lock)}`;
}

/** Of whatever lock. */
export function isOfLock(variable: string): boolean {
  return variable.startsWith(FENCE) || variable.startsWith(ABANDONED);
}

function capitals(lock: string): string {
  return lock.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

const FENCE = 'FORKLINE_FENCE_';
const ABANDONED = 'FORKLINE_ABANDONED_';
