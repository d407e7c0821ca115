// How a run begins: one that cannot be prepared leaves nothing behind, and what comes before its first process holds up nobody.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import * as host from '../../src/broker/host.ts';
import { Source } from '../../src/pipeline/source.ts';
import { planSource } from '../../src/plan/check.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Event } from '../../src/run/event.ts';
import { run } from '../../src/run/run.ts';
import { prepareTargets } from '../../src/run/target.ts';
import { workspace } from '../kit/forkline.ts';

vi.mock('../../src/run/target.ts', { spy: true });
vi.mock('../../src/broker/host.ts', { spy: true });

async function soundPlan(yaml: string): Promise<Plan> {
  const { plan } = await planSource(new Source('/pipeline.yaml', yaml));
  if (plan === null) throw new Error('it has findings');
  return plan;
}

/** The commands of those that this process has started, and that are still there. */
function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8')
      .split(' ')
      .flatMap((pid) => (pid === '' ? [] : readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))),
  );
}

it.runIf(process.platform === 'linux')('its broker and its keeper are gone', async () => {
  const plan = await soundPlan('queues: { q: {} }\nprocesses: { a: { run: ls, puts: q }, b: { run: cat, gets: q } }');
  vi.mocked(prepareTargets).mockRejectedValueOnce(new Error('it cannot be prepared'));
  await expect(run(plan, { runDir: join(workspace(), 'run') })).rejects.toThrow('it cannot be prepared');
  expect(children().filter((command) => /broker|keeper/.test(command))).toEqual([]);
});

it('its processes start also where a `from` that nobody takes from has failed before', async () => {
  const plan = await soundPlan('queues: { q: { from: [1] } }\nprocesses: { a: { run: exit 0 } }');
  const { startBroker } = await vi.importActual<typeof host>('../../src/broker/host.ts');
  const events: Event[] = [];
  vi.mocked(host.startBroker).mockImplementationOnce(async (options) => {
    const broker = await startBroker(options);
    const begin = broker.begin.bind(broker);
    broker.begin = async () => {
      await begin();
      await vi.waitUntil(() => events.some(({ type }) => type === 'queue.supplied'), { timeout: 60_000 });
    };
    return broker;
  });
  const signal = AbortSignal.timeout(90_000);
  const { exitCode, nodes } = await run(plan, {
    runDir: join(workspace(), 'run'),
    onEvent: (event) => events.push(event),
    signal,
  });
  expect([exitCode, nodes['a']?.outcome]).toEqual([1, 'succeeded']);
});
