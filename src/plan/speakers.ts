// Which instances speak to the broker: those that may use a channel or set an output, and those that say themselves when they are
// ready. They are given its socket and a token, it hears when they start and how they end, and a run of which none speaks has
// no broker.
import { isProcess } from './node-kind.ts';
import type { NodeId, Plan, ProcessNode } from './plan.ts';

export function speaks({ grants, outputs, ready }: Pick<ProcessNode, 'grants' | 'outputs' | 'ready'>): boolean {
  return grants.length + outputs.length > 0 || ready?.probe.type === 'sdk';
}

/** One that speaks, and what it may say that is about no channel. */
export interface Speaker {
  readonly node: NodeId;
  readonly outputs: readonly string[];
}

export function speakersOf({ nodes }: Pick<Plan, 'nodes'>): readonly Speaker[] {
  return nodes.flatMap((node) => (isProcess(node) && speaks(node) ? [{ node: node.id, outputs: node.outputs }] : []));
}
