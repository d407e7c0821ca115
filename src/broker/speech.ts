// What a machine has to say, gathered until its turn is over.
import type { Effect } from './effect.ts';

export class Speech {
  #effects: Effect[] = [];

  say(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** All that was said since the last time, in order. */
  take(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
