// Adds one to the number in a file under a lock, again and again, and notes what it saw; and kills those that never end.
import { appendFileSync, constants, existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { current, lock } from 'forkline';

/** One write each: whoever is killed has written it or not. */
export async function add(folder: string, rounds: number): Promise<void> {
  const numbers = openSync(`${folder}/number`, constants.O_RDWR | constants.O_CREAT, 0o644);
  if (current().name.startsWith('victim')) appendFileSync(`${folder}/victims`, `${process.pid}\n`);
  const note = (what: object) =>
    appendFileSync(`${folder}/journal`, `${JSON.stringify({ pid: process.pid, ...what })}\n`);
  const bytes = Buffer.alloc(16);
  for (let round = 0; round < rounds; round += 1) {
    await using guard = await lock('mutex').acquire();
    const number = Number(bytes.toString('latin1', 0, readSync(numbers, bytes, 0, 16, 0)));
    note({ what: 'in', number, fence: guard.fence, abandoned: guard.abandoned });
    if (round % 3 === 0) await pause(0);
    writeSync(numbers, String(number + 1).padStart(16), 0);
    note({ what: 'out', number: number + 1 });
  }
}

/** Each after a while, and never two at the same moment of the journal. */
export async function killAll(folder: string, count: number): Promise<void> {
  const linesOf = (file: string) =>
    existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`, 'utf8').trimEnd().split('\n') : [];
  const killed = new Set<string>();
  while (killed.size < count) {
    const until = linesOf('journal').length + Math.floor(Math.random() * 40);
    while (linesOf('journal').length < until) await pause(1);
    const last = /"pid": ?(\d+)/.exec(linesOf('journal').at(-1) ?? '')?.[1] ?? '';
    const alive = linesOf('victims').filter((pid) => !killed.has(pid));
    // Whoever seems to hold it is the better victim.
    const victim = alive.includes(last) ? last : alive[Math.floor(Math.random() * alive.length)];
    if (victim === undefined) continue;
    process.kill(Number(victim), 'SIGKILL');
    killed.add(victim);
  }
}
