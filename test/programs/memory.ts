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

/** Of the runner, its broker, and the processes of this run, by what they are. */
export function residentMemory(): Record<string, number> {
  const memory: Record<string, number> = {};
  const runner = runnerAbove(process.pid);
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    const name = pid === runner ? 'runner' : nameOf(pid, runner);
    if (name !== null) memory[name] = Number(/^VmRSS:\s+(\d+)/m.exec(read(pid, 'status'))?.[1]);
  }
  return memory;
}

/** Between it and a process of the run there may be a keeper and a warden. */
function runnerAbove(pid: number): number {
  const parent = parentOf(pid);
  if (parent === 0) throw new Error('no runner is above this process');
  return read(parent, 'cmdline').includes('bin/run.js') ? parent : runnerAbove(parent);
}

function nameOf(pid: number, runner: number): string | null {
  const environment = read(pid, 'environ').split('\0');
  const value = (name: string): string | undefined =>
    environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  if (value('FORKLINE_RUN_ID') === process.env['FORKLINE_RUN_ID']) return value('FORKLINE_PROCESS') ?? null;
  return parentOf(pid) === runner && read(pid, 'cmdline').includes('broker.cjs') ? 'broker' : null;
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(read(pid, 'status'))?.[1] ?? 0);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
