// Queues whose items go from one process to the other directly, through the real binary: what is promised of a queue is promised
// of them, whoever is killed.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Ran, runPipeline, type RunSettings } from '../kit/run-pipeline.ts';

const pipeline = fileURLToPath(new URL('../programs/lane.yaml', import.meta.url));
const atOnce = fileURLToPath(new URL('../kit/lanes-at-once.cjs', import.meta.url));

/** Whether enough is put for a lane must not depend on how fast the machine is. */
function runWithLane(file: string, settings: RunSettings = {}): Promise<Ran> {
  return runPipeline(file, { ...settings, env: { NODE_OPTIONS: `--require ${atOnce}` } });
}

test.each([0, 100, 1000])(
  'a million numbers come over a lane in order, and are counted (maxsize %i)',
  async (maxsize) => {
    const ran = await runWithLane(pipeline, { params: { most: 300_000, maxsize } });
    expect(ran.lines('take')).toEqual(['took 300000']);
    const counts = ran.summary.queues['numbers'];
    expect(counts).toMatchObject({ put: 300_000, taken: 300_000, done: 300_000, left_over: 0, redelivered: 0 });
    expect(counts?.direct).toBeGreaterThan(0);
    if (maxsize > 0) expect(counts?.peak).toBeLessThanOrEqual(maxsize);
    expect(ran.exitCode).toBe(0);
    expect(ran.left).toEqual([]);
  },
);

test('what is taken and never done before the end is held by the broker, once, and waits no more', async () => {
  const ran = await runWithLane(pipeline, { params: { most: 300_000, how: 'get' } });
  expect(ran.lines('take')).toEqual(['took 300000, then QueueClosed']);
  const counts = ran.summary.queues['numbers'];
  expect(counts).toMatchObject({ put: 300_000, taken: 300_000, done: 300_000, left_over: 0 });
  expect(counts?.peak).toBeLessThanOrEqual(1000);
  expect(counts?.direct).toBeGreaterThan(0);
  expect(ran.exitCode).toBe(0);
});

test.each(['0', '0.03', '0.2'])(
  'a producer that is killed leaves a consumer that has had all of its items (%s s)',
  async (after) => {
    const ran = await runWithLane(pipeline, { params: { victim: 'put', after } });
    const took = Number(/^took (\d+), then QueueAborted$/.exec(ran.lines('take')[0] ?? '')?.[1]);
    expect(took).toBeGreaterThan(0);
    const counts = ran.summary.queues['numbers'];
    expect(counts).toMatchObject({ put: took, taken: took, done: took, left_over: 0 });
    expect(counts?.direct).toBeGreaterThan(0);
    expect(ran.left).toEqual([]);
  },
);

test.each(['0', '0.03', '0.2'])(
  'what a killed consumer had not done is left over, and what was put is known (%s s)',
  async (after) => {
    const ran = await runWithLane(pipeline, { params: { victim: 'take', after } });
    const put = Number(/^put (\d+), then BrokenQueue$/.exec(ran.lines('put')[0] ?? '')?.[1]);
    const counts = ran.summary.queues['numbers'];
    expect(counts?.put).toBe(put);
    expect((counts?.done ?? 0) + (counts?.left_over ?? 0)).toBe(put);
    expect(counts?.direct).toBeGreaterThan(0);
    expect(ran.left).toEqual([]);
  },
);

test('a producer that stands still until a child of it has put to the queue, too, is not waited for', async () => {
  const ran = await runWithLane(fileURLToPath(new URL('../programs/lane-child.yaml', import.meta.url)));
  expect(ran.lines('take')).toEqual(['took 20500']);
  expect(ran.summary.queues['numbers']?.direct).toBeGreaterThan(0);
  expect(ran.exitCode).toBe(0);
});

test('nor is one that stands still until the other end has taken an item after one that it gave back', async () => {
  const ran = await runWithLane(fileURLToPath(new URL('../programs/lane-still.yaml', import.meta.url)));
  expect(ran.lines('take')).toEqual(['took 20000']);
  expect(ran.summary.queues['numbers']?.direct).toBeGreaterThan(0);
  expect(ran.exitCode).toBe(0);
});
