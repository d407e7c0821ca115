// The Plan as `schedule` walks it: for each node what it waits for, and drawn backwards, what waits for it.
import type { JoinNode, Node, NodeId, Plan } from '../plan/plan.ts';
import { JoinState } from './join-state.ts';
import { NeedState } from './need.ts';

export interface Entry {
  readonly node: Node;
  phase: 'pending' | 'active' | 'ended';
  /** A process runs or ran. */
  started: boolean;
  /** It was told to stop. */
  told: boolean;
  /** How many of its needs are still open. */
  open: number;
  readonly needs: readonly NeedState[];
  /** The needs that it is an instance of. */
  readonly awaited: NeedState[];
  readonly joins: JoinState[];
  /** For a daemon: those that need it while they live. */
  readonly dependents: NodeId[];
}

export interface Graph {
  /** In the order of the plan. */
  readonly entries: ReadonlyMap<NodeId, Entry>;
  readonly joins: ReadonlyMap<NodeId, JoinState>;
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
    const open = needs.filter((need) => need.standing === 'open').length;
    entries.set(node.id, {
      node,
      phase: 'pending',
      started: false,
      told: false,
      open,
      needs,
      awaited: [],
      joins: [],
      dependents: [],
    });
  }
  return entries;
}

function drawNeedsBackwards(nodes: readonly Node[], entries: ReadonlyMap<NodeId, Entry>): void {
  const drawn = new Set<NeedState>();
  for (const node of nodes) {
    for (const [index, need] of node.needs.entries()) {
      const state = entries.get(node.id)?.needs[index] as NeedState;
      const first = !drawn.has(state);
      drawn.add(state);
      // Daemons are needed by `ready` or `started` only; for all else one drawing serves everybody.
      if (!first && need.condition !== 'ready' && need.condition !== 'started') continue;
      for (const id of need.instances) {
        const target = entryOf(entries, id);
        if (first) target.awaited.push(state);
        if (target.node.kind === 'daemon') target.dependents.push(node.id);
      }
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
