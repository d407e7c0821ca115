// The guards of one lock that are not released, each with the grant that it is for, oldest first. Mostly there is one at
// a time, which is kept without a map: that it comes and goes is most of what taking a borrowed lock again costs.
import type { Grant, Guard } from './guard.ts';

export class HeldGuards {
  /** Older than all in the map. */
  #first: Guard | null = null;
  #grant: Grant | null = null;
  readonly #later = new Map<Guard, Grant>();

  add(guard: Guard, grant: Grant): void {
    if (this.#first === null && this.#later.size === 0) {
      this.#first = guard;
      this.#grant = grant;
    } else this.#later.set(guard, grant);
  }

  /** What that guard was for, which is held no more; null where it was released before. */
  take(guard: Guard): Grant | null {
    if (guard === this.#first) {
      const grant = this.#grant;
      this.#first = null;
      this.#grant = null;
      return grant;
    }
    if (this.#later.size === 0) return null;
    const grant = this.#later.get(guard);
    this.#later.delete(guard);
    return grant ?? null;
  }

  get oldest(): Guard | null {
    const [guard = null] = this.#first === null ? this.#later.keys() : [this.#first];
    return guard;
  }

  /** A grant that is held. */
  get grant(): Grant | null {
    const [grant = null] = this.#grant === null ? this.#later.values() : [this.#grant];
    return grant;
  }
}
