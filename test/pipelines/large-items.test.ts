// Items that are too large for sockets go through shared memory, through the real binary with real processes, and everything that is promised of
// a queue holds for them.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { workspace } from '../kit/forkline.ts';
import { runPipeline } from '../kit/run-pipeline.ts';

const programs = fileURLToPath(new URL('../programs/', import.meta.url));
const here = existsSync('/dev/shm');
const COUNT = 120;
const all = Array.from({ length: COUNT }, (_, number) => number);

function pipeline(processes: string, queue = ''): string {
  const folder = workspace({
    'large.yaml': `queues:\n  items: { encoding: bytes${queue} }\nprocesses:\n${processes}`,
  });
  return `${folder}/large.yaml`;
}

const putter = (language: string, puts = 'puts: items') =>
  `  putter: { target: ${programs}large.${language}#put, args: [${COUNT}], ${puts} }\n`;
const getter = (language: string, name = 'getter') =>
  `  ${name}: { target: ${programs}large.${language}#get, gets: items }\n`;

test.runIf(here).each([
  ['mjs', 'mjs', ''],
  ['mjs', 'py', ''],
  ['py', 'mjs', ''],
  ['py', 'py', ', maxsize: 3'],
  ['mjs', 'mjs', ', delivery: at-most-once'],
  ['py', 'py', ', delivery: at-most-once, confirm: true'],
  ['mjs', 'py', ', order: deque'],
])('from %s to %s they come whole and in order, and nothing is left behind (queue%s)', async (from, to, settings) => {
  const before = readdirSync('/dev/shm');
  const ran = await runPipeline(pipeline(putter(from) + getter(to), settings));
  expect(ran.exitCode).toBe(0);
  expect(ran.lines('putter')).toEqual(['shared memory']);
  const got = ran.lines('getter');
  expect(got.at(-1)).toMatch(/shared memory$/);
  expect(got.slice(0, -1).map(Number)).toEqual(all);
  expect(ran.summary.queues['items']).toMatchObject({ put: COUNT, done: COUNT, left_over: 0 });
  expect(readdirSync('/dev/shm').filter((name) => !before.includes(name) && name.includes('forkline'))).toEqual([]);
});

test.each(['mjs', 'py'])('what a consumer in %s held that was killed comes to another one', async (language) => {
  const victim = `  victim: { target: ${programs}large.${language}#die, gets: items, on_failure: ignore }\n`;
  const ran = await runPipeline(pipeline(putter('mjs') + victim + getter('mjs')));
  const got = ran.lines('getter').slice(0, -1).map(Number);
  expect(got.toSorted((a, b) => a - b)).toEqual(all);
  expect(ran.summary.queues['items']).toMatchObject({ put: COUNT, done: COUNT, left_over: 0 });
});

test.each(['mjs', 'py'])('where %s may write no more to memory, they go over the socket at once', async (language) => {
  // In units of 512 or 1024 bytes: memory is lent, and soon full.
  const program =
    language === 'py'
      ? `exec python3 -c 'import sys; sys.path.insert(0, "${programs}"); import large; large.put(${COUNT})'`
      : `exec node --input-type=module -e 'import { put } from "${programs}large.mjs"; await put(${COUNT})'`;
  const run = `  putter:\n    puts: items\n    run: |\n      ulimit -f 200\n      ${program}\n`;
  const ran = await runPipeline(pipeline(run + getter('mjs')));
  expect(ran.exitCode).toBe(0);
  expect(ran.lines('getter').slice(0, -1).map(Number)).toEqual(all);
});

test('what is left over of them is counted, and fails the run', async () => {
  const ran = await runPipeline(
    pipeline(`${putter('py')}  getter: { run: 'true', gets: items }\n`, ', max_bytes: 1GiB'),
  );
  expect(ran.exitCode).toBe(1);
});

test('a program that reads its stdin gets them, as one that knows nothing of it', async () => {
  const folder = workspace({
    'put.mjs': `import { queue } from 'forkline';
      export async function put() {
        for (let n = 0; n < 40; n += 1) await queue('items').put(String(n % 10).repeat(100_000));
      }`,
    'text.yaml': `queues: { items: { encoding: text } }
processes:
  putter: { target: ./put.mjs#put, puts: items }
  counter: { run: wc, stdin: { queue: items } }
`,
  });
  const ran = await runPipeline(`${folder}/text.yaml`);
  expect(ran.exitCode).toBe(0);
  expect(ran.lines('counter')[0]?.trim().split(/\s+/)).toEqual(['40', '40', '4000040']);
});
