// The machine of one process, from its start to its end: spawn, run, be stopped or time out, have its whole tree emptied,
// be accounted for by the broker, end. What it wants (to be stopped, and why) is kept apart from what is; the table below says which
// input means what in which phase, and an absent cell is an input that is ignored there.
import type { Account } from '../broker/control.ts';
import type { ProcessNode } from '../plan/plan.ts';
import type { Outcome } from './event.ts';

export type Phase = 'pending' | 'starting' | 'running' | 'stopping' | 'emptying' | 'accounting' | 'ended';

export type Input =
  | { readonly type: 'start' }
  | { readonly type: 'spawned'; readonly pid: number }
  /** There is no process: no such program, no such folder, … */
  | { readonly type: 'refused'; readonly reason: string }
  /** The leader has exited and was reaped. */
  | { readonly type: 'exited'; readonly exitcode: number; readonly signal: NodeJS.Signals | null }
  /** Nothing of its tree is alive. */
  | { readonly type: 'emptied'; readonly leaked: readonly number[] }
  | { readonly type: 'accounted'; readonly account: Account }
  | { readonly type: 'stop'; readonly as: 'terminated' | 'stopped'; readonly reason: string }
  | { readonly type: 'kill' }
  /** It must fail, whatever its exit code: it broke a promise of its wiring, or the protocol. */
  | { readonly type: 'fault'; readonly reason: string }
  | { readonly type: 'tick' };

export type Effect =
  | { readonly do: 'spawn' }
  | { readonly do: 'announce'; readonly pid: number }
  | { readonly do: 'signal'; readonly signal: NodeJS.Signals; readonly reason: string }
  /** Wait until its tree is empty. `patient`: what is left of it was told to end, and is given until `hurry`; else it is
   * killed. */
  | { readonly do: 'empty'; readonly patient: boolean }
  | { readonly do: 'hurry' }
  | { readonly do: 'leaked'; readonly pids: readonly number[] }
  /** Ask the broker what became of all it said; `abandon`: without waiting for room in queues. */
  | { readonly do: 'account'; readonly abandon: boolean }
  | {
      readonly do: 'settle';
      readonly held: 'done' | 'back';
      readonly stream: 'end' | 'abort';
      readonly succeeded: boolean;
    }
  | { readonly do: 'end'; readonly ended: Ended };

export interface Ended {
  readonly outcome: Outcome;
  readonly exitcode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly startedAt: number | null;
  readonly cause: string | null;
}

type Handlers = { readonly [T in Input['type']]?: (input: Extract<Input, { type: T }>, now: number) => void };

/** Why it is being ended by us, the first reason kept. */
interface Wish {
  readonly as: 'terminated' | 'stopped' | 'timed_out' | 'failed';
  readonly reason: string;
}

export class Lifecycle {
  readonly node: ProcessNode;
  #phase: Phase = 'pending';
  #wish: Wish | null = null;
  #deadline: number | null = null;
  #killed = false;
  /** What is left of its tree may still end by itself. */
  #patient = false;
  /** What it wrote to queues is no longer waited for. */
  #abandon = false;
  #startedAt: number | null = null;
  #exit: { readonly exitcode: number; readonly signal: NodeJS.Signals | null } | null = null;
  #refused: string | null = null;
  #effects: Effect[] = [];

  constructor(node: ProcessNode) {
    this.node = node;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** When it next wants a `tick`, in the clock of `now`. */
  nextDeadline(): number | null {
    return this.#deadline;
  }

  handle(input: Input, now: number): Effect[] {
    const handler = this.#table[this.#phase][input.type] as ((input: Input, now: number) => void) | undefined;
    handler?.(input, now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  readonly #table: Record<Phase, Handlers> = {
    pending: {
      start: () => this.#go('starting', { do: 'spawn' }),
    },
    starting: {
      spawned: ({ pid }, now) => this.#spawned(pid, now),
      refused: ({ reason }) => {
        this.#refused = reason;
        this.#account();
      },
      // There is nobody to signal yet: the wish is carried out once there is.
      stop: ({ as, reason }) => this.#want({ as, reason }),
      fault: ({ reason }) => this.#want({ as: 'failed', reason }),
      kill: () => {
        this.#killed = true;
      },
    },
    running: {
      exited: (input) => this.#exited(input),
      stop: ({ as, reason }, now) => this.#stop({ as, reason }, now),
      fault: ({ reason }, now) => this.#stop({ as: 'failed', reason }, now),
      kill: (_, now) => this.#kill(now),
      tick: (_, now) => {
        if (!this.#isDue(now)) return;
        this.#stop(
          { as: 'timed_out', reason: `its time limit of ${seconds(this.node.timeoutMs ?? 0)} has passed` },
          now,
        );
      },
    },
    stopping: {
      // The rest of its tree was told to end too, and has what is left of the grace to do so.
      exited: (input) => this.#exited(input, this.#deadline !== null),
      fault: ({ reason }) => this.#want({ as: 'failed', reason }),
      kill: (_, now) => this.#kill(now),
      tick: (_, now) => {
        if (this.#isDue(now)) this.#kill(now);
      },
    },
    emptying: {
      emptied: ({ leaked }) => {
        this.#deadline = null;
        if (leaked.length > 0 && !this.#patient) this.#effects.push({ do: 'leaked', pids: leaked });
        this.#account();
      },
      tick: (_, now) => {
        if (this.#isDue(now)) this.#hurry();
      },
      // It has ended by itself, so how it ended stands; only what it wrote is no longer waited for.
      stop: ({ as }) => {
        this.#abandon ||= as === 'stopped';
      },
      kill: () => {
        this.#abandon = true;
        this.#hurry();
      },
      fault: ({ reason }) => this.#want({ as: 'failed', reason }),
    },
    accounting: {
      accounted: ({ account }) => this.#end(account),
      // What it wrote may be waiting for room that nobody will make any more.
      stop: ({ as }) => {
        if (as === 'stopped') this.#giveUp();
      },
      kill: () => this.#giveUp(),
      fault: ({ reason }) => this.#want({ as: 'failed', reason }),
    },
    ended: {},
  };

  #spawned(pid: number, now: number): void {
    this.#startedAt = now;
    if (this.node.timeoutMs !== null) this.#deadline = now + this.node.timeoutMs;
    this.#go('running', { do: 'announce', pid });
    if (this.#killed) this.#kill(now);
    else if (this.#wish) this.#signal(this.#wish.reason, now);
  }

  #stop(wish: Wish, now: number): void {
    this.#want(wish);
    this.#signal(wish.reason, now);
  }

  #signal(reason: string, now: number): void {
    this.#deadline = now + this.node.stop.graceMs;
    this.#go('stopping', { do: 'signal', signal: this.node.stop.signal, reason });
  }

  #kill(now: number): void {
    this.#deadline = null;
    this.#want({ as: 'stopped', reason: 'killed' });
    const late = this.#phase === 'stopping' ? `still alive after ${seconds(this.node.stop.graceMs)}` : 'killed at once';
    this.#go('stopping', { do: 'signal', signal: 'SIGKILL', reason: late });
    this.#startedAt ??= now;
  }

  #exited({ exitcode, signal }: Extract<Input, { type: 'exited' }>, patient = false): void {
    this.#exit = { exitcode, signal };
    this.#patient = patient;
    if (!patient) this.#deadline = null;
    this.#go('emptying', { do: 'empty', patient });
  }

  #hurry(): void {
    this.#deadline = null;
    if (this.#patient) this.#effects.push({ do: 'hurry' });
  }

  #account(): void {
    this.#abandon ||= this.#killed || this.#wish?.as === 'stopped';
    this.#go('accounting', { do: 'account', abandon: this.#abandon });
  }

  #giveUp(): void {
    if (this.#abandon) return;
    this.#abandon = true;
    this.#effects.push({ do: 'account', abandon: true });
  }

  #end(account: Account): void {
    const { outcome, cause } = this.#verdict(account);
    const succeeded = outcome === 'succeeded' || outcome === 'finished';
    this.#effects.push({
      do: 'settle',
      held: succeeded ? 'done' : 'back',
      stream: this.#streamEnds(outcome) ? 'end' : 'abort',
      succeeded,
    });
    this.#go('ended', {
      do: 'end',
      ended: {
        outcome,
        exitcode: this.#exit?.exitcode ?? null,
        signal: this.#exit?.signal ?? null,
        startedAt: this.#startedAt,
        cause,
      },
    });
  }

  #verdict(account: Account): { outcome: Outcome; cause: string | null } {
    if (this.#refused !== null) return { outcome: 'failed', cause: this.#refused };
    if (this.#wish) return { outcome: this.#wish.as, cause: this.#wish.reason };
    const code = this.#exit?.exitcode ?? 1;
    const closed = account.outputClosed;
    const fine = this.node.successExitCodes.includes(code) || (closed?.dropped === true && isBrokenPipe(code));
    if (fine && account.inputBrokeOff) return { outcome: 'failed', cause: 'its input broke off' };
    if (fine && account.unflushed && this.#abandon) return { outcome: 'stopped', cause: 'the run was stopped' };
    if (fine && account.unflushed) return { outcome: 'failed', cause: 'ended without flushing what it had put' };
    if (this.node.kind === 'daemon')
      return fine && account.toldEnd
        ? { outcome: 'finished', cause: null }
        : { outcome: 'failed', cause: 'a daemon must not end before all else has' };
    if (closed && !closed.dropped)
      return {
        outcome: 'failed',
        cause: `its output was closed: no process is left that takes from queue \`${closed.queue}\``,
      };
    return { outcome: fine ? 'succeeded' : 'failed', cause: null };
  }

  #streamEnds(outcome: Outcome): boolean {
    if (outcome === 'stopped') return this.node.kind === 'daemon';
    if (outcome === 'failed' || outcome === 'timed_out') return this.node.onFailure === 'ignore';
    return true;
  }

  /** The first wish counts, but a fault always does. */
  #want(wish: Wish): void {
    if (!this.#wish || wish.as === 'failed') this.#wish = wish;
  }

  #isDue(now: number): boolean {
    return this.#deadline !== null && now >= this.#deadline;
  }

  #go(phase: Phase, effect: Effect): void {
    this.#phase = phase;
    this.#effects.push(effect);
  }
}

/** SIGPIPE ended it, or what a shell makes of that. */
function isBrokenPipe(exitcode: number): boolean {
  return exitcode === -13 || exitcode === 141;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
