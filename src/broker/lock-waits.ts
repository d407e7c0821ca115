// Who waits for a lock, and which instances could end that: whoever holds it; of a lock that belongs to nobody, whoever may use it.
import type { NodeId } from '../plan/plan.ts';
import type { Lock } from './lock.ts';
import type { Waiting } from './queue-waits.ts';
import { OUTSIDE } from './waits.ts';

/** `releasers`: those who may give back what others hold. */
export function waitsFor(lock: Lock, releasers: readonly NodeId[]): Waiting[] {
  const line = [...lock.waiters];
  if (line.length === 0) return [];
  const grants = [...lock.grants];
  const holders = grants.map(({ instance }) => instance);
  // Where nobody of this run holds it, it is on its way from another run.
  const behind = holders.length === 0 || lock.isAway ? [OUTSIDE] : [...holders, ...releasers];
  const named = new Set(holders);
  const cause = { does: 'acquire', helpers: new Set(behind), named } as const;
  if (grants.length === 0 || grants.some(({ alone }) => alone)) return line.map(({ session }) => ({ session, cause }));
  // Beside readers other readers are let in, once nobody who has to be alone is before them.
  const writers = line.filter(({ alone }) => alone).map(({ session }) => lock.instanceOf(session));
  const shared = { ...cause, helpers: new Set([...behind, ...writers]) };
  return line.map(({ session, alone }) => ({ session, cause: alone ? cause : shared }));
}
