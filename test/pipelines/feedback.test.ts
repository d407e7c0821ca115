// Queues that are fed by those who take from them: they must end, and not before all is done, however the work is shared out
// and whoever is killed on the way.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { workspace } from '../kit/forkline.ts';
import { type Ran, runPipeline } from '../kit/run-pipeline.ts';

const programs = fileURLToPath(new URL('../programs/feedback', import.meta.url));

/** `workers` are processes in YAML; all that comes of `from` is counted. */
async function feedback(
  workers: Readonly<Record<string, string>>,
  queues: Readonly<Record<string, string>>,
): Promise<Ran> {
  const lines = [
    'queues:',
    '  leaves: {}',
    ...Object.entries(queues).map(([name, settings]) => `  ${name}: ${settings}`),
    'processes:',
    `  count: { target: "${programs}.ts#count", gets: leaves }`,
    ...Object.entries(workers).map(([name, settings]) => `  ${name}: ${settings}`),
  ];
  const folder = workspace({ 'pipeline.yaml': lines.join('\n') });
  return runPipeline(join(folder, 'pipeline.yaml'));
}

const worker = (target: string, more = '', from = 'q', to = 'q', args: readonly unknown[] = []): string =>
  `{ target: "${programs}${target}", args: ${JSON.stringify([from, to, ...args])}, gets: ${from}, puts: [${to}, leaves]${more} }`;

test.each([
  ['loops in both languages', { a: worker('.ts#grow', ', replicas: 2'), b: worker('.py#grow', ', replicas: 2') }],
  ['`get` and `taskDone` in both', { a: worker('.ts#manual'), b: worker('.py#manual') }],
  ['one worker alone', { a: worker('.ts#grow') }],
  [
    'several loops in one process',
    { a: worker('.ts#crowd', '', 'q', 'q', [4]), b: worker('.py#crowd', '', 'q', 'q', [4]) },
  ],
  ['processes that a worker forks', { a: worker('.py#pool', '', 'q', 'q', [3]), b: worker('.ts#grow') }],
])('a queue that feeds itself ends when all is done: %s', async (_, workers) => {
  const ran = await feedback(workers, { q: '{ from: [10] }' });
  expect(ran.summary.reason).toBe('everything succeeded');
  expect(ran.lines('count')).toEqual(['1024']);
  expect(ran.summary.queues['q']).toMatchObject({ left_over: 0 });
  expect(ran.left).toEqual([]);
});

test.each(['.ts', '.py'])(
  'who only looks whether there is something does not wait, and ends nothing: %s',
  async (language) => {
    const ran = await feedback({ a: worker(`${language}#glance`) }, { q: '{}' });
    expect(ran.summary.reason).toBe('everything succeeded');
    expect(ran.lines('count')).toEqual(['3']);
  },
);

test('a queue whose items are done when they are taken ends when all who took some wait', async () => {
  const workers = { a: worker('.ts#ponder', ', replicas: 3') };
  const ran = await feedback(workers, { q: '{ from: [10], delivery: at-most-once }' });
  expect(ran.summary.reason).toBe('everything succeeded');
  expect(ran.lines('count')).toEqual(['1024']);
});

test('queues that feed each other end together', async () => {
  const ran = await feedback(
    {
      a: worker('.ts#grow', ', replicas: 2', 'there', 'back'),
      b: worker('.py#grow', ', replicas: 2', 'back', 'over'),
      c: worker('.ts#manual', '', 'over', 'there'),
    },
    { there: '{ from: [10] }', back: '{}', over: '{}' },
  );
  expect(ran.summary.reason).toBe('everything succeeded');
  expect(ran.lines('count')).toEqual(['1024']);
});

test('who puts from outside keeps it open, though all who take from it wait', async () => {
  const ran = await feedback(
    {
      late: `{ target: "${programs}.ts#late", args: [q, 8], puts: q }`,
      a: worker('.ts#grow'),
      b: worker('.py#grow'),
    },
    { q: '{}' },
  );
  expect(ran.summary.reason).toBe('everything succeeded');
  expect(ran.lines('count')).toEqual(['512']);
});

const gate = '${{ run.dir }}/killed';

test.each(['.ts', '.py'])(
  'a worker (%s) that is killed while it holds items stops nobody: the others do its work, and the queue ends',
  async (language) => {
    const ran = await feedback(
      {
        victim: worker(`${language}#victim`, ', on_failure: ignore', 'q', 'q', [gate]),
        a: worker('.ts#grow', '', 'q', 'q', [gate]),
        b: worker('.py#grow', '', 'q', 'q', [gate]),
      },
      { q: '{ from: [11] }' },
    );
    expect(ran.summary.nodes['victim']).toMatchObject({ outcome: 'failed', signal: 'SIGKILL' });
    expect(ran.summary.reason).toMatch(/^everything succeeded but `victim`/);
    expect(ran.lines('count')).toEqual(['2048']);
    expect(ran.summary.queues['q']?.redelivered).toBeGreaterThanOrEqual(3);
    expect(ran.left).toEqual([]);
  },
);

test('where the failure of a worker counts, the others do its work in both queues, and are told that the stream broke', async () => {
  const ran = await feedback(
    {
      victim: worker('.ts#victim', ', on_failure: continue', 'there', 'back', [gate]),
      a: worker('.py#grow', ', on_failure: continue', 'there', 'back', [gate]),
      b: worker('.ts#grow', ', on_failure: continue', 'back', 'there'),
    },
    { there: '{ from: [10, 10] }', back: '{}' },
  );
  expect(ran.exitCode).toBe(1);
  expect(ran.summary.queues['leaves']).toMatchObject({ put: 2048, done: 2048, left_over: 0 });
  expect(ran.summary.queues['there']).toMatchObject({ left_over: 0 });
  for (const node of ['a', 'b', 'count'])
    expect(ran.output + ran.said).toMatch(new RegExp(`${node} .*(QueueA|A)borted`));
  expect(ran.left).toEqual([]);
});

test('a file that would take what is left in a queue keeps no deadlock from being seen', async () => {
  const folder = workspace({
    'both.ts': `
      import { lock, queue } from 'forkline';
      export async function put(): Promise<void> {
        await lock('l').acquire();
        for (let number = 0; number < 5; number++) await queue<number>('q').put(number);
      }
      export async function get(): Promise<void> {
        while ((await queue('q').qsize()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        await lock('l').acquire();
        await queue('q').get();
      }`,
    'pipeline.yaml': `
queues: { q: { maxsize: 1, to: { json: out.ndjson } } }
locks: { l: {} }
processes:
  a: { target: ./both.ts#put, puts: q, locks: l }
  b: { target: ./both.ts#get, gets: q, locks: l }`,
  });
  const ran = await runPipeline(join(folder, 'pipeline.yaml'));
  expect(ran.exitCode).toBe(3);
  expect(ran.summary.reason).toContain('deadlock: `a` and `b` wait for each other');
});
