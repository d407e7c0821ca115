// A secret is nowhere in what Forkline shows or stores, in whatever form a program lets it out.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forkline, workspace } from '../kit/forkline.ts';

const token = `s3cr3t p&ss/w0rd"'ü`;
const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END KEY-----';
const environment = { TOKEN: token, KEY: key };

const leak = `import base64, json, os, sys, time, urllib.parse
token, key = os.environ["TOKEN"], os.environ["KEY"]
for text in (token, key):
    raw = text.encode()
    print(text, json.dumps(text), json.dumps(json.dumps(text)), urllib.parse.quote(text), urllib.parse.quote_plus(text), raw.hex())
    for before in (b"", b"-", b"--"):
        print(base64.b64encode(before + raw).decode(), base64.urlsafe_b64encode(before + raw).decode(), base64.encodebytes(before + raw).decode())
for line in key.splitlines():
    print("  |", line, flush=True)
for size in (1, 3, 7):
    for at in range(0, len(token), size):
        os.write(1, token[at:at + size].encode())
        time.sleep(0.001)
os.write(2, b"x" * 4090 + token.encode() + b"\\n")
print(dict(os.environ), file=sys.stderr)
print(os.environ["HEADER"], file=sys.stderr)
raise RuntimeError("crashed with " + token)
`;

/** What would give one of them away. */
const traces = [
  ...[token, ...key.split('\n')].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    Buffer.from(text).toString('hex'),
    Buffer.from(text).toString('base64').slice(0, -4),
  ]),
  's3cr3t',
  'w0rd',
  'kqhkiG9w0',
];

function found(text: string): string[] {
  return traces.filter((trace) => text.includes(trace));
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const leaking = {
  'leak.py': leak,
  'own.env': 'FILED="from a file 4711"\n',
  'pipeline.yaml': `secrets: [TOKEN, KEY, FILED]
description: "it holds from a file 4711"
env: { HEADER: "Bearer \${{ env.TOKEN }}" }
params: { note: none }
queues: { bad: {} }
processes:
  a: { command: [python3, leak.py], on_failure: continue, env_file: own.env }
  b: { run: 'echo "{\\"a\\": $TOKEN"; printenv FILED HEADER', stdout: { queue: bad, format: json }, on_failure: continue, env_file: own.env }
  c: { on_failure: continue, run: 'cat; echo "\${NOTE}" >&2', stdin: { queue: bad }, env: { NOTE: "\${{ params.note }}", FILED: "\${{ env.TOKEN }}" } }
`,
};

test.each([
  ['as lines', []],
  ['as lines, all of them', ['-v']],
  ['as JSON', ['--json']],
  ['in the file of a reporter', ['--reporter', 'plain', '--reporter', 'json=events.json']],
])('a run shows and stores no secret: %s', async (_, flags) => {
  const folder = workspace(leaking);
  const call = ['run', ...flags, '--param', `note=${token}`, '--run-dir', 'here'];
  const { stdout, stderr, exitCode } = await forkline(folder, call, '', environment);
  const stored = filesUnder(folder).filter((file) => !/leak\.py|own\.env|pipeline\.yaml/.test(file));
  expect(stored.map((file) => [file, found(readFileSync(file, 'utf8'))]).filter(([, some]) => some?.length)).toEqual(
    [],
  );
  expect(found(stdout + stderr)).toEqual([]);
  expect(stored.filter((file) => readFileSync(file, 'utf8').includes('from a file 4711'))).toEqual([]);
  const log = readFileSync(join(folder, 'here/logs/a.log'), 'utf8');
  expect(log).toContain('  | ***\n  | ***\n');
  expect(log).toMatch(/x{4090}\*\*\*\n/);
  expect(log).toContain('RuntimeError: crashed with ***\n');
  const summary = JSON.parse(readFileSync(join(folder, 'here/summary.json'), 'utf8')) as {
    nodes: Record<string, { cause?: string }>;
  };
  expect(Object.keys(summary.nodes).toSorted()).toEqual(['a', 'b', 'c']);
  expect(summary.nodes.b?.cause).toMatch(/\*\*\*|line 1/);
  expect(exitCode).toBe(1);
});

test('neither does a plan, a drawing or a finding', async () => {
  const folder = workspace({
    ...leaking,
    'bad.yaml': 'secrets: TOKEN\nparams: { n: { type: integer } }\nprocesses: { a: { command: ["${{ params.n }}"] } }',
  });
  const plans = [
    ['--format', 'tree'],
    ['--format', 'json'],
    ['--format', 'mermaid'],
    ['--format', 'dot'],
  ];
  const calls = [
    ...plans.map((format) => ['plan', ...format, '--param', `note=${token}`]),
    ['run', '--dry-run', '--param', `note=${token}`],
    ['run', 'bad.yaml', '--param', `n=${token}`],
    ['check', 'bad.yaml', '--param', `n=${token}`],
    ['check', 'bad.yaml', '--format', 'json', '--param', `n=${token}`],
  ];
  const answers = await Promise.all(calls.map((call) => forkline(folder, call, '', environment)));
  const shown = answers.map(({ stdout, stderr }) => stdout + stderr);
  expect(shown.map((text) => [...found(text), ...(/file 4711/.exec(text) ?? [])])).toEqual(calls.map(() => []));
  expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 2, 2, 2]);
});

test('what the programs themselves get is whole', async () => {
  const folder = workspace({
    'pipeline.yaml': `secrets: [TOKEN]
queues: { q: { to: { lines: kept } } }
processes:
  a: { run: 'printf %s "$TOKEN" > value; printf "%s\\n" "$TOKEN"', stdout: { queue: q } }
`,
  });
  expect((await forkline(folder, ['run'], '', environment)).exitCode).toBe(0);
  expect(['value', 'kept'].map((file) => readFileSync(join(folder, file), 'utf8'))).toEqual([token, `${token}\n`]);
});

test('the beginning of a secret does not keep a prompt from being seen', async () => {
  const folder = workspace({
    'pipeline.yaml':
      'secrets: [TOKEN]\nprocesses:\n  a: { run: "printf \'Name: s\'; exec sleep 600", stop: { grace: 0 } }\n',
  });
  const run = forkline(folder, ['run', '--run-dir', 'here'], '', environment);
  const log = join(folder, 'here/logs/a.log');
  const read = (): string => {
    try {
      return readFileSync(log, 'utf8');
    } catch {
      return '';
    }
  };
  await expect.poll(read).toBe('Name: s');
  run.kill('SIGINT');
  expect((await run).exitCode).toBe(130);
});

test('a run without its secrets is refused, and nothing is made', async () => {
  const folder = workspace({ 'pipeline.yaml': 'secrets: [NOT_THERE]\nprocesses:\n  a: { run: "touch started" }\n' });
  const { stderr, exitCode } = await forkline(folder, ['run']);
  expect(stderr).toMatch(/^error\[bad-secret\] secret `NOT_THERE` is not set\n {2}at pipeline\.yaml:1:11\n/);
  expect([readdirSync(folder), exitCode]).toEqual([['pipeline.yaml'], 2]);
  expect((await forkline(folder, ['check'])).exitCode).toBe(0);
});

test('a secret that stands word for word in a script is told, without saying which it is', async () => {
  const folder = workspace({ 'pipeline.yaml': `secrets: [WORD]\nprocesses:\n  a: { run: "echo opensesame" }\n` });
  const { stdout, stderr, exitCode } = await forkline(folder, ['run'], '', { WORD: 'opensesame' });
  expect(stderr).toMatch(
    /the value of a secret stands in the script of `a`, and the arguments of a process can be read/,
  );
  expect([stdout, exitCode]).toEqual(['a | ***\n', 0]);
});
