// Pipelines that use others, through the real binary: what fails where, what is stopped, and that programs inside need to know
// of nothing outside.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Summary } from '../../src/run/summary.ts';
import { type Answer, forkline, workspace } from '../kit/forkline.ts';

type Files = Readonly<Record<string, string>>;

async function ran(
  files: Files,
): Promise<Answer & { readonly outcomes: Readonly<Record<string, string>>; readonly summary: Summary }> {
  const folder = workspace(files);
  const answer = await forkline(folder, ['run', '--run-dir', 'out']);
  const summary = JSON.parse(readFileSync(join(folder, 'out/summary.json'), 'utf8')) as Summary;
  return {
    ...answer,
    summary,
    outcomes: Object.fromEntries(Object.entries(summary.nodes).map(([id, { outcome }]) => [id, outcome])),
  };
}

test('a program in it uses queues and locks by the names of its own file, connected or not', async () => {
  const program = `
from forkline import queue, lock, current_process
def relay():
    with lock("gate"):
        for item in queue("inbox"):
            queue("outbox").put([item, current_process().name])
`;
  const { stdout, exitCode } = await ran({
    'pipeline.yaml': `queues: { a: { from: [1, 2] }, b: {} }
locks: { door: {} }
processes:
  sub: { uses: in/part.yaml, connect: { inbox: a, outbox: b, gate: door } }
  show: { run: sort, stdin: { queue: b, format: json } }`,
    'in/part.yaml': `queues: { inbox: { external: true }, outbox: { external: true } }
locks: { gate: { external: true } }
processes: { relay: { target: ./relay.py#relay, gets: inbox, puts: outbox, locks: gate } }`,
    'in/relay.py': program,
  });
  expect([stdout, exitCode]).toEqual(['show      | [1,"sub/relay"]\nshow      | [2,"sub/relay"]\n', 0]);
});

test('a failure in one stops that one, and the others go on where it says so', async () => {
  const { outcomes, exitCode, summary } = await ran({
    'pipeline.yaml': `processes:
  sub: { uses: part.yaml, matrix: { code: [0, 3] }, with: { code: "\${{ matrix.code }}" }, on_failure: continue }
  mend: { run: "true", needs: { sub.2: failed } }
  next: { run: "true", needs: sub.1 }`,
    'part.yaml': `params: { code: 0 }
processes:
  go: { run: 'exit "$CODE"', env: { CODE: "\${{ params.code }}" } }
  wait: { run: "[ $CODE = 0 ] || exec sleep 100", env: { CODE: "\${{ params.code }}" } }
  after: { run: "true", needs: go }
daemons: { d: { run: exec sleep 100 } }`,
  });
  expect(outcomes).toMatchObject({
    'sub.1': 'succeeded',
    'sub.1/after': 'succeeded',
    'sub.1/d': 'stopped',
    'sub.2': 'failed',
    'sub.2/go': 'failed',
    'sub.2/wait': 'stopped',
    'sub.2/d': 'stopped',
    mend: 'succeeded',
    next: 'succeeded',
  });
  expect(summary.nodes['sub.2']?.cause).toBe('`sub.2/go` failed');
  expect(exitCode).toBe(1);
});

test('one that takes too long is stopped, and has timed out', async () => {
  const { outcomes, exitCode } = await ran({
    'pipeline.yaml':
      'processes:\n  sub: { uses: part.yaml, timeout: 300ms, on_failure: ignore }\n  next: { run: "true", needs: sub }',
    'part.yaml': 'processes:\n  a: { run: exec sleep 100 }\n  b: { run: "true", needs: a }',
  });
  expect(outcomes).toEqual({
    sub: 'timed_out',
    'sub/a': 'stopped',
    'sub/b': 'cancelled',
    next: 'succeeded',
  });
  expect(exitCode).toBe(0);
});

test('a deadlock inside, by locks from outside, is found and told by names that tell them apart', async () => {
  const { stderr, exitCode } = await ran({
    'pipeline.yaml': `queues: { a: {}, b: {} }
locks: { left: {}, right: {} }
processes:
  one: { uses: part.yaml, connect: { inbox: a, outbox: b, mine: left, yours: right } }
  two: { uses: part.yaml, connect: { inbox: b, outbox: a, mine: right, yours: left } }`,
    'part.yaml': `queues: { inbox: { external: true }, outbox: { external: true } }
locks: { mine: { external: true }, yours: { external: true } }
processes: { p: { target: ./p.py#p, gets: inbox, puts: outbox, locks: [mine, yours] } }`,
    'p.py': `
from forkline import lock, queue
def p():
    lock("mine").acquire()
    queue("outbox").put("I have mine")
    queue("inbox").get()
    queue("inbox").task_done()
    lock("yours").acquire()
`,
  });
  expect(stderr).toMatch(/deadlock: `(?:one|two)\/p` → `(?:one|two)\/p`/);
  expect(stderr).toContain('`two/p` waits for lock `left`, held by `one/p`');
  expect(exitCode).toBe(3);
});

test('processes control each other by the names of their own file, and a sub-pipeline as a whole', async () => {
  const { stdout, outcomes, exitCode } = await ran({
    'pipeline.yaml': `processes:
  sub: { uses: part.yaml, on_failure: continue }
  judge: { target: ./judge.py#judge, controls: sub, needs: { sub: started } }`,
    'judge.py': `
from forkline import process_of
def judge():
    sub = process_of("sub")
    print(sub.pid, sub.is_alive())
    sub.terminate()
    sub.join()
    print(sub.is_alive())
`,
    'part.yaml': `processes:
  a: { run: exec sleep 100 }
  b: { run: exec sleep 100 }
  inner: { target: ./inner.py#inner, controls: a, needs: { a: started } }
  never: { run: "true", needs: b }`,
    'inner.py': `
import time
from forkline import process_of
def inner():
    a = process_of("a")
    assert a.is_alive()
    a.terminate()
    a.join()
    time.sleep(100)
`,
  });
  expect(stdout.split('\n').filter((line) => line.startsWith('judge'))).toEqual([
    'judge     | None True',
    'judge     | False',
  ]);
  expect(outcomes).toEqual({
    judge: 'succeeded',
    sub: 'terminated',
    'sub/a': 'terminated',
    'sub/b': 'terminated',
    'sub/inner': 'terminated',
    'sub/never': 'terminated',
  });
  expect(exitCode).toBe(0);
});

test('what is known only when it starts comes in by `env`, and is read where it is written', async () => {
  const { stdout, exitCode } = await ran({
    'pipeline.yaml': `processes:
  build: { target: say.py#outer, outputs: version }
  sub:
    uses: mid.yaml
    env: { VERSION: "\${{ processes.build.outputs.version }}", KEPT: "\${{ processes.build.outputs.version }}" }
    needs: build`,
    'mid.yaml': `processes:
  build: { target: say.py#inner, outputs: version }
  deep: { uses: deep.yaml, env: { INNER: "\${{ processes.build.outputs.version }}", KEPT: mine }, needs: build }`,
    'say.py': `
from forkline import output
def outer(): output("version", "1.2")
def inner(): output("version", "inner")
`,
    'deep.yaml': 'processes:\n  show: { run: "echo $VERSION $INNER $KEPT" }',
  });
  expect([stdout, exitCode]).toEqual(['sub/deep/show | 1.2 inner mine\n', 0]);
});

test('`check` shows what is wrong in a file that is used in that file, once', async () => {
  const folder = workspace({
    'a.yaml': 'processes:\n  x: { uses: in/part.yaml, replicas: 3 }\n',
    'in/part.yaml': 'processes:\n  p: { run: ls, needs: q }\n',
  });
  const { stdout, exitCode } = await forkline(folder, ['check', 'a.yaml', 'in/part.yaml']);
  expect(stdout).toBe(`error[unknown-name] there is no process, daemon or join \`q\`
  at in/part.yaml:2:24
  2 |   p: { run: ls, needs: q }
    |                        ^
  hint: there is only \`p\`

1 error
`);
  expect(exitCode).toBe(2);
  const json = await forkline(folder, ['check', 'a.yaml', '--format', 'sarif']);
  expect(json.stdout).toContain('in/part.yaml');
});

test('a value that does not fit is shown where it is given, with where it is declared', async () => {
  const folder = workspace({
    'a.yaml': 'processes:\n  x: { uses: in/part.yaml, with: { n: many } }\n',
    'in/part.yaml': 'params: { n: 1 }\nprocesses:\n  p: { run: ls, replicas: "${{ params.n }}" }\n',
  });
  const { stdout } = await forkline(folder, ['check', 'a.yaml']);
  expect(stdout).toBe(`error[bad-param] param \`n\` of \`in/part.yaml\` cannot be \`"many"\`
  at a.yaml:2:39
  2 |   x: { uses: in/part.yaml, with: { n: many } }
    |                                       ^^^^
  declared here:
  at in/part.yaml:1:11
  1 | params: { n: 1 }
    |           ^
  hint: allowed is a number

1 error
`);
});

test('an `each` in one takes a slot of the run for each of its items', async () => {
  const name = '$(echo "$FORKLINE_PROCESS" | tr / -)';
  const count = `at="$FORKLINE_RUN_DIR/at-${name}"; touch "$at"; ls "$FORKLINE_RUN_DIR" | grep -c ^at-; rm "$at"`;
  const { stdout, exitCode, summary } = await ran({
    'pipeline.yaml': `slots: 2
processes:
  sub: { uses: part.yaml, replicas: 2 }
  other: { run: '${count}', replicas: 3 }`,
    'part.yaml': `queues: { q: { from: [1, 2, 3, 4, 5, 6, 7, 8] } }
processes: { a: { each: q, workers: 4, run: '${count}' } }`,
  });
  expect(exitCode).toBe(0);
  const counts = stdout
    .trim()
    .split('\n')
    .map((line) => Number(line.split('| ')[1]));
  expect(counts.length).toBe(19);
  expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  for (const sub of ['sub.1', 'sub.2']) expect(summary.queues[`${sub}/q`]).toMatchObject({ put: 8, done: 8 });
});

test('who needs it can read the files that its queues are written to', async () => {
  const { stdout, exitCode } = await ran({
    'pipeline.yaml': `processes:
  sub: { uses: in/part.yaml }
  show: { run: tail -n 1 in/numbers, needs: sub }`,
    'in/part.yaml': `queues: { numbers: { encoding: text, to: { lines: numbers } } }
processes: { count: { run: seq 1 20000, stdout: { queue: numbers } } }`,
  });
  expect([stdout, exitCode]).toEqual(['show      | 20000\n', 0]);
});
