// Answers the broker when it suspects a deadlock: of which suspects nothing runs, what the run's own order waits for, and which way
// out there may be.
import { setTimeout as pause } from 'node:timers/promises';
import type { Notice, Outlook, Suspect } from '../broker/control.ts';
import type { NodeId } from '../plan/plan.ts';
import { marksOf } from './environment.ts';
import { EachRun } from './each-run.ts';
import type { Life } from './life.ts';
import { ProcessRun } from './process-run.ts';
import { activitiesOf, type Tree } from './process-tree.ts';
import type { Schedules } from './schedules.ts';
import { ownerOf } from './worker-name.ts';

export interface Inspected {
  readonly runId: string;
  readonly schedule: Pick<Schedules, 'prospects'>;
  readonly running: ReadonlyMap<NodeId, Life>;
  readonly broker: () => { readonly pid: number } | null;
}

export async function inspect(
  { suspects, absent }: Extract<Notice, { type: 'suspects' }>,
  inspected: Inspected,
): Promise<Outlook> {
  const passive = await passiveAmong(suspects, inspected);
  // Of an `each`, and of who waits for locks to start with, the broker knows what there is to know.
  const known = [...inspected.running].flatMap(([node, run]) =>
    run instanceof EachRun || (run instanceof ProcessRun && run.awaitsLocks) ? [node] : [],
  );
  const nodes = new Set([...passive, ...known].map(ownerOf));
  const prospects = inspected.schedule.prospects([...nodes], absent);
  // What is being stopped comes to its end.
  return prospects === null ? { passive: [], pending: [], ways: [] } : { passive, ...prospects };
}

/** Who was just asked may still be about to fall asleep again, and is looked at once more. */
async function passiveAmong(suspects: readonly Suspect[], { runId, running, broker }: Inspected): Promise<NodeId[]> {
  const passive: NodeId[] = [];
  let trees: (Tree & { readonly node: NodeId })[] = [];
  for (const { node, pids, wired } of suspects) {
    const run = running.get(node);
    if (run?.phase === 'accounting') passive.push(node);
    if (run?.phase !== 'running' || run.pid === null) continue;
    trees.push({
      node,
      leader: run.pid,
      marks: marksOf(runId, node),
      stuck: pids,
      wiredTo: wired ? (broker()?.pid ?? null) : null,
    });
  }
  for (let look = 0; look < MOST_LOOKS && trees.length > 0; look += 1) {
    if (look > 0) await pause(BETWEEN_LOOKS_MS);
    const activities = activitiesOf(trees);
    passive.push(...trees.filter((_, index) => activities[index] === 'passive').map(({ node }) => node));
    trees = trees.filter((_, index) => activities[index] === 'settling');
  }
  return passive;
}

const MOST_LOOKS = 8;
const BETWEEN_LOOKS_MS = 10;
