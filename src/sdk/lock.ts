// A lock as the program sees it. Whoever acquires it gets a guard, which alone gives it back; the fence in it is larger than
// in every guard before. How often a reentrant lock was taken is counted here: the broker knows of the first time only.
import { readGranted, readRequest } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import { Flag, Type, type WelcomeChannel, type WelcomeLock } from '../wire/message.ts';
import type { Channel } from './channels.ts';
import { type Failure, LockError, LockTimeout } from './errors.ts';
import { type Patience, Watch, waitMs } from './patience.ts';
import { DONE, type Grant, type Guard, OwnGuard } from './guard.ts';
import { HeldGuards } from './held-guards.ts';
import type { Session } from './session.ts';
import { Throng } from './throng.ts';

export type { Guard } from './guard.ts';

export interface AcquireOptions extends Patience {
  /** Of a lock of kind `rw`: to read beside other readers, or, by default, to write alone. */
  readonly mode?: 'read' | 'write' | undefined;
}

export class Lock implements Channel {
  /** As the pipeline names it. */
  readonly name: string;
  readonly #session: Session;
  /** Of this process. */
  readonly #held = new HeldGuards();
  /** Calls that wait, each to be told that this process has the lock anyway. */
  readonly #waiting = new Set<(grant: Grant) => void>();
  /** Of these calls the broker is told so many at a time. */
  readonly #throng = new Throng(ACQUIRES);
  /** What is lent to this process and was released. */
  #kept: Grant | null = null;
  #releasedAt = Number.NEGATIVE_INFINITY;
  /** How often it was taken right after it was released, as far as that tells how it goes on. */
  #inARow = 0;
  #channel: WelcomeLock | null = null;
  #failure: Failure | null = null;

  constructor(session: Session, name: string) {
    this.name = name;
    this.#session = session;
  }

  /**
   * Waits for the lock; rejects with `LockTimeout` when it was not free in time, and with `LockError` where it is to be taken to
   * read and is not of kind `rw`.
   */
  acquire(options?: AcquireOptions): Promise<Guard> {
    const kept = options === undefined ? this.retake() : null;
    return kept === null ? this.#acquire(options ?? {}) : Promise.resolve(kept);
  }

  /**
   * The lock again, at once, where it is lent to this process and was released in this turn of the event loop. Null where the broker
   * has to be asked, which does not mean that somebody has it: `lock.retake() ?? (await lock.acquire())`.
   */
  retake(): Guard | null {
    const grant = this.#kept;
    if (grant === null) return null;
    this.#kept = null;
    if (!this.#session.lease.take(this.#id)) return null;
    grant.fence += 1;
    grant.abandoned = false;
    return this.#guard(grant);
  }

  /** Runs `act` while holding the lock, and gives what it gives; the lock is given back however that ends. */
  async with<R>(act: (guard: Guard) => R | Promise<R>, options?: AcquireOptions): Promise<R> {
    const kept = options === undefined ? this.retake() : null;
    const guard = kept ?? (await this.acquire(options));
    try {
      const given = act(guard);
      return isPromise(given) ? await given : given;
    } finally {
      const released = guard[Symbol.asyncDispose]();
      if (released !== DONE) await released;
    }
  }

  /**
   * Gives back what this process has held longest; rejects with `LockError` where it holds nothing. A lock with `owned: false` need
   * not be held by this process.
   */
  async release(): Promise<void> {
    const guard = this.#held.oldest;
    if (guard !== null) return guard.release();
    // Only before the welcome it is not known whether that would do.
    if (this.#channel?.owned === true) throw this.#notHeld();
    await this.#askBack(ANY);
  }

  /** @internal */
  open(described: WelcomeChannel): void {
    this.#channel = described as WelcomeLock;
  }

  /** @internal */
  receive(frame: Frame): void {
    if (frame.type === Type.GRANTED) {
      const { request, fence } = readGranted(frame);
      const lent = (frame.flags & Flag.LENT) !== 0;
      const grant: Grant = {
        fence,
        abandoned: (frame.flags & Flag.ABANDONED) !== 0,
        last: lent ? fence + LENT : fence,
        until: lent ? this.#session.lease.until : 0,
        guards: 0,
      };
      this.#session.answer(request, grant);
    } else if (frame.type === Type.REFUSED) this.#session.answer(readRequest(frame), undefined);
  }

  /** @internal */
  fail(failure: Failure): void {
    this.#failure = failure;
    this.#kept = null;
  }

  /** @internal */
  resume(): void {}

  /** @internal */
  leave(): number {
    return 0;
  }

  get #id(): number {
    return this.#channel?.id ?? 0;
  }

  async #acquire(options: AcquireOptions): Promise<Guard> {
    const timeMs = waitMs(options);
    const { signal, mode } = options;
    if (mode !== undefined && mode !== 'read' && mode !== 'write')
      throw new TypeError(`a lock is taken with \`mode\` \`read\` or \`write\`, not \`${String(mode)}\``);
    signal?.throwIfAborted();
    if (this.#failure !== null) throw this.#failure();
    const guard = this.retake() ?? this.#again() ?? (await this.#ask(timeMs, signal, mode === 'read'));
    if (typeof guard === 'function') throw guard();
    if (!signal?.aborted) return guard;
    await guard.release();
    throw signal.reason;
  }

  /** What this process holds, where that is enough to have it again. */
  #again(): Guard | null {
    const { grant } = this.#held;
    return grant !== null && this.#channel?.reentrant === true ? this.#guard(grant) : null;
  }

  /** A guard; or what to say where there is none. The broker has the last word on which it is. */
  #ask(timeMs: number, signal: AbortSignal | undefined, shared: boolean): Promise<Guard | Failure> {
    const timedOut: Failure = () => new LockTimeout(`\`${this.name}\` was not free${timeMs > 0 ? ' in time' : ''}`);
    return new Promise((resolve) => {
      let request: number | null = null;
      let failure = timedOut;
      let cancelled = false;
      const borrows = this.#borrows();
      const settle = (outcome: Guard | Failure) => {
        watch?.stop();
        this.#waiting.delete(join);
        resolve(outcome);
      };
      const withdraw = (why: Failure) => {
        failure = why;
        cancelled = true;
        if (request === null) return;
        this.#session.writer.number(Type.CANCEL, this.#id, request);
        this.#session.wrote();
      };
      const cancel = (why: Failure) => {
        withdraw(why);
        if (request === null) settle(why);
      };
      const join = (grant: Grant) => {
        if (!cancelled) withdraw(timedOut);
        settle(this.#guard(grant));
      };
      const granted = (grant: Grant) => {
        settle(this.#guard(grant));
        if (this.#channel?.reentrant !== true) return;
        for (const other of [...this.#waiting]) other(grant);
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
      this.#waiting.add(join);
      this.#session.request({
        // One that must not wait is answered at once.
        throng: timeMs === 0 ? undefined : this.#throng,
        refusal: () => (cancelled ? failure : (this.#failure ?? this.#refusalOf(shared))),
        write: (number) => {
          request = number;
          const flags =
            (timeMs === 0 ? Flag.TRY : Flag.NONE) |
            (shared ? Flag.READ : Flag.NONE) |
            (borrows ? Flag.BORROW : Flag.NONE);
          this.#session.writer.number(Type.ACQUIRE, this.#id, number, flags);
        },
        answer: (grant) => (grant === undefined ? settle(failure) : granted(grant as Grant)),
        fail: settle,
      });
    });
  }

  #refusalOf(shared: boolean): Failure | null {
    if (!shared || this.#channel?.lock === 'rw') return null;
    return () => new LockError(`\`${this.name}\` cannot be taken to read: it is not of \`kind: rw\``);
  }

  #guard(grant: Grant): Guard {
    grant.guards += 1;
    const guard = new OwnGuard(grant, this.#giveBack, this.#released);
    this.#held.add(guard, grant);
    return guard;
  }

  readonly #giveBack = (guard: Guard): Promise<void> | null => {
    const grant = this.#held.take(guard);
    if (grant === null) return null;
    grant.guards -= 1;
    if (grant.guards > 0) return DONE;
    // It may have been given back by somebody else.
    if (this.#channel?.owned === false) return this.#askBack(grant.fence);
    if (this.#failure === null && !this.#keep(grant)) {
      this.#session.writer.release(this.#id, grant.fence, 0, Flag.QUIET);
      // Leaves at once: somebody else may be waiting for it.
      this.#session.flush();
    }
    return DONE;
  };

  /** What is lent is kept a while, but for those who already wait here. */
  #keep(grant: Grant): boolean {
    const kept =
      grant.fence < grant.last &&
      this.#waiting.size === 0 &&
      this.#session.lease.keep(this.#id, grant.fence, grant.until);
    if (kept) this.#kept = grant;
    else this.#releasedAt = performance.now();
    return kept;
  }

  /** Whether it is worth it to borrow: the program takes it again and again. */
  #borrows(): boolean {
    const soon = performance.now() - this.#releasedAt < SOON_MS;
    // Where a processor is shared, once late is not yet a program that does something else.
    this.#inARow = soon ? Math.min(this.#inARow + 1, 2 * MANY) : this.#inARow >> 1;
    return this.#inARow >= MANY && this.#session.lease.ready;
  }

  async #askBack(fence: number): Promise<void> {
    await this.#session.ask(
      (request) => this.#session.writer.release(this.#id, fence, request),
      () => this.#failure ?? (this.#channel?.owned === false ? null : this.#notHeld),
    );
  }

  readonly #released: Failure = () => new LockError(`\`${this.name}\` is released already`);

  readonly #notHeld: Failure = () => new LockError(`this process does not hold \`${this.name}\``);
}

function isPromise<R>(given: R | Promise<R>): given is Promise<R> {
  return typeof (given as Promise<R> | null | undefined)?.then === 'function';
}

/** The oldest grant, whoever has it. */
const ANY = 0;

/** So often in a row a lock is taken right after its release before it is borrowed. */
const MANY = 64;
const SOON_MS = 0.5;
/** With what it holds, less than the broker keeps for one process. */
const ACQUIRES = 4096;
/** So many fences come with what is lent. */
const LENT = 0xffff;
