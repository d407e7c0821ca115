// Takes three items, tells its pid, and never does what it took.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { queue } from 'forkline';

export async function hold(file: string): Promise<void> {
  const items = queue<number>('items');
  for (let taken = 0; taken < 3; taken++) await items.get();
  writeFileSync(file, String(process.pid));
  await sleep(600_000);
}
