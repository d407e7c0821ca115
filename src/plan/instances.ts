// Which instances each declared thing has, and which of them a name means.
import type { Findings } from '../pipeline/finding.ts';
import { placeOf, type Thing } from '../pipeline/lookup.ts';
import type { Reference } from '../pipeline/pipeline.ts';
import { type Instance, instancesOf } from './expand.ts';
import type { Graph } from './graph.ts';
import type { NodeId } from './plan.ts';
import { isTooLarge } from './size.ts';
import type { Vertex } from './vertex.ts';

export class Instances {
  /** There are more than a plan may have; then nobody has any. */
  readonly tooMany: boolean;
  readonly #findings: Findings;
  readonly #instances: readonly (readonly Instance[])[];
  readonly #ids: readonly (readonly NodeId[])[];

  constructor(graph: Graph, findings: Findings) {
    this.#findings = findings;
    this.tooMany = isTooLarge(graph, findings);
    this.#instances = graph.vertices.map(({ thing, name }) => {
      // Of an unknown number one stands for all, so that what is wrong with them is found all the same.
      const isOne = thing.kind === 'join' || this.tooMany || thing.declaration.countBroken;
      return isOne ? [{ id: name, replica: 1, matrix: {} }] : instancesOf(thing.declaration);
    });
    this.#ids = this.#instances.map((instances) => instances.map(({ id }) => id));
  }

  of(vertex: Vertex): readonly Instance[] {
    return this.#instances[vertex.index] ?? [];
  }

  idsOf(vertex: Vertex): readonly NodeId[] {
    return this.#ids[vertex.index] ?? [];
  }

  /** How many there are is not known, because of a mistake. */
  isUnknown({ thing }: Vertex): boolean {
    return thing.kind !== 'join' && (this.tooMany || thing.declaration.countBroken);
  }

  /** The instances that are meant; a number that none of them has is a finding. */
  meant(vertex: Vertex, reference: Reference): readonly NodeId[] {
    const ids = this.idsOf(vertex);
    if (reference.instance === null) return ids;
    const id = `${vertex.name}.${reference.instance}`;
    if (isNumbered(vertex.thing) && reference.instance <= ids.length) return [id];
    if (this.isUnknown(vertex)) return [];
    this.#findings.error('unknown-name', placeOf(reference), `there is no \`${id}\``, {
      hint: isNumbered(vertex.thing)
        ? `\`${vertex.name}\` has ${ids.length} ${ids.length === 1 ? 'instance' : 'instances'}`
        : `there is one \`${vertex.name}\` only, and it has no number`,
    });
    return [];
  }
}

function isNumbered(thing: Thing): boolean {
  return thing.kind !== 'join' && (thing.declaration.replicas !== null || thing.declaration.matrix !== null);
}
