// The line of those who wait for slots, or for locks that come with them: in the order in which they became due.
import type { NodeId } from '../plan/plan.ts';
import type { Unit } from '../plan/ties.ts';

/** Those who start together: one process, or several that pipes join. */
export interface Entry {
  readonly nodes: readonly NodeId[];
  readonly unit: Unit;
  /** Slots they need. */
  readonly count: number;
  /** Rises from one to the next in line. */
  readonly turn: number;
  /** It has begun before, and comes back. */
  readonly again: boolean;
  /** When it came to the line. */
  readonly since: number;
}

/** When it is to be said that somebody has waited for long: after so long, and then ever more rarely, whoever it is. */
export class LineWatch {
  #gapMs = LONG_MS;
  #next = Number.NEGATIVE_INFINITY;

  /** Null: nobody waits. */
  deadlineFor(first: Entry | null): number | null {
    return first === null ? null : Math.max(first.since + LONG_MS, this.#next);
  }

  /** Whether it is time; it is said then. */
  isDue(first: Entry | null, now: number): boolean {
    const deadline = this.deadlineFor(first);
    if (deadline === null || now < deadline) return false;
    this.#gapMs *= 2;
    this.#next = now + this.#gapMs;
    return true;
  }
}

/** What is worth a word. */
export const LONG_MS = 10_000;

/** What one of the line waits for. */
export interface Lack {
  /** `slot`: all are taken. */
  readonly does: 'start' | 'slot';
  /** The lock that it lacks, to hold; null where it is something else. */
  readonly channel: string | null;
  /** Who has what it lacks, or else has to be there, too. */
  readonly on: readonly NodeId[];
  /** One of all these has to move first. */
  readonly helpers: readonly NodeId[];
}

export class SlotsLine implements Iterable<Entry> {
  readonly #entries = new Set<Entry>();
  readonly #of = new Map<NodeId, Entry>();
  /** By unit, in order. */
  readonly #due = new Map<Unit, Set<Entry>>();
  #turns = 0;
  /** How many need no slot. */
  #light = 0;

  get size(): number {
    return this.#entries.size;
  }

  get hasLight(): boolean {
    return this.#light > 0;
  }

  get first(): Entry | null {
    const [first] = this.#entries;
    return first ?? null;
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#entries.values();
  }

  join(nodes: readonly NodeId[], unit: Unit, again: boolean, since: number): void {
    this.#turns += 1;
    const entry = { nodes, unit, count: nodes.length * unit.takes, turn: this.#turns, again, since };
    if (entry.count === 0) this.#light += 1;
    for (const id of nodes) this.#of.set(id, entry);
    this.#entries.add(entry);
    const due = this.#due.get(unit);
    if (due === undefined) this.#due.set(unit, new Set([entry]));
    else due.add(entry);
  }

  /** With those who would have started with it. */
  leave(id: NodeId): Entry | null {
    const entry = this.#of.get(id);
    if (entry === undefined) return null;
    for (const each of entry.nodes) this.#of.delete(each);
    this.#entries.delete(entry);
    if (entry.count === 0) this.#light -= 1;
    const due = this.#due.get(entry.unit);
    due?.delete(entry);
    if (due?.size === 0) this.#due.delete(entry.unit);
    return entry;
  }

  entryOf(id: NodeId): Entry | null {
    return this.#of.get(id) ?? null;
  }

  /** Of a unit, in order. */
  dueOf(unit: Unit): Iterable<Entry> {
    return this.#due.get(unit) ?? [];
  }

  /** The first in line of these. */
  firstOf(units: Iterable<Unit>): Entry | null {
    let first: Entry | null = null;
    for (const unit of units) {
      const [entry] = this.dueOf(unit);
      if (entry !== undefined && (first === null || entry.turn < first.turn)) first = entry;
    }
    return first;
  }
}
