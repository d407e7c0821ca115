// Which queues of a whole Plan close together, because what is taken from one comes to another, and back: as `streams` has it for
// one file, once what is in the sub-pipelines is known instance by instance.
import { componentsOf } from './components.ts';
import { isProcess } from './node-kind.ts';
import type { NodeId, Plan, QueueChannel } from './plan.ts';

export function withGroups(plan: Plan): Plan {
  if (!plan.nodes.some(({ kind }) => kind === 'pipeline')) return plan;
  const queues = plan.channels.filter((channel) => channel.kind === 'queue');
  const groups = groupsOf(plan, queues);
  const channels = plan.channels.map((channel) =>
    channel.kind === 'queue' ? { ...channel, group: groups.get(channel.name) ?? null } : channel,
  );
  return { ...plan, channels };
}

function groupsOf({ nodes }: Plan, queues: readonly QueueChannel[]): ReadonlyMap<string, readonly string[]> {
  const at = new Map<NodeId, number>(nodes.map(({ id }, index) => [id, index]));
  const edges: number[][] = [...nodes, ...queues].map(() => []);
  for (const [index, { producers, consumers }] of queues.entries()) {
    const queue = nodes.length + index;
    for (const id of producers) edges[at.get(id) as number]?.push(queue);
    for (const id of consumers) edges[queue]?.push(at.get(id) as number);
  }
  for (const node of nodes) {
    if (!isProcess(node) || node.stdin.type !== 'process') continue;
    edges[at.get(node.stdin.process) as number]?.push(at.get(node.id) as number);
  }
  const groups = new Map<string, readonly string[]>();
  for (const component of componentsOf(edges)) {
    if (component.length === 1) continue;
    const members = component
      .filter((node) => node >= nodes.length)
      .sort((a, b) => a - b)
      .map((node) => (queues[node - nodes.length] as QueueChannel).name);
    for (const name of members) groups.set(name, members);
  }
  return groups;
}
