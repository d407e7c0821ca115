// What whoever runs a plan decides about it, beside the plan.
import type { Tier } from './containment.ts';
import type { Happening } from './happening.ts';
import type { Masker } from './masker.ts';

export interface ExecutionOptions {
  readonly runId: string;
  readonly runDir: string;
  readonly tell: (happening: Happening) => void;
  /** Takes the secrets out of what processes print; null where there are none. */
  readonly masker: Masker | null;
  /** How long a deadlock must have lasted to end the run; 0: none is looked for. */
  readonly deadlockMs: number;
  /** The surest tier of containment that may be used. */
  readonly containment: Tier;
  /** Nothing is started with less than full containment. */
  readonly requireContainment: boolean;
  /** Whether something of the run's files was lost, which fails the run. */
  readonly journalLost: () => boolean;
}
