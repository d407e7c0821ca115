// The files that a pattern matches, sorted by their bytes. `*` stands for anything within a name, `?` for one character, `[a-z]`
// and `[!a-z]` for one of some; `**` for any folders, `{a,b}` for one of several; `\` takes its meaning from what follows.
// A name that begins with a dot has to be asked for by one, and `**` does not follow links. What the names are like does not
// matter, they are bytes; and no pattern takes longer than its length times theirs.
import { type Dirent, promises as fs, type Stats } from 'node:fs';
import { join } from 'node:path';
import { alternativesOf, isLike, isPlain, type Part, partOf, unescaped } from './glob-pattern.ts';

/** Their paths as the pattern is written: from `folder`, or absolute. */
export async function pathsMatching(pattern: string, folder: string): Promise<readonly Buffer[]> {
  const found = new Set<string>();
  for (const alternative of alternativesOf(pattern)) {
    await search(alternative, pattern.startsWith('/') ? '/' : folder, found);
  }
  return [...found].sort().map((path) => Buffer.from(path, 'latin1'));
}

async function search(pattern: string, folder: string, found: Set<string>): Promise<void> {
  const parts = pattern.split('/');
  // What is written out is gone to, whether or not the folders on the way may be read.
  const magic = parts.findIndex((part) => !isPlain(part));
  const plain = (magic === -1 ? parts : parts.slice(0, magic)).map(unescaped);
  if (magic === -1) {
    const path = plain.join('/');
    if ((await kindOf(join(folder, path))) === 'file') found.add(latin1(path));
    return;
  }
  const walk = new Walk(parts.slice(magic).map(partOf), latin1(folder), found);
  await walk.visit(latin1(plain.map((part) => `${part}/`).join('')), walk.from([0]));
}

/** All paths in it are bytes, each as a character. */
class Walk {
  readonly #parts: readonly Part[];
  readonly #folder: string;
  readonly #found: Set<string>;

  constructor(parts: readonly Part[], folder: string, found: Set<string>) {
    this.#parts = parts;
    this.#folder = folder;
    this.#found = found;
  }

  /** `prefix` is a folder, with its slash; `at` are the parts that the names in it may be like. */
  async visit(prefix: string, at: readonly number[]): Promise<void> {
    for (const entry of await entriesOf(this.#bytes(prefix))) {
      const { matched, next } = this.#step(entry, at);
      if (!matched && next.length === 0) continue;
      const path = `${prefix}${entry.name}`;
      const kind = entry.isSymbolicLink() ? await kindOf(this.#bytes(path)) : kindIn(entry);
      if (matched && kind === 'file') this.#found.add(path);
      if (kind === 'folder' && next.length > 0) await this.visit(`${path}/`, this.from(next));
    }
  }

  /** `**` may stand for no folder at all. */
  from(parts: readonly number[]): readonly number[] {
    const all = new Set(parts);
    for (const part of all) if (this.#parts[part] === '**' && part + 1 < this.#parts.length) all.add(part + 1);
    return [...all];
  }

  #step(entry: Dirent, at: readonly number[]): { readonly matched: boolean; readonly next: readonly number[] } {
    const name = Array.from(Buffer.from(entry.name, 'latin1').toString());
    let matched = false;
    const next: number[] = [];
    for (const index of at) {
      const part = this.#parts[index] as Part;
      const isLast = index === this.#parts.length - 1;
      if (part === '**') {
        if (name[0] === '.') continue;
        if (isLast) matched = true;
        if (entry.isDirectory()) next.push(index);
      } else if (isLike(name, part)) {
        if (isLast) matched = true;
        else next.push(index + 1);
      }
    }
    return { matched, next };
  }

  #bytes(path: string): Buffer {
    return Buffer.from(this.#folder === '/' && path.startsWith('/') ? path : `${this.#folder}/${path}`, 'latin1');
  }
}

/** What is not there any more has nothing in it. */
async function entriesOf(folder: Buffer): Promise<readonly Dirent[]> {
  try {
    return await fs.readdir(folder, { withFileTypes: true, encoding: 'latin1' });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function kindOf(path: string | Buffer): Promise<Kind> {
  try {
    return kindIn(await fs.stat(path));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Null: what is neither, such as a FIFO, which would be waited for, or what is not there. */
type Kind = 'file' | 'folder' | null;

function kindIn(entry: Dirent | Stats): Kind {
  return entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : null;
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}
