// How large a plan will be, known before it is made: one that is too large is a finding and costs nothing.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import { factorsOf, isTooIntricate, mostInstances, productOf } from './expand.ts';
import type { Graph } from './graph.ts';
import type { Edge, Vertex } from './vertex.ts';

/** Who waits for whom, instance by instance: what a plan may list, so that it can still be written down. */
const mostEdges = 5_000_000;

export function isTooLarge(graph: Graph, findings: Findings): boolean {
  return complainOfInstances(graph, findings) || complainOfEdges(graph, findings);
}

function complainOfInstances({ vertices }: Graph, findings: Findings): boolean {
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

function complainOfEdges({ vertices }: Graph, findings: Findings): boolean {
  let total = 0;
  for (const vertex of vertices) {
    for (const edge of vertex.needs) {
      const edges = countOf(vertex) * (edge.reference.instance === null ? countOf(edge.to) : 1);
      total += edges;
      if (total <= mostEdges) continue;
      complainOfEdge(vertex, edge, edges, findings);
      return true;
    }
  }
  return false;
}

function complainOfEdge(vertex: Vertex, { to, reference }: Edge, edges: number, findings: Findings): void {
  const each = `${inGroups(countOf(vertex))} × ${inGroups(countOf(to))}`;
  const message = `each instance of \`${vertex.name}\` would wait for each of \`${to.name}\`, which are ${each} = ${inGroups(edges)} pairs`;
  findings.error('too-many', placeOf(reference), message, {
    hint: `let \`${vertex.name}\` need a join over \`${to.name}\` instead, which waits once for all`,
  });
}

function countOf({ thing }: Vertex): number {
  return thing.kind === 'join' ? 1 : productOf(thing.declaration);
}

/** `250 000` */
function inGroups(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ');
}

const hint = 'a plan has at most 100 000; let fewer workers share the work by a queue';
