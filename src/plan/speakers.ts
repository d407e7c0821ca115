// Which instances speak to the broker: those that may use a channel, set an output or control others, those that say themselves
// when they are ready, and those for which locks are taken there. They are given its socket and a token, it hears when they start and how they end, and a run of which none
// speaks has no broker.
import { isProcess } from './node-kind.ts';
import type { NodeId, Plan, ProcessNode } from './plan.ts';

type Speaking = Pick<ProcessNode, 'grants' | 'holds' | 'outputs' | 'controls' | 'ready'>;

export function speaks({ grants, holds, outputs, controls, ready }: Speaking): boolean {
  if (grants.length + outputs.length + controls.length > 0 || ready?.probe.type === 'sdk') return true;
  return holds.some(({ contested }) => contested);
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

/** Whether there is anything for a broker to do: locks that only `holds` names the runner's own order sees to. */
export function needsBroker(plan: Pick<Plan, 'nodes' | 'channels'>): boolean {
  return plan.channels.some(({ kind }) => kind !== 'lock') || speakersOf(plan).length > 0;
}

/** Those that somebody may control: the broker is told how each of them ends. */
export function controlledIn({ nodes }: Pick<Plan, 'nodes'>): ReadonlySet<NodeId> {
  return new Set(nodes.flatMap((node) => (isProcess(node) ? node.controls : [])));
}
