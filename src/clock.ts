// A clock that can be held, and alarms that go by it: a run that is paused has as much time left afterwards as it had before.

export class Clock {
  #heldAt: number | null = null;
  /** What `performance.now` is ahead of this clock. */
  #ahead: number;

  constructor(start = 0) {
    this.#ahead = performance.now() - start;
  }

  /** Milliseconds since it was made, without those in which it was held. */
  now(): number {
    return (this.#heldAt ?? performance.now()) - this.#ahead;
  }

  get held(): boolean {
    return this.#heldAt !== null;
  }

  hold(): void {
    this.#heldAt ??= performance.now();
  }

  /** Answers for how long it was held. */
  release(): number {
    if (this.#heldAt === null) return 0;
    const heldMs = performance.now() - this.#heldAt;
    this.#heldAt = null;
    this.#ahead += heldMs;
    return heldMs;
  }

  /** So much time has passed that is not to count. */
  skip(ms: number): void {
    this.#ahead += ms;
  }

  /** Calls once that much of this clock's time has passed. */
  after(delayMs: number, call: () => void): Alarm {
    return new Alarm(this, this.now() + delayMs, call);
  }
}

export class Alarm {
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #call: () => void;
  #timer: NodeJS.Timeout | undefined;
  #cancelled = false;

  constructor(clock: Clock, deadline: number, call: () => void) {
    this.#clock = clock;
    this.#deadline = deadline;
    this.#call = call;
    this.#set();
  }

  cancel(): void {
    this.#cancelled = true;
    clearTimeout(this.#timer);
  }

  #set(): void {
    const leftMs = Math.ceil(this.#deadline - this.#clock.now());
    const delayMs = Math.min(Math.max(leftMs, this.#clock.held ? HELD_MS : 1), LONGEST_MS);
    // We may not have run for a while: what happened meanwhile, such as the end of what is waited for, is heard first.
    this.#timer = setTimeout(() => setImmediate(() => this.#ring()), delayMs);
  }

  #ring(): void {
    if (this.#cancelled) return;
    if (this.#clock.held || this.#clock.now() < this.#deadline) this.#set();
    else this.#call();
  }
}

/** One alarm for many deadlines: it calls at the earliest that it was told, and is told the others again then. */
export class EarliestAlarm {
  readonly #clock: Clock;
  readonly #call: () => void;
  #alarm: Alarm | null = null;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, call: () => void) {
    this.#clock = clock;
    this.#call = call;
  }

  /** Null: nothing is due at any time. */
  by(deadline: number | null): void {
    if (deadline === null || deadline >= this.#deadline) return;
    this.#alarm?.cancel();
    this.#deadline = deadline;
    this.#alarm = this.#clock.after(deadline - this.#clock.now(), () => {
      this.#deadline = Number.POSITIVE_INFINITY;
      this.#call();
    });
  }

  cancel(): void {
    this.#alarm?.cancel();
  }
}

/** How often a clock that is held is looked at. */
const HELD_MS = 50;
/** Node's timers take no longer delay; a longer one is waited for in pieces. */
const LONGEST_MS = 0x7fff_ffff;
