// Who has the two ends of each pipe: one instance each, and different ones. An end belongs to one life of one process, so what
// is started again, or once for each item, cannot have one; and both must be able to run at the same time.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import type { Path } from '../pipeline/places.ts';
import type { PipeDeclaration, Pipeline, Reference } from '../pipeline/pipeline.ts';
import type { Graph } from './graph.ts';
import type { Instances } from './instances.ts';
import type { Grant, NodeId, PipeChannel, Place } from './plan.ts';
import { Requirements } from './requirements.ts';
import type { Vertex } from './vertex.ts';

/** One end, as far as it is known whose it is. */
interface End {
  readonly reference: Reference;
  readonly vertex: Vertex;
  readonly id: NodeId;
}

/** The pipes in which nothing is wrong. */
export function pipesOf(
  pipeline: Pipeline,
  graph: Graph,
  instances: Instances,
  placeIn: (path: Path) => Place,
  findings: Findings,
): readonly PipeChannel[] {
  const requirements = new Requirements(graph);
  return pipeline.pipes.flatMap((pipe): readonly PipeChannel[] => {
    const found = pipe.ends.flatMap((reference) => endOf(reference, graph, instances, findings));
    const [first, second, ...others] = found;
    if (first === undefined || second === undefined || others.length > 0) return [];
    checkPair(pipe, first, second, requirements, findings);
    const { name, path, encoding, duplex } = pipe;
    return [{ kind: 'pipe', name, at: placeIn(path), encoding, duplex, ends: [first.id, second.id] }];
  });
}

/** What an instance may do with the pipes it has an end of. */
export function pipeGrantsOf(pipes: readonly PipeChannel[], id: NodeId): readonly Grant[] {
  return pipes.flatMap(({ name, duplex, ends: [first, second] }): readonly Grant[] => {
    if (id !== first && id !== second) return [];
    const sends: readonly Grant[] = duplex || id === first ? [{ channel: name, role: 'send' }] : [];
    const receives: readonly Grant[] = duplex || id === second ? [{ channel: name, role: 'receive' }] : [];
    return [...sends, ...receives];
  });
}

function endOf(reference: Reference, { byName }: Graph, instances: Instances, findings: Findings): readonly End[] {
  const vertex = byName.get(reference.name);
  if (vertex === undefined || vertex.thing.kind === 'join' || vertex.thing.declaration.uses !== null) return [];
  complainOfSeveralLives(vertex, reference, findings);
  const ids = instances.meant(vertex, reference);
  const [id] = ids;
  if (id !== undefined && ids.length === 1) return [{ reference, vertex, id }];
  if (instances.isUnknown(vertex) || reference.instance !== null) return [];
  const { name } = vertex;
  const message =
    ids.length === 0
      ? `\`${name}\` has no instances, so nobody would have this end`
      : `\`${name}\` has ${ids.length} instances, and an end of a pipe is for one`;
  const hint =
    ids.length === 0 ? 'take the pipe out, or give it an instance' : `name one of them, such as \`${name}.1\``;
  findings.error('pipe-ends', placeOf(reference), message, { hint });
  return [];
}

function complainOfSeveralLives({ name, thing }: Vertex, reference: Reference, findings: Findings): void {
  if (thing.kind === 'join') return;
  const { again, each } = thing.declaration;
  if (again === null && each === null) return;
  const why = again ? 'may be started again (`retry`, `restart`)' : 'runs once for every item (`each`)';
  const message = `\`${name}\` ${why}, and its end of the pipe is gone when it ends`;
  findings.error('pipe-ends', placeOf(reference), message, {
    hint: again ? 'let it run once, or use two queues' : 'use queues there',
    related: [{ message: 'declared here', at: keyOf(thing.declaration.path) }],
  });
}

function checkPair(
  pipe: PipeDeclaration,
  first: End,
  second: End,
  requirements: Requirements,
  findings: Findings,
): void {
  const { name } = pipe;
  if (first.id === second.id) {
    const message = `both ends of pipe \`${name}\` are given to \`${first.id}\``;
    findings.error('pipe-ends', placeOf(second.reference), message, {
      hint: 'a pipe is between two different processes',
    });
    return;
  }
  for (const [early, late] of [
    [first, second],
    [second, first],
  ] as const) {
    if (early.vertex === late.vertex || !requirements.endedBefore(late.vertex).has(early.vertex)) continue;
    const message = `\`${late.id}\` starts only after \`${early.id}\` has ended, so that they cannot talk by pipe \`${name}\``;
    findings.error('pipe-ends', placeOf(late.reference), message, {
      hint: `let both run at the same time: take \`${early.vertex.name}\` out of what \`${late.vertex.name}\` needs, or write \`needs: { ${early.vertex.name}: started }\``,
      related: [{ message: `\`${late.vertex.name}\` needs it`, at: keyOf(late.vertex.thing.declaration.path) }],
    });
  }
}
