// The calls of a program that wait for an item of a queue: one that comes while something is here has it at once, any other stands
// in line, and for one that wants it now or not at all the broker is asked once.
import { Type, type WelcomePipe, type WelcomeQueue } from '../wire/message.ts';
import { Empty, type Failure } from './errors.ts';
import type { LanesIn } from './lanes-in.ts';
import { checkEnds } from './manner.ts';
import type { Session } from './session.ts';
import type { Taking } from './taking.ts';
import { type Arrival, type GetOptions, type WaitingGet, WaitingGets } from './waiting-gets.ts';

/** Asks for what is waited for. */
export interface Asker {
  /** As the broker described it; null: it has not yet. */
  readonly queue: WelcomeQueue | WelcomePipe | null;
  /** Why there will be nothing more. */
  readonly failure: Failure | null;
  /** The program has worked until here, and waits. */
  onWait(): void;
  /** Says and asks now what there is to say and to ask. */
  settle(): void;
  /** A call waits no more, since its signal was aborted. */
  onAbort(): void;
}

export class Gets {
  /** Those that wait. As long as any does, nothing is here. */
  readonly line: WaitingGets;
  readonly #session: Session;
  readonly #asker: Asker;
  readonly #taking: Taking;
  readonly #lanes: LanesIn;

  constructor(session: Session, name: string, asker: Asker, taking: Taking, lanes: LanesIn) {
    this.#session = session;
    this.#asker = asker;
    this.#taking = taking;
    this.#lanes = lanes;
    this.line = new WaitingGets(
      session,
      name,
      (get) => this.#timeIsOver(get),
      () => asker.onAbort(),
    );
  }

  /** Waits for an item: forever, or so long; 0 asks the broker once. From one end of a deque, where one is given. */
  async wait(timeMs: number, signal?: AbortSignal, right: boolean | null = null): Promise<Arrival> {
    const outcome = await this.outcome(timeMs, signal, right);
    if (typeof outcome === 'function') throw outcome();
    return outcome;
  }

  /** The same for one that throws by itself: each function that waits is one more to be made for every item. */
  outcome(timeMs: number, signal: AbortSignal | undefined, right: boolean | null): Promise<Arrival | Failure> {
    const { queue } = this.#asker;
    if (right !== null && queue !== null) checkEnds(queue);
    return this.#taking.ready ? Promise.resolve(this.#arrival()) : this.#join({ timeMs, signal, right, peeks: false });
  }

  /** Waits until an item is here, and takes nothing; false where there was none in time. */
  async arrives(timeMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#taking.ready) return true;
    const outcome = await this.#join({ timeMs, signal, right: null, peeks: true });
    if (typeof outcome !== 'function') return true;
    const error = outcome();
    if (error instanceof Empty) return false;
    throw error;
  }

  /** Gives those that wait what is here. */
  serve(right: boolean): void {
    while (this.#taking.ready) {
      const get = this.line.take(right);
      if (get === null) break;
      get.settle(get.peeks ? SOMETHING : this.#arrival());
    }
  }

  /** The broker has answered the UNGET for these. What there was for them may be what went back: then the next answer decides. */
  expire(gets: readonly WaitingGet[], wentBack: boolean): void {
    for (const get of gets) {
      if (wentBack) this.line.giveUp(get);
      else if (this.line.has(get)) get.settleEmpty();
    }
  }

  #join(options: GetOptions): Promise<Arrival | Failure> {
    const { failure } = this.#asker;
    if (failure !== null) return Promise.resolve(failure);
    this.#asker.onWait();
    return new Promise((resolve) => {
      const get = this.line.add(options, resolve);
      this.#taking.ride();
      if (options.timeMs === 0) this.#askOnce(get);
    });
  }

  /**
   * Asks and takes that back in one write: what there was is here before the answer, or that it is the end. Between two writes
   * the broker would take the program to wait, and a queue that feeds itself to have come to its end.
   */
  #askOnce(get: WaitingGet): void {
    if (this.#lanes.whenNothingIsAside(() => this.line.has(get) && this.#askOnce(get))) return;
    if (this.#lanes.closing) return this.#askBesideLane(get);
    if (this.#lanes.inUse) return this.#lanes.look(() => (this.#lanes.inUse ? this.#giveUp(get) : this.#askOnce(get)));
    this.#asker.settle();
    this.#giveUp(get);
  }

  /** Of a lane that is not closed yet nothing can be taken back: the broker is asked, and has said all once it answers the FLUSH behind. */
  #askBesideLane(get: WaitingGet): void {
    this.#session.request({
      write: (request) => {
        this.#asker.settle();
        this.#session.writer.number(Type.FLUSH, 0, request);
      },
      answer: () => this.#giveUp(get),
      fail: () => {},
    });
  }

  #giveUp(get: WaitingGet): void {
    if (this.line.giveUp(get)) this.#taking.ride();
  }

  #timeIsOver(get: WaitingGet): void {
    if (this.#asker.queue === null) get.settleEmpty();
    else this.#giveUp(get);
  }

  #arrival(): Arrival | Failure {
    try {
      const value = this.#taking.next();
      const { tag, attempt, redelivered, death } = this.#taking.stock;
      return { value, tag, attempt, redelivered, death };
    } catch (error) {
      return () => error as Error;
    }
  }
}

const SOMETHING: Arrival = { value: undefined, tag: 0, attempt: 1, redelivered: false, death: null };
