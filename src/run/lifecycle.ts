// The machine of one process, from its start to its end: spawn, run, be stopped or time out, have its whole tree emptied,
// be accounted for by the broker, hear how those came out that pipes join it to, end. What it wants (to be stopped, and why) is kept apart from what is; the table below says which
// input means what in which phase, and an absent cell is an input that is ignored there.
import type { Account } from '../broker/control.ts';
import type { ProcessNode } from '../plan/plan.ts';
import type { Effect, Input, LifePhase } from './life.ts';
import { Neighbours, type Report } from './neighbours.ts';
import { endOf } from './process-end.ts';
import { isFine, type ProcessFacts, type Wish } from './process-verdict.ts';

type Handlers = { readonly [T in Input['type']]?: (input: Extract<Input, { type: T }>, now: number) => void };

export class Lifecycle {
  readonly node: ProcessNode;
  readonly #neighbours: Neighbours;
  #phase: LifePhase = 'pending';
  /** Why it is being ended by us, the first reason kept. */
  #wish: Wish | null = null;
  #deadline: number | null = null;
  #killed = false;
  /** What is left of its tree may still end by itself. */
  #patient = false;
  /** Its whole tree got SIGKILL: what of it is still found has not been left running, but not yet gone. */
  #treeKilled = false;
  /** What it wrote to queues is no longer waited for. */
  #abandon = false;
  #startedAt: number | null = null;
  #exit: { readonly exitcode: number; readonly signal: NodeJS.Signals | null } | null = null;
  #refused: string | null = null;
  #withdrawn = false;
  #account: Account | null = null;
  #effects: Effect[] = [];

  constructor(node: ProcessNode) {
    this.node = node;
    this.#neighbours = new Neighbours(node);
  }

  get phase(): LifePhase {
    return this.#phase;
  }

  /** When it next wants a `tick`, in the clock of `now`. */
  nextDeadline(): number | null {
    return this.#deadline;
  }

  handle(input: Input, now: number): Effect[] {
    if (input.type === 'heard') this.#hear(input.report);
    const handler = this.#table[this.#phase][input.type] as ((input: Input, now: number) => void) | undefined;
    handler?.(input, now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  readonly #table: Record<LifePhase, Handlers> = {
    pending: {
      start: () => this.#go('starting', { do: 'spawn' }),
    },
    starting: {
      opening: (_, now) => {
        if (this.node.timeoutMs !== null) this.#deadline = now + this.node.timeoutMs;
      },
      tick: (_, now) => {
        if (!this.#isDue(now)) return;
        this.#deadline = null;
        const limit = seconds(this.node.timeoutMs ?? 0);
        const reason = `its time limit of ${limit} has passed, and nobody has opened the other end of a FIFO that its streams are`;
        this.#cancel({ as: 'timed_out', reason });
      },
      spawned: ({ pid }, now) => this.#spawned(pid, now),
      refused: ({ reason }) => {
        this.#refused = reason;
        this.#askAccount();
      },
      withdrawn: () => {
        this.#withdrawn = true;
        this.#want(wishOf({}));
        this.#askAccount();
      },
      // There may be nobody to signal yet: the wish is carried out once there is.
      stop: ({ as, reason }) => this.#cancel({ as, reason }),
      fault: ({ reason }) => this.#cancel({ as: 'failed', reason }),
      kill: (input) => {
        this.#cancel(input.as ? wishOf(input) : null);
        this.#killed = true;
      },
    },
    running: {
      exited: (input) => this.#exited(input),
      stop: ({ as, reason }, now) => this.#stop({ as, reason }, now),
      fault: ({ reason }, now) => this.#stop({ as: 'failed', reason }, now),
      kill: (input, now) => this.#kill(now, wishOf(input)),
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
      kill: (input, now) => this.#kill(now, wishOf(input)),
      tick: (_, now) => {
        if (this.#isDue(now)) this.#kill(now);
      },
    },
    emptying: {
      emptied: ({ leaked }) => {
        this.#deadline = null;
        if (leaked.length > 0 && !this.#patient && !this.#treeKilled)
          this.#effects.push({ do: 'leaked', pids: leaked });
        this.#askAccount();
      },
      tick: (_, now) => {
        if (this.#isDue(now)) this.#hurry();
      },
      // It has ended by itself, so how it ended stands; only what it wrote is no longer waited for.
      stop: ({ as }) => {
        this.#abandon ||= as === 'stopped';
      },
      kill: ({ as }) => {
        this.#abandon ||= as === undefined;
        this.#hurry();
      },
      fault: ({ reason }) => this.#want({ as: 'failed', reason }),
    },
    accounting: {
      accounted: ({ account }) => {
        this.#account = account;
        this.#endOrAwait(account);
      },
      // What it wrote may be waiting for room that nobody will make any more.
      stop: ({ as }) => {
        if (as === 'stopped') this.#giveUp();
      },
      kill: ({ as }) => {
        if (as === undefined) this.#giveUp();
      },
      fault: ({ reason }) => this.#want({ as: 'failed', reason }),
    },
    // It has ended by itself, and whether that was a success is for others to say: not when it is to be over anyway.
    awaiting: {
      heard: () => this.#reconsider(),
      stop: ({ as, reason }) => this.#reconsider({ as, reason }),
      kill: (input) => this.#reconsider(wishOf(input)),
      fault: ({ reason }) => this.#reconsider({ as: 'failed', reason }),
      reconsider: () => this.#endOrAwait(this.#account),
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

  #kill(now: number, wish: Wish = wishOf({})): void {
    const isLate = this.#phase === 'stopping' && this.#isDue(now);
    const reason = isLate ? `still alive after ${seconds(this.node.stop.graceMs)}` : 'killed at once';
    this.#deadline = null;
    this.#want(wish);
    if (this.#treeKilled) return;
    this.#treeKilled = true;
    this.#go('stopping', { do: 'signal', signal: 'SIGKILL', reason });
    this.#startedAt ??= now;
  }

  #exited({ exitcode, signal, seen }: Extract<Input, { type: 'exited' }>, patient = false): void {
    this.#exit = { exitcode, signal };
    if (seen) this.#neighbours.exited(exitcode, seen);
    this.#report('stdout', { from: 'source', is: 'exited', brokenPipe: this.#neighbours.brokenPipe });
    this.#patient = patient;
    if (!patient) this.#deadline = null;
    this.#go('emptying', { do: 'empty', patient });
  }

  /** It may wait for ever for somebody to open the other end of a file that its streams are. */
  #cancel(wish: Wish | null): void {
    if (wish) this.#want(wish);
    this.#effects.push({ do: 'cancel' });
  }

  #hurry(): void {
    this.#deadline = null;
    if (this.#patient) this.#effects.push({ do: 'hurry' });
  }

  #askAccount(): void {
    this.#deadline = null;
    this.#abandon ||= this.#killed || this.#wish?.as === 'stopped';
    this.#go('accounting', { do: 'account', abandon: this.#abandon });
  }

  #giveUp(): void {
    if (this.#abandon) return;
    this.#abandon = true;
    this.#effects.push({ do: 'account', abandon: true });
  }

  #endOrAwait(account: Account | null): void {
    const facts = this.#facts(account);
    if (!this.#wish && this.#neighbours.awaited(isFine(facts))) this.#phase = 'awaiting';
    else this.#end(facts);
  }

  /** In a turn of its own, so that whose end it follows from is told of first. */
  #reconsider(wish?: Wish): void {
    if (wish) this.#want(wish);
    this.#effects.push({ do: 'reconsider' });
  }

  #facts(account: Account | null): ProcessFacts {
    if (!account) throw new Error('Internal error: judged before it was accounted for');
    return {
      node: this.node,
      refused: this.#refused,
      withdrawn: this.#withdrawn,
      wish: this.#wish,
      exitcode: this.#exit?.exitcode ?? 1,
      account,
      neighbours: this.#neighbours,
      abandon: this.#abandon,
    };
  }

  #end(facts: ProcessFacts): void {
    const { exitcode = null, signal = null } = this.#exit ?? {};
    const { ended, effects, forSink, forSource } = endOf(facts, {
      exitcode,
      signal,
      startedAt: this.#startedAt,
      treeKilled: this.#treeKilled,
    });
    this.#effects.push(...effects);
    // Before anybody hears that it failed: then all is stopped, and who read it would not know why.
    this.#report('stdout', forSink);
    this.#report('stdin', forSource);
    this.#go('ended', { do: 'end', ended });
  }

  /** Where its input broke off, it will have failed, and its sink is told of it before that may have to be stopped. */
  #hear(report: Report): void {
    if (this.#phase === 'ended') return;
    this.#neighbours.heard(report);
    if (this.#neighbours.broken === 'failed' && !this.#wish && this.node.onFailure !== 'ignore')
      this.#report('stdout', { from: 'source', is: 'doomed' });
  }

  #report(stream: 'stdin' | 'stdout', report: Report): void {
    const other = this.node[stream];
    if (other.type === 'process') this.#effects.push({ do: 'report', to: other.process, report });
  }

  /** The first wish counts, but a fault always does. */
  #want(wish: Wish): void {
    if (!this.#wish || wish.as === 'failed') this.#wish = wish;
  }

  #isDue(now: number): boolean {
    return this.#deadline !== null && now >= this.#deadline;
  }

  #go(phase: LifePhase, effect: Effect): void {
    this.#phase = phase;
    this.#effects.push(effect);
  }
}

function wishOf({ as, reason = 'killed' }: { readonly as?: 'terminated'; readonly reason?: string }): Wish {
  return { as: as ?? 'stopped', reason };
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
