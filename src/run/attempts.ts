// The machine of one process over all its attempts: each is a life of its own (`watched-life`), and when it has ended this says whether
// another follows, and after what delay. Until the last one is over nobody hears how one ended: its streams stay open and what
// it held goes back.
import { earliest } from '../deadline.ts';
import type { AgainRule, ProcessNode } from '../plan/plan.ts';
import { delayBefore } from './backoff.ts';
import type { Effect, Ended, Input, Phase } from './life.ts';
import { howEnded } from './outcome.ts';
import { Readiness } from './readiness.ts';
import { WatchedLife } from './watched-life.ts';

export class Attempts {
  readonly node: ProcessNode;
  readonly #readiness: Readiness | null;
  #life: WatchedLife;
  /** The number of the attempt that runs, from 1. */
  #attempt = 1;
  /** Further attempts since it was last up for long. */
  #further = 0;
  /** When the next attempt is due; null: that is past, and it waits to be admitted. */
  #due: number | null = null;
  /** How the last attempt ended, while the next is awaited. */
  #last: Ended | null = null;
  /** Of the first attempt that ran. */
  #startedAt: number | null = null;
  /** Of the attempt that runs. */
  #spawnedAt: number | null = null;
  #exitedAt: number | null = null;
  /** It was told to end: no other attempt follows. */
  #told = false;
  /** It was told so between two attempts. */
  #leaving: { readonly as: 'stopped' | 'terminated'; readonly reason: string } | null = null;

  constructor(node: ProcessNode) {
    this.node = node;
    this.#readiness = node.ready === null ? null : new Readiness(node.ready);
    this.#life = new WatchedLife(node, this.#readiness);
  }

  get phase(): Phase {
    return this.#last === null ? this.#life.phase : 'resting';
  }

  /** The number of the attempt that runs, or of the last one; from 1. */
  get attempt(): number {
    return this.#attempt;
  }

  /** When it next wants a `tick`, in the clock of `now`. */
  nextDeadline(): number | null {
    if (this.#last === null) return this.#life.nextDeadline();
    return this.#leaving ? null : earliest(this.#due, this.#readiness?.deadline ?? null);
  }

  /** `chance` is a random number from 0 to 1, for the delay that may follow. */
  handle(input: Input, now: number, chance: number): readonly Effect[] {
    if (this.#last !== null) return this.#rest(input, now, this.#last);
    this.#note(input, now);
    const effects = this.#life.handle(input, now);
    const end = effects.at(-1);
    return end?.do === 'end' ? this.#ended(effects, end.ended, now, chance) : effects;
  }

  #note(input: Input, now: number): void {
    if (input.type === 'stop' || input.type === 'kill') this.#told = true;
    else if (input.type === 'spawned') {
      this.#spawnedAt = now;
      this.#startedAt ??= now;
    } else if (input.type === 'exited') this.#exitedAt = now;
  }

  /** The life of this attempt is over: that is the end, unless another follows. */
  #ended(effects: readonly Effect[], last: Ended, now: number, chance: number): readonly Effect[] {
    const { again } = this.node;
    // The last attempt never began, but others had.
    const ended: Ended =
      last.outcome === 'cancelled' && this.#startedAt !== null ? { ...last, outcome: 'stopped' } : last;
    if (this.#wasUpForLong) this.#further = 0;
    if (again === null || !this.#mayFollow(ended, again)) {
      return [...effects.slice(0, -1), { do: 'end', ended: { ...ended, ...this.#sum } }];
    }
    // To a daemon it happens that it comes up only after some attempts; all of them have to be within its time.
    if (this.node.kind === 'process') this.#readiness?.renew();
    this.#further += 1;
    this.#attempt += 1;
    this.#last = ended;
    const delayMs = delayBefore(this.#further, again, chance);
    this.#due = now + delayMs;
    return [
      ...effects.filter((effect) => effect.do !== 'settle' && effect.do !== 'end'),
      { do: 'recover', how: howEnded(ended) },
      { do: 'again', attempt: this.#attempt, delayMs, ended },
    ];
  }

  #mayFollow({ outcome, exitcode, again }: Ended, { policy, attempts, exitCodes }: AgainRule): boolean {
    if (this.#told || again === 'never' || (again === 'always' && policy !== 'always')) return false;
    if (outcome !== 'failed' && outcome !== 'timed_out') return false;
    if (this.node.kind === 'daemon' && this.#life.overdue) return false;
    // What cannot be started even once would be tried for ever, and those who need it would wait for ever.
    if (this.node.kind === 'daemon' && this.#startedAt === null) return false;
    if (exitCodes !== null && (outcome !== 'failed' || exitcode === null || !exitCodes.includes(exitcode)))
      return false;
    return attempts === null || this.#further < attempts;
  }

  /** Between two attempts. */
  #rest(input: Input, now: number, last: Ended): readonly Effect[] {
    if (input.type === 'tick') {
      const overdue = this.#readiness?.overdue(now) ?? null;
      if (this.#leaving) return [];
      if (overdue !== null) return this.#giveUp('failed', overdue, last);
      if (this.#due === null || now < this.#due) return [];
      this.#due = null;
      return [{ do: 'return' }];
    }
    if (input.type === 'admitted') {
      if (this.#leaving) return [];
      this.#forget();
      this.#life = new WatchedLife(this.node, this.#readiness);
      return this.#life.handle({ type: 'start' }, now);
    }
    if (input.type === 'stop') return this.#leave(input.as, input.reason);
    if (input.type === 'kill') return this.#leave(input.as ?? 'stopped', input.reason ?? 'killed');
    return input.type === 'reconsider' && this.#leaving
      ? this.#giveUp(this.#leaving.as, this.#leaving.reason, last)
      : [];
  }

  /** Waits no longer. It ends in a turn of its own, once whoever told it so has told the others. */
  #leave(as: 'stopped' | 'terminated', reason: string): readonly Effect[] {
    this.#due = null;
    this.#leaving ??= { as, reason };
    return [{ do: 'reconsider' }];
  }

  #giveUp(outcome: 'stopped' | 'terminated' | 'failed', reason: string, last: Ended): readonly Effect[] {
    this.#attempt -= 1;
    this.#forget();
    const ended = { ...last, outcome, cause: `${reason}; before that it ${howEnded(last)}`, ...this.#sum };
    const whole = outcome === 'terminated' || (outcome === 'stopped' && this.node.kind === 'daemon');
    return [
      { do: 'settle', held: 'back', stream: whole ? 'end' : 'abort', succeeded: false, how: howEnded(ended) },
      { do: 'end', ended },
    ];
  }

  #forget(): void {
    this.#last = null;
    this.#due = null;
    this.#spawnedAt = null;
    this.#exitedAt = null;
  }

  /** What of all attempts together is told at the end. */
  get #sum(): Pick<Ended, 'startedAt' | 'attempts'> {
    return { startedAt: this.#startedAt, ...(this.#attempt > 1 ? { attempts: this.#attempt } : {}) };
  }

  /** A daemon that was is taken to have recovered. */
  get #wasUpForLong(): boolean {
    if (this.node.kind !== 'daemon' || this.#spawnedAt === null || this.#exitedAt === null) return false;
    return this.#exitedAt - this.#spawnedAt >= LONG_MS;
  }
}

const LONG_MS = 60_000;
