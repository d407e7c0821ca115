// What one session was given of a queue, and what became of it in the end.
import type { NodeId } from '../plan/plan.ts';
import type { Batch } from './batch.ts';
import type { Ledger } from './ledger.ts';

/** What one session was given. */
export interface Holding {
  readonly session: number;
  readonly instance: NodeId;
  readonly ledger: Ledger;
  /** The session is still there. */
  present: boolean;
}

/** What became of all that a taker had been given. */
export interface Reclaimed {
  /** How many went back. */
  readonly returned: number;
  /** How many are stuck, because they were delivered as often as they may be. */
  readonly exhausted: number;
  /** Those that have left the queue for that reason. */
  readonly dead: readonly Batch[];
}
