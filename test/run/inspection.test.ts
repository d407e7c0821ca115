// Which suspects are seen as such that can do nothing more, by the phase they are in.
import { expect, test } from 'vitest';
import type { Suspect } from '../../src/broker/suspicion.ts';
import type { NodeId } from '../../src/plan/plan.ts';
import { inspect } from '../../src/run/inspection.ts';
import type { Life } from '../../src/run/life.ts';

const accounting: Life = { phase: 'accounting', pid: null };

test.each<[string, number[], string[]]>([
  ['whose lines wait for room', [], ['a']],
  ['of whose processes the broker has not yet heard that they are gone', [7], []],
])('a process that has ended is stuck as one %s: %j', async (_what, pids, passive) => {
  const node = 'a' as NodeId;
  const suspects: Suspect[] = [{ node, pids, wired: true }];
  const outlook = await inspect(
    { type: 'suspects', request: 1, suspects, absent: [] },
    {
      runId: 'run',
      schedule: { prospects: () => ({ pending: [], ways: [] }) },
      running: new Map([[node, accounting]]),
      broker: () => null,
    },
  );
  expect(outlook.passive).toEqual(passive);
});
