// What is to be done when the program ends in good order: by returning, by process.exit, by an uncaught error, and where
// launch.ts started it, by a signal. Kept where every copy of this module in the process finds it.

const LEAVE = Symbol.for('forkline.leave');
const shared = globalThis as { [LEAVE]?: Set<() => void> };

/** `leave` runs once, at the very end: synchronously. */
export function atEnd(leave: () => void): void {
  if (shared[LEAVE] === undefined) {
    shared[LEAVE] = new Set();
    process.on('exit', leaveAll);
  }
  shared[LEAVE].add(leave);
}

export function leaveAll(): void {
  const all = shared[LEAVE] ?? [];
  for (const leave of all) leave();
  shared[LEAVE]?.clear();
}
