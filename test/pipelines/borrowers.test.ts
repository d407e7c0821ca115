// A lock that is lent to a busy program, with real processes.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runPipeline } from '../kit/run-pipeline.ts';

const programs = fileURLToPath(new URL('../programs/', import.meta.url));

test('a lock that was released is free for others, however busy the program is that had borrowed it', async () => {
  const ran = await runPipeline(`${programs}borrowers.yaml`);
  expect(ran.summary.reason).toBe('everything succeeded');
  const [other, busy] = [ran.lines('other'), ran.lines('busy')].map((lines) => lines[0]?.split(' '));
  expect(other?.[1]).toBe('False');
  expect(busy?.[1]).toBe('false');
  expect(Number(other?.[0])).toBeGreaterThan(30_000);
  expect(Number(busy?.[0])).toBeGreaterThan(Number(other?.[0]));
});

test('who borrowed a lock is found in a deadlock like everybody else', async () => {
  const ran = await runPipeline(`${programs}borrowers-deadlock.yaml`);
  expect(ran.exitCode).toBe(3);
  expect(ran.said).toContain('`a` waits for lock `right`, held by `b`');
  expect(ran.said).toContain('`b` waits for lock `left`, held by `a`');
});
