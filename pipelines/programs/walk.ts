// Takes folders, and puts the folders and the files that are in them. Hidden ones are caches, which change.
import { readdir } from 'node:fs/promises';
import { queue } from 'forkline';

export async function walk(): Promise<void> {
  const folders = queue<string>('folders');
  const files = queue<string>('files');
  let count = 0;
  for await (const folder of folders) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) await folders.put(`${folder}/${entry.name}`);
      if (entry.isFile()) await files.put(`${folder}/${entry.name}`);
    }
    count++;
  }
  console.log(`walked through ${count} folders`);
}
