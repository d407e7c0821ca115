// What the workers of an `each` are called: `NAME.w1` and so on. Names have no dot in them, so that nothing else is called so.
import type { NodeId } from '../plan/plan.ts';

/** Whose worker it is, or itself. */
export function ownerOf(node: NodeId): NodeId {
  return /^(.+)\.w\d+$/.exec(node)?.[1] ?? node;
}

export function workerOf(node: NodeId, number: number): NodeId {
  return `${node}.w${number}`;
}
