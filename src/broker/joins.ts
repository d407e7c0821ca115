// Who waits for everything that was put so far, and how much of that is still to be done.
import type { NodeId } from '../plan/plan.ts';

export interface Join {
  readonly session: number;
  readonly instance: NodeId;
  readonly request: number;
  /** The number of the first item that it does not wait for. */
  readonly before: number;
  /** How many that it waits for are not done. */
  left: number;
}

export class Joins {
  #waiting: Join[] = [];
  readonly #counts = new Map<NodeId, number>();

  add(join: Join): void {
    this.#waiting.push(join);
    this.#counts.set(join.instance, this.count(join.instance) + 1);
  }

  /** How often an instance waits. */
  count(instance: NodeId): number {
    return this.#counts.get(instance) ?? 0;
  }

  *sessions(): Generator<number> {
    for (const { session } of this.#waiting) yield session;
  }

  /** The items from `first` on are done. Returns who has waited for that. */
  finish(first: number, count: number): readonly Join[] {
    if (this.#waiting.length === 0) return this.#waiting;
    for (const join of this.#waiting) join.left -= Math.max(0, Math.min(count, join.before - first));
    if (this.#waiting.every((join) => join.left > 0)) return [];
    return this.#remove((join) => join.left === 0);
  }

  forget(session: number): void {
    this.#remove((join) => join.session === session);
  }

  /** Nobody waits any more. Returns who did. */
  clear(): readonly Join[] {
    return this.#remove(() => true);
  }

  #remove(is: (join: Join) => boolean): readonly Join[] {
    const removed = this.#waiting.filter(is);
    if (removed.length === 0) return removed;
    this.#waiting = this.#waiting.filter((join) => !is(join));
    for (const { instance } of removed) this.#counts.set(instance, this.count(instance) - 1);
    return removed;
  }
}
