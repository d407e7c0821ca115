// The machine that decides who is told to wait at a FIFO: whoever has done nothing else for long, where nobody is known who could end
// that. It is shown every now and then who waits there. Each wait is told once, and none is a deadlock: anybody who knows its name may
// open a FIFO yet.
import type { NodeId } from '../plan/plan.ts';
import type { WaitFact } from './event.ts';

export interface FifoWait {
  readonly node: NodeId;
  readonly does: 'open' | 'read' | 'write';
  readonly file: string;
  /** Changes whenever it stirs, and is no other's. */
  readonly sign: string;
  /** Who has it open besides; null: somebody who is none of the run's processes. */
  readonly others: readonly (NodeId | null)[];
}

export class FifoWaits {
  /** By sign, when it was first seen. */
  #since = new Map<string, number>();
  #told = new Set<string>();

  /** Somebody waits, and has not yet done so for long. */
  anyNew(now: number): boolean {
    return [...this.#since.values()].some((since) => now - since < STALLED_MS);
  }

  /** All that have waited for long, where any of them was not told; else nothing. */
  look(waits: readonly FifoWait[], now: number): readonly WaitFact[] {
    this.#since = new Map(waits.map(({ sign }) => [sign, this.#since.get(sign) ?? now]));
    this.#told = new Set([...this.#told].filter((sign) => this.#since.has(sign)));
    const long = this.#lasting(waits, STALLED_MS, now);
    if (long.every(({ sign }) => this.#told.has(sign))) return [];
    for (const { sign } of long) this.#told.add(sign);
    return this.#facts(long, now);
  }

  /** The run is interrupted: all that have waited for a while. */
  interrupted(waits: readonly FifoWait[], now: number): readonly WaitFact[] {
    return this.#facts(this.#lasting(waits, LONG_MS, now), now);
  }

  /** Those whom nobody could help who does not wait so himself. */
  #lasting(waits: readonly FifoWait[], leastMs: number, now: number): readonly FifoWait[] {
    let lasting = waits.filter(({ sign }) => now - (this.#since.get(sign) ?? now) >= leastMs);
    for (let before = -1; before !== lasting.length; ) {
      before = lasting.length;
      const nodes = new Set<NodeId | null>(lasting.map(({ node }) => node));
      lasting = lasting.filter(({ others }) => others.every((other) => nodes.has(other)));
    }
    return lasting;
  }

  #facts(waits: readonly FifoWait[], now: number): readonly WaitFact[] {
    return waits.map(({ node, does, file, sign, others }) => {
      const forMs = Math.round(now - (this.#since.get(sign) ?? now));
      const on = [...new Set(others)].filter((other) => other !== null);
      return { node, does, channel: null, file, forMs, on };
    });
  }
}

const STALLED_MS = 10_000;
/** What is worth a word when a run is interrupted. */
const LONG_MS = 3000;
