// Who waits for a lock, and which instances could end that: whoever holds it; of a lock that belongs to nobody, whoever may use it and
// has not ended, for it stays taken when the one who took it ends; and where others read it, who stands before one in line to write.
import type { NodeId } from '../plan/plan.ts';
import type { Lock } from './lock.ts';
import type { Waiting } from './queue-waits.ts';
import { MOST_NAMES, OUTSIDE } from './waits.ts';

/** `releasers`: those who may give back what others hold. `ended`: instances that have ended for good. */
export function waitsFor(lock: Lock, releasers: readonly NodeId[], ended: ReadonlySet<NodeId>): Waiting[] {
  const line = [...lock.waiters];
  if (line.length === 0) return [];
  const grants = [...lock.grants];
  const holders = grants.map(({ instance }) => instance);
  const alive = lock.owned ? holders : holders.filter((holder) => !ended.has(holder));
  // Where nobody of this run holds it, it is on its way from another run.
  const behind = holders.length === 0 || lock.isAway ? [OUTSIDE] : [...alive, ...releasers];
  const named = new Set(alive.length > 0 ? alive : releasers);
  const left = holders.length > 0 && alive.length === 0 ? { left: [...new Set(holders)] } : {};
  const elsewhere = holders.length === 0 && lock.isAway ? { elsewhere: true as const } : {};
  const cause = { does: 'acquire', helpers: new Set(behind), named, ...left, ...elsewhere } as const;
  const writers = line.filter(({ alone }) => alone).map(({ session }) => lock.instanceOf(session));
  if (grants.length === 0 || grants.some(({ alone }) => alone) || writers.length === 0)
    return line.map(({ session }) => ({ session, cause }));
  // Beside readers other readers are let in, once nobody who has to be alone is before them.
  const shared = { ...cause, helpers: new Set([...behind, ...writers]) };
  const before = new Set<NodeId>();
  let reading: Waiting['cause'] | null = null;
  return line.map(({ session, alone }) => {
    if (!alone) return { session, cause: (reading ??= { ...shared, behind: [...before] }) };
    const writer = lock.instanceOf(session);
    if (before.size < MOST_NAMES && !before.has(writer)) {
      before.add(writer);
      reading = null;
    }
    return { session, cause };
  });
}
