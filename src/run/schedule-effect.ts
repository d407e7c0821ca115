// What the schedule of a run, and whoever guards its slots, want to be done.
import type { NodeId } from '../plan/plan.ts';
import type { WaitFact } from './event.ts';
import type { Fate } from './outcome.ts';

export type ScheduleEffect =
  /** Their needs hold: start these processes, together where pipes join them. */
  | { readonly do: 'start'; readonly nodes: readonly NodeId[] }
  /** Its next attempt, or the next item of an `each`, may begin. */
  | { readonly do: 'admit'; readonly node: NodeId }
  /** These have stood in line for long, and so many besides. */
  | { readonly do: 'queued'; readonly waits: readonly WaitFact[]; readonly behind: number }
  /** The join begins to wait. */
  | { readonly do: 'wait'; readonly node: NodeId; readonly since: number }
  /** Stop the process, by its rule or `atOnce`; `as` is what it will have ended as. */
  | {
      readonly do: 'stop';
      readonly node: NodeId;
      readonly as: 'terminated' | 'stopped';
      readonly reason: string;
      readonly atOnce?: boolean;
    }
  /** A join, or a process that never started, has ended. */
  | { readonly do: 'end'; readonly fate: Fate; readonly cause: string | null }
  /** Nothing new starts from here on. */
  | { readonly do: 'stopping'; readonly reason: string; readonly node: NodeId | null }
  /** Every node has ended. `failed` are those whose failure fails the run. */
  | { readonly do: 'over'; readonly failed: readonly NodeId[] };

/** What a process hears that is to be stopped. */
export function stopInput({ as, reason, atOnce }: Extract<ScheduleEffect, { do: 'stop' }>) {
  if (!atOnce) return { type: 'stop', as, reason } as const;
  return as === 'terminated' ? ({ type: 'kill', as, reason } as const) : ({ type: 'kill' } as const);
}
