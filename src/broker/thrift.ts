// How the broker's process is told to be sparing with memory and with compiling.

/**
 * What it reads lies outside of V8's heap, where V8 sees little of it: a small young generation is tidied up more often. But not so small
 * as V8 begins with, or every hundredth hand-over waits for that.
 */
const TIDY = ['--max-semi-space-size=4', '--min-semi-space-size=4'];

/**
 * For a fifth of a million items V8 would compile the broker for longer than that works, on processors that its clients need. So
 * twice as long is waited before a function is compiled. Tried with the V8 of Node 20; others know other ways.
 */
const UNHURRIED = ['--interrupt-budget=120000'];

export const FLAGS = process.versions.node.startsWith('20.') ? [...TIDY, ...UNHURRIED] : TIDY;

/** glibc: a read of 64 KiB that is done with goes back to the system, rather than into a heap full of holes. */
export const MEMORY = { MALLOC_MMAP_THRESHOLD_: '32768' };
