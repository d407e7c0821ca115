// What the runner is called among the producers and consumers of a queue. Instances have one dot in their names at most, so no
// process is called so.
import type { NodeId } from '../plan/plan.ts';

export function supplierOf(queue: string): NodeId {
  return `queues.${queue}.from`;
}

export function recorderOf(queue: string): NodeId {
  return `queues.${queue}.to`;
}

/** It takes from a queue once nobody else is left to. */
export function isRecorder(node: NodeId): boolean {
  return node.startsWith('queues.') && node.endsWith('.to');
}
