// Ctrl-Z and `fg`. The shell stops and continues the runner alone, for the run's processes live in sessions of their own: so they are
// stopped before it, and let go on after it. Who stops the runner without a word (SIGSTOP) costs the run no time limit either.
import { pids, statOf } from '../procfs.ts';
import type { Pausable } from '../run/pausing.ts';
import { writeLine } from './output.ts';

export class JobControl implements Disposable {
  #run: Pausable | null = null;
  /** Since when it is known to run. */
  #seenAt = performance.now();
  #beat: NodeJS.Timeout | undefined;
  #state: 'runs' | 'paused' | 'resuming' = 'runs';

  /** From here on, and until it is disposed of. */
  attend(run: Pausable): void {
    this.#run = run;
    this.#beat = setInterval(() => this.#see(), BEAT_MS).unref();
    process.on('SIGTSTP', this.#suspended);
    process.on('SIGCONT', this.#continued);
    run.onSuspend(() => {
      if (!isSupervised()) return false;
      process.kill(process.pid, 'SIGTSTP');
      return true;
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beat);
    process.off('SIGTSTP', this.#suspended);
    process.off('SIGCONT', this.#continued);
  }

  readonly #suspended = (): void => {
    if (this.#state === 'paused') return this.#resume();
    if (this.#state === 'resuming') return;
    this.#state = 'paused';
    this.#run?.pause();
    if (isSupervised()) {
      this.#stopBy('SIGTSTP');
    } else if (!process.stdin.isTTY) {
      this.#stopBy('SIGSTOP');
    } else {
      // Nobody would ever let it go on.
      const resume = `Ctrl-Z or \`kill -CONT ${process.pid}\` lets it go on`;
      writeLine(`forkline: paused, and no shell is here to go back to: ${resume}`, process.stderr);
    }
  };

  /** Returns once it is continued. */
  #stopBy(signal: 'SIGTSTP' | 'SIGSTOP'): void {
    process.off('SIGTSTP', this.#suspended);
    process.kill(process.pid, signal);
    process.on('SIGTSTP', this.#suspended);
    this.#resume();
  }

  #resume(): void {
    this.#seenAt = performance.now();
    this.#state = 'resuming';
    void this.#run?.resume().finally(() => {
      this.#state = 'runs';
    });
  }

  readonly #continued = (): void => {
    const missedMs = performance.now() - this.#seenAt;
    this.#seenAt = performance.now();
    if (this.#state === 'paused') this.#resume();
    else if (missedMs > 2 * BEAT_MS) this.#run?.overslept(missedMs);
  };

  /** A beat that comes far too late may come before the news that it was continued. */
  #see(): void {
    const now = performance.now();
    if (now - this.#seenAt < 2 * BEAT_MS) this.#seenAt = now;
    else setImmediate(() => (this.#seenAt = performance.now()));
  }
}

const BEAT_MS = 500;

/** Whether a shell of this session watches over our process group: others are not stopped by Ctrl-Z, as the kernel sees it. */
function isSupervised(): boolean {
  if (process.platform !== 'linux') return true;
  const byPid = new Map(pids().map((pid) => [pid, statOf(pid)]));
  const own = byPid.get(process.pid);
  return [...byPid.values()].some(({ group, parent }) => {
    const above = byPid.get(parent);
    return group === own?.group && above !== undefined && above.session === own.session && above.group !== own.group;
  });
}
