// Rows that run the real `forkline run` from outside, as a user does: starting many processes, and lines from one stdin to
// the next. What starting Forkline itself costs is in them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const forkline = join(import.meta.dirname, '../../bin/run.js');
const processes = 500;
const lines = 3_000_000;
const megabytes = 2048;

export const wholeRows = [
  {
    name: `start ${processes} processes at once, output captured`,
    ours: () => pipeline(processes, `processes:\n  once: { command: ["true"], replicas: ${processes} }\n`),
    peers: { 'child_process.spawn': () => timed(processes, process.execPath, ['-e', spawning]) },
  },
  {
    name: 'lines from stdout to stdin through a queue',
    ours: () =>
      pipeline(
        lines,
        `queues: { lines: { encoding: text, maxsize: 10000 } }
processes:
  writer: { run: seq ${lines}, stdout: { queue: lines } }
  reader: { run: '[ $(wc -l) = ${lines} ]', stdin: { queue: lines } }\n`,
      ),
    peers: {
      "the shell's pipe": () => timed(lines, 'sh', ['-c', `[ $(seq ${lines} | cat | wc -l) = ${lines} ]`]),
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

function pipeline(count, text) {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-bench-'));
  writeFileSync(join(folder, 'pipeline.yaml'), text);
  return timed(count, process.execPath, [forkline, 'run', '--quiet', '--run-dir', join(folder, 'run')], folder);
}

/** How many a second, and what each cost all processes that took part. */
async function timed(count, program, words, cwd = tmpdir()) {
  const script = 'TIMEFORMAT="%R %U %S"; { time "$0" "$@" >/dev/null 2>&3; } 3>&2 2>&1';
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, program, ...words], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  const [real, user, system] = stdout.trim().split(' ').map(Number);
  return { rate: count / real, cpu: ((user + system) / count) * 1e6 };
}
