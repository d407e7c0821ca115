// Which instances speak to the broker: those that may use a channel. They are given its socket and a token, it hears when they
// start and how they end, and a run of which none speaks has no broker.
import { isProcess } from './node-kind.ts';
import type { NodeId, Plan, ProcessNode } from './plan.ts';

export function speaks(node: Pick<ProcessNode, 'grants'>): boolean {
  return node.grants.length > 0;
}

export function speakersOf({ nodes }: Pick<Plan, 'nodes'>): readonly NodeId[] {
  return nodes.flatMap((node) => (isProcess(node) && speaks(node) ? [node.id] : []));
}
