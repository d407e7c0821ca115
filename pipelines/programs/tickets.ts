// Buys one ticket: reads how many are left, thinks for a moment, and writes down one less. `buy` keeps the others out
// meanwhile, `grab` does not.
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { current, lock, queue } from 'forkline';

interface Tickets {
  readonly left: number;
}

export async function buy(file: string): Promise<void> {
  await standInLine();
  await lock('till').with(() => sell(file));
}

export async function grab(file: string): Promise<void> {
  await standInLine();
  await sell(file);
}

/** The doors open for all at once: when everybody who stands in the line has been let in. */
async function standInLine(): Promise<void> {
  const line = queue<string>('line');
  await line.put(current().name);
  await line.join();
}

async function sell(file: string): Promise<void> {
  const { left } = JSON.parse(await readFile(file, 'utf8')) as Tickets;
  if (left === 0) return console.log('sold out');
  await sleep(100);
  await writeFile(file, JSON.stringify({ left: left - 1 }));
  console.log('got a ticket');
  await queue<string>('sold').put(current().name);
}
