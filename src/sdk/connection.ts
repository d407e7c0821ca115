// The socket: decides when what has gathered is sent, reads frames, and knows whether the program waits for any of it. What the
// frames mean is the session's; how bytes leave is egress.ts's.
import type { Socket } from 'node:net';
import { descriptorOf } from '../wire/descriptor.ts';
import { type Frame, FrameReader } from '../wire/frame.ts';
import { Inlet } from '../wire/inlet.ts';
import { readRestInto } from '../wire/read-rest.ts';
import { FrameWriter } from '../wire/writer.ts';
import { Dial } from './dial.ts';
import { Egress } from './egress.ts';
import { isOnlyWokenBy } from './stillness.ts';

export interface Listener {
  onConnected(): void;
  onFrame(frame: Frame): void;
  /** What rides on the next write is to be written now. */
  beforeSend(): void;
  /** The system takes more again, after `congested`. */
  onDrained(): void;
  onLost(reason: string): void;
  /** Where it is there, it keeps what is sent: that memory is not written to again. */
  keeps?(pieces: readonly Buffer[]): void;
}

export class Connection {
  readonly writer = new FrameWriter(BLOCK);
  /** It is not open yet, or so much waits to be sent that nothing should be added. */
  congested = true;
  /** How many items were written, and their bytes. */
  items = 0;
  itemBytes = 0;
  readonly #listener: Listener;
  readonly #inlet: Inlet;
  readonly #dial: Dial;
  #state: 'connecting' | 'open' | 'ended' = 'connecting';
  /** The first words are written. */
  #greeted = false;
  readonly #egress = new Egress(() => this.flush());
  /** What rides is being written, and leaves with the flush that asked for it: what is flushed meanwhile must not overtake. */
  #gathering = false;
  /** What is read leads to calls that have something to send too. */
  #reading = false;
  /** A flush comes at the end of this turn. */
  #scheduled = false;
  #sentAt = Number.NEGATIVE_INFINITY;
  #lookedAt = 0;
  /** How many bytes may be written until it is looked again whether they should leave, in a turn that does not end; and left of that. */
  #stride = 0;
  #unlooked = 0;
  readonly #onTick = (): void => {
    this.#scheduled = false;
    this.#unlooked = 0;
    this.flush();
  };
  readonly #onPromises = (): void => process.nextTick(this.#onTick);

  constructor(path: string, listener: Listener) {
    this.#listener = listener;
    this.#inlet = new Inlet(new FrameReader((frame) => listener.onFrame(frame)), SLABS);
    const onread = { buffer: () => this.#inlet.space(), callback: (n: number) => this.#read(n) };
    this.#dial = new Dial(
      { path, onread },
      {
        onOpen: (socket) => this.#opened(socket),
        onError: (reason) => this.fail(reason),
        onClose: () => {
          if (this.#state === 'open') this.fail('the run closed the connection');
        },
      },
    );
  }

  get descriptor(): number | null {
    return this.#egress.descriptor;
  }

  /**
   * Says the first words in the turn in which it connects, where the system has done so by then: whose turn takes long would else be
   * taken for one that says nothing.
   */
  greet(): void {
    const descriptor = descriptorOf(this.#dial.socket);
    if (this.#state !== 'connecting' || descriptor === null) return;
    this.#listener.onConnected();
    this.#greeted = true;
    this.#egress.greet(descriptor, this.writer.take());
  }

  /** All that was written has gone out whole. */
  get quiet(): boolean {
    return this.#state === 'open' && this.writer.pending === 0 && !this.stalled;
  }

  /** A call waits for an answer: the program must not end now. */
  hold(): void {
    this.#dial.hold();
  }

  letGo(): void {
    this.#dial.letGo();
  }

  /** As `wrote`, of an item of so many bytes. */
  wroteItem(bytes: number): void {
    this.items += 1;
    this.itemBytes += bytes;
    this.#unlooked -= bytes + STEP;
    if (this.#unlooked <= 0) this.#look();
  }

  /**
   * Something was written that should leave soon: with all else of this turn, but at once where that is long after the
   * last time, or where the turn does not end.
   */
  wrote(): void {
    this.#unlooked -= STEP;
    if (this.#unlooked <= 0) this.#look();
  }

  /** The same, but never before the promises that are settled now have been heard. */
  willWrite(): void {
    if (this.#scheduled) return;
    this.#begin(performance.now());
    this.#scheduleAfterPromises();
  }

  /** Sends everything, as far as the system takes it. */
  flush(): void {
    if (this.#state !== 'open' || this.#egress.streams || this.#gathering) return;
    this.#gathering = true;
    try {
      this.#listener.beforeSend();
    } finally {
      this.#gathering = false;
    }
    this.#sentAt = performance.now();
    const taken = this.writer.take();
    if (taken.length > 0) this.#listener.keeps?.(taken);
    if (this.#sends(taken)) this.#drained();
  }

  #sends(taken: Buffer[]): boolean {
    try {
      return this.#egress.send(taken, this.#scheduled);
    } catch (error) {
      this.fail((error as Error).message);
      return false;
    }
  }

  #drained(): void {
    if (this.#listener.keeps === undefined) this.writer.reuse();
    if (!this.congested || this.#state !== 'open') return;
    this.congested = false;
    this.#listener.onDrained();
  }

  /** Sends everything and waits for the system to take it, without a loop to wait in. Nothing can be sent after that. */
  finish(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#egress.finish(this.writer.take());
  }

  /** Something was given to the system that it has not taken. */
  get stalled(): boolean {
    return this.#egress.stalled;
  }

  /** Hears all that has come by now. Only for one that is then cut: what is read where it is not is read to another place. */
  readRest(): void {
    const { socket } = this.#dial;
    if (this.#reading || socket === null) return;
    try {
      readRestInto(
        socket,
        () => this.#inlet.space(),
        (length) => this.#hear(length),
      );
    } catch {
      // It made no sense.
    }
  }

  /** Ends it from this side. Gives how many bytes of what was given to the system it has not taken, and will not. */
  cut(): number {
    const { left } = this.#egress;
    this.#state = 'ended';
    this.#dial.end();
    return left;
  }

  /** Gives up the connection; the other side made no sense. */
  fail(reason: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#listener.onLost(reason);
    this.#dial.end();
  }

  /** Whether anything else could wake the program, and nothing is on its way out. */
  get isAllThatIsWaitedFor(): boolean {
    const { socket } = this.#dial;
    return socket !== null && !this.stalled && isOnlyWokenBy(socket);
  }

  #opened(socket: Socket): void {
    this.#state = 'open';
    this.congested = false;
    this.#egress.open(socket);
    if (!this.#greeted) this.#listener.onConnected();
    this.flush();
  }

  #schedule(): void {
    const now = performance.now();
    this.#begin(now);
    if (this.#reading) {
      this.#scheduleAfterPromises();
    } else if (now - this.#sentAt >= QUIET_MS && !this.#egress.streams) {
      this.flush();
    } else {
      this.#scheduled = true;
      process.nextTick(this.#onTick);
    }
  }

  /** Outside of promises, ticks come before them. */
  #scheduleAfterPromises(): void {
    this.#scheduled = true;
    void SETTLED.then(this.#onPromises);
  }

  #begin(nowMs: number): void {
    this.#lookedAt = nowMs;
    this.#stride = STEP;
    this.#unlooked = 0;
  }

  #look(): void {
    if (!this.#scheduled) return this.#schedule();
    const now = performance.now();
    if (now - this.#sentAt >= QUIET_MS || this.writer.pending >= FLUSH_BYTES) this.flush();
    this.#stride = now - this.#lookedAt < BRISK_MS ? Math.min(this.#stride * 2, LONGEST_STRIDE) : STEP;
    this.#lookedAt = now;
    const { pending } = this.writer;
    this.#unlooked = pending < FLUSH_BYTES ? Math.min(this.#stride, FLUSH_BYTES - pending) : this.#stride;
    if (pending + this.#egress.unsentBytes >= CONGESTED_BYTES) this.congested = true;
  }

  #read(length: number): boolean {
    try {
      this.#hear(length);
    } catch (error) {
      this.fail((error as Error).message);
    }
    return true;
  }

  #hear(length: number): void {
    this.#reading = true;
    try {
      this.#inlet.read(length);
    } finally {
      this.#reading = false;
    }
  }
}

const BLOCK = 72 * 1024;
const FLUSH_BYTES = 64 * 1024;
const CONGESTED_BYTES = 1024 * 1024;
/** After such a pause nothing is gained by waiting for the end of the turn. */
const QUIET_MS = 5;
/** Calls that come so fast need not be timed one by one. */
const BRISK_MS = 1;
/** What a call counts besides the bytes of its item. */
const STEP = 128;
const LONGEST_STRIDE = 8 * 1024;
const SETTLED = Promise.resolve();
const SLABS = { least: 128 * 1024, largest: 128 * 1024, space: 32 * 1024 };
