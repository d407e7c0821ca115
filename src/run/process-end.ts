// What follows once it is known how a process came out: for its items and its streams, and for those that pipes join it to.
import type { Effect, Ended } from './life.ts';
import type { Report } from './neighbours.ts';
import { howEnded } from './outcome.ts';
import { isOrderly, judge, type ProcessFacts, streamEnds } from './process-verdict.ts';

/** What the system says of it. */
interface Exit {
  readonly exitcode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** null: it never ran. */
  readonly startedAt: number | null;
  /** Its whole tree got SIGKILL. */
  readonly treeKilled: boolean;
}

interface End {
  readonly ended: Ended;
  readonly effects: readonly Effect[];
  readonly forSink: Report;
  readonly forSource: Report;
}

export function endOf(facts: ProcessFacts, { exitcode, signal, startedAt, treeKilled }: Exit): End {
  const { node } = facts;
  const { fed, outputCutOff } = facts.account;
  const { outcome, cause, again } = judge(facts);
  const succeeded = outcome === 'succeeded' || outcome === 'finished';
  const failed = outcome === 'failed' || outcome === 'timed_out';
  const whole = streamEnds(node, outcome) && outputCutOff === undefined;
  const ended = { outcome, exitcode, signal, startedAt, cause, again };
  const effects: Effect[] = [];
  if (failed && fed !== undefined) effects.push({ do: 'fed', ...fed });
  if (outputCutOff !== undefined) effects.push({ do: 'cut-off', queue: outputCutOff });
  effects.push({
    do: 'settle',
    held: succeeded ? 'done' : 'back',
    stream: whole ? 'end' : 'abort',
    succeeded,
    ...(succeeded ? {} : { how: howEnded(ended) }),
    ...(isOrderly(node, outcome) && !treeKilled ? { orderly: true } : {}),
  });
  const excused = succeeded || (failed && node.onFailure === 'ignore');
  const seen = outcome === 'cancelled' ? 'stopped' : outcome;
  return {
    ended,
    effects,
    forSink: { from: 'source', is: 'ended', whole, failed },
    forSource: { from: 'sink', is: 'ended', outcome: seen, succeeded: excused },
  };
}
