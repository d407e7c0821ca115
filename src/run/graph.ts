// The Plan as `schedule` walks it: for each node what it waits for, and drawn backwards, what waits for it.
import { isProcess } from '../plan/node-kind.ts';
import type { JoinNode, Node, NodeId, Plan } from '../plan/plan.ts';
import { JoinState } from './join-state.ts';
import { NeedState } from './need.ts';

export interface Entry {
  readonly node: Node;
  phase: 'pending' | 'active' | 'ended';
  /** A process runs or ran. */
  started: boolean;
  /** It is or was ready for those who need it. */
  ready: boolean;
  /** It was told to stop. */
  told: boolean;
  /** Itself and those that pipes join it to: they start together. */
  chain: Chain;
  readonly needs: readonly NeedState[];
  /** The needs that it is an instance of. */
  readonly awaited: NeedState[];
  readonly joins: JoinState[];
}

export interface Chain {
  /** From the first writer on. */
  readonly members: Entry[];
  /** How many needs of all of them are still open. */
  open: number;
  /** One of them will never start, so none will. */
  broken: boolean;
}

/** How far all of it has come. */
export interface Course {
  /** In the order of the plan. */
  readonly entries: ReadonlyMap<NodeId, Entry>;
  readonly joins: ReadonlyMap<NodeId, JoinState>;
}

export interface Graph extends Course {
  readonly joinsOfQueue: ReadonlyMap<string, readonly JoinState[]>;
}

export function graphOf({ nodes }: Plan): Graph {
  const entries = entriesOf(nodes);
  const joins = new Map<NodeId, JoinState>();
  const joinsOfQueue = new Map<string, JoinState[]>();
  drawNeedsBackwards(nodes, entries);
  for (const node of nodes) {
    if (node.kind !== 'join') continue;
    const join = new JoinState(node);
    joins.set(node.id, join);
    drawJoinBackwards(node, join, entries, joinsOfQueue);
  }
  return { entries, joins, joinsOfQueue };
}

/** Nodes that need the same share its state. */
function entriesOf(nodes: readonly Node[]): Map<NodeId, Entry> {
  const shared = new Map<string, NeedState>();
  const entries = new Map<NodeId, Entry>();
  for (const node of nodes) {
    const needs = node.needs.map((need) => {
      const key = `${need.condition} ${need.name}`;
      const state = shared.get(key) ?? new NeedState(need);
      shared.set(key, state);
      state.waiting.push(node.id);
      return state;
    });
    const chain = { members: [], open: 0, broken: false };
    entries.set(node.id, {
      node,
      phase: 'pending',
      started: false,
      ready: false,
      told: false,
      chain,
      needs,
      awaited: [],
      joins: [],
    });
  }
  for (const entry of entries.values()) {
    const { node } = entry;
    if (!isProcess(node) || node.stdin.type !== 'process') layChain(entry, entries);
  }
  return entries;
}

/** Follows the pipes from a process that reads none. */
function layChain({ chain, node }: Entry, entries: ReadonlyMap<NodeId, Entry>): void {
  for (let next: NodeId | null = node.id; next !== null; ) {
    const entry = entryOf(entries, next);
    entry.chain = chain;
    chain.members.push(entry);
    chain.open += entry.needs.filter((need) => need.standing === 'open').length;
    chain.broken ||= entry.needs.some((need) => need.standing === 'lost');
    next = sinkOf(entry.node);
  }
}

function sinkOf(node: Node): NodeId | null {
  return isProcess(node) && node.stdout.type === 'process' ? node.stdout.process : null;
}

function drawNeedsBackwards(nodes: readonly Node[], entries: ReadonlyMap<NodeId, Entry>): void {
  const drawn = new Set<NeedState>();
  for (const node of nodes) {
    for (const [index, need] of node.needs.entries()) {
      const state = entries.get(node.id)?.needs[index] as NeedState;
      // One drawing serves everybody who needs the same.
      if (drawn.has(state)) continue;
      drawn.add(state);
      for (const id of need.instances) entryOf(entries, id).awaited.push(state);
    }
  }
}

function drawJoinBackwards(
  node: JoinNode,
  join: JoinState,
  entries: ReadonlyMap<NodeId, Entry>,
  joinsOfQueue: Map<string, JoinState[]>,
): void {
  for (const id of node.processes) entryOf(entries, id).joins.push(join);
  for (const queue of node.queues) {
    const list = joinsOfQueue.get(queue) ?? [];
    joinsOfQueue.set(queue, list);
    list.push(join);
  }
}

export function entryOf(entries: ReadonlyMap<NodeId, Entry>, id: NodeId): Entry {
  const entry = entries.get(id);
  if (!entry) throw new Error(`Internal error: no node \`${id}\` in the plan`);
  return entry;
}
