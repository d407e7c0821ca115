// For how long nothing has stirred: at a session, at an instance, and in the whole run. It is shown how they stand every now and then.
import { partsOf, type Sight, type Stance } from './sight.ts';

export class Stillness {
  /** Since when each session has not stirred, and how often it had until then. */
  readonly #still = new Map<number, { readonly moves: number; readonly since: number }>();
  #turns = -1;
  #turnedAt = 0;

  /** Answers the sessions that are there no more. */
  compare(sight: Sight, now: number): readonly number[] {
    if (sight.turns !== this.#turns) this.#turnedAt = now;
    this.#turns = sight.turns;
    const present = new Set<number>();
    for (const { sessions, streams } of sight.stances) {
      for (const { session, moves } of [...sessions, ...streams]) {
        present.add(session);
        if (this.#still.get(session)?.moves !== moves) this.#still.set(session, { moves, since: now });
      }
    }
    const gone = [...this.#still.keys()].filter((session) => !present.has(session));
    for (const session of gone) this.#still.delete(session);
    return gone;
  }

  ofRun(now: number): number {
    return now - this.#turnedAt;
  }

  ofSession(session: number, now: number): number {
    return now - (this.#still.get(session)?.since ?? this.#turnedAt);
  }

  /** Null: of one that nothing is known of. */
  of(stance: Stance | null, now: number): number {
    if (stance === null) return this.ofRun(now);
    return now - Math.max(...partsOf(stance).map(({ session }) => this.#still.get(session)?.since ?? now));
  }
}
