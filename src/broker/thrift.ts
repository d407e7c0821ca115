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

/**
 * glibc: what the broker reads lies in blocks of 64 KiB and less, which come and go for as long as items do. Taken from the system and given
 * back one by one, their pages cost more than all else that is done with them, most of all in a virtual machine: so up to some megabytes
 * of what is free is kept, and pages are large where they can be. A buffer for a large item is a mapping of its own, and goes back whole.
 */
export const MEMORY = {
  MALLOC_MMAP_THRESHOLD_: String(128 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(8 * 1024 * 1024),
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
};
