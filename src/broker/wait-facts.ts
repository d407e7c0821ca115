// What a process waits for, as it is told.
import type { NodeId } from '../plan/plan.ts';
import type { WaitFact } from '../run/event.ts';
import { type Cause, OUTSIDE } from './waits.ts';

export function factsOf(node: NodeId, causes: readonly Cause[], forMs: number): WaitFact[] {
  return causes
    .filter(({ does }) => does !== 'stop')
    .map(({ does, channel, helpers, named = helpers, left }) => {
      const on = [...named].filter((helper) => helper !== OUTSIDE).slice(0, MOST_NAMES);
      const fact = { node, does: does as WaitFact['does'], channel, forMs: Math.round(forMs), on };
      return left === undefined ? fact : { ...fact, left: left.slice(0, MOST_NAMES) };
    });
}

/** Names beyond these say nothing more. */
const MOST_NAMES = 100;
