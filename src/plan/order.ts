// The order in which each stands after all it needs; among those that could come next, the one that was declared first. Or
// the cycles that make it impossible. Nodes are numbers from 0, in the order of their declaration.
import { componentsOf } from './components.ts';

export interface Order {
  /** Without those that are on a cycle, or behind one. */
  readonly sequence: readonly number[];
  /** Each a shortest cycle of its knot: every one needs the next, and the last one the first. */
  readonly cycles: readonly (readonly number[])[];
}

export function orderOf(needs: readonly (readonly number[])[]): Order {
  const dependents: number[][] = needs.map(() => []);
  const open = needs.map((needed, node) => {
    for (const each of needed) dependents[each]?.push(node);
    return needed.length;
  });
  const sequence: number[] = [];
  const due = new LeastFirst();
  for (const [node, count] of open.entries()) if (count === 0) due.add(node);
  for (let node = due.take(); node !== undefined; node = due.take()) {
    sequence.push(node);
    for (const dependent of dependents[node] ?? []) {
      open[dependent] = (open[dependent] as number) - 1;
      if (open[dependent] === 0) due.add(dependent);
    }
  }
  return { sequence, cycles: sequence.length === needs.length ? [] : cyclesOf(needs) };
}

function cyclesOf(needs: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const cycles: (readonly number[])[] = [];
  for (const component of componentsOf(needs)) {
    const start = component.reduce((least, node) => Math.min(least, node));
    if (component.length > 1 || needs[start]?.includes(start))
      cycles.push(shortestCycle(start, needs, new Set(component)));
  }
  return cycles.sort((a, b) => (a[0] as number) - (b[0] as number));
}

/** The shortest way from a node back to itself, inside its component. */
function shortestCycle(
  start: number,
  needs: readonly (readonly number[])[],
  inside: ReadonlySet<number>,
): readonly number[] {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const node of queue) {
    for (const needed of needs[node] ?? []) {
      if (needed === start) return wayTo(node, start, cameFrom);
      if (!inside.has(needed) || cameFrom.has(needed)) continue;
      cameFrom.set(needed, node);
      queue.push(needed);
    }
  }
  throw new Error('Internal error: a component without a cycle');
}

function wayTo(last: number, start: number, cameFrom: ReadonlyMap<number, number>): readonly number[] {
  const way = [last];
  for (let node = last; node !== start; way.push(node)) node = cameFrom.get(node) as number;
  return way.reverse();
}

/** A binary heap of numbers. */
class LeastFirst {
  readonly #heap: number[] = [];

  add(value: number): void {
    const heap = this.#heap;
    let at = heap.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as number) <= value) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = value;
  }

  take(): number | undefined {
    const heap = this.#heap;
    const least = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return least;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if (child >= heap.length || (heap[child] as number) >= last) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
    return least;
  }
}
