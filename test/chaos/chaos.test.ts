// A few rounds of chaos, and the proof that its checkers see what is wrong. Many more are played by hand: CONTRIBUTING.md says how.
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const run = (name: string, ...args: string[]) =>
  execa(process.execPath, [join(import.meta.dirname, name), ...args], { reject: false });

test('whoever is killed or stopped, nothing is lost, doubled, out of order or left behind', async () => {
  const { stdout } = await run('run.mjs', '--rounds', '4', '--seed', '2');
  expect(stdout).toMatch(/all 4 rounds hold$/);
});

test('a fault in what was written down is seen', async () => {
  const { stdout } = await run('plants.mjs');
  const lines = stdout.split('\n');
  expect(lines.length).toBeGreaterThan(15);
  expect(lines.filter((line) => !line.endsWith(': seen'))).toEqual([]);
});
