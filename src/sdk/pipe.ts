// An end of a pipe as the program sees it: like Python's `multiprocessing.Connection`. To the broker it is a queue of which one
// half is the producer's, and the other half, another queue in truth, the consumer's. Here is what differs: the messages, the
// words for what goes wrong, and that an end is closed in both directions at once.
import type { Frame } from '../wire/frame.ts';
import { Type, type WelcomeChannel, type WelcomePipe } from '../wire/message.ts';
import type { Channel } from './channels.ts';
import { Consumer } from './consumer.ts';
import { Encoded, messageReader, messagesOf } from './encoding.ts';
import { BrokenPipe, BrokenQueue, EndOfFile, type Failure, NotGranted, PipeClosed, QueueClosed } from './errors.ts';
import { type Patience, waitMs } from './patience.ts';
import { Producer, SENT } from './producer.ts';
import { isForPuts } from './queue.ts';
import type { Session } from './session.ts';

/** How long a call on a pipe may wait. */
export type PipeOptions = Omit<Patience, 'block'>;

export class Pipe<In = unknown, Out = In> implements Channel, AsyncIterable<In>, AsyncDisposable {
  /** As the pipeline names it. */
  readonly name: string;
  readonly #session: Session;
  readonly #producer: Producer;
  readonly #consumer: Consumer;
  #end: WelcomePipe | null = null;
  #read: (message: Buffer) => unknown = (message) => message;
  #closing: Promise<void> | null = null;

  constructor(session: Session, name: string) {
    this.name = name;
    this.#session = session;
    this.#producer = new Producer(session, name);
    this.#consumer = new Consumer(session, name);
  }

  /**
   * Sends a message. Fulfilled once there is room for it and it is on its way, in order. Rejects with `BrokenPipe` when the
   * other end is closed, with `PipeClosed` when this one is, with `Full` when there was no room in time, with `NotGranted` where the
   * pipe goes the other way, and with a `TypeError` what its encoding cannot say. As every call, it rejects with `BrokerLost` once
   * the run is gone, and with the reason of its signal when that is aborted.
   */
  send(message: Out, options?: PipeOptions): Promise<void> {
    return this.#put(message, options);
  }

  /** Sends bytes as they are, whatever the pipe's encoding. */
  sendBytes(bytes: Uint8Array, options?: PipeOptions): Promise<void> {
    if (bytes instanceof Uint8Array) return this.#put(new Encoded(bytes), options);
    return Promise.reject(new TypeError(`expected a Buffer or Uint8Array, not ${typeof bytes}`));
  }

  /**
   * Receives the next message. Rejects with `EndOfFile` when the other end is closed and all it sent is received, with
   * `PipeClosed` when this one is closed, with `NotGranted` where the pipe goes the other way, and with `Empty` when there was none
   * in time.
   */
  recv(options?: PipeOptions): Promise<In> {
    return this.#take(options, (message) => this.#read(message)) as Promise<In>;
  }

  /** The same, as the bytes that were sent. */
  recvBytes(options?: PipeOptions): Promise<Buffer> {
    return this.#take(options, (message) => message) as Promise<Buffer>;
  }

  /**
   * Whether there is something to receive, or the end of file, now or within that time: milliseconds, or a duration such as
   * `500ms`. `Infinity`: for as long as it takes.
   */
  async poll(timeout: number | string = 0, { signal }: Pick<PipeOptions, 'signal'> = {}): Promise<boolean> {
    const timeMs = waitMs({ timeout });
    signal?.throwIfAborted();
    if (this.#closing !== null) throw this.#closed();
    try {
      return await this.#consumer.gets.arrives(timeMs, signal);
    } catch (error) {
      if (error instanceof QueueClosed) return true;
      throw error;
    }
  }

  /** Closes this end: what was sent before arrives, what was not received is gone. The broker knows when this is fulfilled. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Receives message after message until the end of file. */
  async *[Symbol.asyncIterator](): AsyncGenerator<In, void, undefined> {
    for (;;) {
      try {
        yield await this.recv();
      } catch (error) {
        if (error instanceof EndOfFile) return;
        throw error;
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  open(described: WelcomeChannel): void {
    const end = described as WelcomePipe;
    this.#end = end;
    const messages = messagesOf(end);
    this.#read = messageReader(end);
    if (end.puts) this.#producer.open(end, messages);
    else this.#producer.fail(this.#oneWay('receive'));
    if (!end.gets) this.#consumer.fail(this.#oneWay('send'));
    else if (this.#closing === null) this.#consumer.open(end, messages);
    else this.#shut();
  }

  /** @internal */
  receive(frame: Frame): void {
    if (isForPuts(frame)) this.#producer.receive(frame);
    // What was on its way to a closed end is nobody's.
    else if (this.#closing === null) this.#consumer.receive(frame);
  }

  /** @internal */
  fail(failure: Failure): void {
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

  #put(message: unknown, options: PipeOptions | undefined): Promise<void> {
    try {
      const put = this.#producer.put(message, options);
      return put === SENT ? put : this.#sent(put);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #take(options: PipeOptions | undefined, read: (message: Buffer) => unknown): Promise<unknown> {
    const { taking } = this.#consumer;
    if (options !== undefined || !taking.ready) return this.#takePatiently(options ?? {}, read);
    try {
      return Promise.resolve(read(taking.next() as Buffer));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #takePatiently(options: PipeOptions, read: (message: Buffer) => unknown): Promise<unknown> {
    const timeMs = waitMs(options);
    options.signal?.throwIfAborted();
    if (this.#closing !== null) throw this.#closed();
    try {
      const { value } = await this.#consumer.gets.wait(timeMs, options.signal);
      return read(value as Buffer);
    } catch (error) {
      if (!(error instanceof QueueClosed)) throw error;
      throw new EndOfFile(`the other end of \`${this.name}\` is closed, and all it sent is received`);
    }
  }

  async #sent(put: Promise<void>): Promise<void> {
    try {
      await put;
    } catch (error) {
      if (error instanceof BrokenQueue) throw new BrokenPipe(`the other end of \`${this.name}\` is closed`);
      throw error instanceof QueueClosed ? this.#closed() : error;
    }
  }

  /** Those who wait to receive are told at once; those who wait to send are waited for. */
  async #close(): Promise<void> {
    this.#consumer.leave();
    this.#consumer.fail(() => this.#closed());
    if (this.#end?.gets) this.#shut();
    try {
      await this.#producer.close();
    } catch (error) {
      if (!(error instanceof NotGranted) || this.#end === null) throw error;
    }
  }

  #shut(): void {
    const { id } = this.#end as WelcomePipe;
    this.#consumer.report();
    this.#session.writer.bare(Type.SHUT, id);
    this.#session.wrote();
  }

  #closed(): PipeClosed {
    return new PipeClosed(`this process has closed its end of \`${this.name}\``);
  }

  #oneWay(use: 'send' | 'receive'): Failure {
    return () => new NotGranted(`\`${this.name}\` goes one way only, and this end is there to ${use}`);
  }
}
