// Numbers as items: one who puts them until a file is there, one who says which it worked on.
import { existsSync } from 'node:fs';
import { queue } from 'forkline';

export async function putUntil(file: string): Promise<void> {
  const items = queue<number>('items');
  let count = 0;
  while (!existsSync(file)) await items.put(count++);
  for (let more = 0; more < 100; more++) await items.put(count++);
  console.log(count);
}

export async function work(): Promise<void> {
  for await (const item of queue<number>('items')) console.log(item);
}
