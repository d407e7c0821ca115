// Pauses a run: every process of it is stopped where it is (SIGSTOP), the clocks of runner and broker are held, and later all goes on
// with as much time left as it had. What somebody else had stopped before stays stopped.
import type { BrokerHost } from '../broker/host.ts';
import type { Clock } from '../clock.ts';
import type { Happening } from './happening.ts';
import type { Terminal } from './terminal.ts';
import { letGoOn, type Stopped, stopTrees } from './stopped-trees.ts';

export interface Pausable {
  /** At once: when it returns, nothing of the run's processes runs. */
  pause(): void;
  resume(): Promise<void>;
  /** The runner itself was stopped for so long by somebody who did not say so, and its processes were not. */
  overslept(ms: number): void;
  /** Asked where Ctrl-Z stopped a process that has the terminal; answers whether it stops the run. */
  onSuspend(suspend: () => boolean): void;
}

export interface PausingContext {
  readonly clock: Clock;
  readonly runId: string;
  readonly terminal: Terminal;
  /** Of process groups. */
  readonly leaders: () => readonly number[];
  /** Null where there is none. */
  readonly broker: () => BrokerHost | null;
  readonly tell: (happening: Happening) => void;
}

export class Pausing implements Pausable {
  readonly #context: PausingContext;
  #stopped: readonly Stopped[] | null = null;
  #resuming: Promise<void> | null = null;

  constructor(context: PausingContext) {
    this.#context = context;
  }

  pause(): void {
    if (this.#stopped !== null) return;
    const { clock, leaders, runId, broker, tell } = this.#context;
    clock.hold();
    this.#stopped = stopTrees(leaders(), runId);
    broker()?.pause();
    tell({ type: 'run.paused' });
  }

  /** Several may want it at once: who continues the runner, and what stops the run meanwhile. */
  resume(): Promise<void> {
    this.#resuming ??= this.#goOn().finally(() => {
      this.#resuming = null;
    });
    return this.#resuming;
  }

  onSuspend(suspend: () => boolean): void {
    this.#context.terminal.suspend = suspend;
  }

  overslept(ms: number): void {
    if (this.#stopped === null) this.#context.clock.skip(ms);
  }

  async #goOn(): Promise<void> {
    const stopped = this.#stopped;
    if (stopped === null) return;
    const { clock, broker, tell } = this.#context;
    // First: whoever goes on is to find it as it was.
    await broker()?.resume();
    letGoOn(stopped);
    this.#stopped = null;
    tell({ type: 'run.resumed', pausedMs: Math.round(clock.release()) });
  }
}
