// The graph as it was declared, a node for each process, daemon and join however many instances it has: what needs what, who
// puts to and takes from which queue. What all later stages of the plan look at, in numbers and in the order of the file.
import { keyOf } from '../pipeline/finding.ts';
import type { Findings } from '../pipeline/finding.ts';
import { directoryOf } from '../pipeline/lookup.ts';
import { getsOf, putsOf } from '../pipeline/names.ts';
import { conditionsOf } from '../pipeline/needs.ts';
import type { NeedDeclaration, Pipeline, QueueDeclaration, Reference } from '../pipeline/pipeline.ts';
import { type Chains, chainsOf } from './chains.ts';
import type { Edge, Vertex } from './vertex.ts';

export interface Graph {
  readonly vertices: readonly Vertex[];
  readonly byName: ReadonlyMap<string, Vertex>;
  readonly queues: readonly QueueUse[];
  readonly chains: Chains;
}

export interface QueueUse {
  readonly declaration: QueueDeclaration;
  /** Every reference to it, by whom. */
  readonly producers: readonly Use[];
  readonly consumers: readonly Use[];
  readonly joins: readonly Use[];
}

export interface Use {
  readonly by: Vertex;
  readonly reference: Reference;
}

/** Names that mean nothing are left out; they are findings already. */
export function graphOf(pipeline: Pipeline, findings: Findings): Graph {
  const { things } = directoryOf(pipeline);
  const byName = new Map<string, Vertex & { needs: Edge[] }>();
  const inFile = [...things.values()]
    .map((thing) => ({ thing, start: findings.span(keyOf(thing.declaration.path)).start }))
    .sort((a, b) => a.start - b.start);
  for (const { thing } of inFile) {
    const { name } = thing.declaration;
    byName.set(name, { index: byName.size, name, thing, needs: [] });
  }
  const vertices = [...byName.values()];
  for (const vertex of vertices) vertex.needs.push(...edgesOf(vertex.thing.declaration.needs, byName));
  return { vertices, byName, queues: queuesIn(pipeline, vertices), chains: chainsOf(vertices, byName) };
}

/** What a vertex waits for before it ends or starts: its needs, and what it joins. A join of itself is another finding. */
export function waitsFor(vertex: Vertex, { byName }: Graph): readonly { to: Vertex; reference: Reference }[] {
  if (vertex.thing.kind !== 'join') return vertex.needs;
  const joined = vertex.thing.declaration.processes.flatMap((reference) => {
    const to = byName.get(reference.name);
    return to === undefined ? [] : [{ to, reference }];
  });
  return [...vertex.needs, ...joined].filter(({ to }) => to !== vertex);
}

/**
 * What must come before a vertex, where all of a chain start together: the first of them stands for them all and waits for what
 * each of them needs, and the others wait for it. That a member needs another one is a finding of its own.
 */
export function startsAfter(vertex: Vertex, graph: Graph): readonly Vertex[] {
  const chain = graph.chains.of.get(vertex);
  if (chain === undefined) return waitsFor(vertex, graph).map(({ to }) => to);
  const [first] = chain;
  if (first !== undefined && first !== vertex) return [first];
  const members = new Set(chain);
  return chain.flatMap((member) => member.needs.map(({ to }) => to)).filter((to) => !members.has(to));
}

function edgesOf(needs: readonly NeedDeclaration[], byName: ReadonlyMap<string, Vertex>): readonly Edge[] {
  return needs.flatMap(({ reference, condition }) => {
    const to = byName.get(reference.name);
    return to === undefined ? [] : [{ to, condition: condition ?? conditionsOf[to.thing.kind][0], reference }];
  });
}

function queuesIn(pipeline: Pipeline, vertices: readonly Vertex[]): readonly QueueUse[] {
  const uses = new Map(
    pipeline.queues.map((declaration) => [
      declaration.name,
      { declaration, producers: [] as Use[], consumers: [] as Use[], joins: [] as Use[] },
    ]),
  );
  for (const by of vertices) {
    const add = (role: 'producers' | 'consumers' | 'joins', references: readonly Reference[]): void => {
      for (const reference of references) uses.get(reference.name)?.[role].push({ by, reference });
    };
    if (by.thing.kind === 'join') add('joins', by.thing.declaration.queues);
    else {
      add('producers', putsOf(by.thing.declaration));
      add('consumers', getsOf(by.thing.declaration));
    }
  }
  return [...uses.values()];
}
