// Which instances each declared thing has. Counted before they are made, so that a plan that is too large costs nothing.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf, type Thing } from '../pipeline/names.ts';
import type { Reference } from '../pipeline/pipeline.ts';
import { factorsOf, type Instance, instancesOf, isTooIntricate, mostInstances, productOf } from './expand.ts';
import type { Graph, Vertex } from './graph.ts';
import type { NodeId } from './plan.ts';

export class Instances {
  /** There are more than a plan may have; then nobody has any. */
  readonly tooMany: boolean;
  readonly #findings: Findings;
  readonly #instances: readonly (readonly Instance[])[];
  readonly #ids: readonly (readonly NodeId[])[];

  constructor(graph: Graph, findings: Findings) {
    this.#findings = findings;
    this.tooMany = complainOfTooMany(graph, findings);
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

function complainOfTooMany({ vertices }: Graph, findings: Findings): boolean {
  let total = 0;
  for (const { thing, name } of vertices) {
    if (thing.kind === 'join') continue;
    const { declaration } = thing;
    const product = productOf(declaration);
    total += product;
    const at = keyOf([...declaration.path, declaration.matrix === null ? 'replicas' : 'matrix']);
    if (product > mostInstances) {
      const factors = factorsOf(declaration);
      const sum = factors.includes('×') ? `${factors} = ${inGroups(product)}` : inGroups(product);
      findings.error('too-many', at, `\`${name}\` would have ${sum} instances`, { hint });
    } else if (total > mostInstances) {
      const message = `with the ${inGroups(product)} of \`${name}\` there would be ${inGroups(total)} instances`;
      findings.error('too-many', at, message, { hint });
    } else if (isTooIntricate(declaration)) {
      const message = `the \`include\` and \`exclude\` of \`${name}\` are too many for ${inGroups(product)} combinations`;
      findings.error('too-many', at, message, { hint: 'make one axis of the values that belong together' });
    } else continue;
    return true;
  }
  return false;
}

/** `250 000` */
function inGroups(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ');
}

const hint = 'a plan has at most 100 000; let fewer workers share the work by a queue';
