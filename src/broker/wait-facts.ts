// What a process waits for, as it is told.
import type { NodeId } from '../plan/plan.ts';
import type { WaitFact } from '../run/event.ts';
import { type Cause, MOST_NAMES, OUTSIDE } from './waits.ts';

export function factsOf(
  node: NodeId,
  causes: readonly Cause[],
  forMs: number,
  daemons: ReadonlySet<NodeId>,
): WaitFact[] {
  return causes
    .filter(({ does }) => does !== 'stop')
    .map(({ does, channel, helpers, named = helpers, left, behind, elsewhere }) => {
      const on = [...named].filter((helper) => helper !== OUTSIDE).slice(0, MOST_NAMES);
      return {
        ...{ node, does: does as WaitFact['does'], channel, forMs: Math.round(forMs), on },
        ...(does === 'await' && on.some((other) => daemons.has(other)) ? { daemon: true } : {}),
        ...(left === undefined ? {} : { left: left.slice(0, MOST_NAMES) }),
        ...(elsewhere === undefined ? {} : { elsewhere }),
        ...(behind === undefined ? {} : { behind: behind.slice(0, MOST_NAMES) }),
      };
    });
}
