// The queue graph: who puts to and takes from what, and which queues feed back into themselves, because the processes that
// take from one put to it again, directly, through others, or through a pipe.
import type { OriginDeclaration, Pipeline, QueueDeclaration } from '../pipeline/pipeline.ts';
import { componentsOf } from './components.ts';
import type { Graph, QueueUse, Use } from './graph.ts';
import type { Instances } from './instances.ts';
import type { Channel, NodeId, Origin, Place, QueueChannel } from './plan.ts';
import type { Vertex } from './vertex.ts';

/** For each queue that is in a feedback group, the whole group in the order of the file. */
export function feedbackGroups({ vertices, queues, chains }: Graph): ReadonlyMap<string, readonly QueueUse[]> {
  const edges: number[][] = [...vertices, ...queues].map(() => []);
  for (const [at, { producers, consumers }] of queues.entries()) {
    const queue = vertices.length + at;
    for (const { by } of producers) if (flowsOf(by) === null) edges[by.index]?.push(queue);
    for (const { by } of consumers) if (flowsOf(by) === null) edges[queue]?.push(by.index);
  }
  // Not all that goes into a sub-pipeline comes out everywhere.
  const at = new Map(queues.map(({ declaration }, index) => [declaration.name, vertices.length + index]));
  for (const vertex of vertices)
    for (const [from, to] of flowsOf(vertex) ?? []) edges[at.get(from) as number]?.push(at.get(to) as number);
  for (const { writer, reader } of chains.links) edges[writer.index]?.push(reader.index);
  const groups = new Map<string, readonly QueueUse[]>();
  for (const component of componentsOf(edges)) {
    if (component.length === 1 && !comesBack(component[0] as number, edges)) continue;
    const members = component
      .filter((node) => node >= vertices.length)
      .sort((a, b) => a - b)
      .map((node) => queues[node - vertices.length] as QueueUse);
    for (const { declaration } of members) groups.set(declaration.name, members);
  }
  return groups;
}

/** Through a sub-pipeline, straight to itself. */
function comesBack(node: number, edges: readonly (readonly number[])[]): boolean {
  return edges[node]?.includes(node) ?? false;
}

function flowsOf({ thing }: Vertex): readonly (readonly [string, string])[] | null {
  return thing.kind === 'join' ? null : (thing.declaration.uses?.flows ?? null);
}

/** A put to it may have to wait until somebody takes from it. What has no bound of its own is bounded by memory only. */
export function isBounded({ maxsize, ownMaxBytes, overflow }: QueueDeclaration): boolean {
  return overflow === 'block' && (maxsize > 0 || ownMaxBytes);
}

export function channelsOf(
  pipeline: Pipeline,
  graph: Graph,
  instances: Instances,
  placeOf: (path: readonly (string | number)[]) => Place,
): readonly Channel[] {
  const groups = feedbackGroups(graph);
  const queues = graph.queues.map((use): QueueChannel => {
    const {
      name,
      path,
      order,
      maxsize,
      maxBytes,
      overflow,
      encoding,
      item,
      confirm,
      delivery,
      attempts,
      leftover,
      to,
    } = use.declaration;
    return {
      kind: 'queue',
      name,
      at: placeOf(path),
      order,
      maxsize,
      maxBytes,
      overflow,
      encoding,
      item,
      confirm,
      delivery,
      attempts,
      deadLetter: use.declaration.deadLetter?.name ?? null,
      leftover,
      from: originOf(use.declaration.from),
      to: to === null ? null : { type: to.type, path: to.file },
      producers: idsOf(use.producers, instances),
      consumers: idsOf(use.consumers, instances),
      group: groups.get(name)?.map(({ declaration }) => declaration.name) ?? null,
    };
  });
  const users = new Map<string, Set<Vertex>>(pipeline.locks.map(({ name }) => [name, new Set()]));
  for (const vertex of graph.vertices) {
    if (vertex.thing.kind === 'join') continue;
    for (const { name } of vertex.thing.declaration.locks) users.get(name)?.add(vertex);
  }
  const locks = pipeline.locks.map(({ name, path, kind: lock, permits, reentrant, owned, scope, strict }): Channel => {
    const ids = [...(users.get(name) ?? [])].flatMap((user) => instances.idsOf(user));
    return { kind: 'lock', name, at: placeOf(path), lock, permits, reentrant, owned, scope, strict, users: ids };
  });
  return [...queues, ...locks];
}

function originOf(from: OriginDeclaration | null): Origin | null {
  if (from === null) return null;
  if (from.type === 'values') return { type: 'values', values: from.values };
  if (from.type === 'glob') return { type: 'glob', pattern: from.pattern, folder: from.folder };
  return { type: from.type, path: from.file };
}

function idsOf(uses: readonly Use[], instances: Instances): readonly NodeId[] {
  const vertices = new Set<Vertex>(uses.map(({ by }) => by));
  return [...vertices].flatMap((vertex) => instances.idsOf(vertex));
}
