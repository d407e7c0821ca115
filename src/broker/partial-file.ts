// The file that a queue's `to` names: called `NAME.partial` until it is whole, which no other run may write to meanwhile. Links are
// followed, as a shell follows them, and what is no regular file is never replaced by one.
import { type FileHandle, lstat, open, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** In words that go on from where it was to be written. */
export class Unwritable extends Error {
  override readonly name = 'Unwritable';
}

export class PartialFile {
  /** What it is called once it is whole. */
  readonly path: string;
  readonly #file: FileHandle;
  #size = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Throws `Unwritable`, or what the system says. */
  static async begin(written: string): Promise<PartialFile> {
    const path = await behindLinks(written);
    const before = await statOf(path);
    if (before?.isDirectory()) throw new Unwritable('it is a folder');
    if (before !== null && !before.isFile())
      throw new Unwritable(
        'it is not a regular file; wire the stdin of a process to the queue, and its stdout to the file',
      );
    const file = await openFresh(partial(path));
    // Who could not read what it replaces cannot read it, either.
    if (before !== null) await file.chmod(before.mode & 0o777).catch(() => {});
    return new PartialFile(path, file);
  }

  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
    this.#size += bytes.length;
  }

  /** What is on the disk has its name, or the name is not there. */
  async complete(): Promise<void> {
    await this.#file.sync();
    const [own, named] = [await this.#file.stat(), await statOf(partial(this.path))];
    if (own.ino !== named?.ino || own.dev !== named.dev)
      throw new Unwritable('another run writes to it, too, or has taken it away');
    await this.#file.close();
    await rename(partial(this.path), this.path);
    const folder = await open(dirname(this.path));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** It is not whole: what was written of the last piece is cut off where not all of that could be. */
  async leave(): Promise<void> {
    await this.#file.truncate(this.#size).catch(() => {});
    await this.#file.close().catch(() => {});
  }
}

function partial(path: string): string {
  return `${path}.partial`;
}

/** Another run that still writes one goes on with its own, which has no name any more. */
async function openFresh(path: string): Promise<FileHandle> {
  const before = await orNull(lstat(path));
  if (before?.isFile()) await unlink(path);
  return open(path, before === null || before.isFile() ? 'wx' : 'w');
}

async function behindLinks(path: string): Promise<string> {
  let place = path;
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const target = await orNull(readlink(place));
    if (target === null) return place;
    place = resolve(await realpath(dirname(place)), target);
  }
  throw new Unwritable('it is a link that leads back to itself');
}

function statOf(path: string) {
  return orNull(stat(path));
}

/** Whatever else is there, or is not, shows when it is opened. */
async function orNull<T>(look: Promise<T>): Promise<T | null> {
  try {
    return await look;
  } catch {
    return null;
  }
}

const MOST_LINKS = 40;
