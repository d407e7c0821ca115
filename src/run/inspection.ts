// Answers the broker when it suspects a deadlock: of which suspects nothing runs, what the run's own order waits for, and which way
// out there may be. Those that a pipe of the kernel's joins to suspects are looked at as well, as far as it goes on.
import { setTimeout as pause } from 'node:timers/promises';
import type { Notice } from '../broker/control.ts';
import type { AtPipe, Outlook, Suspect } from '../broker/suspicion.ts';
import type { NodeId } from '../plan/plan.ts';
import { marksOf } from './environment.ts';
import { EachRun } from './each-run.ts';
import type { Life } from './life.ts';
import { ProcessRun } from './process-run.ts';
import { lookAt, type Tree, type TreeLook } from './process-tree.ts';
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
  const { passive, pipes } = await passiveAmong([...suspects, ...besides(suspects, inspected)], inspected);
  // Of an `each`, and of who waits for locks to start with, the broker knows what there is to know.
  const known = [...inspected.running].flatMap(([node, run]) =>
    run instanceof EachRun || (run instanceof ProcessRun && run.awaitsLocks) ? [node] : [],
  );
  const nodes = new Set([...passive, ...known].map(ownerOf));
  const prospects = inspected.schedule.prospects([...nodes], absent);
  // What is being stopped comes to its end.
  if (prospects === null) return { passive: [], pending: [], ways: [] };
  const { pending, ways } = prospects;
  const unknown = passive.filter((node) => suspects.every((suspect) => suspect.node !== node));
  const waiting = unknown.flatMap((node) => pendingAt(node, pipes, ways));
  return { passive: passive.filter((node) => !unknown.includes(node)), pending: [...pending, ...waiting], ways, pipes };
}

/** Of one that the broker knows nothing of. */
function pendingAt(node: NodeId, pipes: readonly AtPipe[], ways: Outlook['ways']): Outlook['pending'] {
  const at = pipes.filter((pipe) => pipe.node === node);
  const [first] = at;
  if (first === undefined) return [];
  const named = [...new Set(at.flatMap(({ on }) => on))];
  const others = ways.filter((way) => way.node === node).map(({ by }) => by);
  return [{ node, does: first.does, on: [...named, ...others], named, queues: [] }];
}

/** Those that pipes of the kernel's join to suspects, directly or through others. */
function besides(suspects: readonly Suspect[], { running }: Inspected): Suspect[] {
  const chain = new Set(suspects.map(({ node }) => node));
  // It grows while it is read.
  for (const node of chain) for (const neighbour of neighboursOf(running.get(node))) chain.add(neighbour);
  for (const { node } of suspects) chain.delete(node);
  return [...chain].map((node) => ({ node, pids: [], wired: false }));
}

function neighboursOf(run: Life | undefined): NodeId[] {
  if (!(run instanceof ProcessRun)) return [];
  return [run.node.stdin, run.node.stdout].flatMap((stream) => (stream.type === 'process' ? [stream.process] : []));
}

interface Passive {
  readonly passive: readonly NodeId[];
  readonly pipes: readonly AtPipe[];
}

/** Who was just asked may still be about to fall asleep again, and is looked at once more. */
async function passiveAmong(suspects: readonly Suspect[], { runId, running, broker }: Inspected): Promise<Passive> {
  const accounting: NodeId[] = [];
  const trees: Tree[] = [];
  for (const { node, pids, wired } of suspects) {
    const run = running.get(node);
    // Nothing of it is left then: what the broker has heard of processes of it, it is about to forget.
    if (run?.phase === 'accounting' && pids.length === 0) accounting.push(node);
    if (run?.phase !== 'running' || run.pid === null) continue;
    trees.push({
      node,
      leader: run.pid,
      marks: marksOf(runId, node),
      stuck: pids,
      wiredTo: wired ? (broker()?.pid ?? null) : null,
      neighbours: neighboursOf(run),
    });
  }
  const settling = new Set(trees);
  const passive = new Map<Tree, TreeLook>();
  for (let look = 0; look < MOST_LOOKS && settling.size > 0; look += 1) {
    if (look > 0) await pause(BETWEEN_LOOKS_MS);
    const looks = lookAt(trees);
    for (const [index, tree] of trees.entries()) {
      const seen = looks[index];
      if (seen?.activity !== 'settling' && settling.delete(tree) && seen?.activity === 'passive')
        passive.set(tree, seen);
    }
  }
  const lasting = [...passive.values()].some(({ sign }) => sign !== '') ? unmoved(passive) : passive;
  const pipes = [...lasting].flatMap(([{ node }, seen]) =>
    (['read', 'write'] as const).flatMap((does) => {
      const on = new Set(seen.pipes.filter((pipe) => pipe.does === does).map(({ neighbour }) => neighbour));
      return on.size === 0 ? [] : [{ node, does, on: [...on] }];
    }),
  );
  return { passive: [...accounting, ...[...lasting.keys()].map(({ node }) => node)], pipes };
}

/**
 * Two that work with each other by a pipe may both be seen asleep, one after the other: it counts only who has not run at all from then
 * until all of them had been seen so.
 */
function unmoved(passive: ReadonlyMap<Tree, TreeLook>): ReadonlyMap<Tree, TreeLook> {
  const trees = [...passive.keys()];
  const again = lookAt(trees);
  return new Map(
    [...passive].filter(([, seen], index) => again[index]?.activity === 'passive' && again[index]?.sign === seen.sign),
  );
}

const MOST_LOOKS = 8;
const BETWEEN_LOOKS_MS = 10;
