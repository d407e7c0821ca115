// What of a Plan cannot come to its end without what. Instances that are alike make a unit, and so do those that are needed all at once:
// what pipes join stdout to stdin, and loops of queues, which end once all of them wait for more. Between units it is drawn which
// starts or ends only after another one's end, which needs another one started, and which goes on only while some other runs.
import { componentsOf } from './components.ts';
import { Draft, type Kind } from './kinds.ts';
import type { Channel, Held, NodeId, Plan } from './plan.ts';

export interface Unit {
  readonly index: number;
  readonly members: readonly NodeId[];
  /** All of them are needed at once; else one after the other will do. */
  readonly whole: boolean;
  /** Where all are needed at once: some of them start only once others of them have. */
  readonly staggered: boolean;
  /** Slots for each member: none for daemons, joins and sub-pipelines. */
  readonly takes: 0 | 1;
  /** It starts only once these have ended. */
  readonly startAfter: readonly number[];
  /** It ends only once these have ended. */
  readonly endAfter: readonly number[];
  /** It gets nowhere before all of these have started. */
  readonly opened: readonly number[];
  /** Of each of these lists one must run as long as it does, or none be left. */
  readonly some: readonly (readonly number[])[];
  /** Nothing comes to it before one of these has started; empty where something may. */
  readonly feeders: readonly number[];
  /** Of each member; of all of them together, where all are needed at once. */
  readonly holds: readonly Held[];
}

export interface Ties {
  /** In an order in which each comes after all whose end it waits for. */
  readonly units: readonly Unit[];
  readonly of: ReadonlyMap<NodeId, Unit>;
  /** For each unit, those that it has anything to do with, itself among them; null where it stands alone. */
  readonly circles: readonly (readonly Unit[] | null)[];
  /** How many may hold a lock at once who do not have to be alone. */
  readonly permits: ReadonlyMap<string, number>;
  /** By lock, those who hold it while they run. */
  readonly holders: ReadonlyMap<string, readonly Unit[]>;
}

export function tiesOf({ nodes, channels }: Pick<Plan, 'nodes' | 'channels'>): Ties {
  const drawn = new Draft(nodes, channels);
  const knots = componentsOf(drawn.tight);
  const knotOf: number[] = [];
  for (const [knot, kinds] of knots.entries()) for (const kind of kinds) knotOf[kind] = knot;
  const mapped = (knot: number, kinds: Iterable<number>): number[] => [
    ...new Set([...kinds].map((kind) => knotOf[kind] as number).filter((other) => other !== knot)),
  ];
  // A component comes after all it has edges to, and so a unit after all whose end it waits for.
  const units = knots.map((knot, index): Unit => {
    const kinds = knot.map((kind) => drawn.kinds[kind] as Kind);
    const others = (pick: (kind: Kind) => Iterable<number>): number[] =>
      mapped(
        index,
        kinds.flatMap((kind) => [...pick(kind)]),
      );
    const isWhole = kinds.length > 1 || kinds.some(({ loops }) => loops);
    return {
      index,
      members: kinds.flatMap(({ members }) => members),
      whole: isWhole,
      staggered: kinds.some(({ startAfter, opened }) =>
        [...startAfter, ...opened].some((kind) => knotOf[kind] === index),
      ),
      takes: kinds.some(({ takes }) => takes === 1) ? 1 : 0,
      startAfter: others(({ startAfter }) => startAfter),
      endAfter: others(({ endAfter }) => endAfter),
      opened: others(({ opened }) => opened),
      some: kinds
        .flatMap(({ some }) => some)
        .flatMap((choice) => (choice.some((kind) => knotOf[kind] === index) ? [] : [mapped(index, choice)])),
      feeders: others(({ feeders }) => feeders),
      holds: kinds.flatMap(({ holds, members }) => (isWhole ? members.flatMap(() => holds) : holds)),
    };
  });
  const of = new Map(units.flatMap((unit) => unit.members.map((id) => [id, unit] as const)));
  return { units, of, circles: circlesOf(units), permits: permitsOf(channels), holders: holdersOf(units) };
}

/**
 * Whether `unit` may have to wait for `other` to start before its own needs hold. Whoever is due also waits for those whom it is tied to
 * to be due (`slots`), and ends only after those it takes from, and with those it gives to.
 */
export function startNeeds({ units }: Ties, unit: Unit, other: Unit): boolean {
  const seen = { due: new Set<number>(), start: new Set<number>(), end: new Set<number>() };
  const queue: [index: number, until: keyof typeof seen][] = [[unit.index, 'due']];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [index, until] = next;
    if (seen[until].has(index)) continue;
    seen[until].add(index);
    if (until !== 'due' && index === other.index) return true;
    const { startAfter, endAfter, opened, some, feeders } = units[index] as Unit;
    if (until === 'due') {
      for (const each of startAfter) queue.push([each, 'end']);
      for (const each of opened) queue.push([each, 'start']);
    } else if (until === 'start') {
      for (const each of [index, ...feeders, ...some.flat()]) queue.push([each, 'due']);
    } else {
      for (const each of [index, ...some.flat()]) queue.push([each, 'start']);
      for (const each of endAfter) queue.push([each, 'end']);
    }
  }
  return false;
}

/** Whether these locks suffice, where so many of each unit run. */
export function areFree({ holders, permits }: Ties, locks: readonly Held[], running: (unit: Unit) => number): boolean {
  return locks.every(({ lock }) => {
    const use = { alone: 0, shared: 0 };
    for (const unit of holders.get(lock) ?? []) {
      const copies = unit.whole ? Math.min(1, running(unit)) : running(unit);
      for (const held of unit.holds) if (held.lock === lock) use[held.shared ? 'shared' : 'alone'] += copies;
    }
    const most = permits.get(lock) ?? 1;
    return most === ANY ? use.alone === 0 || use.alone + use.shared === 1 : use.alone + use.shared <= most;
  });
}

function permitsOf(channels: readonly Channel[]): ReadonlyMap<string, number> {
  return new Map(
    channels.flatMap((channel) =>
      channel.kind === 'lock' ? [[channel.name, channel.lock === 'rw' ? ANY : channel.permits] as const] : [],
    ),
  );
}

const ANY = Number.POSITIVE_INFINITY;

function holdersOf(units: readonly Unit[]): ReadonlyMap<string, readonly Unit[]> {
  const holders = new Map<string, Set<Unit>>();
  for (const unit of units)
    for (const { lock } of unit.holds) holders.set(lock, (holders.get(lock) ?? new Set()).add(unit));
  return new Map([...holders].map(([lock, its]) => [lock, [...its]]));
}

/** Who is tied to whom, however indirectly. */
function circlesOf(units: readonly Unit[]): readonly (readonly Unit[] | null)[] {
  const neighbours: number[][] = units.map(() => []);
  for (const { index, startAfter, endAfter, opened, some } of units) {
    for (const other of [...startAfter, ...endAfter, ...opened, ...some.flat()]) {
      neighbours[index]?.push(other);
      neighbours[other]?.push(index);
    }
  }
  const circles: (readonly Unit[] | null)[] = [];
  for (const { index } of units) {
    if (circles[index] !== undefined) continue;
    const members = new Set([index]);
    // It grows while it is read.
    for (const member of members) for (const next of neighbours[member] ?? []) members.add(next);
    const circle = [...members].sort((a, b) => a - b).map((member) => units[member] as Unit);
    const isPlain = circle.every(({ whole, endAfter, some, opened, holds, takes, members: { length } }) => {
      const ends = takes === 1 && endAfter.length > 0;
      return !ends && !(whole && length > 1) && some.length + opened.length + holds.length === 0;
    });
    for (const member of members) circles[member] = isPlain ? null : circle;
  }
  return circles;
}
