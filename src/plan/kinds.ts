// Of a Plan, instances that are alike as one, and what is drawn between them: which starts or ends only after another one's end, which
// needs another one started, and which goes on only while some other runs. `ties` makes units of them.
import { isProcess } from './node-kind.ts';
import type { Channel, Held, Node, NodeId, QueueChannel } from './plan.ts';

/** Instances that are alike. */
export interface Kind {
  readonly members: NodeId[];
  readonly takes: 0 | 1;
  readonly isDaemon: boolean;
  /** What it puts may come back to it. */
  loops: boolean;
  readonly startAfter: Set<number>;
  readonly endAfter: Set<number>;
  readonly opened: Set<number>;
  readonly some: (readonly number[])[];
  readonly feeders: Set<number>;
  /** What pipes join it to. */
  readonly joined: number[];
  /** By queue that it takes from, who puts there. */
  readonly inputs: (readonly number[])[];
  readonly holds: readonly Held[];
}

export class Draft {
  readonly kinds: Kind[] = [];
  /** Which kinds cannot be without which: in circles of these all are needed at once. */
  readonly tight: number[][];
  readonly #kindOf = new Map<NodeId, number>();

  constructor(nodes: readonly Node[], channels: readonly Channel[]) {
    const ends = new Set(channels.flatMap((channel) => (channel.kind === 'pipe' ? channel.ends : [])));
    const byName = new Map<string, number>();
    for (const node of nodes) {
      const name = ends.has(node.id) ? node.id : node.name;
      const kind = byName.get(name) ?? this.kinds.push(kindOf(node)) - 1;
      byName.set(name, kind);
      this.kinds[kind]?.members.push(node.id);
      this.#kindOf.set(node.id, kind);
    }
    for (const node of nodes) {
      this.#drawNeeds(node);
      if (node.within !== undefined) this.#drawInside(node.id, node.within);
      if (node.kind === 'join') this.#drawJoin(node, channels);
      else if (isProcess(node) && node.stdin.type === 'process') this.#join(node.id, node.stdin.process);
    }
    for (const channel of channels) {
      if (channel.kind === 'queue') this.#drawQueue(channel, channels);
      else if (channel.kind === 'pipe') this.#join(...channel.ends);
    }
    // Who takes from several waits for an item of the one while others are full.
    for (const { inputs, some } of this.kinds) if (inputs.length > 1) some.push(...inputs);
    this.tight = this.kinds.map(({ startAfter, endAfter, joined }) => [...startAfter, ...endAfter, ...joined]);
    for (const loop of loopsIn(channels)) this.#tieLoop(loop);
  }

  #of(id: NodeId): number {
    return this.#kindOf.get(id) as number;
  }

  #kind(kind: number): Kind {
    return this.kinds[kind] as Kind;
  }

  #kindsOf(ids: readonly NodeId[]): readonly number[] {
    return [...new Set(ids.map((id) => this.#of(id)))];
  }

  #drawNeeds({ id, needs }: Node): void {
    const { opened, startAfter } = this.#kind(this.#of(id));
    for (const { instances, condition } of needs) {
      const isStart = condition === 'started' || condition === 'ready';
      for (const kind of this.#kindsOf(instances)) (isStart ? opened : startAfter).add(kind);
    }
  }

  /** It begins with the sub-pipeline that it is in, which ends once all in it has. */
  #drawInside(id: NodeId, within: NodeId): void {
    const member = this.#of(id);
    const pipeline = this.#of(within);
    this.#kind(member).opened.add(pipeline);
    if (!this.#kind(member).isDaemon) this.#kind(pipeline).endAfter.add(member);
  }

  #drawJoin({ id, processes, queues }: Extract<Node, { kind: 'join' }>, channels: readonly Channel[]): void {
    const { endAfter, some } = this.#kind(this.#of(id));
    for (const kind of this.#kindsOf(processes)) endAfter.add(kind);
    for (const channel of channels) {
      if (channel.kind !== 'queue' || !queues.includes(channel.name)) continue;
      for (const kind of this.#kindsOf(channel.producers)) if (!this.#kind(kind).isDaemon) endAfter.add(kind);
      if (channel.consumers.length > 0) some.push(this.#kindsOf(channel.consumers));
    }
  }

  #drawQueue(queue: QueueChannel, channels: readonly Channel[]): void {
    const producers = this.#kindsOf(queue.producers);
    const consumers = this.#kindsOf(queue.consumers);
    const dying = channels.filter((other) => other.kind === 'queue' && other.deadLetter === queue.name);
    const buriers = this.#kindsOf(
      dying.flatMap((other) => (other.kind === 'queue' ? [...other.producers, ...other.consumers] : [])),
    );
    for (const consumer of consumers) {
      const taker = this.#kind(consumer);
      for (const producer of [...producers, ...buriers]) {
        const { isDaemon } = this.#kind(producer);
        if (producer === consumer) continue;
        if (isDaemon) taker.opened.add(producer);
        else taker.endAfter.add(producer);
      }
      const others = producers.filter((producer) => producer !== consumer);
      if (queue.from === null && others.length > 0) taker.inputs.push(others);
      if (queue.from === null) for (const producer of others) taker.feeders.add(producer);
    }
    if (!isBounded(queue) || consumers.length === 0) return;
    for (const producer of producers) if (!consumers.includes(producer)) this.#kind(producer).some.push(consumers);
  }

  /** The queues of a loop close together, once all who take from one and put to one wait; so none of these ends before all run. */
  #tieLoop(queues: readonly QueueChannel[]): void {
    const takers = new Set(this.#kindsOf(queues.flatMap(({ consumers }) => consumers)));
    const inside = this.#kindsOf(queues.flatMap(({ producers }) => producers)).filter(
      (kind) => takers.has(kind) && !this.#kind(kind).isDaemon,
    );
    for (const [at, kind] of inside.entries()) {
      this.#kind(kind).loops = true;
      this.tight[kind]?.push(inside[(at + 1) % inside.length] as number);
    }
  }

  /** Each waits for what the other one writes, or until it reads. A daemon is there as long as anybody is. */
  #join(one: NodeId, other: NodeId): void {
    for (const [id, mate] of [
      [one, other],
      [other, one],
    ] as const) {
      const kind = this.#kind(this.#of(id));
      if (this.#kind(this.#of(mate)).isDaemon) kind.opened.add(this.#of(mate));
      else if (!kind.isDaemon) kind.joined.push(this.#of(mate));
    }
  }
}

function loopsIn(channels: readonly Channel[]): readonly (readonly QueueChannel[])[] {
  const loops = new Map<string, QueueChannel[]>();
  for (const channel of channels) {
    if (channel.kind !== 'queue' || channel.group === null) continue;
    const [first = channel.name] = channel.group;
    const loop = loops.get(first);
    if (loop === undefined) loops.set(first, [channel]);
    else loop.push(channel);
  }
  return [...loops.values()];
}

function kindOf(node: Node): Kind {
  return {
    members: [],
    takes: node.kind === 'process' ? 1 : 0,
    isDaemon: node.kind === 'daemon',
    loops: false,
    startAfter: new Set(),
    endAfter: new Set(),
    opened: new Set(),
    some: [],
    feeders: new Set(),
    joined: [],
    inputs: [],
    // For each item of an `each` they are taken anew.
    holds: isProcess(node) && node.each === null ? node.holds : [],
  };
}

/** A put to it may have to wait until somebody takes from it. What has no bound of its own is bounded by memory only. */
function isBounded({ maxsize, maxBytes, overflow }: QueueChannel): boolean {
  return overflow === 'block' && (maxsize > 0 || maxBytes < defaultMaxBytes);
}

const defaultMaxBytes = 64 * 2 ** 20;
