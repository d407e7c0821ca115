// How many processes are needed at once, held against `slots`. Pipes tie their two ends together, and a bounded queue its producer
// and its consumer: the one blocks until the other runs. Daemons take no slot. Of several that would do, one is counted.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Graph, QueueUse, Vertex } from './graph.ts';
import type { Instances } from './instances.ts';
import { isBounded } from './streams.ts';

/** Steps taken in all; beyond them nothing is found any more, and nothing wrong is said. */
const mostSteps = 1_000_000;
/** More than these are told by their number. */
const mostNames = 10;

export function checkSlots(pipeline: Pipeline, graph: Graph, instances: Instances, findings: Findings): void {
  const { slots } = pipeline;
  if (slots === null || slots === 0 || instances.tooMany) return;
  const ties = new Ties(pipeline, graph, instances);
  const told = new Set<Vertex>();
  const needed = ties.clusters().map((cluster) => ties.neededWith(cluster));
  for (const { members, others } of needed.sort((a, b) => b.members.length - a.members.length)) {
    const count = members.length + others;
    if (count <= slots || members.every((member) => told.has(member))) continue;
    for (const member of members) told.add(member);
    const names = members.slice(0, mostNames).map(({ name }) => `\`${name}\``);
    const more = count > names.length ? ` and ${count - names.length} more` : '';
    const message = `${names.join(', ')}${more} are needed at once, which is ${count} processes, and there are only ${slots} slots`;
    findings.error('slots-deadlock', keyOf(['slots']), message, {
      hint: `set \`slots\` to ${count} or more, or take \`maxsize\` off a queue between them`,
      related: members.slice(0, mostNames).map(({ name, thing }) => ({
        message: `\`${name}\` is one of them`,
        at: keyOf(thing.declaration.path),
      })),
    });
  }
}

/** Who cannot do without whom. */
class Ties {
  readonly #pipeline: Pipeline;
  readonly #graph: Graph;
  readonly #instances: Instances;
  /** Bounded queues, by who puts to them, that only processes take from. */
  readonly #outputs = new Map<Vertex, QueueUse[]>();
  readonly #clusterOf = new Map<Vertex, Set<Vertex>>();
  #left = mostSteps;

  constructor(pipeline: Pipeline, graph: Graph, instances: Instances) {
    this.#pipeline = pipeline;
    this.#graph = graph;
    this.#instances = instances;
    for (const vertex of graph.vertices) if (this.#takesSlot(vertex)) this.#clusterOf.set(vertex, new Set([vertex]));
    this.#tiePipes();
    for (const queue of graph.queues) this.#tieQueue(queue);
  }

  clusters(): readonly ReadonlySet<Vertex>[] {
    return [...new Set(this.#clusterOf.values())];
  }

  /** All that are needed once one of a cluster runs; `others`: one of each of so many groups besides. */
  neededWith(cluster: ReadonlySet<Vertex>): { readonly members: readonly Vertex[]; readonly others: number } {
    const members = new Set(cluster);
    const choices: ReadonlySet<Vertex>[] = [];
    // It grows while it is read.
    for (const member of members) {
      for (const { consumers } of this.#outputs.get(member) ?? []) {
        if (--this.#left < 0) return { members: [], others: 0 };
        const takers = new Set(consumers.map(({ by }) => by));
        const [taker] = takers;
        if (takers.size > 1) choices.push(takers);
        else if (taker) for (const each of this.#single(taker) ? this.#cluster(taker) : [taker]) members.add(each);
      }
    }
    const counted = new Set(members);
    let others = 0;
    for (const takers of choices) {
      if ([...takers].some((taker) => counted.has(taker))) continue;
      for (const taker of takers) counted.add(taker);
      others++;
    }
    return { members: [...members].sort((a, b) => a.index - b.index), others };
  }

  #tiePipes(): void {
    for (const { writer, reader } of this.#graph.chains.links) this.#tie(writer, reader);
    for (const { ends } of this.#pipeline.pipes) {
      const [one, other] = ends.map(({ name }) => this.#graph.byName.get(name));
      if (one && other) this.#tie(one, other);
    }
  }

  #tieQueue(queue: QueueUse): void {
    const { declaration, producers, consumers } = queue;
    if (!isBounded(declaration) || consumers.length === 0) return;
    if (!consumers.every(({ by }) => this.#takesSlot(by))) return;
    for (const by of new Set(producers.map((use) => use.by))) {
      const outputs = this.#outputs.get(by);
      if (outputs === undefined) this.#outputs.set(by, [queue]);
      else outputs.push(queue);
    }
    const [producer, another] = new Set(producers.map(({ by }) => by));
    const [consumer, second] = new Set(consumers.map(({ by }) => by));
    if (producer && consumer && !another && !second && !declaration.fed) this.#tie(producer, consumer);
  }

  #tie(one: Vertex, other: Vertex): void {
    if (one === other || ![one, other].every((each) => this.#takesSlot(each) && this.#single(each))) return;
    const [small, large] = [this.#cluster(one), this.#cluster(other)].sort((a, b) => a.size - b.size);
    if (!small || !large || small === large) return;
    for (const vertex of small) {
      large.add(vertex);
      this.#clusterOf.set(vertex, large);
    }
  }

  #cluster(vertex: Vertex): Set<Vertex> {
    return this.#clusterOf.get(vertex) ?? new Set();
  }

  #takesSlot(vertex: Vertex): boolean {
    return (
      vertex.thing.kind === 'process' &&
      vertex.thing.declaration.uses === null &&
      this.#instances.idsOf(vertex).length > 0
    );
  }

  #single(vertex: Vertex): boolean {
    return this.#instances.idsOf(vertex).length === 1;
  }
}
