// What the run's own order has to say of a suspected deadlock: what has not started and what it waits for, which joins are still open,
// and which of the suspects a join may yet stop.
import type { Outlook } from '../broker/control.ts';
import type { NodeId } from '../plan/plan.ts';
import { type Entry, entryOf } from './graph.ts';
import type { JoinState } from './join-state.ts';

export type Prospects = Pick<Outlook, 'pending' | 'ways'>;

interface Course {
  readonly entries: ReadonlyMap<NodeId, Entry>;
  readonly joins: ReadonlyMap<NodeId, JoinState>;
}

/** For those of `suspects`, and what follows from them and from `absent`. What runs, or is about to, is not among `pending`. */
export function prospectsOf(course: Course, suspects: readonly NodeId[], absent: readonly NodeId[]): Prospects {
  const ways = suspects.flatMap((node) =>
    entryOf(course.entries, node)
      .joins.filter((join) => entryOf(course.entries, join.node.id).phase !== 'ended' && mayStop(join))
      .map((join) => ({ node, by: join.node.id })),
  );
  const pending: Prospects['pending'][number][] = [];
  const seen = new Set([...absent, ...ways.map(({ by }) => by)]);
  // It grows while it is read.
  for (const node of seen) {
    const wait = waitOf(course, node);
    if (wait === null) continue;
    pending.push(wait);
    for (const other of wait.on) seen.add(other);
  }
  return { pending, ways };
}

/** What it waits for stops, or is not waited for any more, though it has not ended by itself. */
function mayStop({ node, terminating }: JoinState): boolean {
  if (node.timeoutMs !== null && node.onTimeout !== 'fail') return !terminating;
  return node.onPass === 'terminate' && node.mode !== 'all';
}

function waitOf({ entries, joins }: Course, id: NodeId): Prospects['pending'][number] | null {
  const entry = entryOf(entries, id);
  const join = joins.get(id);
  if (entry.phase === 'pending') {
    const open = entry.node.needs.filter((_, index) => entry.needs[index]?.standing === 'open');
    const on = open.flatMap(({ instances }) => instances).filter((it) => entryOf(entries, it).phase !== 'ended');
    return { node: id, does: join === undefined ? 'start' : 'pass', on: [...new Set(on)], queues: [] };
  }
  if (join === undefined || entry.phase === 'ended') return null;
  // It gives up by itself, and the run goes on from there.
  if (join.deadline !== null && join.node.onTimeout !== 'fail') return null;
  return { node: id, does: 'pass', on: [...join.open], queues: [...join.openQueues] };
}
