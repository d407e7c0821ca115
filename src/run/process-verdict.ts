// How one process came out, from all that is known of it once it and what it said are gone. Pure words and rules; when it is
// known is for `lifecycle` to say.
import type { Account } from '../broker/control.ts';
import type { ProcessNode } from '../plan/plan.ts';
import type { Outcome } from './event.ts';
import type { Ended } from './life.ts';
import { isBrokenPipe, type Neighbours } from './neighbours.ts';

/** Why it was ended by us. */
export interface Wish {
  readonly as: 'terminated' | 'stopped' | 'timed_out' | 'failed';
  readonly reason: string;
}

export interface ProcessFacts {
  readonly node: ProcessNode;
  /** Why there never was a process. */
  readonly refused: string | null;
  /** It was told to end before there was one. */
  readonly withdrawn: boolean;
  readonly wish: Wish | null;
  readonly exitcode: number;
  readonly account: Account;
  readonly neighbours: Neighbours;
  /** What it wrote to queues is no longer waited for. */
  readonly abandon: boolean;
}

export interface ProcessVerdict {
  readonly outcome: Outcome;
  readonly cause: string | null;
  readonly again: Ended['again'];
}

export function judge(facts: ProcessFacts): ProcessVerdict {
  const { node, refused, withdrawn, wish, account, neighbours, abandon } = facts;
  if (refused !== null) return failed(refused);
  if (withdrawn && wish?.as === 'stopped') return { outcome: 'cancelled', cause: wish.reason, again: 'never' };
  if (wish?.as === 'stopped' && neighbours.broken === 'failed') return failed(brokeOff, 'never');
  if (wish) return { outcome: wish.as, cause: wish.reason, again: isFailure(wish.as) ? 'on-failure' : 'never' };
  const fine = isFine(facts) || neighbours.sinkSucceeded;
  if (fine && (account.inputBrokeOff || neighbours.broken === 'failed')) return failed(brokeOff, 'never');
  const cutShort = abandon && (account.unflushed || account.outputCutOff !== undefined);
  if (fine && (neighbours.broken === 'stopped' || cutShort)) return stopped;
  if (fine && account.unflushed) return failed('ended without flushing what it had put');
  if (node.kind === 'daemon')
    return fine && (neighbours.sinkSucceeded || wasToldEnd(facts))
      ? { outcome: 'finished', cause: null, again: 'never' }
      : failed('a daemon must not end before all else has', fine ? 'always' : 'on-failure');
  const closed = account.outputClosed;
  if (closed && !closed.dropped)
    return failed(`its output was closed: no process is left that takes from queue \`${closed.queue}\``, 'never');
  if (neighbours.sinkOutcome !== null) return afterSink(node, neighbours.sinkOutcome);
  if (!fine) return { outcome: 'failed', cause: null, again: 'on-failure' };
  const cause = neighbours.sinkSucceeded ? `${sinkOf(node)} had enough of it` : null;
  return { outcome: 'succeeded', cause, again: 'never' };
}

/** Whether what it put to queues and wrote to others is all there was to come; else it breaks off. */
export function streamEnds({ kind, onFailure }: ProcessNode, outcome: Outcome): boolean {
  if (outcome === 'cancelled' || outcome === 'stopped') return kind === 'daemon';
  if (outcome === 'failed' || outcome === 'timed_out') return onFailure === 'ignore';
  return true;
}

/** A daemon that holds locks is stopped in the end, and has done all it does unless it had to be killed. */
export function isOrderly({ kind, holds }: ProcessNode, outcome: Outcome): boolean {
  return kind === 'daemon' && holds.length > 0 && outcome === 'stopped';
}

/** As far as it alone goes: by its exit code. */
export function isFine({ node, refused, wish, exitcode, account }: ProcessFacts): boolean {
  if (refused !== null || wish) return false;
  return node.successExitCodes.includes(exitcode) || (account.outputClosed?.dropped === true && isBrokenPipe(exitcode));
}

const brokeOff = 'its input broke off';
const stopped: ProcessVerdict = { outcome: 'stopped', cause: 'the run was stopped', again: 'never' };

function failed(cause: string, again: Ended['again'] = 'on-failure'): ProcessVerdict {
  return { outcome: 'failed', cause, again };
}

function isFailure(outcome: Outcome): boolean {
  return outcome === 'failed' || outcome === 'timed_out';
}

/** It was ended because its sink was: on purpose, with the run, or by a failure. */
function afterSink(node: ProcessNode, outcome: 'terminated' | 'stopped' | 'failed'): ProcessVerdict {
  return { outcome, cause: `${sinkOf(node)} ${outcome === 'failed' ? 'failed' : `was ${outcome}`}`, again: 'never' };
}

function sinkOf({ stdout }: ProcessNode): string {
  return `\`${stdout.type === 'process' ? stdout.process : ''}\`, which read its output,`;
}

/** Of everything that it took from. */
function wasToldEnd({ node, account, neighbours }: ProcessFacts): boolean {
  const takes = node.grants.some(({ role }) => role === 'get');
  return (takes || neighbours.toldEnd === null ? account.toldEnd : true) && neighbours.toldEnd !== false;
}
