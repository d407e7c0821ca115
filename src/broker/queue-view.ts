// What can be asked of a queue from the outside: its counts, who is at it, and who waits for whom. Asking changes nothing.
import type { NodeId } from '../plan/plan.ts';
import type { QueueCounts, QueueFill } from '../run/event.ts';
import type { Bypass } from './bypass.ts';
import type { Outflow } from './outflow.ts';
import { moversOf, type QueueParts, type Waiting, waitsAt } from './queue-waits.ts';
import { isIdle } from './seat.ts';
import type { Space } from './space.ts';

/** What a session that ever put or took is at. */
export interface Engagement {
  readonly session: number;
  readonly instance: NodeId;
  /** It waits in `get`. */
  readonly waits: boolean;
  /** It waits in `put`. */
  readonly wants: boolean;
}

export interface ViewedParts extends QueueParts {
  readonly space: Space;
  readonly outflow: Outflow;
  /** As they are declared; a `maxsize` of 0 is no limit. */
  readonly maxsize: number;
  readonly maxBytes: number;
  /** Null where all its items go through it. */
  readonly bypass: Bypass | null;
}

export class QueueView {
  readonly #parts: ViewedParts;

  constructor(parts: ViewedParts) {
    this.#parts = parts;
  }

  get counts(): QueueCounts {
    const { space, intake, bypass } = this.#parts;
    const { taken, done, redelivered, deadLettered, unfinished } = this.#parts.custody;
    return {
      put: intake.put,
      taken,
      done,
      redelivered,
      dead_lettered: deadLettered,
      dropped: intake.dropped,
      left_over: unfinished,
      direct: bypass?.carried ?? 0,
      peak: space.peak,
    };
  }

  get fill(): QueueFill {
    const { space, custody, maxsize, maxBytes } = this.#parts;
    const { waiting: size, waitingBytes: bytes } = space;
    const { unfinished, ahead, backlog } = custody;
    return { size, maxsize, bytes, maxBytes, unfinished, held: unfinished - ahead - backlog };
  }

  /** None of its items will become a dead letter any more: all are done, or nobody is left to take them. */
  get outlived(): boolean {
    const { custody, ending } = this.#parts;
    return ending.deserted || (ending.stream !== 'open' && custody.unfinished === 0);
  }

  /** Nothing waits in it and nothing is held. */
  get idle(): boolean {
    const { custody, bypass } = this.#parts;
    return custody.unfinished === custody.exhausted && !bypass?.busy;
  }

  /** No consumer is left, and what is put is dropped. */
  get dropsPuts(): boolean {
    return this.#parts.ending.outlet === 'dropped';
  }

  /** Whether a session of the instance has closed it, and all others that put have too. */
  hasClosed(instance: NodeId): boolean {
    const { seats, intake } = this.#parts;
    let closed = false;
    for (const seat of seats.values()) {
      if (seat.instance !== instance) continue;
      if (seat.closed) closed = true;
      else if (intake.produces(seat)) return false;
    }
    return closed;
  }

  /** How many items an instance holds. */
  heldBy(instance: NodeId): number {
    let held = 0;
    for (const holding of this.#parts.custody.holdings) {
      if (holding.instance === instance) held += holding.ledger.heldCount;
    }
    return held;
  }

  /** Whether an instance was told the end; null where it never took from it. */
  toldEnd(instance: NodeId): boolean | null {
    return this.#parts.outflow.toldEnd(instance);
  }

  *engagements(): Generator<Engagement> {
    const { seats, intake } = this.#parts;
    for (const seat of seats.values()) {
      const { session, instance, takes } = seat;
      const wants = intake.wants(seat);
      if (wants || takes || intake.produces(seat)) yield { session, instance, waits: isIdle(seat), wants };
    }
  }

  waits(): Waiting[] {
    return waitsAt(this.#parts);
  }

  /** Who could still bring it on: nothing becomes of it where all of them wait for ever. */
  movers(): Set<NodeId> {
    return moversOf(this.#parts);
  }
}
