// Which locks that processes hold as a whole others may have, too, of which the runner's own order knows nothing: programs that take
// them by themselves, other runs of the machine, processes of single items. For these a process waits in the lock's own line.
import { isProcess } from './node-kind.ts';
import type { Held, Plan } from './plan.ts';

/** The plan with that said of each lock that is held. */
export function withContested(plan: Plan): Plan {
  const contested = contestedIn(plan);
  if (contested.size === 0) return plan;
  const mark = (held: Held): Held => (contested.has(held.lock) ? { ...held, contested: true } : held);
  const nodes = plan.nodes.map((node) =>
    isProcess(node) && node.holds.length > 0 ? { ...node, holds: node.holds.map(mark) } : node,
  );
  return { ...plan, nodes };
}

function contestedIn({ nodes, channels }: Plan): ReadonlySet<string> {
  const held = new Set<string>();
  const byItems = new Set<string>();
  for (const node of nodes) {
    if (!isProcess(node)) continue;
    for (const { lock } of node.holds) {
      held.add(lock);
      if (node.each !== null) byItems.add(lock);
    }
  }
  return new Set(
    channels.flatMap((channel) => {
      if (channel.kind !== 'lock' || !held.has(channel.name)) return [];
      const isContested = channel.users.length > 0 || channel.scope === 'host' || byItems.has(channel.name);
      return isContested ? [channel.name] : [];
    }),
  );
}
