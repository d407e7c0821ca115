// Processes that read each other's stdout: the pipes between them, and the chains they make. All of a chain are started
// together, once what all of them need holds.
import type { Reference } from '../pipeline/pipeline.ts';
import type { Vertex } from './vertex.ts';

/** A pipe from the stdout of one process to the stdin of another, as the reader declares it. */
export interface Link {
  readonly writer: Vertex;
  readonly reader: Vertex;
  readonly reference: Reference;
}

export interface Chains {
  readonly links: readonly Link[];
  readonly byReader: ReadonlyMap<Vertex, Link>;
  /** The first one, where there are more by mistake. */
  readonly byWriter: ReadonlyMap<Vertex, Link>;
  /** By each member, in the order of the file. What is in no chain is not in here. */
  readonly of: ReadonlyMap<Vertex, readonly Vertex[]>;
}

/** A sub-pipeline has none of its own. */
function hasStreams({ thing }: Vertex): boolean {
  return thing.kind !== 'join' && thing.declaration.uses === null;
}

export function chainsOf(vertices: readonly Vertex[], byName: ReadonlyMap<string, Vertex>): Chains {
  const links = vertices.flatMap((reader): readonly Link[] => {
    if (reader.thing.kind === 'join' || reader.thing.declaration.stdin.type !== 'process') return [];
    const reference = reader.thing.declaration.stdin.process;
    const writer = byName.get(reference.name);
    return writer === undefined || !hasStreams(writer) ? [] : [{ writer, reader, reference }];
  });
  const neighbours = new Map<Vertex, Vertex[]>(
    links.flatMap((link) => [
      [link.writer, []],
      [link.reader, []],
    ]),
  );
  for (const { writer, reader } of links) {
    neighbours.get(writer)?.push(reader);
    neighbours.get(reader)?.push(writer);
  }
  const of = new Map<Vertex, readonly Vertex[]>();
  for (const start of neighbours.keys()) {
    if (of.has(start)) continue;
    const members = new Set([start]);
    // It grows while it is read.
    for (const member of members) for (const next of neighbours.get(member) ?? []) members.add(next);
    const chain = [...members].sort((a, b) => a.index - b.index);
    for (const member of chain) of.set(member, chain);
  }
  const byReader = new Map(links.map((link) => [link.reader, link]));
  const byWriter = new Map([...links].reverse().map((link) => [link.writer, link]));
  return { links, byReader, byWriter, of };
}
