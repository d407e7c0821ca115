// A lock as the program sees it. Whoever acquires it gets a guard, which alone gives it back; the fence in it is larger than
// in every guard before.
import { readGranted, readRequest } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import { Flag, Type, type WelcomeChannel } from '../wire/message.ts';
import { LockError, LockTimeout } from './errors.ts';
import { type Patience, Watch, waitMs } from './patience.ts';
import type { Channel, Failure, Session } from './session.ts';

export type AcquireOptions = Patience;

export interface Guard extends AsyncDisposable {
  /** Larger than every fence given out for this lock before: what the lock guards can refuse those who come too late. */
  readonly fence: number;
  /** The last owner died holding it: what it guards may be half written. */
  readonly abandoned: boolean;
  release(): Promise<void>;
}

export class Lock implements Channel {
  readonly name: string;
  readonly #session: Session;
  /** Guards of this process that are not released, oldest first. */
  readonly #held = new Set<Guard>();
  #id = 0;
  #failure: Failure | null = null;

  constructor(session: Session, name: string) {
    this.name = name;
    this.#session = session;
  }

  /** Waits for the lock; rejects with `LockTimeout` when it was not free in time. */
  async acquire(options: AcquireOptions = {}): Promise<Guard> {
    const timeMs = waitMs(options);
    options.signal?.throwIfAborted();
    if (this.#failure !== null) throw this.#failure();
    const grant = await this.#ask(timeMs, options.signal);
    if (typeof grant === 'function') throw grant();
    const guard = this.#guard(grant);
    this.#held.add(guard);
    if (!options.signal?.aborted) return guard;
    await guard.release();
    throw options.signal.reason;
  }

  /** Runs `act` while holding the lock, and gives what it gives. */
  async with<R>(act: (guard: Guard) => R | Promise<R>, options?: AcquireOptions): Promise<R> {
    const guard = await this.acquire(options);
    try {
      return await act(guard);
    } finally {
      await guard[Symbol.asyncDispose]();
    }
  }

  /** Gives back what this process has held longest. */
  async release(): Promise<void> {
    const [guard] = this.#held;
    if (guard === undefined) throw new LockError(`this process does not hold \`${this.name}\``);
    await guard.release();
  }

  /** @internal */
  open(described: WelcomeChannel): void {
    this.#id = described.id;
  }

  /** @internal */
  receive(frame: Frame): void {
    if (frame.type === Type.GRANTED) {
      const { request, fence } = readGranted(frame);
      this.#session.answer(request, { fence, abandoned: frame.flags === Flag.ABANDONED });
    } else if (frame.type === Type.REFUSED) this.#session.answer(readRequest(frame), undefined);
  }

  /** @internal */
  fail(failure: Failure): void {
    this.#failure = failure;
  }

  /** @internal */
  resume(): void {}

  /** @internal */
  leave(): number {
    return 0;
  }

  /** A grant; or what to say where there was none. The broker has the last word on which it is. */
  #ask(timeMs: number, signal: AbortSignal | undefined): Promise<Grant | Failure> {
    const timedOut: Failure = () => new LockTimeout(`\`${this.name}\` was not free${timeMs > 0 ? ' in time' : ''}`);
    return new Promise((resolve) => {
      let request: number | null = null;
      let failure = timedOut;
      let cancelled = false;
      const settle = (outcome: Grant | Failure) => {
        watch?.stop();
        resolve(outcome);
      };
      const cancel = (why: Failure) => {
        failure = why;
        cancelled = true;
        if (request === null) return settle(why);
        this.#session.writer.number(Type.CANCEL, this.#id, request);
        this.#session.wrote();
      };
      const watch =
        timeMs === 0
          ? null
          : new Watch(
              timeMs,
              signal,
              () => cancel(timedOut),
              () => cancel(() => signal?.reason),
            );
      this.#session.request({
        refusal: () => (cancelled ? failure : this.#failure),
        write: (number) => {
          request = number;
          this.#session.writer.number(Type.ACQUIRE, this.#id, number, timeMs === 0 ? Flag.TRY : Flag.NONE);
        },
        answer: (grant) => settle((grant as Grant | undefined) ?? failure),
        fail: settle,
      });
    });
  }

  #guard({ fence, abandoned }: Grant): Guard {
    const guard: Guard = {
      fence,
      abandoned,
      release: async () => {
        if (!this.#held.delete(guard)) throw new LockError(`\`${this.name}\` is released already`);
        this.#release(fence);
      },
      [Symbol.asyncDispose]: async () => {
        if (this.#held.delete(guard)) this.#release(fence);
      },
    };
    return guard;
  }

  /** Leaves at once: somebody else may be waiting for it. */
  #release(fence: number): void {
    this.#session.request({
      write: (request) => this.#session.writer.release(this.#id, fence, request),
      answer() {},
      fail() {},
    });
    this.#session.flush();
  }
}

interface Grant {
  readonly fence: number;
  readonly abandoned: boolean;
}
