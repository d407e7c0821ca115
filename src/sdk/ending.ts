// What is to be done when the program ends in good order: by returning, by process.exit, by an uncaught error, and where
// launch.ts started it, by a signal. Kept where every copy of this module in the process finds it.

/** By itself, or because it was told to. */
export type Ending = 'ended' | 'stopped';

const LEAVE = Symbol.for('forkline.leave');
const shared = globalThis as { [LEAVE]?: Set<(ending: Ending) => void> };

/** `leave` runs once, at the very end: synchronously. */
export function atEnd(leave: (ending: Ending) => void): void {
  if (shared[LEAVE] === undefined) {
    shared[LEAVE] = new Set();
    process.on('exit', () => leaveAll('ended'));
  }
  shared[LEAVE].add(leave);
}

export function leaveAll(ending: Ending): void {
  const all = shared[LEAVE] ?? [];
  for (const leave of all) leave(ending);
  shared[LEAVE]?.clear();
}
