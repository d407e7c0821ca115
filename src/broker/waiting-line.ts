// Those who wait for a lock, in the order in which they came. Whoever gives up or dies leaves it from wherever they stand, at
// no cost to those who stay.
export interface Waiter {
  readonly session: number;
  readonly request: number;
  /** Nobody else may hold it beside this one. */
  readonly alone: boolean;
  /** It is granted as soon as that is known to be possible, or refused. */
  readonly atOnce: boolean;
  /** It is lent to this one where nobody else waits. */
  readonly borrows: boolean;
}

export class WaitingLine {
  #first: Place | null = null;
  #last: Place | null = null;
  readonly #places = new Map<Waiter, Place>();

  get first(): Waiter | null {
    return this.#first?.waiter ?? null;
  }

  join(waiter: Waiter): void {
    const place: Place = { waiter, before: this.#last, behind: null };
    if (this.#last === null) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
    this.#places.set(waiter, place);
  }

  leave(waiter: Waiter): void {
    const place = this.#places.get(waiter);
    if (place === undefined) throw new Error('Internal error: somebody leaves a line in which they do not stand');
    this.#places.delete(waiter);
    if (place.before === null) this.#first = place.behind;
    else place.before.behind = place.behind;
    if (place.behind === null) this.#last = place.before;
    else place.behind.before = place.before;
  }

  *[Symbol.iterator](): Generator<Waiter> {
    for (let place = this.#first; place !== null; place = place.behind) yield place.waiter;
  }
}

interface Place {
  readonly waiter: Waiter;
  before: Place | null;
  behind: Place | null;
}
