// The end of a run, once all its nodes have ended: nothing of it is left, what its channels counted is told, and how it came out.
import type { BrokerHost } from '../broker/host.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import type { ExecutionOptions } from './execution-options.ts';
import type { NodeEnds } from './node-ends.ts';
import type { Notices } from './notices.ts';
import type { Premises } from './premises.ts';
import { type StopCause, verdictOf } from './verdict.ts';

interface Ending extends Pick<ExecutionOptions, 'tell' | 'journalLost'> {
  readonly plan: Plan;
  readonly premises: Premises;
  readonly broker: BrokerHost | null;
  readonly ends: NodeEnds;
  readonly notices: Notices;
  /** It may still be stopped and killed meanwhile. */
  readonly stopped: () => StopCause | null;
  readonly killed: () => boolean;
  readonly now: () => number;
}

export async function conclude(
  failed: readonly NodeId[],
  { plan, premises, broker, ends, notices, stopped, killed, now, tell, journalLost }: Ending,
): Promise<void> {
  const left = await premises.empty();
  if (left.length > 0) tell({ type: 'warning', message: `killed what still ran at the end: ${left.join(', ')}` });
  await broker?.finish(killed());
  const { queues, pipes } = (await broker?.count()) ?? { queues: {}, pipes: {} };
  for (const [queue, counts] of Object.entries(queues)) tell({ type: 'queue.counted', queue, counts });
  for (const [pipe, counts] of Object.entries(pipes)) tell({ type: 'pipe.counted', pipe, counts });
  const { exitCode, reason, warnings } = verdictOf({
    plan,
    failed,
    ignored: ends.ignored,
    counts: queues,
    exhausted: notices.exhausted,
    troubles: notices.troubles,
    journalLost: journalLost(),
    stopped: stopped(),
  });
  for (const warning of warnings) tell({ type: 'warning', ...warning });
  tell({ type: 'run.ended', exitCode, durationMs: Math.round(now()), reason });
}
