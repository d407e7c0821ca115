// An index of all files of a tree, in three steps that know each other by their queues only.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { queue } from 'forkline';

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Puts the path of every file; hidden ones are caches, which change. */
export async function walk(folder: string): Promise<void> {
  const files = queue<string>('files');
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) await walk(path);
    if (entry.isFile()) await files.put(path);
  }
}

export async function hash(): Promise<void> {
  const entries = queue<Entry>('entries');
  let count = 0;
  for await (const path of queue<string>('files')) {
    const content = readFileSync(path); // a process of its own may wait for the disk
    await entries.put({ path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
    count++;
  }
  console.log(`hashed ${count} files`);
}

export async function reduce(file: string): Promise<void> {
  const index: Record<string, Omit<Entry, 'path'>> = {};
  let total = 0;
  for await (const { path, bytes, sha256 } of queue<Entry>('entries')) {
    index[path] = { bytes, sha256 };
    total += bytes;
  }
  await writeFile(file, JSON.stringify(index, null, 2));
  console.log(`indexed ${Object.keys(index).length} files, ${total} bytes`);
}
