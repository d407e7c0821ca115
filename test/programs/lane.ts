// The two ends of a queue that is always busy. Each says at the end how far it came.
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { queue } from 'forkline';

/** So many have gone from one to the other that there is a lane. */
const UNDER_WAY = 30_000;

/** Puts 0, 1, 2, … for as long as somebody takes them, or so many; once the other is there, for there is no lane without. */
export async function put(file: string, other: string, most: number): Promise<void> {
  writeFileSync(file, String(process.pid));
  while (!existsSync(other)) await pause(5);
  const numbers = queue<number>('numbers');
  let count = 0;
  try {
    while (count < most) {
      await numbers.put(count);
      count += 1;
    }
    console.log(`put ${count}`);
  } catch (error) {
    console.log(`put ${count}, then ${(error as Error).name}`);
  }
}

/** Takes until the end; every number must be one more than the one before. By `get`, it never says that one is done. */
export async function take(file: string, how: 'loop' | 'get'): Promise<void> {
  writeFileSync(file, String(process.pid));
  let next = 0;
  try {
    for await (const number of how === 'loop' ? queue<number>('numbers') : all()) {
      if (number !== next) throw new RangeError(`${number} came after ${next - 1}`);
      next += 1;
      if (next === UNDER_WAY) writeFileSync(`${file}.under-way`, '');
    }
    console.log(`took ${next}`);
  } catch (error) {
    console.log(`took ${next}, then ${(error as Error).name}`);
  }
}

async function* all(): AsyncGenerator<number> {
  const numbers = queue<number>('numbers');
  for (;;) yield await numbers.get();
}
