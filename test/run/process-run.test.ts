// One process of a run, as those see it who look for its processes.
import { expect, it } from 'vitest';
import type { Running } from '../../src/run/launcher.ts';
import type { ProcessContext } from '../../src/run/process-context.ts';
import { ProcessRun } from '../../src/run/process-run.ts';
import { processNode } from '../kit/plan.ts';

/** Runs, fails, and leaves nothing. */
const failing: Running = {
  pid: 77,
  outputs: [],
  exited: Promise.resolve({ exitcode: 1, signal: null }),
  signal: () => {},
  empty: async () => [],
  foreground: () => {},
};

const nothing = (): null => null;

it('has no pid between two attempts: that number may be a stranger’s by then', async () => {
  const delay = { delayMs: 1000, backoff: 'constant', maxDelayMs: 1000 } as const;
  const again = { policy: 'on-failure', attempts: 1, exitCodes: null, ...delay } as const;
  const pids: (number | null)[] = [];
  const run: ProcessRun = await new Promise((resolve, reject) => {
    const context = {
      ...{ runId: 'r', runDir: '/r', inherited: {}, broker: null, masker: null, now: () => 0 },
      ...{ tell: nothing, readsDaemon: () => false, onAttempt: nothing, onDeadline: nothing },
      ...{ terminal: { giveBack: nothing }, pipes: { given: nothing }, locks: { has: () => false } },
      launcher: { launch: async () => failing },
      onStarted: () => pids.push(one.pid),
      onRest: () => resolve(one),
      onBroken: reject,
    } as unknown as ProcessContext;
    const one = new ProcessRun(processNode('a', {}, { again }), context);
    one.handle({ type: 'start' });
  });
  expect([run.phase, ...pids, run.pid]).toEqual(['resting', 77, null]);
});
