// Processes that wait for each other through a queue: a producer that starts only after its consumer has ended, consumers
// that start only after the producer whose items they make room for.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import type { Graph, QueueUse, Use } from './graph.ts';
import type { Requirements } from './requirements.ts';
import { isBounded } from './streams.ts';
import type { Vertex } from './vertex.ts';

export function checkDeadlock(queue: QueueUse, requirements: Requirements, findings: Findings): void {
  if (!complainOfProducer(queue, requirements, findings)) complainOfConsumers(queue, requirements, findings);
}

/** One that starts only after another has ended, which ends only after what this one puts has: through several queues, or a loop. */
export function checkCircles({ vertices, chains }: Graph, requirements: Requirements, findings: Findings): void {
  // Most of these were found already: queue by queue, as a cycle of needs, or as needs of those that start together.
  if (findings.diagnostics.some(({ code }) => circles.has(code))) return;
  for (const vertex of vertices) {
    const together = chains.of.get(vertex) ?? [vertex];
    const { started } = requirements.beforeStartOf(vertex);
    if (!together.some((each) => started.has(each))) continue;
    const needs = together.flatMap((mate) => mate.needs);
    const need =
      needs.find(({ to }) => together.some((each) => requirements.beforeEndOf(to).started.has(each))) ?? needs[0];
    // One that needs itself was found already, where it says so.
    if (need === undefined || need.to === vertex) continue;
    const other = need.to.name;
    const message = `\`${vertex.name}\` starts only after \`${other}\`, which waits for the end of what comes of \`${vertex.name}\``;
    findings.error('stream-deadlock', placeOf(need.reference), message, {
      hint: `take \`${other}\` out of what \`${vertex.name}\` needs`,
      related: [{ message: `\`${other}\` is declared here`, at: keyOf(need.to.thing.declaration.path) }],
    });
    return;
  }
}

const circles: ReadonlySet<string> = new Set(['stream-deadlock', 'dependency-cycle', 'pipe-ends']);

/** A producer that waits for the end of who takes from the queue, or of a join on it. Neither comes before its own. */
function complainOfProducer(
  { declaration: { name }, producers, consumers, joins }: QueueUse,
  requirements: Requirements,
  findings: Findings,
): boolean {
  const takers = usesBy(consumers.filter(({ by }) => by.thing.kind === 'process'));
  const waiters = usesBy(joins);
  for (const { by: producer, reference } of producers) {
    for (const ended of requirements.endedBefore(producer)) {
      const other = ended === producer ? undefined : (takers.get(ended) ?? waiters.get(ended));
      if (other === undefined) continue;
      const doing = takers.has(ended) ? 'takes from' : 'waits for';
      const message = `\`${producer.name}\` puts to queue \`${name}\` only after \`${ended.name}\`, which ${doing} it, has ended`;
      findings.error('stream-deadlock', placeOf(reference), message, {
        hint: `take \`${ended.name}\` out of what \`${producer.name}\` needs`,
        related: [{ message: `\`${ended.name}\` ${doing} it here`, at: placeOf(other.reference) }],
      });
      return true;
    }
  }
  return false;
}

/** Consumers that all wait for a join that waits for their work, or for a producer that waits for room. */
function complainOfConsumers(
  { declaration, producers, consumers, joins }: QueueUse,
  requirements: Requirements,
  findings: Findings,
): void {
  const { name, maxsize } = declaration;
  const [first] = consumers;
  if (first === undefined) return;
  const takers = usesBy(consumers);
  const spentBeforeAll = commonTo([...takers.keys()].map((consumer) => requirements.spentBefore(consumer)));
  if (spentBeforeAll.size === 0) return;
  const join = joins.find(({ by }) => spentBeforeAll.has(by));
  const producer = producers.find(({ by }) => isBounded(declaration) && spentBeforeAll.has(by) && !takers.has(by));
  const consumer = first.by.name;
  if (join !== undefined) {
    const other = join.by.name;
    const message = `\`${consumer}\` takes from queue \`${name}\` only after \`${other}\`, which waits until it is empty, has passed`;
    findings.error('stream-deadlock', placeOf(first.reference), message, {
      hint: `take \`${other}\` out of what \`${consumer}\` needs`,
      related: [{ message: `\`${other}\` waits for it here`, at: placeOf(join.reference) }],
    });
  } else if (producer !== undefined) {
    const other = producer.by.name;
    const hasEnded = [...takers.keys()].every((taker) => requirements.endedBefore(taker).has(producer.by));
    const end = hasEnded
      ? `its producer \`${other}\` has ended`
      : `the loop that its producer \`${other}\` is in has ended`;
    const full =
      maxsize > 0 ? `${maxsize} ${maxsize === 1 ? 'item is' : 'items are'}` : 'as much as its `max_bytes` is';
    const message = `\`${consumer}\` takes from queue \`${name}\` only after ${end}, which waits when ${full} in it`;
    findings.error('stream-deadlock', placeOf(first.reference), message, {
      hint: `let both run at the same time, or take \`${maxsize > 0 ? 'maxsize' : 'max_bytes'}\` off the queue`,
      related: [{ message: `\`${other}\` puts to it here`, at: placeOf(producer.reference) }],
    });
  }
}

function usesBy(uses: readonly Use[]): ReadonlyMap<Vertex, Use> {
  return new Map(uses.map((use) => [use.by, use]));
}

function commonTo(sets: readonly ReadonlySet<Vertex>[]): ReadonlySet<Vertex> {
  let [common = new Set<Vertex>()] = sets;
  for (const set of sets) {
    if (common.size === 0) break;
    common = new Set([...common].filter((vertex) => set.has(vertex)));
  }
  return common;
}
