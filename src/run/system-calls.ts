// In which system call a thread sleeps, and with what arguments, as Linux's /proc shows it, by the numbers of this machine.
import { read } from '../procfs.ts';

export interface Call {
  readonly number: number;
  readonly given: readonly number[];
}

/** Null where it runs, or that cannot be told. */
export function callOf(thread: string): Call | null {
  const [number, ...given] = read(`${thread}/syscall`).split(' ').map(Number);
  return number === undefined || !Number.isInteger(number) || number < 0 ? null : { number, given };
}

export interface SystemCalls {
  /** `wait4` and `waitid`. */
  readonly wait: readonly number[];
  readonly futex: number;
  /** `read` and `readv`. */
  readonly read: readonly number[];
  /** `write` and `writev`. */
  readonly write: readonly number[];
  /** `open`, where there is such, and `openat`. */
  readonly open: number | null;
  readonly openat: number;
}

/** Undefined on a machine whose numbers are not known. */
export const SYSTEM_CALLS: SystemCalls | undefined = {
  x64: { wait: [61, 247], futex: 202, read: [0, 19], write: [1, 20], open: 2, openat: 257 },
  arm64: { wait: [260, 95], futex: 98, read: [63, 65], write: [64, 66], open: null, openat: 56 },
}[process.arch as string];
