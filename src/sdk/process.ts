// Another process of the run, as one that controls it sees it: how it stands, its end, and the end of it.
import { Flag, type ProcessState, Type } from '../wire/message.ts';
import { type Failure, NotGranted } from './errors.ts';
import { type Patience, Watch, waitMs } from './patience.ts';
import type { Session } from './session.ts';
import type { Throng } from './throng.ts';

export class ProcessHandle {
  /** As it was named. */
  readonly name: string;
  readonly #session: Session;

  constructor(session: Session, name: string) {
    this.name = name;
    this.#session = session;
  }

  /** The id that the system knows it by; null where it has not started. Of one that is started again, the last one. */
  get pid(): Promise<number | null> {
    return this.#state().then(({ pid }) => pid);
  }

  /** N, or -N where signal N ended it; null where it has not ended, or never ran. */
  get exitcode(): Promise<number | null> {
    return this.#state().then(({ exitcode }) => exitcode);
  }

  /** Whether it has started, and not ended for good. */
  async isAlive(): Promise<boolean> {
    return (await this.#state()).alive;
  }

  /** Has it stopped by its `stop` rule. One that has not started never will; where it has ended, nothing happens. */
  terminate(): Promise<void> {
    return this.#end(Flag.NONE);
  }

  /** The same at once, with SIGKILL. */
  kill(): Promise<void> {
    return this.#end(Flag.KILL);
  }

  /**
   * Waits until it has ended for good, and nothing of it is left. With a timeout (milliseconds, or a duration such as `30s`) no
   * longer than that: whether it has ended, `isAlive` or `exitcode` says.
   */
  async join(timeout?: number | string | Pick<Patience, 'timeout' | 'signal'>): Promise<void> {
    const options = typeof timeout === 'object' ? timeout : { timeout };
    const timeMs = waitMs(options);
    const { signal } = options;
    signal?.throwIfAborted();
    if (timeMs === 0) return void (await this.#state());
    const failure = await this.#wait(timeMs, signal);
    if (failure !== null) throw failure();
  }

  #wait(timeMs: number, signal: AbortSignal | undefined): Promise<Failure | null> {
    const { writer } = this.#session;
    return new Promise((resolve) => {
      let asked: number | null = null;
      let withdrawn: Failure | null = null;
      const settle = (failure: Failure | null) => {
        watch.stop();
        resolve(failure);
      };
      const withdraw = (failure: Failure | null) => {
        withdrawn = failure ?? TIMED_OUT;
        settle(failure);
        if (asked === null) return;
        writer.number(Type.CANCEL, 0, asked);
        this.#session.wrote();
      };
      const watch = new Watch(
        timeMs,
        signal,
        () => withdraw(null),
        () => withdraw(() => signal?.reason),
      );
      this.#session.request({
        throng: this.#session.watches,
        refusal: () => withdrawn ?? this.#refusal(),
        write: (request) => {
          asked = request;
          writer.ask(Type.WATCH, request, { process: this.#target() }, Flag.WAIT);
        },
        answer: () => settle(null),
        fail: settle,
      });
    });
  }

  async #state(): Promise<ProcessState> {
    return (await this.#ask(Type.WATCH, Flag.NONE)) as ProcessState;
  }

  async #end(flags: number): Promise<void> {
    await this.#ask(Type.TERMINATE, flags, this.#session.errands);
  }

  #ask(type: number, flags: number, throng?: Throng): Promise<unknown> {
    return this.#session.ask(
      (request) => this.#session.writer.ask(type, request, { process: this.#target() }, flags),
      () => this.#refusal(),
      throng,
    );
  }

  /** The instance that is meant. */
  #target(): string {
    return this.#meant()[0] ?? this.name;
  }

  #meant(): readonly string[] {
    const controls = this.#session.welcome?.controls ?? [];
    if (controls.includes(this.name)) return [this.name];
    return controls.filter((node) => instanceOf(node) === this.name);
  }

  #refusal(): Failure | null {
    const meant = this.#meant();
    if (meant.length === 1) return null;
    if (meant.length > 1) {
      const names = meant.map((node) => `\`${node}\``).join(', ');
      return () => new RangeError(`\`${this.name}\` has several instances: name one of ${names}`);
    }
    const { instance } = this.#session;
    const message = `the pipeline does not let \`${instance}\` control \`${this.name}\`: add it to \`controls\` of this process`;
    return () => new NotGranted(message);
  }
}

/** `chef` of `chef.2`. */
function instanceOf(node: string): string | undefined {
  return /^(.+)\.\d+$/.exec(node)?.[1];
}

/** Nobody hears of it. */
const TIMED_OUT: Failure = () => new Error('timed out');
