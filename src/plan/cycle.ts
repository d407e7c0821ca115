// A cycle of needs, as a finding: every step of it is named and shown. One that goes through processes that start together,
// because one reads what the other writes, is none of needs alone.
import { type Findings, keyOf, type Where } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import { type Graph, waitsFor } from './graph.ts';
import type { Vertex } from './vertex.ts';

/** Longer ones are shown by their beginning. */
const mostSteps = 50;

export function complainOfCycles(cycles: readonly (readonly number[])[], graph: Graph, findings: Findings): void {
  for (const cycle of cycles) {
    const vertices = cycle.map((index) => graph.vertices[index] as Vertex);
    const steps = vertices.flatMap((from, at) => stepsTo(from, vertices[(at + 1) % vertices.length] as Vertex, graph));
    const shown = steps.slice(0, mostSteps);
    const names = [...shown.map(({ from, verb }) => `\`${from}\` ${verb}`), `\`${vertices[0]?.name ?? ''}\``];
    if (shown.length < steps.length) names.splice(-1, 0, `… (${steps.length - shown.length} more) …`);
    const [first, ...others] = shown;
    if (first === undefined) continue;
    const isOfNeeds = steps.every(({ verb }) => verb !== together);
    findings.error(
      isOfNeeds ? 'dependency-cycle' : 'pipe-ends',
      first.at,
      `nothing of this can ever start: ${names.join(' ')}`,
      {
        hint: 'take one of these out',
        related: others.map(({ at, from, verb, to }) => ({ message: `\`${from}\` ${verb} \`${to}\``, at })),
      },
    );
  }
}

interface Step {
  readonly from: string;
  readonly to: string;
  readonly verb: string;
  readonly at: Where;
}

const together = 'starts together with';

/** By a need or a join of its own, or of one that it starts together with. */
function stepsTo(from: Vertex, to: Vertex, graph: Graph): readonly Step[] {
  const own = stepBetween(from, to, graph);
  if (own !== null) return [own];
  const mates = graph.chains.of.get(from) ?? [];
  if (mates.includes(to)) return [stepTogether(from, to)];
  for (const mate of mates) {
    const step = stepBetween(mate, to, graph);
    if (step !== null) return [stepTogether(from, mate), step];
  }
  throw new Error('Internal error: a cycle with a step that nothing makes');
}

function stepBetween(from: Vertex, to: Vertex, graph: Graph): Step | null {
  const edge = waitsFor(from, graph).find((each) => each.to === to);
  if (edge === undefined) return null;
  const needs = from.needs.some((need) => need.to === to);
  return { from: from.name, to: to.name, verb: needs ? 'needs' : 'joins', at: placeOf(edge.reference) };
}

function stepTogether(from: Vertex, to: Vertex): Step {
  return { from: from.name, to: to.name, verb: together, at: keyOf(from.thing.declaration.path) };
}
