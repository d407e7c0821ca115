// Rows that run the real `forkline run` from outside, as a user does: starting many processes, items from program to program,
// and lines from one stdin to the next. What starting Forkline itself costs is in them. What the queue's counts say in the
// end is held against what was put.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from './stage.mjs';

const forkline = join(import.meta.dirname, '../../bin/run.js');
const processes = 500;
const eachItem = 1000;
const lines = 3_000_000;
const megabytes = 2048;
const sumOfLines = (lines * (lines + 1)) / 2;
const items = { count: 500_000, size: 100, kinds: 1000 };
const program = (name) => join(import.meta.dirname, 'programs', name);

/** Fails where the numbers it reads are not those that were written. */
const adding = `{ sum += $1 } END { exit sum != ${sumOfLines} }`;

export const wholeRows = [
  {
    name: `start ${processes} processes at once, output captured`,
    ours: () => pipeline(processes, `processes:\n  once: { command: ["true"], replicas: ${processes} }\n`),
    peers: { 'child_process.spawn': () => timed(processes, process.execPath, ['-e', spawning]) },
  },
  {
    name: `a process for each of ${eachItem} items, 4 at a time`,
    ours: () =>
      pipeline(
        eachItem,
        `queues: { n: { from: [${Array.from({ length: eachItem }, (_, n) => n).join(', ')}] } }
processes:
  t: { each: n, workers: 4, command: ["true"] }\n`,
        { n: eachItem },
      ),
    peers: {
      'child_process.spawn': () => timed(eachItem, process.execPath, ['-e', spawningInTurn]),
      'xargs -P 4': () => timed(eachItem, 'sh', ['-c', `seq ${eachItem} | xargs -P 4 -n 1 true`]),
    },
  },
  {
    name: 'whole run, queue 1→1, max 1000',
    ours: () => {
      const expected = { items: items.count, sum: (items.count / items.kinds) * 500_500 };
      const end = (role) =>
        `{ command: ["node", ${JSON.stringify(program('forkline.mjs'))}, ${role}, '${JSON.stringify({ ...items, alone: true, ...(role === 'get' ? { expected } : {}) })}']`;
      return pipeline(
        items.count,
        `queues: { items: { encoding: text, maxsize: 1000 } }
processes:
  put: ${end('put')}, puts: items }
  get: ${end('get')}, gets: items }\n`,
        { items: items.count },
      );
    },
    peers: {
      "Python's Queue": () => {
        const told = JSON.stringify({ ...items, maxsize: 1000 });
        return timed(items.count, 'sh', [
          '-c',
          `echo go | python3 ${program('plain_multiprocessing.py')} queue '${told}'`,
        ]);
      },
    },
  },
  {
    name: 'lines from stdout to stdin through a queue',
    ours: () =>
      pipeline(
        lines,
        `queues: { lines: { encoding: text, maxsize: 10000 } }
processes:
  writer: { run: seq ${lines}, stdout: { queue: lines } }
  reader: { command: [awk, '${adding}'], stdin: { queue: lines } }\n`,
        { lines },
      ),
    peers: {
      "the shell's pipe": () => timed(lines, 'sh', ['-c', `seq ${lines} | cat | awk '${adding}'`]),
    },
  },
  {
    name: `${megabytes} MB from stdout to stdin through a pipe (MB)`,
    ours: () =>
      pipeline(
        megabytes,
        `processes:
  writer: { command: [head, -c, ${megabytes}M, /dev/zero] }
  reader: { run: '[ $(wc -c) = ${megabytes * 1024 * 1024} ]', stdin: { process: writer } }\n`,
      ),
    peers: {
      "the shell's pipe": () =>
        timed(megabytes, 'sh', ['-c', `[ $(head -c ${megabytes}M /dev/zero | wc -c) = ${megabytes * 1024 * 1024} ]`]),
    },
  },
];

const spawning = `
  const { spawn } = require('node:child_process');
  for (let n = 0; n < ${processes}; n += 1) {
    const child = spawn('true', { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
  }`;

const spawningInTurn = `
  const { spawn } = require('node:child_process');
  let left = ${eachItem};
  const next = () => {
    if (left-- <= 0) return;
    const child = spawn('true', { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    child.on('close', next);
  };
  for (let worker = 0; worker < 4; worker += 1) next();`;

async function pipeline(count, text, puts = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-bench-'));
  writeFileSync(join(folder, 'pipeline.yaml'), text);
  const run = join(folder, 'run');
  const result = await timed(count, process.execPath, [forkline, 'run', '--quiet', '--run-dir', run], folder);
  const { queues } = JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8'));
  for (const [name, put] of Object.entries(puts)) {
    const counts = queues[name];
    expect(counts.put === put && counts.done === put && counts.left_over === 0, `${name}: ${JSON.stringify(counts)}`);
  }
  rmSync(folder, { recursive: true });
  return result;
}

/** How many a second, and what each cost all processes that took part. */
async function timed(count, program, words, cwd = tmpdir()) {
  const script = 'TIMEFORMAT="%R %U %S"; { time "$0" "$@" >/dev/null 2>&3; } 3>&2 2>&1';
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, program, ...words], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  const [real, user, system] = stdout.trim().split(' ').map(Number);
  return { rate: count / real, cpu: ((user + system) / count) * 1e6 };
}
