// How the broker's process is told to be sparing with memory.

/** What it reads lies outside of V8's heap, where V8 sees little of it: a small young generation is tidied up more often. */
export const FLAGS = ['--max-semi-space-size=4'];

/** glibc: a read of 64 KiB that is done with goes back to the system, rather than into a heap full of holes. */
export const MEMORY = { MALLOC_MMAP_THRESHOLD_: '32768' };
