// What else is worth knowing of a node where it is drawn to be read: when it is ready, how often and how long it is tried, what its
// failure means. A line each.
import { duration, oneLine } from './drawn-text.ts';
import { isProcess } from './node-kind.ts';
import type { AgainRule, Json, Node, PipelineNode, ProcessNode, ReadyRule } from './plan.ts';

/** `nodes` are all instances of a name; what differs among them is left out. */
export function notesOf(nodes: readonly Node[]): readonly string[] {
  const [first, ...others] = nodes.map(linesOf);
  return first?.filter((line) => others.every((lines) => lines.includes(line))) ?? [];
}

function linesOf(node: Node): readonly string[] {
  if (node.kind === 'join') return [];
  if (!isProcess(node)) return [...conditionOf(node), ...valuesOf(node.params), ...limitsOf(node)];
  const { ready, again, outputs } = node;
  return [
    ...conditionOf(node),
    ...(ready === null ? [] : [readyLine(ready)]),
    ...(again === null ? [] : [againLine(again, node.kind)]),
    ...limitsOf(node),
    ...(outputs.length === 0 ? [] : [`sets ${outputs.join(', ')}`]),
  ];
}

function conditionOf({ if: condition }: Pick<ProcessNode, 'if'>): readonly string[] {
  if (condition === true) return [];
  return [condition === false ? 'is skipped: its `if` is false' : `if ${oneLine(condition)}`];
}

function valuesOf(params: Readonly<Record<string, Json>>): readonly string[] {
  const shown = Object.entries(params).map(([name, value]) => `${name}: ${oneLine(JSON.stringify(value))}`);
  return shown.length === 0 ? [] : [`with ${shown.join(', ')}`];
}

function limitsOf({ timeoutMs, onFailure }: Pick<PipelineNode, 'timeoutMs' | 'onFailure'>): readonly string[] {
  return [
    ...(timeoutMs === null ? [] : [`within ${duration(timeoutMs)}`]),
    ...(onFailure === 'stop' ? [] : [`its failure: ${onFailure}`]),
  ];
}

function readyLine({ probe, timeoutMs }: ReadyRule): string {
  return `ready by ${probeWords(probe)}, within ${duration(timeoutMs)}`;
}

function probeWords(probe: ReadyRule['probe']): string {
  switch (probe.type) {
    case 'log':
      return `a line of its log: ${oneLine(probe.pattern)}`;
    case 'http':
      return oneLine(probe.url);
    case 'tcp':
      return `${probe.host}:${probe.port}`;
    case 'exec':
      return oneLine(probe.argv.at(-1) ?? '');
    case 'file':
      return `file ${oneLine(probe.path)}`;
    case 'sdk':
      return 'its own word';
  }
}

function againLine({ policy, attempts }: AgainRule, kind: ProcessNode['kind']): string {
  const often = attempts === null ? '' : `, up to ${attempts} ${attempts === 1 ? 'time' : 'times'}`;
  if (kind === 'process') return `tried again${often}`;
  return `restarted ${policy === 'always' ? 'always' : 'on failure'}${often}`;
}
