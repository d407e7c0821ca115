// What shows a run to somebody: it is told every event in order, and nothing else.
import type { Event } from '../run/event.ts';

export interface Reporter {
  /** Returns at once, whatever becomes of what it wrote. */
  report(event: Event): void;
  /** Settles when all it wrote is out, or nobody reads it. */
  end(): Promise<void>;
}
