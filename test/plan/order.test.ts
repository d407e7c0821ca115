// The order in which nodes stand in a plan, and the components it falls back on.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { componentsOf } from '../../src/plan/components.ts';
import { orderOf } from '../../src/plan/order.ts';

/** Any graph of a few nodes: for each, what it needs. */
const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((size) => fc.array(fc.array(fc.nat(size - 1), { maxLength: 4 }), { minLength: size, maxLength: size }));

/** Graphs without a cycle: a node needs only earlier ones, and then all are given new numbers. */
const acyclicGraphs = fc
  .integer({ min: 1, max: 30 })
  .chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, at) =>
        fc.array(fc.nat(Math.max(0, at - 1)), { maxLength: at === 0 ? 0 : 3 }),
      ),
    ),
  )
  .chain((needs) =>
    fc.tuple(
      fc.constant(needs),
      fc.shuffledSubarray(
        needs.map((_, at) => at),
        { minLength: needs.length },
      ),
    ),
  )
  .map(([needs, names]) => {
    const renamed: number[][] = [];
    for (const [at, needed] of needs.entries())
      renamed[names[at] as number] = needed.map((each) => names[each] as number);
    return renamed;
  });

test('each stands after all it needs, and nothing is left out', () => {
  fc.assert(
    fc.property(acyclicGraphs, (needs) => {
      const { sequence, cycles } = orderOf(needs);
      expect(cycles).toEqual([]);
      expect([...sequence].sort((a, b) => a - b)).toEqual(needs.map((_, at) => at));
      const position = new Map(sequence.map((node, at) => [node, at]));
      for (const [node, needed] of needs.entries()) {
        for (const each of needed) expect(position.get(each)).toBeLessThan(position.get(node) as number);
      }
    }),
  );
});

test('among those that could come next, the one that was declared first does', () => {
  fc.assert(
    fc.property(acyclicGraphs, (needs) => {
      const placed = new Set<number>();
      for (const node of orderOf(needs).sequence) {
        const due = needs.findIndex((needed, at) => !placed.has(at) && needed.every((each) => placed.has(each)));
        expect(node).toBe(due);
        placed.add(node);
      }
    }),
  );
});

test('every cycle that is named is one, and there is one wherever not all can be ordered', () => {
  fc.assert(
    fc.property(graphs, (needs) => {
      const { sequence, cycles } = orderOf(needs);
      expect(cycles.length > 0).toBe(sequence.length < needs.length);
      for (const cycle of cycles) {
        expect(new Set(cycle).size).toBe(cycle.length);
        for (const [at, node] of cycle.entries()) expect(needs[node]).toContain(cycle[(at + 1) % cycle.length]);
      }
    }),
  );
});

test('two nodes are in one component when each can reach the other', () => {
  fc.assert(
    fc.property(graphs, (edges) => {
      const component = new Map(componentsOf(edges).flatMap((nodes, at) => nodes.map((node) => [node, at] as const)));
      expect(component.size).toBe(edges.length);
      const reach = edges.map((_, from) => reachable(from, edges));
      for (const [a] of edges.entries()) {
        for (const [b] of edges.entries()) {
          const together = a === b || (reach[a]?.has(b) && reach[b]?.has(a));
          expect(component.get(a) === component.get(b)).toBe(together ?? false);
        }
      }
    }),
  );
});

test('a chain of a hundred thousand nodes is ordered, and as a ring is one cycle', () => {
  const chain = Array.from({ length: 100_000 }, (_, at) => (at === 0 ? [] : [at - 1]));
  expect(orderOf(chain).sequence).toEqual(chain.map((_, at) => at));
  const ring = chain.map((needed, at) => (at === 0 ? [99_999] : needed));
  expect(orderOf(ring).cycles.map((cycle) => cycle.length)).toEqual([100_000]);
});

function reachable(from: number, edges: readonly (readonly number[])[]): ReadonlySet<number> {
  const found = new Set<number>();
  const queue = [from];
  for (const node of queue) {
    for (const next of edges[node] ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      queue.push(next);
    }
  }
  return found;
}
