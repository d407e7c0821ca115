// Who of the processes below this one waits at a FIFO at this moment, as Linux's /proc shows it: to open it, while nobody opens its
// other end, or to read or write. Pipes without a name, or to whose name nothing leads any more, are not meant.
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { linkOf, numbersIn, pids, read, statOf } from '../procfs.ts';
import { type Call, callOf, SYSTEM_CALLS, type SystemCalls } from './system-calls.ts';

export interface AtFifo {
  readonly pid: number;
  /** Itself, and those that it descends from. */
  readonly line: readonly number[];
  readonly does: 'open' | 'read' | 'write';
  readonly file: string;
  /** Changes whenever it stirs, and is no other's. */
  readonly sign: string;
}

export function waitsAtFifos(): AtFifo[] {
  const calls = process.platform === 'linux' ? SYSTEM_CALLS : undefined;
  return calls === undefined ? [] : descendants().flatMap((one) => waitsOf(one, calls));
}

export function isSameFifo(one: string, other: string): boolean {
  return isSame(fifoAt(one), fifoAt(other));
}

interface Descendant {
  readonly pid: number;
  readonly line: readonly number[];
}

function descendants(): Descendant[] {
  const children = new Map<number, number[]>();
  for (const pid of pids()) {
    const { parent } = statOf(pid);
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [pid]);
    else known.push(pid);
  }
  const found: Descendant[] = [];
  // It grows while it is read.
  const line: Descendant[] = [{ pid: process.pid, line: [] }];
  for (const one of line) {
    for (const pid of children.get(one.pid) ?? []) line.push({ pid, line: [pid, ...one.line] });
    if (one.pid !== process.pid) found.push(one);
  }
  return found;
}

function waitsOf({ pid, line }: Descendant, calls: SystemCalls): AtFifo[] {
  return numbersIn(`/proc/${pid}/task`).flatMap((thread) => {
    const task = `/proc/${pid}/task/${thread}`;
    // No other file is looked at: what lies on a server that is gone would keep whoever looks there waiting.
    if (!AT_PIPE.test(read(`${task}/wchan`))) return [];
    const call = callOf(task);
    const at = call && fifoOf(pid, call, calls);
    if (!at || fifoAt(at.path) === null) return [];
    const switches = /^voluntary_ctxt_switches:\s*(\d+)$/m.exec(read(`${task}/status`))?.[1];
    return [{ pid, line, does: at.does, file: nameOf(pid, at.path), sign: `${thread} ${at.does} ${switches}` }];
  });
}

/** What it waits at, if that is a FIFO, by a name that leads there from here. */
function fifoOf(
  pid: number,
  { number, given }: Call,
  { open, openat, read: reads, write: writes }: SystemCalls,
): { readonly does: AtFifo['does']; readonly path: string } | null {
  const [first = 0, second = 0] = given;
  if (reads.includes(number)) return { does: 'read', path: `/proc/${pid}/fd/${first}` };
  if (writes.includes(number)) return { does: 'write', path: `/proc/${pid}/fd/${first}` };
  if (number !== open && number !== openat) return null;
  const name = textAt(pid, number === openat ? second : first);
  if (name === null) return null;
  const root = `/proc/${pid}/root`;
  if (name.startsWith('/')) return { does: 'open', path: `${root}${name}` };
  // Of 64 bits only these are the descriptor.
  const folder = number === openat ? first | 0 : CURRENT;
  return { does: 'open', path: `/proc/${pid}/${folder === CURRENT ? 'cwd' : `fd/${folder}`}/${name}` };
}

/** As people call it. */
function nameOf(pid: number, path: string): string {
  const root = `/proc/${pid}/root`;
  if (path.startsWith(`${root}/`)) return path.slice(root.length);
  const [, opened, folder, rest] = /^(\/proc\/\d+\/fd\/\d+)$|^(\/proc\/\d+\/(?:cwd|fd\/\d+))\/(.*)$/s.exec(path) ?? [];
  return opened === undefined ? `${linkOf(folder ?? '')}/${rest}` : linkOf(opened);
}

function fifoAt(path: string): Stats | null {
  try {
    const stats = statSync(path);
    return stats.isFIFO() && stats.nlink > 0 && !linkOf(path).startsWith('pipe:') ? stats : null;
  } catch {
    return null;
  }
}

function isSame(one: Stats | null, other: Stats | null): boolean {
  return one !== null && other !== null && one.ino === other.ino && one.dev === other.dev;
}

/** What ends with a NUL in its memory. */
function textAt(pid: number, address: number): string | null {
  try {
    const memory = openSync(`/proc/${pid}/mem`, 'r');
    try {
      const bytes = Buffer.alloc(LONGEST_PATH);
      const length = readSync(memory, bytes, 0, bytes.length, address);
      const end = bytes.subarray(0, length).indexOf(0);
      return end < 0 ? null : bytes.toString('utf8', 0, end);
    } finally {
      closeSync(memory);
    }
  } catch {
    return null;
  }
}

/** Where in the kernel a thread sleeps that waits at a pipe or a FIFO; what that is called changes from version to version. */
const AT_PIPE = /pipe|fifo|partner/;
const LONGEST_PATH = 4096;
/** `AT_FDCWD`. */
const CURRENT = -100;
