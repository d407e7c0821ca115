// A queue that drops what there is no room for: what has waited the longest, or what was put last.
import { isOver } from '../wire/aside.ts';
import { type Items, splitItems } from '../wire/items.ts';
import type { Manner } from './backlog.ts';
import type { Custody } from './custody.ts';
import type { Space } from './space.ts';

export class Overflow {
  readonly #space: Space;
  readonly #custody: Custody;
  readonly #dropsNewest: boolean;

  constructor(space: Space, custody: Custody, dropsNewest: boolean) {
    this.#space = space;
    this.#custody = custody;
    this.#dropsNewest = dropsNewest;
  }

  /** Returns how many were dropped, of these and of those that waited. */
  admit(items: Items, manner: Manner): number {
    if (this.#space.fits(items)) {
      this.#custody.accept(items, manner);
      return 0;
    }
    let dropped = 0;
    for (let rest = items; rest.count > 0; ) {
      const [one, others] = splitItems(rest, 1);
      if (!this.#dropsNewest) dropped += this.#makeRoom(one);
      if (this.#space.fits(one)) this.#custody.accept(one, manner);
      else {
        dropped += 1;
        isOver(one);
      }
      rest = others;
    }
    return dropped;
  }

  /** How many more would be let in without dropping any; -1 for no limit. */
  get admits(): number {
    const { places, freeBytes, waiting, isUnlimited } = this.#space;
    if (freeBytes <= 0 && waiting > 0) return 0;
    return isUnlimited && places > 0 ? -1 : places;
  }

  #makeRoom(one: Items): number {
    let dropped = 0;
    for (; !this.#space.fits(one) && this.#custody.backlog > 0; dropped += 1) this.#custody.dropOldest();
    return dropped;
  }
}
