// Room on a disk that is kept for when it is full: a file without a name, which is gone with the process whatever becomes of it.
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** How often it is looked whether there is room again. */
const PAUSE_MS = 250;

export class Reserve {
  readonly #folder: string;
  readonly #bytes: number;
  #fd: number | null = null;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, bytes: number) {
    this.#folder = folder;
    this.#bytes = bytes;
    this.renew(0);
  }

  /** Whether there is room besides what is kept: that which was given up is taken again first. */
  get whole(): boolean {
    return this.renew(PAUSE_MS);
  }

  /** Takes the room where it is not kept, but so often only; false where there is none. */
  renew(pauseMs: number): boolean {
    const now = performance.now();
    if (this.#fd !== null || now < this.#triedAt + pauseMs) return this.#fd !== null;
    this.#triedAt = now;
    this.#fd = this.#take();
    return this.#fd !== null;
  }

  release(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #take(): number | null {
    const path = join(this.#folder, 'reserve');
    let fd: number | null = null;
    try {
      fd = openSync(path, 'w');
      unlinkSync(path);
      // Nothing that a file system could store in less room.
      const bytes = randomBytes(this.#bytes);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      return fd;
    } catch {
      if (fd !== null) closeSync(fd);
      return null;
    }
  }
}
