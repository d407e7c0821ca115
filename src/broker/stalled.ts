// Which waits are told of as stalled, though it is not certain that nothing else runs: those of a set that is closed, those for the end
// of a daemon, and all where nothing of the run has stirred for as long. Each is told once.
import type { NodeId } from '../plan/plan.ts';
import type { WaitFact } from '../run/event.ts';
import type { Stance } from './sight.ts';
import type { Stillness } from './stillness.ts';
import { factsOf } from './wait-facts.ts';
import type { Cause } from './waits.ts';

/** Who waits for what. */
interface Waits {
  readonly nodes: ReadonlyMap<NodeId, { readonly stance: Stance }>;
  /** By session. */
  readonly waits: ReadonlyMap<number, readonly Cause[]>;
}

export class Stalled {
  readonly #still: Stillness;
  readonly #daemons: ReadonlySet<NodeId>;
  readonly #told = new Set<string>();

  constructor(still: Stillness, daemons: ReadonlySet<NodeId>) {
    this.#still = still;
    this.#daemons = daemons;
  }

  /** All that are stalled, where any of them was not told; else nothing. */
  news(all: Waits & { readonly closed: ReadonlySet<NodeId> }, now: number): readonly WaitFact[] {
    const quiet = this.#still.ofRun(now) >= STALLED_MS;
    const facts = this.since(STALLED_MS, all, now).filter(
      (fact) => quiet || all.closed.has(fact.node) || this.#isVain(fact),
    );
    const fresh = facts.filter((fact) => !this.#told.has(keyOf(fact)));
    for (const fact of fresh) this.#told.add(keyOf(fact));
    return fresh.length === 0 ? [] : facts;
  }

  /** Whatever else moves: the end of a daemon comes once all processes have ended, this one, too, or somebody stops it. */
  #isVain({ node, daemon }: WaitFact): boolean {
    return daemon === true && !this.#daemons.has(node);
  }

  /** What has been waited for that long, but for the work of daemons. */
  since(leastMs: number, { nodes, waits }: Waits, now: number): readonly WaitFact[] {
    return [...nodes].flatMap(([node, { stance }]) =>
      [...stance.sessions, ...stance.streams].flatMap(({ session }) => {
        const forMs = this.#still.ofSession(session, now);
        if (forMs < leastMs) return [];
        const causes = (waits.get(session) ?? []).filter(({ does }) => does !== 'get' || !this.#daemons.has(node));
        return factsOf(node, causes, forMs, this.#daemons);
      }),
    );
  }
}

function keyOf({ node, does, channel }: WaitFact): string {
  return `${node} ${does} ${channel}`;
}

export const STALLED_MS = 10_000;
