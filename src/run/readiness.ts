// The machine of one process's readiness: when its probe is tried, when it has held, and when there has been time enough. A probe
// that hears by itself (`log`, `sdk`) is never tried. How long it may take counts for a process from the start of each attempt, for
// a daemon from the first one that was not followed by its being ready.
import type { ProbeRule, ReadyRule } from '../plan/plan.ts';
import { shownCommand } from './readiness/shown-command.ts';

export type ReadinessEffect =
  /** Try the probe, and answer with `held` or `unheld`. */
  | { readonly do: 'try' }
  /** The try has taken too long: give it up, and answer. */
  | { readonly do: 'drop' }
  /** Nothing more is asked of the probe of this attempt. */
  | { readonly do: 'unwatch' }
  | { readonly do: 'ready'; readonly afterMs: number };

type Phase = 'idle' | 'waiting' | 'trying' | 'dropping' | 'held';

export class Readiness {
  readonly #rule: ReadyRule;
  readonly #hears: boolean;
  #phase: Phase = 'idle';
  /** When the next try is due, or the one that goes on has taken too long. */
  nextTry: number | null = null;
  /** When there has been time enough. */
  deadline: number | null = null;
  #startedAt = 0;
  /** It has exited, and is looked at for the last time: that look has begun, or is to. */
  #last: 'no' | 'due' | 'taken' = 'no';
  /** Why it did not hold when it was last tried. */
  #why: string;

  constructor(rule: ReadyRule) {
    this.#rule = rule;
    this.#hears = rule.probe.type === 'log' || rule.probe.type === 'sdk';
    this.#why = notYet(rule.probe);
  }

  get isHeld(): boolean {
    return this.#phase === 'held';
  }

  /** Why it is not to be waited for any more; null where it is. */
  overdue(now: number): string | null {
    if (this.deadline === null || now < this.deadline) return null;
    return `it was not ready within ${this.#rule.timeoutMs / 1000} s: ${this.#why}`;
  }

  /** Why it has ended too early. */
  get missed(): string {
    return `it ended before it was ready: ${this.#why}`;
  }

  /** An attempt of it runs. */
  began(now: number): ReadinessEffect[] {
    this.#startedAt = now;
    this.#last = 'no';
    this.deadline ??= now + this.#rule.timeoutMs;
    return this.#hears ? this.#go('waiting', null) : this.#try(now);
  }

  held(now: number): ReadinessEffect[] {
    if (this.#phase === 'idle' || this.#phase === 'held') return [];
    this.deadline = null;
    this.#go('held', null);
    return [{ do: 'unwatch' }, { do: 'ready', afterMs: Math.round(now - this.#startedAt) }];
  }

  unheld(reason: string, now: number): ReadinessEffect[] {
    if (this.#phase !== 'trying' && this.#phase !== 'dropping') return [];
    this.#why = this.#phase === 'dropping' ? `${reason} (it took longer than ${MOST_TRY_MS / 1000} s)` : reason;
    if (this.#last === 'no') return this.#go('waiting', now + this.#rule.intervalMs);
    return this.#last === 'due' ? this.#lookOnceMore(now) : this.#go('waiting', null);
  }

  tick(now: number): ReadinessEffect[] {
    if (this.nextTry === null || now < this.nextTry) return [];
    if (this.#phase === 'waiting') return this.#try(now);
    this.#go('dropping', null);
    return [{ do: 'drop' }];
  }

  /** It has exited. What it left behind is looked at once more: it may have become ready since the last look. */
  exited(now: number): ReadinessEffect[] {
    const { type } = this.#rule.probe;
    if (this.#phase === 'idle' || this.#phase === 'held' || this.#hears) return [];
    // Who answers there now is somebody else.
    if (type !== 'file' && type !== 'exec') return this.over();
    this.#last = 'due';
    return this.#phase === 'waiting' ? this.#lookOnceMore(now) : [];
  }

  /** The attempt is over, or is being ended. The deadline stays, unless `renew` is called. */
  over(): ReadinessEffect[] {
    const watched = this.#phase !== 'idle' && this.#phase !== 'held';
    this.#go('idle', null);
    return watched ? [{ do: 'unwatch' }] : [];
  }

  /** The next attempt has all the time there is. */
  renew(): void {
    this.deadline = null;
    this.#why = notYet(this.#rule.probe);
  }

  #lookOnceMore(now: number): ReadinessEffect[] {
    this.#last = 'taken';
    return this.#try(now);
  }

  #try(now: number): ReadinessEffect[] {
    this.#go('trying', now + MOST_TRY_MS);
    return [{ do: 'try' }];
  }

  #go(phase: Phase, next: number | null): ReadinessEffect[] {
    this.#phase = phase;
    this.nextTry = next;
    return [];
  }
}

/** So long a single try may take. */
const MOST_TRY_MS = 10_000;

function notYet(probe: ProbeRule): string {
  switch (probe.type) {
    case 'log':
      return `no line of its output matched \`${probe.pattern}\``;
    case 'sdk':
      return 'it never said so';
    case 'file':
      return `there was no time to look for \`${probe.path}\``;
    case 'tcp':
      return `nothing had accepted a connection at \`${probe.host}:${probe.port}\` yet`;
    case 'http':
      return `\`${probe.url}\` had not answered yet`;
    case 'exec':
      return `${shownCommand(probe.argv)} had not ended yet`;
  }
}
