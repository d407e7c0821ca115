import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { processOf } from 'forkline';

/** Waits for another to end. */
export async function wait(name: string, timeout?: string): Promise<void> {
  await processOf(name).join(timeout);
  console.log(`${name}: ${await processOf(name).exitcode}`);
}

/** Names what it may not, and what is no single one. */
export async function refused(): Promise<void> {
  for (const name of ['other', 'pair']) {
    try {
      await processOf(name).terminate();
    } catch (error) {
      console.log(`${(error as Error).name}: ${(error as Error).message}`);
    }
  }
}

/** Once it cannot be stopped otherwise, which it says by a file. */
export async function kill(name: string, path: string): Promise<void> {
  while (!existsSync(path)) await pause(10);
  const other = processOf(name);
  await other.terminate();
  await other.join('300ms');
  console.log(`alive: ${await other.isAlive()}`);
  await other.kill();
  await other.join();
  await other.kill();
  console.log(`ended: ${await other.exitcode}`);
}
