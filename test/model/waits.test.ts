// Random graphs of who waits for whom, held against a world in which those who can help do, one after the other and in any order: who
// is never freed is the closed set. Closed sets with a fault planted in them must be told apart from the true one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Blocked, type Cause, circleIn, closedSetOf, OUTSIDE } from '../../src/broker/waits.ts';

const nodes = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const helpers = fc.uniqueArray(fc.constantFrom(...nodes, OUTSIDE), { maxLength: 4 });

/** Some causes are shared; some nodes run, and are not blocked. */
const graphs = fc
  .tuple(
    fc.array(helpers, { minLength: 1, maxLength: 6 }),
    fc.array(fc.option(fc.uniqueArray(fc.nat(5), { maxLength: 3 })), {
      minLength: nodes.length,
      maxLength: nodes.length,
    }),
  )
  .map(([sets, waits]): Blocked => {
    const causes = sets.map((set): Cause => ({ does: 'get', channel: 'q', helpers: new Set(set) }));
    const blocked = new Map<string, readonly Cause[]>();
    for (const [index, chosen] of waits.entries()) {
      if (chosen === null) continue;
      blocked.set(
        nodes[index] as string,
        chosen.flatMap((at) => causes[at] ?? []),
      );
    }
    return blocked;
  });

/** Lets whoever can help do so, in the order that `dice` choose, until nobody can any more. Gives who was never helped. */
function played(blocked: Blocked, dice: readonly number[]): Set<string> {
  const stuck = new Set(blocked.keys());
  for (let step = 0; ; step += 1) {
    const helped = [...stuck].filter((node) =>
      (blocked.get(node) ?? []).some((cause) => [...cause.helpers].some((helper) => !stuck.has(helper))),
    );
    if (helped.length === 0) return stuck;
    stuck.delete(helped[(dice[step % dice.length] ?? 0) % helped.length] as string);
  }
}

const dice = fc.array(fc.nat(100), { minLength: 1, maxLength: 7 });

test('the closed set is who is never helped, in whatever order the others help', () => {
  fc.assert(
    fc.property(graphs, dice, (blocked, thrown) => {
      expect([...closedSetOf(blocked)].toSorted()).toEqual([...played(blocked, thrown)].toSorted());
    }),
    { numRuns: 20_000 },
  );
});

test('a circle lies in the closed set, each waits for the next, and none is shorter', () => {
  fc.assert(
    fc.property(graphs, (blocked) => {
      const closed = closedSetOf(blocked);
      const circle = circleIn(blocked, closed);
      for (const [index, node] of circle.entries()) {
        const next = circle[(index + 1) % circle.length] as string;
        expect(closed.has(node)).toBe(true);
        expect(blocked.get(node)?.some((cause) => cause.helpers.has(next))).toBe(true);
      }
      expect(circle.length).toBe(girth(blocked, closed));
    }),
    { numRuns: 20_000 },
  );
});

/**
 * The length of the shortest circle, by powers of "reaches in so many steps"; 0 for none. Who waits for itself among others is one only
 * where there is no other.
 */
function girth(blocked: Blocked, closed: ReadonlySet<string>): number {
  const next = (node: string): readonly string[] =>
    (blocked.get(node) ?? []).flatMap(({ helpers: set }) => [...set].filter((it) => it !== node || set.size === 1));
  for (let length = 1; length <= closed.size; length += 1) {
    for (const start of closed) {
      let reached = new Set([start]);
      for (let step = 0; step < length; step += 1) {
        reached = new Set([...reached].flatMap(next).filter((node) => closed.has(node)));
      }
      if (reached.has(start)) return length;
    }
  }
  return [...closed].some((node) => blocked.get(node)?.some(({ helpers: set }) => set.has(node))) ? 1 : 0;
}

const faults: Readonly<Record<string, (blocked: Blocked) => Set<string>>> = {
  'takes one blocked helper for enough': (blocked) => {
    const closed = new Set(blocked.keys());
    for (const [node, causes] of blocked) {
      if (causes.some(({ helpers: set }) => set.size > 0 && ![...set].some((it) => blocked.has(it))))
        closed.delete(node);
    }
    return closed;
  },
  'looks only one step far': (blocked) => {
    const free = (set: ReadonlySet<string>) => [...set].some((helper) => !blocked.has(helper));
    return new Set([...blocked].filter(([, causes]) => !causes.some((it) => free(it.helpers))).map(([node]) => node));
  },
  'needs every cause to come true': (blocked) => {
    const closed = new Set(blocked.keys());
    for (let before = -1; before !== closed.size; ) {
      before = closed.size;
      for (const [node, causes] of blocked) {
        const all = causes.every((cause) => [...cause.helpers].some((helper) => !closed.has(helper)));
        if (causes.length > 0 && all) closed.delete(node);
      }
    }
    return closed;
  },
  'forgets that one may wait for itself': (blocked) => {
    const others = new Map([...blocked].filter(([node, causes]) => !causes.some((cause) => cause.helpers.has(node))));
    return closedSetOf(others);
  },
};

test.each(Object.entries(faults))('a closed set that %s is caught', (_, faulty) => {
  const details = fc.check(
    fc.property(graphs, dice, (blocked, thrown) => {
      expect([...faulty(blocked)].toSorted()).toEqual([...played(blocked, thrown)].toSorted());
    }),
    { numRuns: 5_000 },
  );
  expect(details.failed).toBe(true);
});
