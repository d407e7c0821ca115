// The calls of one process that wait for an item of a queue, in the order in which they were made, each watched for its time
// and its signal.
import type { Dead, WelcomePipe, WelcomeQueue } from '../wire/message.ts';
import { Empty, type Failure } from './errors.ts';
import { checkEnds } from './manner.ts';
import { Watch } from './patience.ts';
import type { Session } from './session.ts';

/** An item as it was given to this process. */
export interface Arrival {
  readonly value: unknown;
  readonly tag: number;
  /** Which delivery this is; 1 for the first. */
  readonly attempt: number;
  readonly redelivered: boolean;
  /** Of a dead letter: what became of it before. */
  readonly death: Dead | null;
}

export interface GetOptions {
  /** 0: the broker is asked once. */
  readonly timeMs: number;
  readonly signal: AbortSignal | undefined;
  /** The end of a deque that was chosen; null: none was. */
  readonly right: boolean | null;
  /** Wants to know that something is here, and to leave it there. */
  readonly peeks: boolean;
}

/** Is told what has become of a call. */
type Told = (outcome: Arrival | Failure) => void;

/** One is made for every item that is waited for: it has no functions of its own. */
export class WaitingGet {
  readonly peeks: boolean;
  /** Its time is over: it will be settled by the answer to an UNGET at the latest. */
  withdrawn = false;
  readonly #line: WaitingGets;
  readonly #timeMs: number;
  readonly #right: boolean | null;
  readonly #told: Told;
  readonly #watch: Watch | null;

  constructor(line: WaitingGets, { timeMs, signal, right, peeks }: GetOptions, told: Told) {
    this.#line = line;
    this.#timeMs = timeMs;
    this.#right = right;
    this.peeks = peeks;
    this.#told = told;
    this.#watch = line.watch(this, timeMs, signal);
  }

  /** It gets from the right end of a deque. */
  get right(): boolean {
    return this.#right === true;
  }

  /** Its end was chosen. */
  get choosy(): boolean {
    return this.#right !== null;
  }

  settle(outcome: Arrival | Failure): void {
    this.#watch?.stop();
    this.#line.remove(this);
    this.#told(outcome);
  }

  /** It had no item. */
  settleEmpty(): void {
    this.settle(() => new Empty(`\`${this.#line.name}\` had no item${this.#timeMs > 0 ? ' in time' : ''}`));
  }
}

export class WaitingGets {
  readonly name: string;
  readonly #session: Session;
  readonly #line = new Set<WaitingGet>();
  /** Their time is over, but the broker may send something before it hears that. */
  #late: WaitingGet[] = [];
  readonly #onTimeout: (get: WaitingGet) => void;
  readonly #onAbort: () => void;

  constructor(session: Session, name: string, onTimeout: (get: WaitingGet) => void, onAbort: () => void) {
    this.#session = session;
    this.name = name;
    this.#onTimeout = onTimeout;
    this.#onAbort = onAbort;
  }

  get size(): number {
    return this.#line.size;
  }

  has(get: WaitingGet): boolean {
    return this.#line.has(get);
  }

  /** Lets a call wait. */
  add(options: GetOptions, told: Told): WaitingGet {
    const get = new WaitingGet(this, options, told);
    this.#line.add(get);
    this.#session.hold();
    return get;
  }

  /** It is settled. */
  remove(get: WaitingGet): void {
    this.#line.delete(get);
    this.#session.letGo();
  }

  /** Its time is over; false: it waits no more. */
  giveUp(get: WaitingGet): boolean {
    if (!this.#line.has(get)) return false;
    this.#late.push(get);
    return true;
  }

  /** Those whose time is over and that still wait: for the broker's word on it from now on. */
  takeLate(): readonly WaitingGet[] {
    if (this.#late.length === 0) return NONE;
    const late = this.#late.splice(0).filter((get) => this.#line.has(get));
    for (const get of late) get.withdrawn = true;
    return late;
  }

  /** How many calls wait, as the broker is told: the oldest, and those behind it that get from the same end. */
  get head(): { readonly waiting: number; readonly right: boolean } {
    let waiting = 0;
    let right = false;
    for (const get of this.#line) {
      if (get.withdrawn) continue;
      if (waiting > 0 && get.right !== right) break;
      ({ right } = get);
      waiting += 1;
    }
    return { waiting, right };
  }

  waitsAt(right: boolean): boolean {
    for (const get of this.#line) if (get.right === right) return true;
    return false;
  }

  /** The oldest that waits at that end, which waits no more: to be settled. */
  take(right: boolean): WaitingGet | null {
    for (const get of this.#line) {
      if (get.right !== right) continue;
      this.#line.delete(get);
      return get;
    }
    return null;
  }

  /** Calls that were made before it was known that the queue has no ends to choose from. */
  refuseEnds(queue: WelcomeQueue | WelcomePipe): void {
    for (const get of this.#line) {
      try {
        if (get.choosy) checkEnds(queue);
      } catch (error) {
        get.settle(() => error as Error);
      }
    }
  }

  fail(failure: Failure): void {
    for (const get of this.#line) get.settle(failure);
  }

  /** Nothing where there is neither a time nor a signal. */
  watch(get: WaitingGet, timeMs: number, signal: AbortSignal | undefined): Watch | null {
    if (timeMs === 0 || (timeMs === Number.POSITIVE_INFINITY && signal === undefined)) return null;
    const abort = () => {
      get.settle(() => signal?.reason);
      this.#onAbort();
    };
    return new Watch(timeMs, signal, () => this.#onTimeout(get), abort);
  }
}

const NONE: readonly WaitingGet[] = [];
