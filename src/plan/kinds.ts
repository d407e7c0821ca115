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
  /** That it takes from. */
  readonly daemons: Set<number>;
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
      else if (isProcess(node) && node.stdin.type === 'process') this.#drawStdin(node.id, node.stdin.process);
    }
    for (const channel of channels) {
      if (channel.kind === 'queue') this.#drawQueue(channel, channels);
      else if (channel.kind === 'pipe') this.#join(...channel.ends);
    }
    // Who takes from several waits for an item of the one while others are full.
    for (const { inputs, some } of this.kinds) if (inputs.length > 1) some.push(...inputs);
    for (const [taker, { daemons }] of this.kinds.entries()) if (daemons.size > 0) this.#drawThroughDaemons(taker);
    this.tight = this.kinds.map(({ startAfter, endAfter, joined }) => [...startAfter, ...endAfter, ...joined]);
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
        if (producer === consumer) taker.loops ||= !isDaemon;
        else if (isDaemon) taker.opened.add(producer);
        else taker.endAfter.add(producer);
        if (isDaemon) taker.daemons.add(producer);
      }
      const others = producers.filter((producer) => producer !== consumer);
      if (queue.from === null && others.length > 0) taker.inputs.push(others);
      if (queue.from === null) for (const producer of others) taker.feeders.add(producer);
    }
    if (!isBounded(queue) || consumers.length === 0) return;
    for (const producer of producers) if (!consumers.includes(producer)) this.#kind(producer).some.push(consumers);
  }

  #drawStdin(reader: NodeId, writer: NodeId): void {
    this.#join(reader, writer);
    const [kind, source] = [this.#kind(this.#of(reader)), this.#kind(this.#of(writer))];
    if (source.isDaemon) kind.daemons.add(this.#of(writer));
    else if (kind.isDaemon) kind.endAfter.add(this.#of(writer));
  }

  /** A daemon has given out all once it has come to the end of what it takes; so who takes from it ends after those who give to it. */
  #drawThroughDaemons(taker: number): void {
    const kind = this.#kind(taker);
    const daemons = new Set(kind.daemons);
    for (const daemon of daemons) if (daemon !== taker) kind.some.push([daemon]);
    // It grows while it is read.
    for (const daemon of daemons) {
      const { daemons: others, endAfter } = this.#kind(daemon);
      for (const other of others) daemons.add(other);
      for (const giver of endAfter) {
        if (giver !== taker) kind.endAfter.add(giver);
        else kind.loops = true;
      }
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
    daemons: new Set(),
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
