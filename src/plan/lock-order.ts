// Locks that are held for whole processes, held against what these wait for: one that needs another to have started, which holds
// the lock and cannot end before it, never gets it.
import type { Findings } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import type { LockDeclaration, Pipeline } from '../pipeline/pipeline.ts';
import type { Graph, Use } from './graph.ts';
import type { Instances } from './instances.ts';
import type { Requirements } from './requirements.ts';
import type { Vertex } from './vertex.ts';

export function checkLockOrder(
  { locks }: Pipeline,
  graph: Graph,
  requirements: Requirements,
  instances: Instances,
  findings: Findings,
): void {
  const holders = holdersOf(graph);
  const takers = takersOf(graph);
  for (const lock of locks) {
    const uses = holders.get(lock.name) ?? [];
    if (uses.length > 0)
      new Check(lock, uses, graph, requirements, instances, findings).run(takers.get(lock.name) ?? []);
  }
}

/** By lock, each holder once. */
function holdersOf({ vertices }: Graph): ReadonlyMap<string, readonly Use[]> {
  const holders = new Map<string, Map<Vertex, Use>>();
  for (const by of vertices) {
    if (by.thing.kind === 'join') continue;
    for (const reference of by.thing.declaration.holds) {
      // Who only reads is let in beside others.
      if (reference.shared) continue;
      const known = holders.get(reference.name) ?? new Map<Vertex, Use>();
      holders.set(reference.name, known);
      if (!known.has(by)) known.set(by, { by, reference });
    }
  }
  return new Map([...holders].map(([name, uses]) => [name, [...uses.values()]]));
}

/** By lock, those who take it by themselves. */
function takersOf({ vertices }: Graph): ReadonlyMap<string, readonly Use[]> {
  const takers = new Map<string, Use[]>();
  for (const by of vertices) {
    if (by.thing.kind === 'join') continue;
    for (const reference of by.thing.declaration.locks)
      takers.set(reference.name, [...(takers.get(reference.name) ?? []), { by, reference }]);
  }
  return takers;
}

/** It has it for an item at a time. */
function givesBack({ thing }: Vertex): boolean {
  return thing.kind !== 'join' && thing.declaration.each !== null;
}

/** Comparisons for one lock; beyond them nothing is found any more. */
const mostComparisons = 100_000;

class Check {
  readonly #lock: LockDeclaration;
  readonly #uses: readonly Use[];
  readonly #graph: Graph;
  readonly #requirements: Requirements;
  readonly #instances: Instances;
  readonly #findings: Findings;
  /** How many may hold it at once. */
  readonly #permits: number;

  constructor(
    lock: LockDeclaration,
    uses: readonly Use[],
    graph: Graph,
    requirements: Requirements,
    instances: Instances,
    findings: Findings,
  ) {
    this.#lock = lock;
    this.#uses = uses;
    this.#graph = graph;
    this.#requirements = requirements;
    this.#instances = instances;
    this.#findings = findings;
    this.#permits = lock.kind === 'semaphore' ? lock.permits : 1;
  }

  run(takers: readonly Use[]): void {
    this.#checkTogether();
    this.#checkDaemons();
    this.#checkTakers(takers);
    if (this.#uses.length ** 2 > mostComparisons) return;
    for (const waiting of this.#uses) this.#checkWaiting(waiting);
  }

  /** All of a chain start together, so all that hold it need it at once. */
  #checkTogether(): void {
    const chains = new Map<readonly Vertex[], Use[]>();
    for (const use of this.#uses) {
      const chain = this.#graph.chains.of.get(use.by);
      if (chain !== undefined) chains.set(chain, [...(chains.get(chain) ?? []), use]);
    }
    for (const uses of chains.values()) {
      const [last] = uses.slice(-1);
      if (last === undefined || uses.length <= this.#permits) continue;
      this.#complain(last, uses.slice(0, -1), 'and those start together with it, joined by pipes');
    }
  }

  #checkDaemons(): void {
    const daemons = this.#uses.filter(({ by }) => by.thing.kind === 'daemon');
    const [last] = daemons.slice(-1);
    if (last === undefined || this.#count(daemons) <= this.#permits) return;
    this.#complain(last, daemons.slice(0, -1), 'and daemons hold theirs until all else has ended');
  }

  /** Whoever asks for what daemons hold waits until all else has ended, and so for itself. */
  #checkTakers(takers: readonly Use[]): void {
    const daemons = this.#uses.filter(({ by }) => by.thing.kind === 'daemon');
    if (daemons.length === 0 || this.#count(daemons) < this.#permits) return;
    for (const taker of takers)
      this.#complain(taker, daemons, 'and daemons hold theirs until all else has ended', 'take');
  }

  /** Those that hold it for certain when this one wants it, and until it has had it. */
  #checkWaiting(waiting: Use): void {
    const { started, ended } = this.#requirements.beforeStartOf(waiting.by);
    // Those that start together with it were looked at already.
    const mates = this.#graph.chains.of.get(waiting.by) ?? [waiting.by];
    const others = this.#uses.filter(({ by }) => !mates.includes(by) && !ended.has(by) && !givesBack(by));
    const before = others.filter(({ by }) => started.has(by) && this.#isAwaitedBy(waiting.by, by));
    if (before.length > 0 && this.#count(before) >= this.#permits)
      return this.#complain(waiting, before, 'and cannot end before this one has had it');
    if (givesBack(waiting.by)) return this.#checkItems(waiting, others);
    // Whichever of the two comes first, the other never can.
    const [rival] = others.filter(
      ({ by }) =>
        by.index < waiting.by.index &&
        !started.has(by) &&
        !this.#requirements.beforeStartOf(by).started.has(waiting.by) &&
        this.#isAwaitedBy(waiting.by, by) &&
        this.#isAwaitedBy(by, waiting.by),
    );
    if (rival !== undefined && this.#permits === 1)
      this.#complain(waiting, [rival], 'and neither of them can end before the other has run');
  }

  /** A daemon that comes in between two items keeps it from the second. */
  #checkItems(waiting: Use, others: readonly Use[]): void {
    const daemons = others.filter(
      ({ by }) => by.thing.kind === 'daemon' && !this.#requirements.beforeStartOf(by).ended.has(waiting.by),
    );
    if (daemons.length === 0 || this.#count(daemons) < this.#permits) return;
    this.#complain(waiting, daemons, 'and daemons hold theirs until all else has ended');
  }

  /** Whether `holder` cannot end before `waiting` has started. */
  #isAwaitedBy(waiting: Vertex, holder: Vertex): boolean {
    if (holder.thing.kind === 'daemon') return waiting.thing.kind === 'process';
    return this.#requirements.beforeEndOf(holder).started.has(waiting);
  }

  #count(uses: readonly Use[]): number {
    return uses.reduce((sum, { by }) => sum + this.#instances.idsOf(by).length, 0);
  }

  #complain(waiting: Use, holders: readonly Use[], why: string, does: 'hold' | 'take' = 'hold'): void {
    const lock = this.#lock.name;
    const names = holders.map(({ by }) => `\`${by.name}\``).join(', ');
    const held =
      holders.length === 0 ? 'it has several instances,' : `${names} ${holders.length > 1 ? 'hold' : 'holds'} it,`;
    this.#findings.error(
      'lock-order',
      placeOf(waiting.reference),
      `\`${waiting.by.name}\` can never ${does} lock \`${lock}\`: ${held} ${why}`,
      {
        hint: 'take it out of the `holds` of one of them; where only a part of a program needs it, that can take it itself (`locks`)',
        related: holders.map(({ by, reference }) => ({ message: `\`${by.name}\` holds it`, at: placeOf(reference) })),
      },
    );
  }
}
