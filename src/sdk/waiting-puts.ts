// The puts of one process that wait for room in a queue, in the order in which they were made, each watched for its time and
// its signal. What they need is asked for, and spent, by their producer.
import type { WelcomeLine } from '../wire/message.ts';
import type { Laid } from './areas.ts';
import { type Encoding, snapshot } from './encoding.ts';
import { type Failure, Full } from './errors.ts';
import { checkManner, type Manner } from './manner.ts';
import { Watch } from './patience.ts';
import type { Session } from './session.ts';

export interface WaitingPut {
  /** null as long as the queue's encoding is not known; then `value` is a copy of what was put. */
  bytes: Uint8Array | Laid | null;
  readonly value: unknown;
  /** Counts on with each that waits. */
  readonly number: number;
  readonly manner: Manner;
  /** It wants its room at once or not at all, and has asked or not; null: it waits. */
  trying: 'ask' | 'asked' | null;
  /** It keeps the program from ending. */
  holds: boolean;
  settle(outcome: PutOutcome): void;
}

/** null: it was put. A promise, where it is judged: of what comes of that. */
type PutOutcome = Failure | Promise<Failure | null> | null;

interface PutCall {
  readonly bytes: Uint8Array | Laid | null;
  readonly value: unknown;
  readonly manner: Manner;
  /** 0: room at once or not at all. */
  readonly timeMs: number;
  readonly signal: AbortSignal | undefined;
}

export class WaitingPuts {
  /** How many wait. A field, for it is looked at with every put. */
  size = 0;
  readonly #session: Session;
  readonly #name: string;
  readonly #line = new Set<WaitingPut>();
  readonly #onGivenUp: () => void;
  /** Of all that ever waited. */
  #last = 0;
  /** Told once nobody waits any more of those up to that one; the first that was asked for stands first. */
  readonly #onPassed: { readonly last: number; readonly tell: () => void }[] = [];

  constructor(session: Session, name: string, onGivenUp: () => void) {
    this.#session = session;
    this.#name = name;
    this.#onGivenUp = onGivenUp;
  }

  [Symbol.iterator](): Iterator<WaitingPut> {
    return this.#line.values();
  }

  has(put: WaitingPut): boolean {
    return this.#line.has(put);
  }

  /** Lets a put wait; `settle` is told of it. */
  add({ bytes, value, manner, timeMs, signal }: PutCall, settle: (outcome: PutOutcome) => void): void {
    const put: WaitingPut = {
      bytes,
      value: bytes === null ? snapshot(value) : null,
      number: (this.#last += 1),
      manner,
      trying: timeMs === 0 ? 'ask' : null,
      holds: true,
      settle: (outcome) => {
        this.remove(put);
        watch?.stop();
        if (put.holds) this.#session.letGo();
        settle(outcome);
        if (this.#onPassed.length > 0) this.#tellPassed();
      },
    };
    const watch = this.#watch(put, timeMs, signal);
    this.#line.add(put);
    this.size = this.#line.size;
    this.#session.hold();
  }

  /** It is being put, and waits no more: to be settled with what comes of that. */
  remove(put: WaitingPut): void {
    this.#line.delete(put);
    this.size = this.#line.size;
  }

  /** There was no room for it. */
  full(timeMs: number): Failure {
    return () => new Full(`\`${this.#name}\` had no room${timeMs > 0 ? ' in time' : ''}`);
  }

  /** Whether puts wait that would be overtaken by one that does not wait. */
  get patient(): boolean {
    for (const put of this.#line) if (put.trying === null) return true;
    return false;
  }

  /** What those at the head of the line need. */
  get need(): { readonly count: number; readonly bytes: number } {
    let count = 0;
    let bytes = 0;
    for (const put of this.#line) {
      const size = (put.bytes as Uint8Array | Laid).length;
      if (count > 0 && (bytes + size > HEAD_BYTES || put.trying)) break;
      count += 1;
      bytes += size;
    }
    return { count, bytes };
  }

  /** Puts that were made before it was known what the queue is like. */
  open(queue: WelcomeLine, encoding: Encoding): void {
    for (const put of this.#line) {
      try {
        checkManner(put.manner, queue);
        if (queue.overflow === 'fail') put.trying ??= 'ask';
        put.bytes ??= encoding.encode(put.value);
      } catch (error) {
        put.settle(() => error as Error);
      }
    }
  }

  fail(failure: Failure): void {
    for (const put of this.#line) put.settle(failure);
  }

  /** What waits now does not keep the program from ending. What comes later may be awaited, and does. */
  abandon(): void {
    for (const put of this.#line) {
      if (put.holds) this.#session.letGo();
      put.holds = false;
    }
  }

  /** How many keep the program from ending. */
  get holding(): number {
    let holding = 0;
    for (const { holds } of this.#line) if (holds) holding += 1;
    return holding;
  }

  /** Waits until none of those waits that do now, whatever comes after them; null: none does. */
  passed(): Promise<void> | null {
    if (this.size === 0) return null;
    return new Promise((tell) => this.#onPassed.push({ last: this.#last, tell }));
  }

  #tellPassed(): void {
    const [oldest] = this.#line;
    const passed = this.#onPassed.findIndex(({ last }) => oldest !== undefined && oldest.number <= last);
    for (const { tell } of this.#onPassed.splice(0, passed < 0 ? this.#onPassed.length : passed)) tell();
  }

  #watch(put: WaitingPut, timeMs: number, signal: AbortSignal | undefined): Watch | null {
    if (timeMs === 0) return null;
    const giveUp = (failure: Failure) => {
      put.settle(failure);
      this.#onGivenUp();
    };
    return new Watch(
      timeMs,
      signal,
      () => giveUp(this.full(timeMs)),
      () => giveUp(() => signal?.reason),
    );
  }
}

/** For so many bytes of waiting puts room is asked at a time. */
const HEAD_BYTES = 64 * 1024;
