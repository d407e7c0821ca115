// Ctrl-C, SIGTERM and hang-up → the two signals that a run listens to: the first stops everything by its `stop` rule, any
// further one kills at once.

export interface Interruption extends Disposable {
  /** Aborted with the signal's name. */
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function listenForInterruption(): Interruption {
  const stop = new AbortController();
  const kill = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => (stop.signal.aborted ? kill : stop).abort(signal);
  for (const signal of signals) process.on(signal, interrupt);
  return {
    stop: stop.signal,
    kill: kill.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}
