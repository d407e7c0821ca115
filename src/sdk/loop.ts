// `for await` over a queue: each item, or each batch, is done when the loop moves on. The end of the stream ends the loop; a
// stream that broke off throws out of it.
import type { Consumer } from './consumer.ts';
import { QueueClosed } from './errors.ts';
import type { Taking } from './taking.ts';

export class Loop<T> implements AsyncIterableIterator<T> {
  readonly #consumer: Consumer;
  readonly #taking: Taking;
  /** What the loop works on now. */
  #tag = NOTHING;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
    this.#taking = consumer.taking;
  }

  next(): Promise<IteratorResult<T>> {
    const taking = this.#taking;
    if (this.#tag !== NOTHING) taking.done(this.#tag, 1);
    this.#tag = NOTHING;
    if (taking.stock.size === 0) return this.#wait();
    try {
      const value = taking.next() as T;
      this.#tag = taking.stock.tag;
      return Promise.resolve({ value, done: false });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The loop was left: the item it worked on stays held, what was read ahead goes back. */
  return(): Promise<IteratorResult<T>> {
    this.#consumer.rest();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #wait(): Promise<IteratorResult<T>> {
    try {
      const { value, tag } = await this.#consumer.gets.wait(Number.POSITIVE_INFINITY);
      this.#tag = tag;
      return { value: value as T, done: false };
    } catch (error) {
      if (error instanceof QueueClosed) return { value: undefined, done: true };
      throw error;
    }
  }
}

export class Batches<T> implements AsyncIterableIterator<T[]> {
  readonly #consumer: Consumer;
  readonly #taking: Taking;
  /** What the loop works on now: the one that it waited for, and those that came with it. */
  #waited = NOTHING;
  #tag = 0;
  #count = 0;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
    this.#taking = consumer.taking;
  }

  async next(): Promise<IteratorResult<T[]>> {
    const taking = this.#taking;
    if (this.#waited !== NOTHING) taking.done(this.#waited, 1);
    if (this.#count > 0) taking.done(this.#tag, this.#count);
    this.#waited = NOTHING;
    this.#count = 0;
    try {
      const waited = taking.ready ? null : await this.#consumer.gets.wait(Number.POSITIVE_INFINITY);
      const more = taking.ready ? taking.nextBatch() : [];
      const value = (waited === null ? more : [waited.value, ...more]) as T[];
      this.#waited = waited?.tag ?? NOTHING;
      this.#tag = taking.tag;
      this.#count = more.length;
      return { value, done: false };
    } catch (error) {
      if (error instanceof QueueClosed) return { value: undefined, done: true };
      throw error;
    }
  }

  return(): Promise<IteratorResult<T[]>> {
    this.#consumer.rest();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const NOTHING = -1;
