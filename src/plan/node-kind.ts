// Whether a node is a process of the operating system: joins and sub-pipelines are not.
import type { Node, ProcessNode } from './plan.ts';

export function isProcess(node: Node): node is ProcessNode {
  return node.kind === 'process' || node.kind === 'daemon';
}
