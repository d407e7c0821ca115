// One round of the scenarios that must hold, and the proof that what looks at them sees what is wrong. Many more rounds, the long ones
// among them, are played by hand: CONTRIBUTING.md says how.
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const run = (name: string, ...args: string[]) =>
  execa(process.execPath, [join(import.meta.dirname, name), ...args], { reject: false });
const users = process.getuid?.() === 0 ? ['root', 'nobody'] : ['this user'];
const quick = '1,1x,1y,2,3,4,5,5x,6,7,8,10,11,12,14,16,20,21,22,24,25,55,60,62';

test.each(users)('nothing is left behind, lost or let out in silence, as %s', async (user) => {
  const { stdout } = await run('scenarios.mjs', '--only', quick, ...(user === 'nobody' ? ['--as', user] : []));
  expect(stdout).toMatch(/all \d+ hold$/);
});

test('a fault that is planted around a run is seen', async () => {
  const { stdout } = await run('scenario-plants.mjs');
  const lines = stdout.split('\n');
  expect(lines.length).toBeGreaterThan(15);
  expect(lines.filter((line) => !line.endsWith(': seen'))).toEqual([]);
});
