// How the command line answers when it is called, rightly or wrongly.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forkline, workspace } from '../kit/forkline.ts';
import { binary } from '../kit/run-pipeline.ts';

const packageJson = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

test('--version says the version', async () => {
  const { stdout, exitCode } = await forkline(workspace(), ['--version']);
  expect([stdout, exitCode]).toEqual([`forkline ${packageJson.version}\n`, 0]);
});

test('called without a word it shows what there is', async () => {
  const { stdout, exitCode } = await forkline(workspace(), []);
  expect(stdout).toBe(`Runs processes that a YAML file declares, and wires them to queues, pipes and locks.

Examples
  $ forkline check pipeline.yaml
  $ forkline run pipeline.yaml

Commands
  run     Run a pipeline.
  check   Find what is wrong in pipelines, without running them.
  plan    Show what a pipeline would do.
  schema  Print the JSON Schema of the pipeline language.

For shell scripts inside a run
  put     Puts items to a queue.
  get     Takes items from a queue and prints them, a line each.
  done    Says that what \`forkline get\` took is done.
  lock    Runs a command while holding a lock.
  output  Sets outputs of the process, for those who need it.
  ready   Says that the process is ready, for \`ready: { sdk: true }\`.
  send    Sends messages through a pipe.
  recv    Receives messages from a pipe and prints them, a line each.

Flags
  -h, --help  help, also for a command: \`forkline run --help\`
  --version   the version
`);
  expect(exitCode).toBe(0);
});

test.each(['run', 'check', 'plan', 'schema'])(
  'help of `%s` puts examples first and fits 80 columns',
  async (command) => {
    const ways = [
      [command, '--help'],
      [command, '-h'],
      ['help', command],
      [command, '--json', '--help'],
    ];
    const answers = await Promise.all(ways.map((way) => forkline(workspace(), way)));
    expect(new Set(answers.map(({ stdout }) => stdout)).size).toBe(1);
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    const text = answers[0]?.stdout ?? '';
    expect(text.split('\n').slice(1, 3)).toEqual(['', 'Examples']);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);

test('help of `lock` shows its flags before the command: what stands behind `--` is for that', async () => {
  const { stdout } = await forkline(workspace(), ['lock', '--help']);
  expect(stdout).toContain('\nUsage\n  $ forkline lock NAME [FLAGS] -- COMMAND…\n');
});

test('a file or a queue may be called `help`', async () => {
  const plan = await forkline(workspace({ help: 'processes: { a: { run: ls } }' }), ['plan', 'help']);
  expect(plan).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('a') });
  expect(plan.stdout).not.toContain('Examples');
  const put = await forkline(workspace(), ['put', 'help']);
  expect(put.stderr).toContain('not inside a run');
});

const wrong: [call: string[], stderr: string][] = [
  [['chekc'], 'forkline: unknown command `chekc`\n  did you mean `check`?\n'],
  [['fry'], 'forkline: unknown command `fry`\n  the commands are `run`, `check`, `plan`, `schema`\n'],
  [
    ['--quiet'],
    'forkline: unknown flag `--quiet`: a command comes first\n  the commands are `run`, `check`, `plan`, `schema`\n',
  ],
  [['run', '--timeuot', '3s'], 'forkline: unknown flag `--timeuot`\n  did you mean `--timeout`?\n'],
  [
    ['run', '--require-containment', 'ful'],
    'forkline: `--require-containment ful` is not known\n  did you mean `full`?\n',
  ],
  [
    ['check', '--format', 'xml'],
    'forkline: `--format xml` is not known\n  it is one of `text`, `json`, `github`, `sarif`\n',
  ],
  [['run', 'a.yaml', 'b.yaml'], 'forkline: unexpected argument: b.yaml\n  see `--help`\n'],
  [['run', 'none.yaml'], 'forkline: cannot read `none.yaml`: no such file\n'],
  [['run', '.'], 'forkline: cannot read `.`: it is a folder\n'],
  [
    ['run'],
    'forkline: no pipeline is here: expected `pipeline.yaml` or `forkline.yaml`\n  name a file, or `-` for standard input\n',
  ],
  [['run', 'a.yaml', '--param', 'x'], 'forkline: `--param x` sets nothing: expected `NAME=VALUE`\n'],
  [
    ['run', 'a.yaml', '--timeout', 'soon'],
    'forkline: `--timeout soon` is no duration\n  write it like `500ms`, `30s`, `5m` or `2h`\n',
  ],
  [
    ['run', 'a.yaml', '--reporter', 'junit'],
    'forkline: unknown reporter `junit`\n  the reporters are `plain` and `json`\n',
  ],
];

test.each(wrong)('forkline %j is the caller’s mistake: exit code 2, with a hint', async (call, stderr) => {
  const folder = workspace({ 'a.yaml': 'processes:\n  a: { run: "true" }\n' });
  const answer = await forkline(folder, call);
  expect([answer.stderr, answer.stdout, answer.exitCode]).toEqual([stderr, '', 2]);
});

test('a folder on standard input is one that cannot be read', () => {
  const folder = openSync(workspace(), 'r');
  const { status, stderr } = spawnSync(process.execPath, [binary, 'check', '-'], { stdio: [folder, 'pipe', 'pipe'] });
  closeSync(folder);
  expect([status, String(stderr)]).toEqual([2, 'forkline: cannot read `-`: it is a folder\n']);
});

test.each([
  [{ FORKLINE_KEEPER: 'perk' }, 'unknown keeper `perk` in FORKLINE_KEEPER\n  it is one of `native`, `perl`\n'],
  [
    { FORKLINE_CONTAINMENT: 'subreper' },
    'unknown containment `subreper` in FORKLINE_CONTAINMENT\n  it is one of `cgroup`, `subreaper`, `scan`, `group`\n',
  ],
])('a misspelt %j is a wrong call, too: nothing is started', async (env, told) => {
  const folder = workspace({ 'a.yaml': 'processes:\n  a: { run: "true" }\n' });
  const answer = await forkline(folder, ['run', 'a.yaml'], '', env);
  expect([answer.stderr, answer.stdout, answer.exitCode]).toEqual([`forkline: ${told}`, '', 2]);
});

test.runIf(process.platform === 'linux')(
  'a umask that keeps its owner from files is told before any is made',
  (context) => {
    const folder = workspace({ 'a.yaml': 'processes:\n  a: { run: "true" }\n' });
    const script = `umask 0777; exec unshare --user ${process.execPath} ${binary} run a.yaml`;
    const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' });
    if (stderr.startsWith('unshare:'))
      context.skip('the system lets nobody have a user namespace, to be unprivileged in');
    expect([stderr, status]).toEqual([
      'forkline: with the umask 0777 you may not use the files that you make yourself\n' +
        '  run it after `umask 077`, or any other that leaves the owner all\n',
      2,
    ]);
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  },
);

test('with --json a wrong call has the same exit code, and its error is JSON', async () => {
  const { stdout, stderr, exitCode } = await forkline(workspace(), ['run', '--json', '--timeuot', '3s']);
  const error = { kind: 'call', message: 'unknown flag `--timeuot`', hint: 'did you mean `--timeout`?' };
  expect([JSON.parse(stdout), stderr, exitCode]).toEqual([{ error }, '', 2]);
});

test('`schema` prints the JSON Schema, also to a reader that stops at once', async () => {
  const { stdout, exitCode } = await forkline(workspace(), ['schema']);
  expect((JSON.parse(stdout) as { $schema: string }).$schema).toBe('http://json-schema.org/draft-07/schema#');
  expect(exitCode).toBe(0);
  const headed = forkline(workspace(), ['schema']);
  headed.stdout.destroy();
  const answer = await headed;
  expect([answer.stderr, answer.exitCode]).toEqual(['', 0]);
});
