// A part of a Plan: what was asked for, with all it cannot do without. That is what it needs, those that pipes join it to, and who puts to
// the queues that it reads; not who reads what it puts.
import { isProcess } from './node-kind.ts';
import type { Channel, Node, NodeId, Plan } from './plan.ts';

export type Selection = { readonly plan: Plan } | { readonly unknown: string; readonly known: readonly string[] };

/** `names`: of processes, daemons, joins and sub-pipelines, or of one instance. */
export function select(plan: Plan, names: readonly string[]): Selection {
  const byId = new Map(plan.nodes.map((node) => [node.id, node]));
  const byName = new Map<string, Node[]>();
  for (const node of plan.nodes) byName.set(node.name, [...(byName.get(node.name) ?? []), node]);
  const chosen = new Set<Node>();
  for (const name of names) {
    const meant = byName.get(name) ?? (byId.has(name) ? [byId.get(name) as Node] : []);
    if (meant.length === 0) return { unknown: name, known: [...new Set([...byName.keys(), ...byId.keys()])] };
    for (const node of meant) chosen.add(node);
  }
  const needed = new Needed(plan, byId);
  // It grows while it is read.
  for (const node of chosen) for (const other of needed.by(node)) chosen.add(other);
  const ids = new Set([...chosen].map(({ id }) => id));
  return {
    plan: {
      ...plan,
      nodes: plan.nodes.filter((node) => chosen.has(node)).map((node) => (isProcess(node) ? within(node, ids) : node)),
      channels: channelsFor(plan.channels, ids, heldBy(chosen)),
    },
  };
}

class Needed {
  readonly #byId: ReadonlyMap<NodeId, Node>;
  readonly #members = new Map<NodeId, Node[]>();
  readonly #partners = new Map<NodeId, NodeId[]>();
  readonly #channels: readonly Channel[];

  constructor({ nodes, channels }: Plan, byId: ReadonlyMap<NodeId, Node>) {
    this.#byId = byId;
    this.#channels = channels;
    for (const node of nodes)
      if (node.within !== undefined) this.#members.set(node.within, [...(this.#members.get(node.within) ?? []), node]);
    for (const channel of channels) {
      if (channel.kind !== 'pipe') continue;
      const [one, other] = channel.ends;
      this.#partners.set(one, [...(this.#partners.get(one) ?? []), other]);
      this.#partners.set(other, [...(this.#partners.get(other) ?? []), one]);
    }
  }

  by(node: Node): readonly Node[] {
    const ids = [
      ...node.needs.flatMap(({ instances }) => instances),
      ...(node.within === undefined ? [] : [node.within]),
      ...(this.#partners.get(node.id) ?? []),
    ];
    if (node.kind === 'join') ids.push(...node.processes, ...this.#about(node.queues));
    else if (isProcess(node)) {
      for (const stream of [node.stdin, node.stdout]) if (stream.type === 'process') ids.push(stream.process);
      ids.push(...this.#suppliersOf(node.grants.flatMap(({ channel, role }) => (role === 'get' ? [channel] : []))));
    }
    const members = node.kind === 'pipeline' ? (this.#members.get(node.id) ?? []) : [];
    return [...ids.map((id) => this.#byId.get(id)).filter((other) => other !== undefined), ...members];
  }

  /** Who puts to these queues, and whose items may become dead letters there. */
  #suppliersOf(queues: readonly string[]): readonly NodeId[] {
    return this.#channels.flatMap((channel) => {
      if (channel.kind !== 'queue') return [];
      if (channel.deadLetter !== null && queues.includes(channel.deadLetter)) return channel.consumers;
      return queues.includes(channel.name) ? channel.producers : [];
    });
  }

  /** Who puts to these queues and takes from them. */
  #about(queues: readonly string[]): readonly NodeId[] {
    return this.#channels.flatMap((channel) =>
      channel.kind === 'queue' && queues.includes(channel.name) ? [...channel.producers, ...channel.consumers] : [],
    );
  }
}

/** What it may control that is not there it cannot. */
function within<T extends Extract<Node, { kind: 'process' | 'daemon' }>>(node: T, ids: ReadonlySet<NodeId>): T {
  return node.controls.every((id) => ids.has(id))
    ? node
    : { ...node, controls: node.controls.filter((id) => ids.has(id)) };
}

function heldBy(nodes: ReadonlySet<Node>): ReadonlySet<string> {
  return new Set([...nodes].flatMap((node) => (isProcess(node) ? node.holds.map(({ lock }) => lock) : [])));
}

function channelsFor(
  channels: readonly Channel[],
  ids: ReadonlySet<NodeId>,
  held: ReadonlySet<string>,
): readonly Channel[] {
  const there = (nodes: readonly NodeId[]): readonly NodeId[] => nodes.filter((id) => ids.has(id));
  const used = new Set(
    channels.filter(
      (channel) => there(partiesOf(channel)).length > 0 || (channel.kind === 'lock' && held.has(channel.name)),
    ),
  );
  // It grows while it is read.
  for (const channel of used) {
    if (channel.kind !== 'queue' || channel.deadLetter === null) continue;
    for (const other of channels) if (other.kind === 'queue' && other.name === channel.deadLetter) used.add(other);
  }
  const names = new Set([...used].flatMap((channel) => (channel.kind === 'queue' ? [channel.name] : [])));
  return channels.flatMap((channel): readonly Channel[] => {
    if (!used.has(channel)) return [];
    if (channel.kind === 'lock') return [{ ...channel, users: there(channel.users) }];
    if (channel.kind === 'pipe') return [channel];
    const consumers = there(channel.consumers);
    const unread = channel.consumers.length > 0 && consumers.length === 0 && channel.to === null;
    const group = channel.group?.filter((name) => names.has(name)) ?? null;
    const cut = { ...channel, producers: there(channel.producers), consumers, group: group?.length ? group : null };
    // Nobody of those who take from it is there: what is put stays in it, which is said, and fails nothing.
    return [unread ? { ...cut, maxsize: 0, leftover: 'warn' as const, from: null } : cut];
  });
}

function partiesOf(channel: Channel): readonly NodeId[] {
  if (channel.kind === 'lock') return channel.users;
  return channel.kind === 'pipe' ? channel.ends : [...channel.producers, ...channel.consumers];
}
