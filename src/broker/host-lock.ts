// Keeps other runs of this user on this machine away from a lock: by util-linux's `flock` on a descriptor that this process
// alone keeps, so that the system frees it however this process ends. The lock's file says whether who had it last gave it
// back, and the number of its last grant. Waiting is left to a child, so that nothing here is ever held up.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { HostEffect } from './effect.ts';

export interface HostLockListener {
  /** This run has it. */
  arrived(stamp: { readonly fence: number; readonly abandoned: boolean }): void;
  /** Another run has it, and it was to be had at once or not at all. */
  unavailable(): void;
  broken(reason: string): void;
}

export class HostLock {
  readonly #path: string;
  readonly #folder: string;
  readonly #runId: string;
  readonly #listener: HostLockListener;
  #descriptor: number | null = null;
  #seeker: ChildProcess | null = null;
  #fence = 0;

  constructor(name: string, runId: string, listener: HostLockListener, folder = folderOfLocks()) {
    this.#folder = folder;
    this.#path = join(folder, fileOf(name));
    this.#runId = runId;
    this.#listener = listener;
  }

  perform(effect: HostEffect): void {
    if (effect.type === 'yield') return this.#yield(effect.abandoned);
    try {
      this.#seek(effect.atOnce);
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  /** The run is over. */
  stop(): void {
    this.#letGo();
  }

  #seek(atOnce: boolean): void {
    makeFolder(this.#folder);
    const descriptor = openOwn(this.#path);
    this.#descriptor = descriptor;
    const [program, ...rest] = atOnce ? AT_ONCE : PATIENTLY;
    const seeker = spawn(program as string, rest, { stdio: ['ignore', 'pipe', 'pipe', descriptor], detached: true });
    this.#seeker = seeker;
    let said = '';
    seeker.stdout?.resume();
    seeker.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-MOST_SAID);
    });
    seeker.on('error', (error) => {
      if (this.#seeker === seeker) this.#fail(`\`flock\` of util-linux could not be run: ${error.message}`);
    });
    seeker.on('close', (code) => {
      if (this.#seeker !== seeker) return;
      this.#seeker = null;
      if (code === 0) this.#locked(descriptor, atOnce);
      else if (atOnce && code === 1) this.#refused();
      else this.#fail(`\`flock\` of util-linux failed with ${code ?? 'a signal'}: ${said.trim()}`);
    });
  }

  #locked(descriptor: number, atOnce: boolean): void {
    try {
      // Somebody took the file away in the meantime: a lock on that keeps nobody out.
      if (!isStill(descriptor, this.#path)) {
        this.#letGo();
        return this.#seek(atOnce);
      }
      const stamp = readStamp(descriptor);
      this.#fence = stamp.fence;
      this.#stamp(descriptor, 'held');
      this.#listener.arrived(stamp);
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  #yield(abandoned: boolean): void {
    if (this.#descriptor !== null && this.#seeker === null && !abandoned) this.#stamp(this.#descriptor, 'free');
    this.#letGo();
  }

  #refused(): void {
    this.#letGo();
    this.#listener.unavailable();
  }

  #fail(reason: string): void {
    this.#letGo();
    this.#listener.broken(reason);
  }

  #letGo(): void {
    const seeker = this.#seeker;
    this.#seeker = null;
    if (seeker?.pid !== undefined && seeker.exitCode === null && seeker.signalCode === null) killGroup(seeker.pid);
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  /** One short write: whoever kills this process finds it done or not done. */
  #stamp(descriptor: number, state: 'held' | 'free'): void {
    const text = `${state} ${this.#fence + 1} ${this.#runId}\n`;
    writeSync(descriptor, text, 0);
    ftruncateSync(descriptor, Buffer.byteLength(text));
  }
}

const AT_ONCE = ['flock', '--nonblock', '3'];
/** It asks again each second whether anybody still wants to know: who was killed does not read, and a word to them ends it. */
const PATIENTLY = [
  'sh',
  '-c',
  'until flock --timeout 1 3; do code=$?; [ "$code" = 1 ] || exit "$code"; echo waiting || exit 70; done',
];
const MOST_SAID = 1000;
/** Longer names are told apart by their digest. */
const MOST_NAME = 200;

/** Always the same place for a user, whatever their environment says: a run of a timer's meets one of a terminal's. */
function folderOfLocks(): string {
  return `/tmp/forkline-locks-${process.getuid?.() ?? 'user'}`;
}

function fileOf(name: string): string {
  return Buffer.byteLength(name) <= MOST_NAME ? name : createHash('sha256').update(name).digest('hex');
}

/** Everybody may write to /tmp: what stands there under our name must be ours, and nobody else's to enter. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new Error(`\`${folder}\` is not a folder of this user’s alone (mode 0700), so locks cannot be kept there`);
  }
}

function openOwn(path: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  const found = fstatSync(descriptor);
  if (found.isFile() && found.uid === process.getuid?.()) return descriptor;
  closeSync(descriptor);
  throw new Error(`\`${path}\` is not a file of this user’s, so the lock cannot be kept there`);
}

function isStill(descriptor: number, path: string): boolean {
  const open = fstatSync(descriptor);
  const there = lstatSync(path, { throwIfNoEntry: false });
  return there !== undefined && there.ino === open.ino && there.dev === open.dev;
}

/** An empty file is a new lock. One that makes no sense was left by somebody who died. */
function readStamp(descriptor: number): { fence: number; abandoned: boolean } {
  const bytes = Buffer.alloc(256);
  const text = bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0));
  if (text === '') return { fence: 0, abandoned: false };
  const [, state, fence] = /^(held|free) (\d{1,15}) .*\n/.exec(text) ?? [];
  return { fence: Number(fence ?? 0), abandoned: state !== 'free' };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
