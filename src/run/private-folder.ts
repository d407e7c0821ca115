// The folder of a run that nobody else may enter: its sockets, its FIFOs, and what has to be known of it after a crash. It is always in
// the same place for a user, and its name says which runner it belongs to, so that a later run can tell that it was left behind.
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function makePrivateFolder(): string {
  try {
    const parent = folderOfRuns();
    makeOwn(parent);
    const folder = join(parent, nameOf(ownIdentity()));
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  } catch {
    // Somebody else has taken our place in /tmp, or there is none to be had: then no later run finds it.
    return mkdtempSync(join(tmpdir(), 'forkline-'));
  }
}

/** Where something in it cannot be taken away, it is left to a later run: it is in nobody's way. */
export function removePrivateFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // A program has mounted something there, or made what is not ours.
  }
}

export function folderOfRuns(): string {
  return `/tmp/forkline-runs-${process.getuid?.() ?? 'user'}`;
}

/** Which runner a folder belongs to: on which boot of the system, in which namespace, and which of all that ever had its pid. */
export interface Identity {
  readonly pid: number;
  readonly startTime: string;
  readonly namespace: string;
  readonly boot: string;
}

export function ownIdentity(): Identity {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? '0', ...ownWorld() };
}

/** What pids and start times are relative to. */
export function ownWorld(): Pick<Identity, 'namespace' | 'boot'> {
  return {
    namespace: /\d+/.exec(attempt(() => readlinkSync('/proc/self/ns/pid')))?.[0] ?? '0',
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')).slice(0, 8) || '0',
  };
}

/** In the ticks of the system's clock; null where there is no such process, or none that runs. */
export function startTimeOf(pid: number): string | null {
  return startTimeIn(statOf(pid));
}

/** What /proc says of a process, in a line. */
export function statOf(pid: number): string {
  return attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

export function startTimeIn(stat: string): string | null {
  // "pid (name) state ppid …", and the name may hold anything. From the state on, the eighteenth field is how many threads it has, and
  // the twentieth the start time. Whose first thread has ended is shown as a zombie.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const hasEnded = 'ZX'.includes(fields[0] ?? '') && !(Number(fields[17]) > 1);
  return hasEnded ? null : (fields[19] ?? null);
}

function nameOf({ pid, startTime, namespace, boot }: Identity): string {
  return [pid, startTime, namespace, boot, randomBytes(3).toString('hex')].join('.');
}

/** Null for what is not named so. */
export function identityIn(name: string): Identity | null {
  const [, pid, startTime, namespace, boot] = /^(\d+)\.(\d+)\.(\d+)\.(\w+)\.[0-9a-f]{6}$/.exec(name) ?? [];
  if (pid === undefined || startTime === undefined || namespace === undefined || boot === undefined) return null;
  return { pid: Number(pid), startTime, namespace, boot };
}

/** Everybody may write to /tmp: what stands there under our name must be ours, and nobody else's to enter. */
function makeOwn(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0)
    throw new Error(`\`${folder}\` is not a folder of this user’s alone (mode 0700)`);
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
