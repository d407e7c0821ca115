// One connection of a child. It turns frames into what is said to the machines, and what they decide into frames, which go
// out once a turn as one write. A client that breaks the protocol, floods or does not read what it asked for is cut off;
// nobody else notices. Who it may speak for is decided by the broker, what it may do by the switchboard.
import type { Socket } from 'node:net';
import type { NodeId } from '../plan/plan.ts';
import {
  expectEmpty,
  readCount,
  readFinish,
  readItems,
  readJson,
  readLaneNumber,
  readOffer,
  readPriority,
  readRange,
  readRelease,
  readRequest,
  readRoom,
} from '../wire/body.ts';
import { type Frame, ProtocolError } from '../wire/frame.ts';
import { Flag, type LaneBody, type LaneClosed, Limit, PROTOCOL, Type, type Welcome } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { type Manner, PLAINLY } from './backlog.ts';
import { Connection, type Hearer } from './connection.ts';
import type { SessionEffect } from './effect.ts';
import type { LargeBuffers } from './large-buffers.ts';
import { Most } from './limits.ts';
import type { Party } from './party.ts';
import type { Switchboard } from './switchboard.ts';

/** What the session leaves to the broker. */
export interface Reception {
  readonly runId: string;
  readonly switchboard: Switchboard;
  readonly buffers: LargeBuffers;
  /** Where the two ends of a lane meet, and what they know each other by. */
  laneAt(channel: number, number: number): LaneBody;
  /** Throws a `ProtocolError` where the token is not that instance's, or there are too many sessions of it. */
  admit(session: Session, claim: { readonly instance: string; readonly token: string }): void;
  /** It is over; nothing more comes of it. */
  departed(session: Session): void;
  offended(session: Session, reason: string): void;
  /** Its program says that it is ready. */
  ready(session: Session): void;
  /** Whether anything but the broker could wake its program, as it answers to `ask`. */
  answered(session: Session, stuck: boolean): void;
  /** A stream broke for a command of one of its scripts. */
  brokeOff(instance: NodeId): void;
  /** It asks something of the run itself. */
  asked(session: Session, frame: Frame): void;
  /** What it may ask of it. */
  grantsOf(instance: NodeId): Pick<Welcome, 'outputs' | 'controls'>;
}

export class Session implements Party, Hearer {
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
  #patience: NodeJS.Timeout;
  #waited = 0;
  #phase: 'strange' | 'known' | 'leaving' | 'gone' = 'strange';
  /** Bytes of items among what waits to be written. */
  #delivering = 0;
  /** Bytes of answers that have not been read, as far as can be seen. */
  #unread = 0;
  #congested = false;
  /** How many moves there were when it was last heard after others. */
  #movesBefore = 0;
  /** It has said much more than it has read. */
  #mistrusted = false;
  readonly #flushes: number[] = [];

  constructor(socket: Socket, reception: Reception) {
    this.#reception = reception;
    this.#switchboard = reception.switchboard;
    this.session = this.#switchboard.nextSession();
    // In steps, so that a broker that was stopped for a while does not cut off who was stopped with it.
    this.#patience = setInterval(() => this.#wait(), Limit.HELLO_MS / PATIENCE_STEPS);
    this.#connection = new Connection(socket, this, reception.buffers);
    this.#writer = this.#connection.writer;
  }

  #wait(): void {
    if (this.#switchboard.clock.held) return;
    this.#waited += 1;
    if (this.#waited < PATIENCE_STEPS) return;
    this.offended(new ProtocolError('limit', this.#phase === 'strange' ? SILENT : 'it does not read its answers'));
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

  perform(channel: number, effect: SessionEffect): void {
    this.moves += 1;
    const writer = this.#writer;
    switch (effect.type) {
      case 'deliver': {
        const { items, seen, charges, death } = effect.batch;
        if (death !== null) writer.dead(channel, death);
        const flags = effect.right ? Flag.RIGHT : Flag.NONE;
        if (seen) writer.redeliver(channel, charges + 1, items, flags);
        else writer.deliver(channel, items, flags);
        this.#delivering += items.bytes.length;
        break;
      }
      case 'room':
        writer.room(Type.ROOM, channel, effect.count, effect.bytes);
        break;
      case 'end':
        if (effect.aborted && this.#shell) this.#reception.brokeOff(this.instance);
        writer.bare(Type.END, channel, effect.aborted ? Flag.BROKE : Flag.NONE);
        break;
      case 'broken':
        writer.bare(Type.BROKEN, channel);
        break;
      case 'refused': {
        const flags = effect.never ? Flag.NEVER : Flag.NONE;
        if (effect.request === undefined) writer.bare(Type.REFUSED, channel, flags);
        else writer.number(Type.REFUSED, channel, effect.request, flags);
        break;
      }
      case 'withdrawn':
        writer.bare(Type.WITHDRAWN, channel, effect.puts ? Flag.PUTS : Flag.NONE);
        break;
      case 'recall':
        writer.bare(Type.RECALL, channel, effect.room ? Flag.ROOM : Flag.NONE);
        break;
      case 'reply':
        writer.reply(channel, effect.request, effect.stat);
        break;
      case 'finished':
        writer.reply(channel, effect.request, { count: effect.count });
        break;
      case 'state':
        writer.reply(channel, effect.request, effect.state);
        break;
      case 'granted':
        writer.granted(
          channel,
          effect.request,
          effect.fence,
          (effect.abandoned ? Flag.ABANDONED : Flag.NONE) | (effect.lent ? Flag.LENT : Flag.NONE),
        );
        break;
      case 'lane': {
        const { listen, number } = effect;
        const flags = listen ? Flag.LISTEN : Flag.NONE;
        writer.json(Type.LANE, channel, this.#reception.laneAt(channel, number), flags);
        break;
      }
      case 'lane-go':
        writer.bare(Type.LANE_GO, channel);
        break;
      case 'lane-stop':
        writer.bare(Type.LANE_STOP, channel, effect.orphaned ? Flag.LISTEN : Flag.NONE);
        break;
      case 'lane-map':
        writer.json(Type.LANE_MAP, channel, effect.map);
        break;
      case 'denied': {
        const { code, message, request, misfit } = effect;
        writer.error(channel, { code, message, request, ...misfit });
      }
    }
  }

  flush(): void {
    if (this.#phase === 'gone') return;
    // What the frames before them brought about has been said by now.
    for (const request of this.#flushes.splice(0)) this.#writer.reply(0, request);
    if (this.#phase === 'leaving') this.#writer.bare(Type.GOODBYE, 0);
    if (this.#writer.pending === 0) return;
    this.#unread += this.#writer.pending - this.#delivering;
    this.#delivering = 0;
    this.#connection.flush();
    if (this.#phase === 'leaving') this.#connection.end();
    const { backlog } = this.#connection;
    if (backlog === 0) this.#unread = 0;
    else if (this.#unread > Most.UNREAD) this.#mistrust();
    else if (backlog > CONGESTED) this.#congest(true);
  }

  /** Others are to be heard, too, before it goes on. */
  #rest(): void {
    this.#connection.pause();
    setImmediate(() => {
      this.#movesBefore = this.moves;
      if (!this.#mistrusted && this.#phase !== 'gone') this.#connection.resume();
    });
  }

  /** It may only be slower in reading than in asking: it is not heard until it has read. */
  #mistrust(): void {
    if (this.#mistrusted) return;
    this.#mistrusted = true;
    this.#connection.pause();
    this.#waited = 0;
    this.#patience = setInterval(() => this.#wait(), Limit.HELLO_MS / PATIENCE_STEPS);
  }

  drained(): void {
    this.#unread = 0;
    if (this.#mistrusted) {
      this.#mistrusted = false;
      clearInterval(this.#patience);
      this.#connection.resume();
    }
    this.#congest(false);
  }

  /** What the connection does not take must not pile up here: items stay in their queues until it does. */
  #congest(congested: boolean): void {
    if (this.#congested === congested) return;
    this.#congested = congested;
    this.#switchboard.congest(this, congested);
  }

  longest(type: number, channel: number): number {
    if (this.#phase !== 'known') return Most.PLAIN_FRAME;
    if (type === Type.HAND_OVER) {
      const most = this.#switchboard.queue(this, channel, 'any').longestHandOver(this.session);
      return Math.max(Most.PLAIN_FRAME, most);
    }
    if (type === Type.OUTPUT) return Limit.OUTPUT + OUTPUT_HEAD;
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
    if (this.moves - this.#movesBefore > Most.FRAMES) this.#rest();
    this.#switchboard.turns.heard();
  }

  #greet(frame: Frame): void {
    const { protocol, instance, token, pid, child, lanes, pauses, shell } = readJson(frame);
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
    clearInterval(this.#patience);
    this.#switchboard.enter(this);
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
      case Type.OUTPUT:
      case Type.WATCH:
      case Type.TERMINATE:
      case Type.CANCEL:
        this.moves += 1;
        this.#reception.asked(this, frame);
        break;
      default:
        throw unknown(frame);
    }
    this.#switchboard.turns.speaks(this);
  }

  #hearStuck(frame: Frame): void {
    if (readRequest(frame) !== this.#asked) throw unknown(frame);
    this.#asked = null;
    this.#reception.answered(this, (frame.flags & Flag.STUCK) !== 0);
  }

  #hearChannel(frame: Frame): void {
    this.moves += 1;
    const { session } = this;
    const { channel } = frame;
    switch (frame.type) {
      case Type.PUT:
        this.puts = true;
        this.#switchboard.put(this, channel, readItems(frame), isLeft(frame) ? AT_LEFT : PLAINLY);
        break;
      case Type.PUT_PRIORITY:
        this.puts = true;
        this.#switchboard.put(this, channel, readItems(frame), { priority: readPriority(frame) });
        break;
      case Type.OFFER:
        this.#switchboard.offer(this, channel, readItems(frame), { ...readOffer(frame), left: isLeft(frame) });
        break;
      case Type.WANT: {
        const { count, bytes } = readRoom(frame);
        if (bytes > count * Limit.ITEM) throw new ProtocolError('limit', 'an item would be larger than 1 GiB');
        this.#queue(channel, 'put').want(session, count, bytes, (frame.flags & Flag.TRY) !== 0);
        break;
      }
      case Type.UNWANT:
        expectEmpty(frame);
        this.#queue(channel, 'put').unwant(session);
        break;
      case Type.GIVE_ROOM: {
        const { count, bytes } = readRoom(frame);
        this.#queue(channel, 'put').giveRoom(session, count, bytes);
        break;
      }
      case Type.CLOSE:
        expectEmpty(frame);
        this.#switchboard.close(this, channel);
        break;
      case Type.SHUT:
        expectEmpty(frame);
        this.#switchboard.shut(this, channel);
        break;
      case Type.GET:
        this.#queue(channel, 'get').get(
          session,
          readCount(frame),
          (frame.flags & Flag.WAITING) !== 0,
          (frame.flags & Flag.RIGHT) !== 0,
        );
        break;
      case Type.UNGET:
        expectEmpty(frame);
        this.#queue(channel, 'get').unget(session);
        break;
      case Type.TAKEN:
        this.#queue(channel, 'get').taken(session, readCount(frame));
        this.#checkHeld(channel);
        break;
      case Type.DONE: {
        const { tag, count } = readRange(frame);
        for (const { items } of this.#queue(channel, 'get').done(session, tag, count))
          if (items.count === 1) this.#reception.buffers.recycle(items.bytes);
        this.#checkHeld(channel);
        break;
      }
      case Type.FINISH: {
        const { request, count } = readFinish(frame);
        this.#queue(channel, 'get').finishLeft(session, request, count);
        break;
      }
      case Type.GIVE_BACK: {
        const { tag, count } = readRange(frame);
        this.#queue(channel, 'get').giveBack(session, tag, count);
        break;
      }
      case Type.LANE_READY:
        expectEmpty(frame);
        this.#queue(channel, 'any').laneReady(session, frame.flags !== Flag.NO_LANE);
        break;
      case Type.HAND_OVER: {
        const handed = { sent: (frame.flags & Flag.SENT) !== 0, taken: (frame.flags & Flag.TAKEN) !== 0 };
        this.#queue(channel, 'any').handOver(session, readLaneNumber(frame), readItems(frame), handed);
        break;
      }
      case Type.LANE_CLOSED:
        this.#queue(channel, 'any').laneClosed(session, readJson(frame) as unknown as LaneClosed);
        break;
      case Type.JOIN:
        this.#queue(channel, 'any').join(session, readRequest(frame));
        break;
      case Type.STAT:
        this.#queue(channel, 'any').stat(session, readRequest(frame));
        break;
      case Type.ACQUIRE:
        this.#switchboard.lock(this, channel).acquire(session, readRequest(frame), {
          atOnce: (frame.flags & Flag.TRY) !== 0,
          shared: (frame.flags & Flag.READ) !== 0,
          borrows: (frame.flags & Flag.BORROW) !== 0,
        });
        break;
      case Type.RELEASE: {
        const { fence, request } = readRelease(frame);
        this.#switchboard.lock(this, channel).release(session, fence, request, (frame.flags & Flag.QUIET) !== 0);
        break;
      }
      case Type.CANCEL:
        this.#switchboard.lock(this, channel).cancel(session, readRequest(frame));
        break;
      default:
        throw unknown(frame);
    }
  }

  #checkHeld(channel: number): void {
    if (!this.#queue(channel, 'get').hoards(this.session)) return;
    const mend = 'say of each that it is done, or give the queue `delivery: at-most-once`';
    throw new ProtocolError('limit', `it has taken too much that is not done: ${mend}`);
  }

  #queue(channel: number, role: 'put' | 'get' | 'any') {
    return this.#switchboard.queue(this, channel, role);
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
    clearInterval(this.#patience);
    this.#reception.departed(this);
  }
}

/** What comes before the JSON of an `OUTPUT`. */
const OUTPUT_HEAD = 8;
const MOST_MS = 0xffff_ffff;
const AT_LEFT: Manner = { left: true };
const PATIENCE_STEPS = 5;
const SILENT = `it did not say hello within ${Limit.HELLO_MS / 1000} s`;
/** From here on it gets no more items until all that was written has gone out. */
const CONGESTED = 64 * 1024;

function carriesItems(type: number): boolean {
  return type === Type.PUT || type === Type.PUT_PRIORITY || type === Type.OFFER;
}

function isLeft({ flags }: Frame): boolean {
  return (flags & Flag.LEFT) !== 0;
}

function unknown(frame: Frame): ProtocolError {
  return new ProtocolError('protocol', `a frame of type ${frame.type} was not expected on channel ${frame.channel}`);
}
