// Ctrl-C and its like, whenever they come: a run that is cut short ends as a run, with a summary and the exit code for it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Summary } from '../../src/run/summary.ts';
import { forkline, workspace } from '../kit/forkline.ts';

/** Code that the runner loads before its own: it says when the signal comes. */
const atFirstMoment = `
const on = process.on;
process.on = function (name, ...more) {
  on.call(this, name, ...more);
  if (name === 'SIGHUP') { process.on = on; process.kill(process.pid, process.env.SIGNAL); }
  return this;
};
`;
const whileCompiling = `
const { ChildProcess } = require('node:child_process');
const { spawn } = ChildProcess.prototype;
ChildProcess.prototype.spawn = function (options) {
  const made = spawn.call(this, options);
  if (!options.args.some((word) => word.startsWith('--service'))) return made;
  ChildProcess.prototype.spawn = spawn;
  for (const pid of [this.pid, process.pid]) process.kill(pid, process.env.SIGNAL);
  return made;
};
`;

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof codes;

const pipeline = 'processes:\n  a: { run: "touch started" }\n  b: { target: ./b.ts#main }\n';

async function interrupted(when: string, SIGNAL: Signal, args: readonly string[] = []) {
  const folder = workspace({
    'pipeline.yaml': pipeline,
    'b.ts': 'export function main(): void {}\n',
    'when.cjs': `if (process.argv[2] === 'run') {${when}}`,
  });
  const env = { SIGNAL, NODE_OPTIONS: '--require ./when.cjs' };
  const answer = await forkline(folder, ['run', '--run-dir', 'here', ...args], '', env);
  return { folder, ...answer };
}

function summaryIn(folder: string): Summary {
  return JSON.parse(readFileSync(join(folder, 'here/summary.json'), 'utf8')) as Summary;
}

test.each([
  ['SIGINT', 'from its first moment', atFirstMoment],
  ['SIGTERM', 'from its first moment', atFirstMoment],
  ['SIGHUP', 'from its first moment', atFirstMoment],
  ['SIGINT', 'while targets are compiled', whileCompiling],
] as const)('%s %s starts nothing, and leaves a summary', async (signal, _, when) => {
  const { folder, exitCode } = await interrupted(when, signal);
  const { nodes, ...summary } = summaryIn(folder);
  expect([exitCode, summary.exitCode]).toEqual([codes[signal], codes[signal]]);
  expect(Object.values(nodes).map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled']);
  expect(readdirSync(folder)).not.toContain('started');
  const [first = ''] = readFileSync(join(folder, 'here/events.ndjson'), 'utf8').split('\n');
  expect(JSON.parse(first)).toHaveProperty('type', 'run.started');
});

test('with --ignore-hup a run outlives its terminal', async () => {
  const { folder, exitCode } = await interrupted(atFirstMoment, 'SIGHUP', ['--ignore-hup']);
  expect([exitCode, summaryIn(folder).success]).toEqual([0, true]);
});

test('who is interrupted while the pipeline is typed in has no run, and says so', async () => {
  const folder = workspace({ 'when.cjs': atFirstMoment });
  const env = { SIGNAL: 'SIGINT', NODE_OPTIONS: '--require ./when.cjs' };
  const typing = new PassThrough();
  typing.write('processes: {}');
  const { stderr, exitCode } = await forkline(folder, ['run', '-'], typing, env);
  expect([stderr, exitCode]).toEqual(['forkline: interrupted by SIGINT before anything was started\n', 130]);
});

test('SIGQUIT kills everything at once, and leaves a summary', async () => {
  const folder = workspace({
    'pipeline.yaml': `processes:\n  a: { run: "trap '' TERM; echo up; sleep 300", stop: { grace: 10m } }\n`,
  });
  const run = forkline(folder, ['run', '--run-dir', 'here']);
  run.stdout.once('data', () => run.kill('SIGQUIT'));
  const { exitCode } = await run;
  const { nodes, ...summary } = summaryIn(folder);
  expect([exitCode, summary.exitCode, summary.reason]).toEqual([131, 131, 'the run was killed (SIGQUIT)']);
  expect(nodes['a']).toMatchObject({ outcome: 'stopped', exitcode: -9 });
});

test('what is to start in the moment in which the run is stopped never does', async () => {
  const folder = workspace({
    'pipeline.yaml': `
processes:
  first: { run: forkline output word=no, outputs: word }
  fails: { command: ["\${{ fromJSON(processes.first.outputs.word) }}"], needs: first }
  other: { run: touch started, needs: first }
`,
  });
  const { exitCode } = await forkline(folder, ['run', '--run-dir', 'here']);
  const { nodes } = summaryIn(folder);
  const outcomes = Object.fromEntries(Object.entries(nodes).map(([id, { outcome }]) => [id, outcome]));
  expect([exitCode, outcomes]).toEqual([1, { first: 'succeeded', fails: 'failed', other: 'cancelled' }]);
  expect(readdirSync(folder)).not.toContain('started');
});
