// Many items of one size, and who takes them: after a tenth and after all of them it says how much memory the run uses.
import { readdirSync, readFileSync } from 'node:fs';
import { queue } from 'forkline';

export async function produce(count: number, bytes: number): Promise<void> {
  const items = queue<string>('items');
  const item = 'x'.repeat(bytes);
  for (let number = 0; number < count; number++) await items.put(item);
  await items.join();
}

export async function consume(count: number): Promise<void> {
  const items = queue<string>('items');
  let taken = 0;
  for await (const _ of items) {
    taken++;
    if (taken === count / 10 || taken === count) console.log(JSON.stringify({ taken, kilobytes: residentMemory() }));
  }
}

/** Of the runner and of all its children, by what they are. */
export function residentMemory(): Record<string, number> {
  const memory: Record<string, number> = {};
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    const status = read(pid, 'status');
    const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
    if (pid !== process.ppid && parent !== process.ppid) continue;
    memory[nameOf(pid)] = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  }
  return memory;
}

function nameOf(pid: number): string {
  if (pid === process.ppid) return 'runner';
  return /FORKLINE_PROCESS=([^\0]+)/.exec(read(pid, 'environ'))?.[1] ?? 'broker';
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
