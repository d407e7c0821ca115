// Passes on the numbers that lines begin with, and says now and then how much memory the run uses.
import { queue } from 'forkline';
import { residentMemory } from './memory.ts';

export async function work(): Promise<void> {
  let taken = 0;
  const numbers = queue<number>('numbers');
  for await (const line of queue<string>('lines')) {
    await numbers.put(Number.parseInt(line, 10));
    taken++;
    if (taken % 5000 === 0) console.log(JSON.stringify(residentMemory()));
  }
  console.log(JSON.stringify(residentMemory()));
}
