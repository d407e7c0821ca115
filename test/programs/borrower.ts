// Takes a lock in a tight loop, and is then busy until a file is there.
import { existsSync, writeFileSync } from 'node:fs';
import { lock, queue } from 'forkline';

export async function busy(ready: string, done: string): Promise<void> {
  const mutex = lock('mutex');
  for (let n = 0; n < 30_000; n += 1) await (await mutex.acquire()).release();
  writeFileSync(ready, '');
  while (!existsSync(done));
  await using guard = await mutex.acquire();
  console.log(guard.fence, guard.abandoned);
}

/** Borrows one lock, holds it, and waits for the other. */
export async function cross(own: string, other: string): Promise<void> {
  for (let n = 0; n < 10_000; n += 1) await (await lock(own).acquire()).release();
  await using _first = await lock(own).acquire();
  // Until the other is as far.
  await queue('met').put(own);
  await queue('met').join();
  await lock(other).acquire();
}

/** Once both have come. */
export async function meet(): Promise<void> {
  for (let n = 0; n < 2; n += 1) await queue('met').get();
  for (let n = 0; n < 2; n += 1) queue('met').taskDone();
}
