// Mutual exclusion among real processes of both languages under `kill -9`, checked over what they wrote down themselves; and the
// checker, with faults planted in what it is given.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runPipeline } from '../kit/run-pipeline.ts';

const programs = fileURLToPath(new URL('../programs/', import.meta.url));

test('a lock whose holders are killed at random moments is held by one at a time, and loses no update', async () => {
  const ran = await runPipeline(`${programs}killed-holders.yaml`);
  expect(ran.left).toEqual([]);
  const journal = ran.read('journal').trimEnd().split('\n').map(parse);
  const killed = ran.read('victims').trimEnd().split('\n').map(Number);
  expect(killed.length).toBe(8);
  expect(faultsIn(journal, killed)).toEqual([]);
  const stayed = journal.filter(({ what, pid }) => what === 'out' && !killed.includes(pid));
  expect(stayed.length).toBe(8 * 60);
  for (const name of ['stays_ts', 'stays_py']) {
    for (let n = 1; n <= 4; n += 1) expect(ran.summary.nodes[`${name}.${n}`]?.outcome).toBe('succeeded');
  }
});

const whole = [
  { pid: 1, what: 'in', number: 0, fence: 1, abandoned: false },
  { pid: 1, what: 'out', number: 1 },
  { pid: 2, what: 'in', number: 1, fence: 2, abandoned: false },
  { pid: 3, what: 'in', number: 2, fence: 3, abandoned: true },
  { pid: 3, what: 'out', number: 3 },
] as const satisfies readonly Note[];

test.each([
  ['nothing is wrong', whole, [2], []],
  ['the one inside was not killed', whole, [], ['3 came in while 2 was inside']],
  ['the dead write', [...whole, { pid: 2, what: 'out', number: 2 }], [2], ['2 went out and was not inside']],
  [
    'an update is lost',
    whole.map((note) => (note.what === 'in' ? { ...note, number: 0 } : note)),
    [2],
    ['2 read 0 after 1', '3 read 0 after 1'],
  ],
  ['a fence falls', [...whole, { ...whole[2], fence: 3, number: 3 }], [2], ['fence 3 came after 3']],
  [
    'nobody is told',
    whole.map((note) => ('abandoned' in note ? { ...note, abandoned: false } : note)),
    [2],
    ['3 was not told that 2 died'],
  ],
] as const)('the checker sees it when %s', (_, journal, killed, faults) => {
  expect(faultsIn(journal as readonly Note[], killed).slice(0, 2)).toEqual(faults);
});

interface Note {
  readonly pid: number;
  readonly what: 'in' | 'out';
  readonly number: number;
  readonly fence?: number;
  readonly abandoned?: boolean;
}

function parse(line: string): Note {
  return JSON.parse(line) as Note;
}

function faultsIn(journal: readonly Note[], killed: readonly number[]): string[] {
  const faults: string[] = [];
  let inside: number | null = null;
  let fence = 0;
  let last = 0;
  for (const note of journal) {
    const { pid, number } = note;
    if (note.what === 'out') {
      if (inside !== pid) faults.push(`${pid} went out and was not inside`);
      inside = null;
      last = number;
      continue;
    }
    if (inside !== null && !killed.includes(inside)) faults.push(`${pid} came in while ${inside} was inside`);
    else if (inside !== null && note.abandoned !== true) faults.push(`${pid} was not told that ${inside} died`);
    // Who was killed inside may have written the next number or not.
    const maybe = inside === null ? last : last + 1;
    if (number !== last && number !== maybe) faults.push(`${pid} read ${number} after ${last}`);
    else last = number;
    if ((note.fence as number) <= fence) faults.push(`fence ${note.fence} came after ${fence}`);
    fence = note.fence as number;
    inside = pid;
  }
  return faults;
}
