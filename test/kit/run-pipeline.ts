// Runs pipelines through the real binary, each in a folder of its own, and reads everything it left behind: what it
// printed, what stands in the run's folder, and which processes are still there.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import type { Event } from '../../src/run/event.ts';
import type { Summary } from '../../src/run/summary.ts';

export interface Ran {
  readonly exitCode: number | undefined;
  /** What the processes printed, under their names. */
  readonly output: string;
  /** What Forkline said. */
  readonly said: string;
  readonly summary: Summary;
  /** Without `node.output`, as in events.ndjson. */
  readonly events: readonly Event[];
  /** The lines that a process printed. */
  lines(node: string): string[];
  /** The text of a file in the run's folder. */
  read(file: string): string;
  /** Processes that are left, or were not reaped. */
  readonly left: readonly string[];
}

export interface RunSettings {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Told every line of the output as it comes, and how to send the runner a signal. */
  readonly onLine?: (line: string, signal: (name: NodeJS.Signals) => void) => void;
}

export const binary = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const variable = 'FORKLINE_TEST_RUN';

export async function runPipeline(file: string, { params = {}, env = {}, onLine }: RunSettings = {}): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-run-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const mark = randomUUID();
  const settings = Object.entries(params).map(([name, value]) => `--param=${name}=${value}`);
  const running = execa('node', [binary, 'run', file, '--run-dir', folder, ...settings], {
    env: { ...env, [variable]: mark },
    reject: false,
  });
  if (onLine) for await (const line of running.iterable()) onLine(line, (name) => running.kill(name));
  const { exitCode, stdout, stderr } = await running;
  return { exitCode, output: stdout, said: stderr, ...readFolder(folder, stderr), left: leftOf(folder, mark) };
}

function readFolder(folder: string, said: string): Pick<Ran, 'summary' | 'events' | 'lines' | 'read'> {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  try {
    return {
      summary: JSON.parse(read('summary.json')) as Summary,
      events: linesOf(read('events.ndjson')).map((line) => JSON.parse(line) as Event),
      lines: (node) => linesOf(read(`logs/${node}.log`)),
      read,
    };
  } catch (error) {
    throw new Error(`the run left no whole folder behind, and said:\n${said}`, { cause: error });
  }
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** What still carries the run's mark, and what the run started and nobody reaped. */
function leftOf(folder: string, mark: string): string[] {
  const started = linesOf(readFileSync(join(folder, 'events.ndjson'), 'utf8'))
    .map((line) => JSON.parse(line) as Event)
    .flatMap((event) => (event.type === 'node.started' && event.pid !== null ? [event.pid] : []));
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.flatMap((pid) => {
    const marked = readProc(pid, 'environ').split('\0').includes(`${variable}=${mark}`);
    // (Its number may be a stranger's by now, who does not lead a session.)
    const [state, , group, session] = readProc(pid, 'stat').replace(/.*\) /, '').split(' ');
    const zombie = started.includes(pid) && state === 'Z' && Number(group) === pid && Number(session) === pid;
    return marked || zombie ? [`${pid} ${readProc(pid, 'cmdline').replaceAll('\0', ' ') || 'a zombie'}`] : [];
  });
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
