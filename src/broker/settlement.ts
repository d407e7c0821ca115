// What becomes of the items that were given to a session that has left, or to an instance that has ended: they stay with the
// instance, go back into the queue, become dead letters, or count as done. And of those that it is said of that they never will be.
import type { NodeId } from '../plan/plan.ts';
import type { Death } from './batch.ts';
import type { Custody } from './custody.ts';
import type { Holding } from './holding.ts';
import type { Departure, End } from './departure.ts';
import type { Speech } from './speech.ts';

export class Settlement {
  readonly #queue: string;
  readonly #custody: Custody;
  readonly #speech: Speech;

  /** `queue`: its name, for what is said of dead letters. */
  constructor(queue: string, custody: Custody, speech: Speech) {
    this.#queue = queue;
    this.#custody = custody;
    this.#speech = speech;
  }

  /** The session that was given this has left. */
  dismiss(holding: Holding, how: Departure): void {
    this.#custody.takeUnsaid(holding);
    if (how === 'died') this.#reclaim(holding, FORKED);
    else if (how === 'goodbye') this.#custody.part(holding);
    else this.#custody.forsake(holding);
  }

  /** The instance that was given this has ended. */
  release(holding: Holding, { held, how }: End): void {
    if (held === 'back') this.#reclaim(holding, how);
    else this.#custody.finishAll(holding);
  }

  /** The same for all that an instance was given. */
  releaseAll(instance: NodeId, end: End): void {
    for (const holding of [...this.#custody.holdings]) {
      if (holding.instance === instance) this.release(holding, end);
    }
  }

  /** An item that somebody holds will never be done. */
  condemn(holding: Holding, tag: number, death: Death): void {
    for (const { items } of this.#custody.condemn(holding, tag)) {
      this.#speech.say({ type: 'dead', node: holding.instance, items, death });
    }
  }

  #reclaim(holding: Holding, how: string): void {
    const { instance: node } = holding;
    const { returned, exhausted, dead } = this.#custody.reclaim(holding);
    for (const { items, charges } of dead) {
      const reason = `taken from \`${this.#queue}\` ${times(charges)} and never done: \`${node}\` ${how}`;
      this.#speech.say({ type: 'dead', node, items, death: { queue: this.#queue, reason, attempts: charges } });
    }
    if (returned > 0) this.#speech.say({ type: 'redelivered', node, count: returned });
    if (exhausted > 0) this.#speech.say({ type: 'exhausted', node });
  }
}

/** How a process ended that the program had made for itself. */
const FORKED = 'made a process for it that ended';

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
