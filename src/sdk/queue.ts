// A queue as the program sees it. Everything said to it goes to its two sides: what is put to the producer, what is
// taken to the consumer.
import type { Frame } from '../wire/frame.ts';
import { Flag, type Stat, Type, type WelcomeChannel, type WelcomeQueue } from '../wire/message.ts';
import type { Channel } from './channels.ts';
import { Consumer } from './consumer.ts';
import { type Failure, NotGranted } from './errors.ts';
import { Batches, Loop } from './loop.ts';
import { isRight, type Placing, type Side } from './manner.ts';
import { type Patience, waitMs } from './patience.ts';
import { Producer, type PutOptions, SENT } from './producer.ts';
import type { Session } from './session.ts';
import { Throng } from './throng.ts';

export interface GetOptions extends Patience {
  /** On a queue with `order: deque`: the end that it is got from; the left one where it is not given. */
  readonly side?: Side | undefined;
}

/** An item in the hands of one who works on several at once. */
export interface Taken<T> {
  readonly value: T;
  /** Whether it was given to somebody before. */
  readonly redelivered: boolean;
  /** Which delivery this is; 1 for the first. */
  readonly attempt: number;
  /** Of a dead letter: why it was never done, and how often it was delivered before that. */
  readonly reason: string | null;
  readonly attempts: number | null;
  /** It is done: nobody gets it again. */
  done(): void;
  /** It goes back to its old place in the queue; this does not count as an attempt. Throws where it is done: with `delivery: at-most-once` it always is. */
  giveBack(): void;
}

export class Queue<T = unknown> implements Channel, AsyncIterable<T> {
  /** As the pipeline names it. */
  readonly name: string;
  readonly #session: Session;
  readonly #producer: Producer;
  readonly #consumer: Consumer;
  /** Calls of the program that wait for counts, and for all to be done. */
  readonly #stats = new Throng(ASKED);
  readonly #joins = new Throng(ASKED);
  #id = 0;
  #refusal: Failure | null = null;

  constructor(session: Session, name: string) {
    this.name = name;
    this.#session = session;
    this.#producer = new Producer(session, name);
    this.#consumer = new Consumer(session, name);
  }

  /**
   * Puts an item. Fulfilled once there is room for it and it is on its way, in order. Rejects with `Full` when there was no
   * room in time, with `BrokenQueue` when nobody is left to take it, with `QueueClosed` after `close`, with `ItemRefused` what
   * does not fit the queue's `item`, and with a `TypeError` what its encoding cannot say. As every call, it rejects with
   * `BrokerLost` once the run is gone, and with the reason of its signal when that is aborted.
   */
  put(value: T, options?: PutOptions): Promise<void> {
    try {
      return this.#producer.put(value, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Puts every value, one after the other, waiting for room where there is none. Rejects as `put` does; what came before is put. */
  async putMany(values: Iterable<T> | AsyncIterable<T>, placing?: Placing): Promise<void> {
    if (Symbol.iterator in values) {
      for (const value of values) {
        const put = this.put(value, placing);
        if (put !== SENT) await put;
      }
    } else for await (const value of values) await this.put(value, placing);
  }

  /** Puts where there is room now, else rejects with `Full`. */
  putNowait(value: T, placing: Placing = {}): Promise<void> {
    return this.put(value, { ...placing, block: false });
  }

  /**
   * Takes the next item, which this process holds until `taskDone`. Rejects with `Empty` when there was none in time, with
   * `QueueClosed` when there will be none, and with `QueueAborted` when there will be none because a producer failed.
   */
  get(options?: GetOptions): Promise<T> {
    const { taking, receipts } = this.#consumer;
    if (!taking.ready || options !== undefined) return this.#getPatiently(options ?? {});
    try {
      const value = taking.next() as T;
      receipts.hold(taking.tag);
      return Promise.resolve(value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Takes an item if one is there now, else rejects with `Empty`. */
  getNowait({ side }: Pick<GetOptions, 'side'> = {}): Promise<T> {
    return this.get({ side, block: false });
  }

  /** As `get`, for those who work on several items at once: each one is done, or goes back, on its own. */
  async take(options: GetOptions = {}): Promise<Taken<T>> {
    options.signal?.throwIfAborted();
    const { value, tag, attempt, redelivered, death } = await this.#consumer.gets.wait(
      waitMs(options),
      options.signal,
      isRight(options.side),
    );
    let open = true;
    const settle = (how: () => void) => {
      if (!open) throw new Error(`this item of \`${this.name}\` is done or given back already`);
      open = false;
      how();
    };
    return {
      value: value as T,
      attempt,
      redelivered,
      reason: death?.reason ?? null,
      attempts: death?.attempts ?? null,
      done: () => settle(() => this.#consumer.taking.done(tag, 1)),
      giveBack: () => {
        if (this.#consumer.forgets) throw this.#doneWhenTaken();
        settle(() => this.#consumer.handBack(tag));
      },
    };
  }

  /** The oldest item that `get` gave to this process is done. Throws where it holds none. */
  taskDone(): void {
    const tag = this.#consumer.receipts.release();
    if (tag === undefined) throw new Error(`taskDone: this process holds no item of \`${this.name}\` taken by get`);
    this.#consumer.taking.done(tag, 1);
  }

  /** Waits until every item put so far is done. Rejects with `BrokenQueue` once that can never be. */
  async join(): Promise<void> {
    await this.#ask(Type.JOIN, this.#joins);
  }

  /** How many items wait, at that moment: others put and take meanwhile. */
  async qsize(): Promise<number> {
    return (await this.#stat()).size;
  }

  /** Whether none waits, at that moment. */
  async empty(): Promise<boolean> {
    return (await this.#stat()).size === 0;
  }

  /** Whether there is no room for one more, at that moment. */
  async full(): Promise<boolean> {
    return (await this.#stat()).room === 0;
  }

  /** Waits until the broker has everything this process has put, what waits for room included. */
  flush(): Promise<void> {
    return this.#producer.flush();
  }

  /** This process puts no more. Fulfilled once what waited for room is put, and the broker knows. */
  close(): Promise<void> {
    return this.#producer.close();
  }

  /** Puts that wait for room now do not keep this program from ending; those that are made later do. */
  abandon(): void {
    this.#producer.abandon();
  }

  /**
   * Takes item after item until the end; moving on to the next one says that the one before is done. A stream that broke off throws
   * `QueueAborted` out of the loop.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new Loop<T>(this.#consumer);
  }

  /** The same, as many at a time as are there. */
  batches(): AsyncIterableIterator<T[]> {
    return new Batches<T>(this.#consumer);
  }

  /** @internal */
  open(described: WelcomeChannel): void {
    const queue = described as WelcomeQueue;
    this.#id = queue.id;
    if (queue.encoding === 'pickle') return this.fail(() => this.#pickled());
    if (queue.puts) this.#producer.open(queue);
    else this.#producer.fail(this.#notGranted('puts'));
    if (queue.gets) this.#consumer.open(queue);
    else this.#consumer.fail(this.#notGranted('gets'));
  }

  /** @internal */
  receive(frame: Frame): void {
    if (isForPuts(frame)) this.#producer.receive(frame);
    else this.#consumer.receive(frame);
  }

  /** @internal */
  fail(failure: Failure): void {
    this.#refusal = failure;
    this.#producer.fail(failure);
    this.#consumer.fail(failure);
  }

  /** @internal */
  resume(): void {
    this.#producer.serve();
  }

  /** @internal */
  leave(): number {
    this.#consumer.leave();
    return this.#producer.leave();
  }

  async #getPatiently(options: GetOptions): Promise<T> {
    options.signal?.throwIfAborted();
    const outcome = await this.#consumer.gets.outcome(waitMs(options), options.signal, isRight(options.side));
    if (typeof outcome === 'function') throw outcome();
    this.#consumer.receipts.hold(outcome.tag);
    return outcome.value as T;
  }

  async #stat(): Promise<Stat> {
    return (await this.#ask(Type.STAT, this.#stats)) as Stat;
  }

  #ask(type: number, throng: Throng): Promise<unknown> {
    return this.#session.ask(
      (request) => {
        this.#consumer.report();
        this.#session.writer.number(type, this.#id, request);
      },
      () => this.#refusal,
      throng,
    );
  }

  #doneWhenTaken(): Error {
    return new Error(`\`${this.name}\` has \`delivery: at-most-once\`: what was taken is done, and cannot go back`);
  }

  #pickled(): Error {
    return new TypeError(`\`${this.name}\` has \`encoding: pickle\`, which only Python reads and writes`);
  }

  #notGranted(use: 'puts' | 'gets'): Failure {
    return () =>
      new NotGranted(`the pipeline does not declare this: add \`${this.name}\` to \`${use}\` of this process`);
  }
}

/** Whether it is about what this process puts, or about what it takes. */
export function isForPuts({ type, flags }: Frame): boolean {
  if (type === Type.WITHDRAWN) return flags === Flag.PUTS;
  if (type === Type.RECALL) return flags === Flag.ROOM;
  if (type === Type.LANE || type === Type.LANE_STOP) return flags !== Flag.LISTEN;
  return type === Type.ROOM || type === Type.BROKEN || type === Type.REFUSED;
}

/** So many at a time, of each kind. */
const ASKED = 256;
