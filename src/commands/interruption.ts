// Ctrl-C, SIGTERM and hang-up → what a run listens to: the first stops everything by its `stop` rule, the second kills at once (and so
// does SIGQUIT, by itself), and one that comes when all of that is over ends the wait for a reader of the output. Also those count that
// came while this was being loaded.

export interface Interruption extends Disposable {
  /** Aborted with the signal's name. */
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  /** Settles with the next signal. */
  next(): Promise<unknown>;
}

/** It was interrupted before there was a run that could be stopped. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(signal: Interrupting) {
    super(`interrupted by ${signal} before anything was started`);
    this.exitCode = signals[signal];
  }
}

/** And the exit code that each gives. */
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;
type Interrupting = keyof typeof signals;

/** What listened while all this was being loaded. */
export interface EarlySignals {
  readonly came: readonly NodeJS.Signals[];
  /** It listens no longer. */
  release(): void;
}

let early: EarlySignals | null = null;

export function keepEarly(signals: EarlySignals): void {
  early = signals;
}

/** From here on a signal does what it does to any program. */
export function releaseEarly(): void {
  early?.release();
  early = null;
}

export interface Listening {
  /** A hang-up is nothing to stop for. */
  readonly ignoreHangUp: boolean;
}

export function listenForInterruption({ ignoreHangUp }: Listening): Interruption {
  const stop = new AbortController();
  const kill = new AbortController();
  const waiting = new Set<(signal: Interrupting) => void>();
  const interrupt = (signal: Interrupting): void => {
    if (ignoreHangUp && signal === 'SIGHUP') return;
    const kills = stop.signal.aborted || signal === 'SIGQUIT';
    stop.abort(signal);
    if (kills) kill.abort(signal);
    for (const tell of waiting) tell(signal);
    waiting.clear();
  };
  const names = Object.keys(signals) as Interrupting[];
  for (const signal of names) process.on(signal, interrupt);
  for (const signal of early?.came ?? []) interrupt(signal as Interrupting);
  releaseEarly();
  return {
    stop: stop.signal,
    kill: kill.signal,
    next: () => new Promise((resolve) => waiting.add(resolve)),
    [Symbol.dispose]: () => {
      for (const signal of names) process.off(signal, interrupt);
    },
  };
}

/** What `work` comes to; rejects with `Interrupted` once `signal` is aborted, and leaves the work to itself. */
export async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const give = (): void => reject(new Interrupted(signal.reason as Interrupting));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
  return Promise.race([aborted, work]);
}
