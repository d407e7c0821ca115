// `forkline run` as a user meets it: what is printed where, and the exit code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { forkline, forklineUnread, workspace } from '../kit/forkline.ts';
import { binary } from '../kit/run-pipeline.ts';

const greeting = { 'pipeline.yaml': 'processes:\n  a: { run: "echo hello; echo careful >&2" }\n' };

test('what processes print goes to stdout, what Forkline says to stderr', async () => {
  const { stdout, stderr, exitCode } = await forkline(workspace(greeting), ['run']);
  expect(stdout.split('\n').toSorted()).toEqual(['', 'a ! careful', 'a | hello']);
  expect(stderr).toMatch(/^forkline: pipeline: .* \([\d.]+m?s\)\n$/);
  expect(exitCode).toBe(0);
});

test('a failure is exit code 1, the same with --json', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "echo no dough >&2; exit 3" }\n' });
  const plain = await forkline(folder, ['run']);
  expect(plain.exitCode).toBe(1);
  expect(plain.stderr).toMatch(/`a` failed with exit code 3/);
  const json = await forkline(folder, ['run', '--json']);
  expect(json.exitCode).toBe(1);
  expect(json.stderr).toBe('');
  const events = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; exitCode?: number });
  expect(events.map(({ type }) => type)).toEqual([
    'run.started',
    'run.contained',
    'node.started',
    'node.ended',
    'run.stopping',
    'run.ended',
  ]);
  expect(events.at(-1)?.exitCode).toBe(1);
});

test('--json and events.ndjson are the same lines', async () => {
  const folder = workspace(greeting);
  const { stdout } = await forkline(folder, ['run', '--json', '--run-dir', 'here']);
  expect(stdout).toBe(readFileSync(join(folder, 'here/events.ndjson'), 'utf8'));
});

test('the pipeline may come from standard input', async () => {
  const { stdout, exitCode } = await forkline(workspace(), ['run', '-'], 'processes:\n  a: { run: "echo hello" }\n');
  expect([stdout, exitCode]).toEqual(['a | hello\n', 0]);
});

test('a parameter is set by `--param`, before or after the file', async () => {
  const folder = workspace({
    'p.yaml': 'params:\n  dish: { type: string }\nprocesses:\n  a: { command: [echo, "${{ params.dish }}"] }\n',
  });
  const after = await forkline(folder, ['run', 'p.yaml', '--param', 'dish=a=b 包']);
  const before = await forkline(folder, ['run', '--param', 'dish=c', 'p.yaml']);
  expect([after.stdout, before.stdout]).toEqual(['a | a=b 包\n', 'a | c\n']);
});

test('--dry-run shows the plan and starts nothing', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "touch started" }\n' });
  const { stdout, exitCode } = await forkline(folder, ['run', '--dry-run']);
  expect(stdout).toMatch(/\ba\b/);
  expect([readdirSync(folder), exitCode]).toEqual([['pipeline.yaml'], 0]);
});

test('findings are exit code 2, and nothing is started', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "touch started", needs: b }\n' });
  const { stderr, exitCode } = await forkline(folder, ['run']);
  expect(stderr).toMatch(/unknown-name/);
  expect([readdirSync(folder), exitCode]).toEqual([['pipeline.yaml'], 2]);
});

test('the run goes on when nobody reads its output any more', async () => {
  const folder = workspace({
    'pipeline.yaml': 'processes:\n  a: { run: "seq 1 100000; echo done > finished" }\n',
  });
  const headed = forkline(folder, ['run']);
  headed.stdout.destroy();
  const { stderr, exitCode } = await headed;
  expect(stderr).toMatch(/^forkline: pipeline: [^\n]*\n$/);
  expect([readFileSync(join(folder, 'finished'), 'utf8'), exitCode]).toEqual(['done\n', 0]);
});

test('a reader that takes nothing neither holds up the run nor loses a line of the log', async () => {
  const folder = workspace({
    'pipeline.yaml': 'processes:\n  a: { run: "seq 1 500000; echo done > finished" }\n',
  });
  expect(await forklineUnread(folder, ['run', '--run-dir', 'here'])).toBe(0);
  const log = readFileSync(join(folder, 'here/logs/a.log'), 'utf8').split('\n');
  expect([log.length, log[499_999], log[500_000]]).toEqual([500_001, '500000', '']);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s stops what runs and ends with %i', async (signal, code) => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "echo up; exec sleep 600" }\n' });
  const run = forkline(folder, ['run']);
  run.stdout.once('data', () => run.kill(signal));
  const { exitCode, stdout } = await run;
  expect([stdout, exitCode]).toEqual(['a | up\n', code]);
});

test('a second Ctrl-C kills what does not listen', async () => {
  const folder = workspace({
    'pipeline.yaml': `processes:
  a:
    command: [node, -e, "process.on('SIGTERM', () => console.log('no')); console.log('up'); setInterval(() => {}, 1e6)"]
    stop: { grace: 10m }
`,
  });
  const run = forkline(folder, ['run']);
  run.stdout.on('data', () => run.kill('SIGINT'));
  const { exitCode, stdout } = await run;
  expect([stdout, exitCode]).toEqual(['a | up\na | no\n', 130]);
});

test.each([
  ['before it listens', "process.kill(process.pid, 'SIGKILL')", 'could not be started'],
  [
    'once it has said that it listens',
    "const send = process.send.bind(process); process.send = (word) => send(word, () => process.kill(process.pid, 'SIGKILL'))",
    'was lost',
  ],
])('a broker that is killed %s ends the run as any other that fails, with nothing started', async (_, dies, what) => {
  const folder = workspace({
    'pipeline.yaml': `queues: { q: { from: [1] } }
processes:
  a: { run: cat, stdin: { queue: q } }
  b: { run: sleep 600, needs: a }
joins: { j: { processes: a } }
`,
    'kill.cjs': `if (/broker[.]cjs$/.test(process.argv[1])) { ${dies} }\n`,
  });
  const env = { NODE_OPTIONS: '--require ./kill.cjs' };
  const { stderr, exitCode } = await forkline(folder, ['run', '--run-dir', 'its'], '', env);
  const reason = `the broker ${what}: it ended with SIGKILL`;
  const { nodes, ...summary } = JSON.parse(readFileSync(join(folder, 'its', 'summary.json'), 'utf8'));
  expect(stderr).toContain(`forkline: stopping: ${reason}\n`);
  expect([exitCode, summary.exitCode, summary.reason]).toEqual([70, 70, reason]);
  expect(Object.keys(nodes)).toEqual(['a', 'b', 'j']);
});

test('a run whose folder cannot be made is the caller’s mistake', async () => {
  const folder = workspace({ ...greeting, taken: '' });
  const { stderr, exitCode } = await forkline(folder, ['run', '--run-dir', 'taken']);
  expect(stderr).toMatch(
    /^forkline: cannot make the folder of the run, `.*\/taken.*`: a part of its path is no folder\n$/,
  );
  expect(exitCode).toBe(2);
});

test('what the runner has in its environment is passed on byte for byte', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "printf %s \\"$X\\" | od -An -tx1" }\n' });
  const { stdout } = await execa(
    'sh',
    ['-c', `X="$(printf 'a\\377\\376 \\303\\274')" exec "$@"`, 'sh', process.execPath, binary, 'run'],
    {
      cwd: folder,
    },
  );
  expect(stdout).toBe('a |  61 ff fe 20 c3 bc');
});
