// Output that cannot stall a run, and whose loss is never silent: full disks, terminals that are stopped, readers that have gone, lines
// that never end, bytes that are no text.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event } from '../../src/run/event.ts';
import type { Summary } from '../../src/run/summary.ts';
import { forkline, workspace } from '../kit/forkline.ts';
import { keepers } from '../kit/keepers.ts';
import { binary } from '../kit/run-pipeline.ts';
import { key, Terminal } from '../kit/terminal.ts';

/** Runs a script in a folder with a disk of 1 MiB at `disk`. Null where a file system cannot be mounted by whoever we are. */
function onSmallDisk(folder: string, script: string): { stdout: string; stderr: string } | null {
  const mount = 'mkdir disk && mount -t tmpfs -o size=1m tmpfs disk';
  const inside = (...command: string[]) =>
    spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', ...command], {
      cwd: folder,
      encoding: 'utf8',
    });
  if (inside(`${mount} && rmdir disk 2>/dev/null || test -d disk`).status !== 0) return null;
  return inside(`rm -rf disk; ${mount} && ${script}`);
}

/** What `seq 1 N` prints. */
function seq(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('');
}

test('a full disk stops no process and fails the run; events and summary are whole, and what is missing is counted', (context) => {
  const folder = workspace({
    'pipeline.yaml':
      'processes:\n  a: { run: "seq 1 300000; echo done > finished" }\n  b: { run: "exit 0", needs: a }\n',
  });
  const run = `node ${binary} run --run-dir disk/here >/dev/null; echo $?; cp -r disk/here .; cat finished`;
  const ran = onSmallDisk(folder, run);
  if (ran === null) return context.skip();
  expect(ran.stdout).toBe('1\ndone\n');
  expect(ran.stderr).toMatch(/cannot all be written: ENOSPC/);
  const summary = JSON.parse(readFileSync(join(folder, 'here/summary.json'), 'utf8')) as Summary;
  expect([summary.exitCode, summary.nodes.b?.outcome]).toEqual([1, 'succeeded']);
  const events = readFileSync(join(folder, 'here/events.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  expect(events.at(-1)?.type).toBe('run.ended');
  const whole = seq(300_000);
  const log = readFileSync(join(folder, 'here/logs/a.log'), 'utf8');
  expect(whole.startsWith(log)).toBe(true);
  const missing = events.find((event) => event.type === 'warning' && event.node === 'a');
  expect(missing).toMatchObject({
    message: expect.stringMatching(new RegExp(`^${whole.length - log.length} bytes .* missing from its log`)),
  });
});

test('a disk that is full before anything starts is told, and nothing is started', (context) => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "touch started" }\n' });
  const fill = 'dd if=/dev/zero of=disk/fill bs=1k 2>/dev/null;';
  const ran = onSmallDisk(folder, `${fill} node ${binary} run --run-dir disk/here; echo $?; ls started`);
  if (ran === null) return context.skip();
  expect(ran.stdout).toBe('2\n');
  expect(ran.stderr).toMatch(/cannot make the folder of the run, `disk\/here`: no space left on the device/);
});

test('output that cannot be written to a full device fails the run with a word, and stops nothing', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "echo hello; echo done > finished" }\n' });
  const to = (redirected: string) =>
    spawnSync('sh', ['-c', `node ${binary} run ${redirected}`], { cwd: folder, encoding: 'utf8' });
  const plain = to('>/dev/full');
  expect(plain.stderr).toMatch(/cannot write to standard output: ENOSPC/);
  expect(plain.stderr.trimEnd().split('\n').at(-1)).toMatch(/: exit code 1$/);
  expect([plain.status, readFileSync(join(folder, 'finished'), 'utf8')]).toEqual([1, 'done\n']);
  const file = to('--reporter json=/dev/full');
  expect([file.stderr.includes('cannot write to `/dev/full`: ENOSPC'), file.status]).toEqual([true, 1]);
  // Its own words are in the events too.
  expect(to('2>/dev/full').status).toBe(0);
});

test('a reporter whose file cannot be opened is the caller’s mistake', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "touch started" }\n' });
  const { stderr, exitCode } = await forkline(folder, ['run', '--reporter', 'json=nowhere/events']);
  expect([stderr, exitCode]).toEqual(['forkline: cannot write to `nowhere/events`: no such file\n', 2]);
  expect(existsSync(join(folder, 'started'))).toBe(false);
});

test('a run that is started with nothing open runs as any other', () => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  a: { run: "echo hello; cat; echo careful >&2" }\n' });
  const { status } = spawnSync('sh', ['-c', `exec node ${binary} run --run-dir here <&- >&- 2>&-`], { cwd: folder });
  expect([status, readFileSync(join(folder, 'here/logs/a.log'), 'utf8')]).toEqual([0, 'hello\ncareful\n']);
});

test('a terminal that is stopped with Ctrl-S stops neither processes nor time limits', async () => {
  const folder = workspace({
    'pipeline.yaml': `processes:
  shouts: { run: "seq 1 200000; echo done > finished" }
  late: { run: "sleep 600", timeout: 300ms, on_failure: continue }
`,
  });
  const terminal = new Terminal(folder);
  terminal.type(`node ${binary} run --run-dir here; echo "exit code $?"\n`);
  await terminal.shows('| 1');
  terminal.type(key.stopOutput);
  const ended = (): boolean =>
    /"node":"late","outcome":"timed_out"/.test(readFileSync(join(folder, 'here/events.ndjson'), 'utf8'));
  while (!existsSync(join(folder, 'finished')) || !ended()) await new Promise(setImmediate);
  terminal.type(key.startOutput);
  expect(await terminal.shows(/exit code \d+/)).toBe('exit code 1');
  expect(readFileSync(join(folder, 'here/logs/shouts.log'), 'utf8') === seq(200_000)).toBe(true);
});

test('bytes of every kind, a line of 64 MiB and no last line end are in the log as they came', async () => {
  const folder = workspace({
    'print.py': `import os, sys
out = os.fdopen(1, "wb")
out.write(bytes(range(256)) * 100 + b"\\x1b[2J\\x1b]0;title\\x07\\xff\\xfe\\n")
out.write(b"x" * (64 << 20) + b"end")
`,
    'pipeline.yaml': `processes:
  a: { command: [python3, print.py] }
  b: { run: "for n in 1 2 3 4 5 6 7 8 9; do echo whole; done" }
`,
  });
  const { stdout, exitCode } = await forkline(folder, ['run', '--run-dir', 'here']);
  writeFileSync(
    join(folder, 'expected'),
    spawnSync('python3', ['print.py'], { cwd: folder, maxBuffer: 1 << 28 }).stdout,
  );
  expect(spawnSync('cmp', ['expected', 'here/logs/a.log'], { cwd: folder, encoding: 'utf8' }).stdout).toBe('');
  expect([exitCode, stdout.split('\n').filter((line) => line === 'b | whole').length]).toEqual([0, 9]);
  // Nothing that would move a cursor gets through.
  expect(stdout).not.toMatch(/[^\P{Cc}\n\t]/u);
});

// The one in Perl has every pipe opened as soon as its process runs.
test.runIf(keepers.includes('native'))(
  'where few files may be opened, all is in the logs of many processes that print much at once',
  () => {
    const both = 'head -c 100000 /dev/zero';
    const folder = workspace({
      'pipeline.yaml': `
processes:
  p: { replicas: 25, run: "${both}; touch up.$FORKLINE_PROCESS; until test $(ls up.* | wc -l) = 25; do sleep 0.05; done; ${both}" }
`,
    });
    const { status, stderr } = spawnSync(
      'prlimit',
      ['--nofile=64:64', process.execPath, binary, 'run', '--quiet', '--run-dir', 'run'],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, FORKLINE_KEEPER: 'native' } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lengths = Array.from(
      { length: 25 },
      (_, at) => readFileSync(join(folder, `run/logs/p.${at + 1}.log`)).length,
    );
    expect(lengths).toEqual(Array.from({ length: 25 }, () => 200_000));
  },
);
