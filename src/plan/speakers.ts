// Which instances speak to the broker: those that may use a channel, set an output or control others, and those that say themselves
// when they are ready. They are given its socket and a token, it hears when they start and how they end, and a run of which none
// speaks has no broker.
import { isProcess } from './node-kind.ts';
import type { NodeId, Plan, ProcessNode } from './plan.ts';

type Speaking = Pick<ProcessNode, 'grants' | 'outputs' | 'controls' | 'ready'>;

export function speaks({ grants, outputs, controls, ready }: Speaking): boolean {
  return grants.length + outputs.length + controls.length > 0 || ready?.probe.type === 'sdk';
}

/** One that speaks, and what it may say that is about no channel. */
export interface Speaker {
  readonly node: NodeId;
  readonly outputs: readonly string[];
  readonly controls: readonly NodeId[];
}

export function speakersOf({ nodes }: Pick<Plan, 'nodes'>): readonly Speaker[] {
  return nodes.flatMap((node) =>
    isProcess(node) && speaks(node) ? [{ node: node.id, outputs: node.outputs, controls: node.controls }] : [],
  );
}

/** Those that somebody may control: the broker is told how each of them ends. */
export function controlledIn({ nodes }: Pick<Plan, 'nodes'>): ReadonlySet<NodeId> {
  return new Set(nodes.flatMap((node) => (isProcess(node) ? node.controls : [])));
}
