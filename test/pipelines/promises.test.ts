// What Forkline promises whatever happens, each through the real binary with real processes.
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { binary, type Ran, runPipeline } from '../kit/run-pipeline.ts';

const programs = fileURLToPath(new URL('../programs/', import.meta.url));

test('consumers that are killed with SIGKILL while they hold items lose none of them', async () => {
  const ran = await runPipeline(`${programs}killed-consumers.yaml`);
  for (const victim of ['victim_ts', 'victim_py']) {
    expect(ran.summary.nodes[victim]).toMatchObject({ outcome: 'failed', exitcode: -9, signal: 'SIGKILL' });
  }
  const count = Number(ran.lines('producer')[0]);
  const done = [1, 2, 3].flatMap((worker) => ran.lines(`worker.${worker}`).map(Number));
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, item) => item));
  expect(ran.summary.queues['items']).toMatchObject({ put: count, done: count, redelivered: 6, left_over: 0 });
  expect(ran.exitCode).toBe(1);
  expect(ran.left).toEqual([]);
});

describe('a consumer slower than its producer', async () => {
  test.each([
    ['there', 'fast_ts', 'slow_py'],
    ['back', 'fast_py', 'slow_ts'],
  ])('in queue `%s`, from `%s` to `%s`, never has more than `maxsize` items waiting', async (name, fast, slow) => {
    const ran = await slowConsumers();
    expect(ran.summary.success).toBe(true);
    const puts = ran.lines(fast).map((line) => ({ at: timeOf(line, 1), change: 1 }));
    const gets = ran.lines(slow).map((line) => ({ at: timeOf(line, 1), change: -1 }));
    expect(puts).toHaveLength(150);
    expect(mostWaiting([...puts, ...gets])).toBe(7);
    expect(ran.summary.queues[name]).toMatchObject({ put: 150, done: 150, peak: 7 });
  });
});

test('`forkline check` names ten mistakes, each at its line and column', async () => {
  const { exitCode, stdout } = await execa(
    'node',
    [binary, 'check', `${programs}ten-mistakes.yaml`, '--format', 'json'],
    { reject: false },
  );
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toEqual([]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s leaves nothing behind, not even what does not want to go', async (name, exitCode) => {
  let ready = 0;
  const ran = await runPipeline(`${programs}stubborn.yaml`, {
    onLine: (line, signal) => {
      if (line.endsWith('ready') && ++ready === 6) signal(name);
    },
  });
  expect(ready).toBe(6);
  expect(ran.exitCode).toBe(exitCode);
  expect(ran.left).toEqual([]);
});

test('memory does not grow with the number of items', async () => {
  const ran = await runPipeline(`${programs}memory.yaml`, { params: { bytes: 1024 } });
  expect(ran.lines('consumer')).toEqual([]);
});

let slow: Promise<Ran> | undefined;

/** One run for both directions. */
function slowConsumers(): Promise<Ran> {
  slow ??= runPipeline(`${programs}slow-consumers.yaml`);
  return slow;
}

function timeOf(line: string, word: number): bigint {
  return BigInt(line.split(' ')[word] ?? 'no time');
}

/**
 * The most items that had certainly been put and certainly not yet been taken: a put counts from its return, a get from its
 * call.
 */
function mostWaiting(changes: readonly { at: bigint; change: number }[]): number {
  let waiting = 0;
  let most = 0;
  for (const { change } of [...changes].sort((a, b) => (a.at < b.at ? -1 : 1))) {
    waiting += change;
    most = Math.max(most, waiting);
  }
  return most;
}
