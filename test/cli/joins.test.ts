// Joins through the real binary: races, enough of many, clean-ups after a race that everybody lost, times, and what their members are.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Summary } from '../../src/run/summary.ts';
import { forkline, workspace } from '../kit/forkline.ts';

interface Ran {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly outcomes: Readonly<Record<string, string>>;
  readonly summary: Summary;
}

async function ran(yaml: string, files: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const folder = workspace({ ...files, 'pipeline.yaml': yaml });
  const { exitCode, stdout } = await forkline(folder, ['run', '--run-dir', 'out']);
  const summary = JSON.parse(readFileSync(join(folder, 'out/summary.json'), 'utf8')) as Summary;
  const outcomes = Object.fromEntries(Object.entries(summary.nodes).map(([id, { outcome }]) => [id, outcome]));
  return { exitCode, stdout, outcomes, summary };
}

test('the losers of a race are stopped, and how they end then does not fail the run', async () => {
  const { exitCode, outcomes } = await ran(`processes:
  fast: { run: "true", needs: { slow: ready } }
  slow: { run: 'trap "exit 7" TERM; echo set; while :; do sleep 0.05; done', ready: { log: set } }
  lost: { run: exit 3 }
  later: { run: "true", needs: race }
joins: { race: { processes: [fast, slow, lost], mode: any, on_pass: terminate } }`);
  expect(outcomes).toEqual({
    fast: 'succeeded',
    slow: 'terminated',
    lost: 'failed',
    later: 'succeeded',
    race: 'passed',
  });
  expect(exitCode).toBe(0);
});

test('where everybody loses, what was to clean up after the race still runs', async () => {
  const { exitCode, outcomes, summary } = await ran(`processes:
  a: { run: exit 3 }
  b: { run: exit 4, needs: { a: started } }
  after: { run: "true", needs: race }
  clean: { run: "true", needs: { race: completed } }
joins: { race: { processes: [a, b], mode: any } }`);
  expect(outcomes).toEqual({ a: 'failed', b: 'failed', race: 'failed', after: 'skipped', clean: 'succeeded' });
  expect(summary.nodes['race']?.cause).toBe('only 0 of 1 can succeed');
  expect(exitCode).toBe(1);
});

test('a number counts instances, and of several attempts only the last', async () => {
  const { exitCode, outcomes } = await ran(`processes:
  try:
    replicas: 3
    run: '[ "$FORKLINE_ATTEMPT" = 2 ] && [ "$R" != 3 ]'
    env: { R: "\${{ replica }}" }
    retry: 1
  after: { run: "true", needs: two }
joins: { two: { processes: try, mode: 2 } }`);
  expect(outcomes).toEqual({
    'try.1': 'succeeded',
    'try.2': 'succeeded',
    'try.3': 'failed',
    after: 'succeeded',
    two: 'passed',
  });
  expect(exitCode).toBe(0);
});

test.each([
  ['fail', { late: 'timed_out', sleeper: 'stopped', next: 'cancelled' }, 1],
  ['continue', { late: 'passed', sleeper: 'succeeded', next: 'succeeded' }, 0],
  ['terminate', { late: 'passed', sleeper: 'terminated', next: 'succeeded' }, 0],
])('a join whose time is over may `%s`', async (how, outcomes, code) => {
  const done = '"$FORKLINE_RUN_DIR/done"';
  const ended = await ran(`processes:
  first: { run: "true" }
  sleeper: { run: 'until [ -e ${done} ]; do sleep 0.02; done' }
  next: { run: 'touch ${done}', needs: late }
joins: { late: { processes: sleeper, needs: first, timeout: 50ms, on_timeout: ${how} } }`);
  expect(ended.outcomes).toMatchObject(outcomes);
  expect(ended.exitCode).toBe(code);
});

test('whoever passes by time stops the others, where passing stops them', async () => {
  const { exitCode, outcomes } = await ran(`processes: { sleeper: { run: exec sleep 1000 } }
joins: { late: { processes: sleeper, timeout: 50ms, on_timeout: continue, on_pass: terminate } }`);
  expect([outcomes, exitCode]).toEqual([{ sleeper: 'terminated', late: 'passed' }, 0]);
});

test('sub-pipelines may race, and the loser ends with all that is in it', async () => {
  const { exitCode, outcomes } = await ran(
    `processes:
  run: { uses: part.yaml, matrix: { code: [0, 9] }, with: { wait: "\${{ matrix.code }}" } }
joins: { race: { processes: run, mode: any, on_pass: terminate } }`,
    {
      'part.yaml': `params: { wait: 0 }
processes: { nap: { run: '[ "$W" = 0 ] || exec sleep 1000', env: { W: "\${{ params.wait }}" } } }`,
    },
  );
  expect(outcomes).toMatchObject({
    'run.1': 'succeeded',
    'run.2': 'terminated',
    'run.2/nap': 'terminated',
    race: 'passed',
  });
  expect(exitCode).toBe(0);
});

test('a queue is waited for until its items are done, or are dead letters, after all attempts', async () => {
  const { exitCode, outcomes, summary } = await ran(`queues:
  q: { from: [1, 2, 3], dead_letter: dead }
  dead: { leftover: ignore }
processes:
  work: { each: q, retry: 1, run: '[ "$ITEM" != 2 ]' }
  after: { run: "true", needs: all }
joins: { all: { queues: q } }`);
  expect(summary.queues['q']).toMatchObject({ put: 3, done: 2, dead_lettered: 1 });
  expect(outcomes).toMatchObject({ all: 'passed', after: 'succeeded' });
  expect(exitCode).toBe(0);
});
