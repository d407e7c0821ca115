// How long a call may wait, as its caller says it, and the watching of that time and of an AbortSignal.
import { countWithdrawable } from './stillness.ts';

export interface Patience {
  /** Milliseconds from 0, or a duration such as `500ms`, `30s`, `5m`, `2h`; with another a `RangeError`. Without it: as long as it takes. */
  readonly timeout?: number | string | undefined;
  /** false: now or not at all, whatever `timeout` says. */
  readonly block?: boolean | undefined;
  /** Aborting it withdraws the call, which rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds to wait; 0 for not at all, Infinity for as long as it takes. */
export function waitMs({ block, timeout }: Patience): number {
  if (block === false) return 0;
  if (timeout === undefined) return Number.POSITIVE_INFINITY;
  const time = typeof timeout === 'number' ? timeout : durationMs(timeout);
  if (time >= 0) return time;
  throw new RangeError(
    `timeout \`${timeout}\` is no time to wait: expected milliseconds from 0, or a duration such as \`500ms\`, \`30s\`, \`5m\`, \`2h\``,
  );
}

function durationMs(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(text) ?? [];
  return Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Those that have a time limit. */
const limited = new Set<Watch>();

/** The run was paused for so long, and this process with it. */
export function postpone(ms: number): void {
  for (const watch of limited) watch.postpone(ms);
}

/** Watches for one waiting call; `stop` once the call has its answer. */
export class Watch {
  #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onTimeout: () => void;
  readonly #onAbort: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #wasLate = false;

  constructor(timeMs: number, signal: AbortSignal | undefined, onTimeout: () => void, onAbort: () => void) {
    this.#deadline = performance.now() + timeMs;
    this.#signal = signal;
    this.#onTimeout = onTimeout;
    this.#onAbort = onAbort;
    if (signal !== undefined) countWithdrawable(1);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (timeMs === Number.POSITIVE_INFINITY) return;
    limited.add(this);
    this.#arm(timeMs);
  }

  /** Its timer finds out. */
  postpone(ms: number): void {
    this.#deadline += ms;
  }

  stop(): void {
    clearTimeout(this.#timer);
    limited.delete(this);
    if (this.#signal !== undefined && !this.#stopped) countWithdrawable(-1);
    this.#stopped = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  #arm(leftMs: number): void {
    this.#timer = setTimeout(() => this.#due(), Math.min(Math.ceil(leftMs), LONGEST_TIMER_MS));
  }

  /** Timers count from the start of a turn of the loop, and only so far: a deadline is kept by the clock. */
  #due(): void {
    const leftMs = this.#deadline - performance.now();
    if (leftMs > 0) return this.#arm(leftMs);
    // Far too late: this process was stopped, and why is heard in this round of the loop.
    if (leftMs < -LATE_MS && !this.#wasLate) {
      this.#wasLate = true;
      setImmediate(() => this.#stopped || this.#due());
      return;
    }
    this.#onTimeout();
  }
}

const LATE_MS = 50;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
