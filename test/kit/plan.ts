// Plans in a few words, for tests of the machines that run them.
import type { Condition, JoinNode, Node, PipelineNode, Plan, ProcessNode } from '../../src/plan/plan.ts';

type Needs = Readonly<Record<string, Condition>>;

const at = { line: 1, column: 1 };

export function planOf(nodes: readonly Node[], settings: Partial<Plan> = {}): Plan {
  return {
    version: 1,
    name: 'test',
    file: 'test.yaml',
    root: '/',
    params: {},
    secrets: [],
    timeoutMs: null,
    slots: null,
    channels: [],
    nodes,
    ...settings,
  };
}

export function processNode(
  id: string,
  needs: Needs = {},
  settings: Partial<Omit<ProcessNode, 'kind'>> & { kind?: 'process' | 'daemon' } = {},
): ProcessNode {
  return {
    kind: 'process',
    id,
    name: id,
    at,
    needs: needsOf(needs),
    replica: 1,
    matrix: {},
    launch: { type: 'command', argv: ['true'] },
    cwd: '/',
    env: {},
    if: true,
    each: null,
    stdin: { type: 'null' },
    stdout: { type: 'log' },
    stderr: { type: 'log' },
    grants: [],
    holds: [],
    outputs: [],
    controls: [],
    timeoutMs: null,
    stop: { signal: 'SIGTERM', graceMs: 5000 },
    onFailure: 'stop',
    successExitCodes: [0],
    ready: null,
    again: null,
    ...settings,
  };
}

export function daemonNode(id: string, needs: Needs = {}): ProcessNode {
  return processNode(id, needs, { kind: 'daemon' });
}

export function joinNode(
  id: string,
  processes: readonly string[],
  settings: Partial<Omit<JoinNode, 'needs'>> = {},
  needs: Needs = {},
): JoinNode {
  return {
    kind: 'join',
    id,
    name: id,
    at,
    needs: needsOf(needs),
    processes,
    queues: [],
    mode: 'all',
    timeoutMs: null,
    onTimeout: 'fail',
    onPass: 'nothing',
    ...settings,
  };
}

export function pipelineNode(
  id: string,
  needs: Needs = {},
  settings: Partial<Omit<PipelineNode, 'needs'>> = {},
): PipelineNode {
  return {
    kind: 'pipeline',
    id,
    name: id,
    at,
    needs: needsOf(needs),
    file: '/inner.yaml',
    params: {},
    replica: 1,
    matrix: {},
    if: true,
    timeoutMs: null,
    onFailure: 'stop',
    ...settings,
  };
}

function needsOf(needs: Needs): Node['needs'] {
  return Object.entries(needs).map(([name, condition]) => ({ name, instances: [name], condition }));
}
