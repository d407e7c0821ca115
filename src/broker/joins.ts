// Who waits for everything that was put so far, and how much of that is still to be done.
export interface Join {
  readonly session: number;
  readonly request: number;
  /** The number of the first item that it does not wait for. */
  readonly before: number;
  /** How many that it waits for are not done. */
  left: number;
}

export class Joins {
  #waiting: Join[] = [];

  add(join: Join): void {
    this.#waiting.push(join);
  }

  /** How often a session waits. */
  count(session: number): number {
    let count = 0;
    for (const join of this.#waiting) if (join.session === session) count += 1;
    return count;
  }

  *sessions(): Generator<number> {
    for (const { session } of this.#waiting) yield session;
  }

  /** The items from `first` on are done. Returns who has waited for that. */
  finish(first: number, count: number): readonly Join[] {
    if (this.#waiting.length === 0) return this.#waiting;
    for (const join of this.#waiting) join.left -= Math.max(0, Math.min(count, join.before - first));
    if (this.#waiting.every((join) => join.left > 0)) return [];
    const met = this.#waiting.filter((join) => join.left === 0);
    this.#waiting = this.#waiting.filter((join) => join.left > 0);
    return met;
  }

  forget(session: number): void {
    this.#waiting = this.#waiting.filter((join) => join.session !== session);
  }

  /** Nobody waits any more. Returns who did. */
  clear(): readonly Join[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
