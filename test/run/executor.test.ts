// A run that cannot be prepared leaves nothing behind.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { Source } from '../../src/pipeline/source.ts';
import { planSource } from '../../src/plan/check.ts';
import { run } from '../../src/run/run.ts';
import { prepareTargets } from '../../src/run/target.ts';
import { workspace } from '../kit/forkline.ts';

vi.mock('../../src/run/target.ts', { spy: true });

/** The commands of those that this process has started, and that are still there. */
function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8')
      .split(' ')
      .flatMap((pid) => (pid === '' ? [] : readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))),
  );
}

it.runIf(process.platform === 'linux')('its broker and its keeper are gone', async () => {
  const yaml = 'queues: { q: {} }\nprocesses: { a: { run: ls, puts: q }, b: { run: cat, gets: q } }';
  const { plan } = await planSource(new Source('/pipeline.yaml', yaml));
  if (plan === null) throw new Error('it has findings');
  vi.mocked(prepareTargets).mockRejectedValue(new Error('it cannot be prepared'));
  await expect(run(plan, { runDir: join(workspace(), 'run') })).rejects.toThrow('it cannot be prepared');
  expect(children().filter((command) => /broker|keeper/.test(command))).toEqual([]);
});
