// A cycle of needs, as a finding: every step of it is named and shown.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import { type Graph, type Vertex, waitsFor } from './graph.ts';

/** Longer ones are shown by their beginning. */
const mostSteps = 50;

export function complainOfCycles(cycles: readonly (readonly number[])[], graph: Graph, findings: Findings): void {
  for (const cycle of cycles) {
    const vertices = cycle.map((index) => graph.vertices[index] as Vertex);
    const steps = vertices.map((from, at) => stepBetween(from, vertices[(at + 1) % vertices.length] as Vertex, graph));
    const shown = steps.slice(0, mostSteps);
    const names = [...shown.map(({ from, verb }) => `\`${from}\` ${verb}`), `\`${vertices[0]?.name ?? ''}\``];
    if (shown.length < steps.length) names.splice(-1, 0, `… (${steps.length - shown.length} more) …`);
    const [first, ...others] = shown;
    if (first === undefined) continue;
    findings.error('dependency-cycle', first.at, `nothing of this can ever start: ${names.join(' ')}`, {
      hint: 'take one of these out',
      related: others.map(({ at, from, verb, to }) => ({ message: `\`${from}\` ${verb} \`${to}\``, at })),
    });
  }
}

function stepBetween(from: Vertex, to: Vertex, graph: Graph) {
  const edge = waitsFor(from, graph).find((each) => each.to === to);
  const needs = from.needs.some((need) => need.to === to);
  const at = edge === undefined ? keyOf(from.thing.declaration.path) : placeOf(edge.reference);
  return { from: from.name, to: to.name, verb: needs ? 'needs' : 'joins', at };
}
