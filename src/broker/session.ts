// One connection of a child: what it says on a channel is for `hearFrame`, and what it is told by `writeEffect` goes out once a
// turn as one write. A client that breaks the protocol, floods or does not read what it asked for is cut off; nobody else
// notices. Who it may speak for is decided by the broker, what it may do by the switchboard.
import type { Socket } from 'node:net';
import type { NodeId } from '../plan/plan.ts';
import { expectEmpty, readJson, readRequest } from '../wire/body.ts';
import { type Frame, ProtocolError } from '../wire/frame.ts';
import { Flag, Limit, PROTOCOL, Type, type Welcome } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { Connection, type Hearer } from './connection.ts';
import type { SessionEffect } from './effect.ts';
import { type Exchange, hearFrame, unexpected } from './hear-frame.ts';
import { Most } from './limits.ts';
import { Manners } from './manners.ts';
import type { Party } from './party.ts';
import { Patience } from './patience.ts';
import type { Waker } from './sight.ts';
import type { Switchboard } from './switchboard.ts';
import type { SharedMemory, Visitor } from './shared-memory.ts';
import { type Meeting, writeEffect } from './write-effect.ts';

/** Who a client says it is, and its proof. */
export interface Claim {
  readonly instance: string;
  readonly token: string;
}

/** What the session leaves to the broker. */
export interface Reception extends Exchange, Meeting {
  readonly runId: string;
  readonly memory: SharedMemory;
  /** Throws a `ProtocolError` where the token is not that instance's, or there are too many sessions of it. */
  admit(session: Session, claim: Claim): void;
  /** It is over; nothing more comes of it. */
  departed(session: Session): void;
  offended(session: Session, reason: string): void;
  /** Its program says that it is ready. */
  ready(session: Session): void;
  /** What alone could wake its program, as it answers to `ask`. */
  answered(session: Session, by: Waker | null): void;
  /** A stream broke for a command of one of its scripts. */
  brokeOff(instance: NodeId): void;
  /** It asks something of the run itself. */
  asked(session: Session, frame: Frame): void;
  /** How long an `OUTPUT` may be that says it has `length`. */
  longestOutput(session: Session, length: number): number;
  /** What it may ask of it. */
  grantsOf(instance: NodeId): Pick<Welcome, 'outputs' | 'controls'>;
}

export class Session implements Party, Hearer, Visitor {
  readonly session: number;
  /** Empty until it has said who it is. */
  instance: NodeId = '';
  /** What it said its process is. */
  pid = 0;
  /** Its program made it for itself, and may end it without a goodbye. */
  child = false;
  /** It can put and take past the broker. */
  lanes = false;
  #pauses = false;
  /** It is a command of a shell script. */
  #shell = false;
  /** It has put something, and not asked since whether all has arrived. */
  puts = false;
  /** It has said goodbye. */
  orderly = false;
  /** How many frames have come and gone, but for questions whether it is stuck. */
  moves = 0;
  /** The question that it has not answered. */
  #asked: number | null = null;
  #questions = 0;
  readonly #connection: Connection;
  readonly #writer: FrameWriter;
  readonly #reception: Reception;
  readonly #switchboard: Switchboard;
  readonly #patience: Patience;
  readonly #manners: Manners;
  #phase: 'strange' | 'known' | 'leaving' | 'gone' = 'strange';
  /** Bytes of items among what waits to be written. */
  #delivering = 0;
  readonly #flushes: number[] = [];

  constructor(socket: Socket, reception: Reception) {
    this.#reception = reception;
    this.#switchboard = reception.switchboard;
    this.session = this.#switchboard.nextSession();
    this.#patience = new Patience(this.#switchboard.clock, () => {
      this.offended(new ProtocolError('limit', this.#phase === 'strange' ? SILENT : 'it does not read its answers'));
    });
    this.#patience.begin();
    this.#connection = new Connection(socket, this, reception.buffers);
    this.#writer = this.#connection.writer;
    this.#manners = new Manners(this, this.#connection, this.#patience);
  }

  /** Ends the connection from this side. */
  cut(): void {
    this.#connection.destroy();
    this.closed();
  }

  /** Asks whether anything but the broker could wake its program. */
  ask(): void {
    if (this.#phase !== 'known') return;
    this.#questions += 1;
    this.#asked = this.#questions;
    this.#writer.number(Type.ASK, 0, this.#questions);
    this.#switchboard.turns.speaks(this);
  }

  /** Said at once: its process is about to go on. */
  paused(ms: number): void {
    if (this.#phase !== 'known' || !this.#pauses) return;
    this.#writer.number(Type.PAUSED, 0, Math.min(Math.ceil(ms), MOST_MS));
    this.#connection.flush();
  }

  tell(write: (writer: FrameWriter) => void): void {
    write(this.#writer);
    this.#switchboard.turns.speaks(this);
  }

  perform(channel: number, effect: SessionEffect): void {
    this.moves += 1;
    if (effect.type === 'end' && effect.aborted && this.#shell) this.#reception.brokeOff(this.instance);
    this.#delivering += writeEffect(this.#writer, channel, effect, this.#reception);
  }

  flush(): void {
    if (this.#phase === 'gone') return;
    // What the frames before them brought about has been said by now.
    for (const request of this.#flushes.splice(0)) this.#writer.reply(0, request);
    if (this.#phase === 'leaving') this.#writer.bare(Type.GOODBYE, 0);
    if (this.#writer.pending === 0) return;
    const answers = this.#writer.pending - this.#delivering;
    this.#delivering = 0;
    this.#connection.flush();
    if (this.#phase === 'leaving') this.#connection.end();
    this.#manners.told(answers);
  }

  drained(): void {
    this.#manners.drained();
  }

  congest(congested: boolean): void {
    this.#switchboard.congest(this, congested);
  }

  longest(type: number, channel: number, length: number): number {
    if (this.#phase !== 'known') return Most.PLAIN_FRAME;
    if (type === Type.HAND_OVER) {
      const { bypass } = this.#switchboard.queue(this, channel, 'any');
      return Math.max(Most.PLAIN_FRAME, bypass?.longest(this.session) ?? 0);
    }
    if (type === Type.OUTPUT) return this.#reception.longestOutput(this, length);
    if (!carriesItems(type)) return Most.PLAIN_FRAME;
    return this.#switchboard.queue(this, channel, 'put').longestPut(this.session);
  }

  hear(frame: Frame): void {
    if (this.#phase === 'known') {
      if (frame.channel === 0) this.#hearSession(frame);
      else this.#hearChannel(frame);
    } else if (this.#phase === 'strange' && frame.type === Type.HELLO) {
      this.#greet(frame);
    } else if (this.#phase !== 'gone') {
      throw new ProtocolError('protocol', 'a frame came before hello, or after goodbye');
    }
  }

  heard(): void {
    this.#manners.heard();
    this.#switchboard.turns.heard();
  }

  #greet(frame: Frame): void {
    const { protocol, instance, token, pid, child, lanes, pauses, areas, shell } = readJson(frame);
    if (protocol !== PROTOCOL) {
      throw new ProtocolError(
        'version',
        `the broker speaks version ${PROTOCOL} of the protocol, not ${String(protocol)}`,
      );
    }
    if (typeof instance !== 'string' || typeof token !== 'string' || typeof pid !== 'number') {
      throw new ProtocolError('identity', 'hello does not say who it is: `instance`, `token` and `pid` were expected');
    }
    this.#reception.admit(this, { instance, token });
    this.instance = instance;
    this.pid = pid;
    this.child = child === true;
    this.lanes = lanes === true;
    this.#pauses = pauses === true;
    this.#shell = shell === true;
    this.#phase = 'known';
    this.#patience.end();
    this.#switchboard.enter(this);
    if (areas === true) this.#reception.memory.enter(this);
    const channels = this.#switchboard.channelsOf(instance);
    this.#writer.welcome({
      protocol: PROTOCOL,
      run: this.#reception.runId,
      channels,
      ...this.#reception.grantsOf(instance),
    });
    this.#switchboard.turns.speaks(this);
  }

  #hearSession(frame: Frame): void {
    switch (frame.type) {
      case Type.STUCK:
        return this.#hearStuck(frame);
      case Type.GOODBYE:
        expectEmpty(frame);
        this.orderly = true;
        this.#phase = 'leaving';
        this.#switchboard.leave(this.session, this.instance, 'goodbye');
        this.#reception.memory.leave(this.session);
        break;
      case Type.READY:
        this.moves += 1;
        this.#reception.ready(this);
        this.#flushes.push(readRequest(frame));
        break;
      case Type.FLUSH:
        this.puts = false;
        this.moves += 1;
        this.#flushes.push(readRequest(frame));
        break;
      case Type.AREA_READY:
      case Type.LEAVE_AREA:
        this.moves += 1;
        this.#reception.memory.hear(this.session, frame);
        break;
      case Type.OUTPUT:
      case Type.WATCH:
      case Type.TERMINATE:
      case Type.CANCEL:
        this.moves += 1;
        this.#reception.asked(this, frame);
        break;
      default:
        throw unexpected(frame);
    }
    this.#switchboard.turns.speaks(this);
  }

  #hearStuck(frame: Frame): void {
    if (readRequest(frame) !== this.#asked) throw unexpected(frame);
    this.#asked = null;
    this.#reception.answered(this, wakerIn(frame));
  }

  #hearChannel(frame: Frame): void {
    this.moves += 1;
    if (frame.type === Type.PUT || frame.type === Type.PUT_PRIORITY) this.puts = true;
    hearFrame(frame, this, this.#reception);
  }

  /** Tells it why, and hears nothing more from it. */
  offended(error: ProtocolError): void {
    if (this.#phase === 'gone') return;
    this.#reception.offended(this, error.message);
    this.#writer.error(0, { code: error.code, message: error.message });
    this.#connection.flush();
    this.#connection.finish();
    this.closed();
    // Who does not read the reason either must not keep the connection.
    setTimeout(() => this.#connection.destroy(), Limit.HELLO_MS).unref();
  }

  closed(): void {
    if (this.#phase === 'gone') return;
    this.#phase = 'gone';
    this.#manners.close();
    this.#reception.memory.leave(this.session);
    this.#reception.departed(this);
  }
}

const MOST_MS = 0xffff_ffff;
const SILENT = `it did not say hello within ${Limit.HELLO_MS / 1000} s`;

function carriesItems(type: number): boolean {
  return type === Type.PUT || type === Type.PUT_PRIORITY || type === Type.OFFER;
}

function wakerIn({ flags }: Frame): Waker | null {
  if ((flags & Flag.STUCK) !== 0) return 'broker';
  return (flags & Flag.CHILD) === 0 ? null : 'child';
}
