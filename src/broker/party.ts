// Somebody who takes part in channels: a connection, or a stream of a process that is wired to a queue.
import type { NodeId } from '../plan/plan.ts';
import type { SessionEffect } from './effect.ts';

export interface Party {
  /** Larger than every one before. */
  readonly session: number;
  readonly instance: NodeId;
  /** It can put and take past the broker. */
  readonly lanes?: boolean;
  /** Must not say anything to a machine before it returns. */
  perform(channel: number, effect: SessionEffect): void;
  /** A turn is over: what was performed can go out. */
  flush(): void;
}
