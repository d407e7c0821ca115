// This process's session with the broker: says hello, learns which channels there are, hands every frame to its channel,
// matches answers to requests, and says goodbye when the program ends. What a channel does with its frames is its own.
import { writeSync } from 'node:fs';
import { expectEmpty, readJson, readReply, readRequest } from '../wire/body.ts';
import { type Frame, ProtocolError } from '../wire/frame.ts';
import { type ErrorBody, Flag, PROTOCOL, Type, type Welcome, type WelcomeChannel } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { Areas } from './areas.ts';
import { Connection } from './connection.ts';
import { atEnd, type Ending } from './ending.ts';
import { BrokenQueue, BrokerLost, ItemRefused, LockError, NotGranted } from './errors.ts';
import { type Identity, identify } from './identity.ts';
import { Lease } from './lease.ts';
import { postpone } from './patience.ts';

/**
 * Makes the error of a call that failed. It is made where the call is awaited, so that its stack names the line that
 * called.
 */
export type Failure = () => Error;

/** What a channel is to its session. */
export interface Channel {
  /** The broker knows it; comes at most once. */
  open(described: WelcomeChannel): void;
  receive(frame: Frame): void;
  /** Nothing comes any more: it may not be used, or the connection is gone. */
  fail(failure: Failure): void;
  /** The system takes more again. */
  resume(): void;
  /** The program ends: says what it has left to say. Gives how many puts will never be made. */
  leave(): number;
}

/** Has something to say that may ride on the next write. */
export interface Rider {
  settle(): void;
}

export interface Request {
  /** Why it is not to be sent after all; asked right before it is. */
  refusal?(): Failure | null;
  write(request: number): void;
  answer(value: unknown): void;
  fail(failure: Failure): void;
}

export class Session {
  readonly writer: FrameWriter;
  /** Of a lock that is kept here for a moment. */
  readonly lease: Lease;
  /** Shared memory, for large items. */
  readonly areas: Areas;
  /** Lanes past the broker. What was put to one must not come after what is said to the broker later. */
  readonly lanes = new Set<{ flush(): void }>();
  readonly #identity: Identity;
  readonly #connection: Connection;
  readonly #channels = new Map<string, Channel>();
  readonly #byId = new Map<number, Channel>();
  readonly #requests = new Map<number, Request>();
  #lastRequest = 0;
  readonly #shell: boolean;
  #welcome: Welcome | null = null;
  /** Goodbye was said; told once it was heard. */
  #parting: (() => void) | null = null;
  #failure: Failure | null = null;
  /** What was asked before the welcome. */
  #early: Request[] = [];
  #riders: Rider[] = [];
  /** They wait for the one FLUSH at the end of the next write, and are told why there is none. */
  #confirming: ((failure: Failure | null) => void)[] = [];

  /** `shell`: this is a command of a shell script. */
  constructor(environment: NodeJS.ProcessEnv, { shell = false }: { readonly shell?: boolean } = {}) {
    this.#shell = shell;
    this.#identity = identify(environment);
    this.#connection = new Connection(this.#identity.socket, {
      onConnected: () => this.#sayHello(),
      onFrame: (frame) => this.#receive(frame),
      beforeSend: () => {
        this.lease.settle();
        this.#settle();
      },
      onDrained: () => {
        for (const channel of this.#channels.values()) channel.resume();
      },
      onLost: (reason) => this.#fail(() => new BrokerLost(`the connection to the run is lost: ${reason}`)),
    });
    this.writer = this.#connection.writer;
    this.areas = new Areas(this.writer);
    this.lease = new Lease(this.#connection);
    atEnd((ending) => this.leave(ending));
  }

  get instance(): string {
    return this.#identity.instance;
  }

  /** What it may do; null until the broker has said so. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }

  /** Where items are put that go to the broker. */
  get outlet(): Connection {
    return this.#connection;
  }

  /** Of the connection. */
  get descriptor(): number | null {
    return this.#connection.descriptor;
  }

  /** The channel of that name, made by `make` when the program first names it. */
  channel<C extends Channel>(kind: 'queue' | 'lock' | 'pipe', name: string, make: () => C): C {
    const key = `${kind} ${name}`;
    const known = this.#channels.get(key);
    if (known !== undefined) return known as C;
    const channel = make();
    this.#channels.set(key, channel);
    if (this.#failure !== null) channel.fail(this.#failure);
    else if (this.#welcome !== null) this.#introduce(this.#welcome, key, channel);
    return channel;
  }

  /** Something was written that should leave soon: at the end of this turn at the latest. */
  wrote(): void {
    this.#connection.wrote();
  }

  flush(): void {
    this.#connection.flush();
  }

  /**
   * `rider` has something to say with the next write: that an item was taken, say. The program hears of it first, so that by
   * any clock of its own no more wait in a queue than may.
   */
  ride(rider: Rider): void {
    this.#riders.push(rider);
    this.#connection.willWrite();
  }

  /** A call waits: the program must not end now. */
  hold(): void {
    this.#connection.hold();
  }

  letGo(): void {
    this.#connection.letGo();
  }

  /** Asks with the frame that `write` writes, and waits for what comes back. */
  async ask(write: (request: number) => void, refusal: () => Failure | null = () => null): Promise<unknown> {
    const answer = await new Promise<{ readonly value: unknown } | Failure>((resolve) =>
      this.request({ write, refusal, answer: (value) => resolve({ value }), fail: resolve }),
    );
    if (typeof answer === 'function') throw answer();
    return answer.value;
  }

  /** The same without a promise. */
  request(request: Request): void {
    if (this.#failure !== null) return request.fail(this.#failure);
    this.hold();
    if (this.#welcome === null) this.#early.push(request);
    else this.#send(request);
    this.wrote();
  }

  /** Answers a request, if it is still open. */
  answer(number: number, value: unknown): void {
    const request = this.#requests.get(number);
    if (request === undefined) return;
    this.#requests.delete(number);
    this.letGo();
    request.answer(value);
  }

  /** Waits until the broker has worked through all that was written until now. */
  async confirm(): Promise<void> {
    const failure = await new Promise<Failure | null>((resolve) => {
      if (this.#failure !== null) return resolve(this.#failure);
      this.hold();
      this.#confirming.push(resolve);
      this.wrote();
    });
    if (failure !== null) throw failure();
  }

  #sayHello(): void {
    const { instance, token } = this.#identity;
    this.writer.hello({
      protocol: PROTOCOL,
      instance,
      token,
      pid: process.pid,
      sdk: `typescript, node ${process.version}`,
      pauses: true,
      ...(this.#shell ? { shell: true } : { lanes: true, areas: true }),
    });
  }

  #settle(): void {
    if (this.#welcome === null) return;
    if (this.lanes.size > 0) for (const lane of this.lanes) lane.flush();
    const riders = this.#riders;
    this.#riders = [];
    for (const rider of riders) rider.settle();
    if (this.#confirming.length > 0) this.#flushFor(this.#confirming.splice(0));
  }

  #flushFor(confirming: readonly ((failure: Failure | null) => void)[]): void {
    const tell = (failure: Failure | null) => {
      for (const resolve of confirming) resolve(failure);
    };
    // The request holds the program for all of them.
    for (const _ of confirming.slice(1)) this.letGo();
    this.#send({
      write: (request) => this.writer.number(Type.FLUSH, 0, request),
      answer: () => tell(null),
      fail: tell,
    });
  }

  #send(request: Request): void {
    const refusal = request.refusal?.() ?? null;
    if (refusal !== null) {
      this.letGo();
      return request.fail(refusal);
    }
    do this.#lastRequest = (this.#lastRequest + 1) % 0x100000000;
    while (this.#requests.has(this.#lastRequest));
    this.#requests.set(this.#lastRequest, request);
    request.write(this.#lastRequest);
  }

  #receive(frame: Frame): void {
    switch (frame.type) {
      case Type.WELCOME:
        return this.#welcomed(readJson(frame) as unknown as Welcome);
      case Type.ERROR:
        return this.#refused(readJson(frame) as unknown as ErrorBody);
      case Type.REPLY: {
        const { request, value } = readReply(frame);
        return this.answer(request, value);
      }
      case Type.GOODBYE:
        expectEmpty(frame);
        return this.#parting?.();
      case Type.AREA:
      case Type.FREED:
        this.areas.hear(frame);
        if (this.writer.pending > 0) this.wrote();
        return;
      case Type.PAUSED:
        return postpone(readRequest(frame));
      case Type.ASK: {
        const request = readRequest(frame);
        // Once the program has gone on with all that came before.
        setImmediate(() => this.#tellWhetherStuck(request));
        return;
      }
      default: {
        const channel = this.#byId.get(frame.channel);
        if (channel === undefined)
          throw new ProtocolError('protocol', `a frame for channel ${frame.channel}, which there is not, came`);
        channel.receive(frame);
      }
    }
  }

  #tellWhetherStuck(request: number): void {
    if (this.#failure !== null) return;
    const stuck = this.#connection.isAllThatIsWaitedFor;
    this.writer.number(Type.STUCK, 0, request, stuck ? Flag.STUCK : Flag.NONE);
    this.flush();
  }

  #welcomed(welcome: Welcome): void {
    this.#welcome = welcome;
    for (const [key, channel] of this.#channels) this.#introduce(welcome, key, channel);
    for (const request of this.#early.splice(0)) this.#send(request);
    this.wrote();
  }

  #introduce(welcome: Welcome, key: string, channel: Channel): void {
    const described = welcome.channels.find(({ kind, name }) => `${kind} ${name}` === key);
    if (described === undefined) {
      const known = welcome.channels.map(({ kind, name }) => `${kind} \`${name}\``).join(', ') || 'no channel';
      const message = `the pipeline does not let \`${this.#identity.instance}\` use ${key.replace(' ', ' `')}\`: it may use ${known}`;
      return channel.fail(() => new NotGranted(message));
    }
    this.#byId.set(described.id, channel);
    channel.open(described);
  }

  #refused({ code, message, request, path = '', reason = '' }: ErrorBody): void {
    if (request === undefined) return this.#connection.fail(message);
    const refused = this.#requests.get(request);
    if (!this.#requests.delete(request)) return;
    this.letGo();
    if (code === 'unfit') refused?.fail(() => new ItemRefused(message, path, reason));
    else refused?.fail(() => new (ERRORS[code] ?? Error)(message));
  }

  #fail(failure: Failure): void {
    this.#failure = failure;
    const open = [...this.#requests.values(), ...this.#early.splice(0)];
    this.#requests.clear();
    for (const request of open) request.fail(failure);
    for (const resolve of this.#confirming.splice(0)) resolve(failure);
    this.#parting?.();
    for (const channel of this.#channels.values()) channel.fail(failure);
  }

  /** Says goodbye, and waits until the broker has worked through all that was said. Nothing can be said after that. */
  async part(): Promise<void> {
    for (const channel of this.#channels.values()) channel.leave();
    this.flush();
    await this.confirm();
    const heard = new Promise<void>((resolve) => {
      this.#parting = resolve;
    });
    this.hold();
    this.writer.bare(Type.GOODBYE, 0);
    this.flush();
    await heard;
    this.letGo();
    this.#failure = () => new BrokerLost('goodbye was said');
  }

  /** The program ends: sends all that is left to say, then goodbye. Whoever still waits goes on waiting: there is no turn left in which to hear of it. */
  leave(ending: Ending): void {
    if (this.#failure !== null) return;
    let unmade = 0;
    for (const channel of this.#channels.values()) unmade += channel.leave();
    if (unmade > 0 && ending === 'ended') failFor(unmade);
    if (this.#welcome === null) return;
    this.lease.settle();
    this.#settle();
    this.writer.bare(Type.GOODBYE, 0);
    this.#connection.finish();
  }
}

/** A program that left puts behind has not succeeded, whatever it says itself. */
function failFor(unmade: number): void {
  process.exitCode ||= 1;
  const puts = unmade === 1 ? 'a put' : `${unmade} puts`;
  const message = `forkline: the program ended while ${puts} still waited to be made: \`await\` each put before it ends\n`;
  try {
    writeSync(2, message);
  } catch {
    // Nobody reads it.
  }
}

const ERRORS: Readonly<Partial<Record<ErrorBody['code'], new (message: string) => Error>>> = {
  'not-granted': NotGranted,
  'not-held': LockError,
  broken: BrokenQueue,
};
