// What starting costs: processor time of `forkline` beside that of an empty Node, each run in turn so that a busy machine is
// unfair to none. `node test/bench/start.mjs [rounds]`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const rounds = Number(process.argv[2] ?? 15);
const forkline = join(import.meta.dirname, '../../bin/run.js');
const folder = mkdtempSync(join(tmpdir(), 'forkline-bench-'));
writeFileSync(join(folder, 'pipeline.yaml'), 'processes:\n  once: { run: "true" }\n');
writeFileSync(
  join(folder, 'queue.yaml'),
  'queues: { q: {} }\nprocesses:\n  puts: { run: "echo 1", stdout: { queue: q } }\n  gets: { run: cat, stdin: { queue: q } }\n',
);

const calls = {
  'node -e 0': ['-e', '0'],
  '--version': [forkline, '--version'],
  '--help': [forkline, '--help'],
  run: [forkline, 'run'],
  'run, with a queue': [forkline, 'run', 'queue.yaml'],
};
const times = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, words] of Object.entries(calls)) times[name].push(processorMs(words));
}
rmSync(folder, { recursive: true });

const empty = Math.min(...times['node -e 0']);
for (const [name, taken] of Object.entries(times)) {
  const least = Math.min(...taken);
  console.log(`${name.padEnd(18)} ${least.toFixed(0).padStart(4)} ms  ${(least / empty).toFixed(2)} x`);
}

/** Of the process and all that it waited for. */
function processorMs(words) {
  const { stdout } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="%U %S"; { time "$0" "$@" >/dev/null 2>&1; } 2>&1', process.execPath, ...words],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  const [user, system] = stdout.trim().split(' ').map(Number);
  return (user + system) * 1_000;
}
