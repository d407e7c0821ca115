// What every kind of probe is: something that can be tried.
import type { Launcher } from '../launcher.ts';

/** One try; answers why it does not hold, or null where it does. Ends soon after `signal` is aborted, leaving nothing behind. */
export type Try = (signal: AbortSignal) => Promise<string | null>;

/** How what a probe starts is started. */
export interface ProbeSurroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly launcher: Launcher;
}
