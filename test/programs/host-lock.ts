// Uses a lock that runs share, as host-lock.py does.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { lock } from 'forkline';

export async function add(folder: string, name: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await using guard = await lock(name).acquire();
    const { fence, abandoned } = guard;
    appendFileSync(`${folder}/journal`, `${JSON.stringify({ pid: process.pid, fence, abandoned })}\n`);
    writeFileSync(`${folder}/sum`, String(Number(readFileSync(`${folder}/sum`, 'utf8')) + 1));
  }
}
