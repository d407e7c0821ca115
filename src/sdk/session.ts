// This process's session with the broker: says hello, hands every frame to whom it is for, and says goodbye when the program ends. Which
// channels there are is known to `channels`, and what one does with its frames is its own.
import { writeSync } from 'node:fs';
import { expectEmpty, readJson, readReply, readRequest } from '../wire/body.ts';
import { type Frame, ProtocolError } from '../wire/frame.ts';
import { type ErrorBody, Flag, PROTOCOL, Type, type Welcome } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { Areas } from './areas.ts';
import { type Channel, Channels } from './channels.ts';
import { Connection } from './connection.ts';
import { atEnd, type Ending } from './ending.ts';
import { BrokerLost, type Failure } from './errors.ts';
import { type Identity, identify } from './identity.ts';
import { Lease } from './lease.ts';
import { postpone } from './patience.ts';
import { Requests } from './requests.ts';
import { type Request, Throng } from './throng.ts';

/** Has something to say that may ride on the next write. */
export interface Rider {
  settle(): void;
}

export class Session {
  readonly writer: FrameWriter;
  /** Whether the program asks nothing of the broker now, and can only go on by what other processes of its instance do. */
  restsOnItsOwn: () => boolean = () => false;
  /** Of a lock that is kept here for a moment. */
  readonly lease: Lease;
  /** Shared memory, for large items. */
  readonly areas: Areas;
  /** What it asks the run itself to do. */
  readonly errands = new Throng(ERRANDS);
  /** Its waits for other processes to end. */
  readonly watches = new Throng(WATCHES);
  /** Lanes past the broker. What was put to one must not come after what is said to the broker later. */
  readonly lanes = new Set<{ flush(): void }>();
  readonly #identity: Identity;
  readonly #connection: Connection;
  readonly #channels: Channels;
  readonly #requests: Requests;
  readonly #shell: boolean;
  #welcome: Welcome | null = null;
  /** Goodbye was said; told once it was heard. */
  #parting: (() => void) | null = null;
  #failure: Failure | null = null;
  #riders: Rider[] = [];

  /** `shell`: this is a command of a shell script. */
  constructor(environment: NodeJS.ProcessEnv, { shell = false }: { readonly shell?: boolean } = {}) {
    this.#shell = shell;
    this.#identity = identify(environment);
    this.#channels = new Channels(this.#identity.instance);
    this.#connection = new Connection(this.#identity.socket, {
      onConnected: () => this.#sayHello(),
      onFrame: (frame) => this.#receive(frame),
      beforeSend: () => {
        this.lease.settle();
        this.#settle();
      },
      onDrained: () => this.#channels.resume(),
      onLost: (reason) => this.#fail(() => new BrokerLost(`the connection to the run is lost: ${reason}`)),
    });
    this.writer = this.#connection.writer;
    this.#requests = new Requests(this.#connection);
    this.areas = new Areas(this.writer);
    this.lease = new Lease(this.#connection);
    this.#connection.greet();
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
    return this.#channels.get(kind, name, make, this.#failure);
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
    if (this.#riders.length === 0) this.#riders = [rider];
    else this.#riders.push(rider);
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
  async ask(
    write: (request: number) => void,
    refusal: () => Failure | null = () => null,
    throng?: Throng,
  ): Promise<unknown> {
    const answer = await new Promise<{ readonly value: unknown } | Failure>((resolve) =>
      this.request({
        throng,
        write,
        refusal,
        answer: (value) => resolve({ value }),
        fail: resolve,
      }),
    );
    if (typeof answer === 'function') throw answer();
    return answer.value;
  }

  /** The same without a promise. */
  request(request: Request): void {
    if (this.#failure !== null) request.fail(this.#failure);
    else this.#requests.make(request);
  }

  /** Answers a request, if it is still open. */
  answer(number: number, value: unknown): void {
    this.#requests.answer(number, value);
  }

  /** Waits until the broker has worked through all that was written until now. */
  async confirm(): Promise<void> {
    const failure = await new Promise<Failure | null>((resolve) => {
      if (this.#failure !== null) resolve(this.#failure);
      else this.#requests.confirm(resolve);
    });
    if (failure !== null) throw failure();
  }

  /** Says goodbye, and waits until the broker has worked through all that was said. Nothing can be said after that. */
  async part(): Promise<void> {
    this.#channels.leave();
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
    const unmade = this.#channels.leave();
    if (unmade > 0 && ending === 'ended') failFor(unmade);
    if (this.#welcome === null) return;
    this.lease.settle();
    this.#settle();
    this.writer.bare(Type.GOODBYE, 0);
    this.#connection.finish();
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
    this.#requests.settle();
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
      default:
        // A later broker may say more than is known here.
        if (!this.#channels.receive(frame) && KNOWN.has(frame.type))
          throw new ProtocolError('protocol', `a frame for channel ${frame.channel}, which there is not, came`);
    }
  }

  #tellWhetherStuck(request: number): void {
    if (this.#failure !== null) return;
    const stuck = this.#connection.isAllThatIsWaitedFor;
    const alone = this.restsOnItsOwn() ? Flag.CHILD : Flag.STUCK;
    this.writer.number(Type.STUCK, 0, request, stuck ? alone : Flag.NONE);
    this.flush();
  }

  #welcomed(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#channels.welcomed(welcome.channels);
    this.#requests.welcomed();
  }

  #refused(body: ErrorBody): void {
    if (body.request === undefined) this.#connection.fail(body.message);
    else this.#requests.refuse(body.request, body);
  }

  #fail(failure: Failure): void {
    this.#failure = failure;
    this.#requests.fail(failure);
    this.#parting?.();
    this.#channels.fail(failure);
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

const KNOWN: ReadonlySet<number> = new Set(Object.values(Type));
/** Each may be as large as an output. */
const ERRANDS = 16;
const WATCHES = 4096;
