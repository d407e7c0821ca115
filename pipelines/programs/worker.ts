// Work as a function: called with the `args` of the pipeline, in a process of its own.
import { setTimeout as sleep } from 'node:timers/promises';

export async function work(number: number): Promise<void> {
  console.log(`worker ${number} starts`);
  await sleep(100);
  console.log(`worker ${number} ends`);
}
