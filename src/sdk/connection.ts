// The socket: sends what has gathered, reads frames, and knows whether the program waits for any of it. What the
// frames mean is the session's. Writes go to the descriptor at once, past the stream; only what the system does not
// take goes through the stream, which knows when it takes more. So an orderly end can write the rest synchronously.
import type { Socket } from 'node:net';
import { type Frame, FrameReader } from '../wire/frame.ts';
import { Inlet } from '../wire/inlet.ts';
import { piecesAfter, writePieces } from '../wire/pieces.ts';
import { FrameWriter } from '../wire/writer.ts';
import { Dial } from './dial.ts';
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
  #handle: Handle | null = null;
  /** What the stream was given and has not confirmed. */
  #streamed: Buffer[] = [];
  /** What the system did not take in this turn, and is offered again before the turn ends. */
  #unsent: Buffer[] = [];
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
    return this.#handle?.fd ?? null;
  }

  /**
   * Says the first words in the turn in which it connects, where the system has done so by then: whose turn takes long would else be
   * taken for one that says nothing.
   */
  greet(): void {
    const handle = this.#dial.socket === null ? null : handleOf(this.#dial.socket);
    if (this.#state !== 'connecting' || handle === null || handle.fd < 0) return;
    this.#listener.onConnected();
    this.#greeted = true;
    this.#unsent = this.writer.take();
    try {
      this.#unsent = writePieces(handle.fd, this.#unsent);
    } catch {
      // It is not connected yet: they are said once it is.
    }
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
    if (this.#state !== 'open' || this.#streamed.length > 0 || this.#gathering) return;
    this.#gathering = true;
    try {
      this.#listener.beforeSend();
    } finally {
      this.#gathering = false;
    }
    this.#sentAt = performance.now();
    const taken = this.writer.take();
    if (taken.length > 0) this.#listener.keeps?.(taken);
    const pieces = this.#unsent.length > 0 ? [...this.#unsent, ...taken] : taken;
    const rest = pieces.length > 0 ? this.#write(pieces) : pieces;
    // The stream can do nothing for it before the turn ends; until then the system may take more.
    this.#unsent = this.#scheduled ? rest : [];
    if (rest.length === 0) this.#drained();
    else if (!this.#scheduled) this.#stream(rest);
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
    let rest = [...this.#unconfirmed(), ...this.#unsent, ...this.writer.take()];
    this.#state = 'ended';
    const never = new Int32Array(new SharedArrayBuffer(4));
    while (rest.length > 0) {
      const before = rest;
      try {
        rest = writePieces((this.#handle as Handle).fd, rest);
      } catch {
        return;
      }
      if (rest === before) Atomics.wait(never, 0, 0, 1);
    }
  }

  /** Something was given to the system that it has not taken. */
  get stalled(): boolean {
    return this.#streamed.length + this.#unsent.length > 0;
  }

  /** Ends it from this side. Gives how many bytes of what was given to the system it has not taken, and will not. */
  cut(): number {
    const left = this.#streamed.length > 0 ? (this.#handle?.writeQueueSize ?? 0) : lengthOf(this.#unsent);
    this.#state = 'ended';
    this.#dial.end();
    return left;
  }

  /** Gives up the connection; the other side made no sense. */
  fail(reason: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#dial.end();
    this.#listener.onLost(reason);
  }

  /** Whether anything else could wake the program, and nothing is on its way out. */
  get isAllThatIsWaitedFor(): boolean {
    const { socket } = this.#dial;
    return socket !== null && !this.stalled && isOnlyWokenBy(socket);
  }

  #opened(socket: Socket): void {
    this.#state = 'open';
    this.congested = false;
    this.#handle = handleOf(socket);
    if (!this.#greeted) this.#listener.onConnected();
    this.flush();
  }

  #schedule(): void {
    const now = performance.now();
    this.#begin(now);
    if (this.#reading) {
      this.#scheduleAfterPromises();
    } else if (now - this.#sentAt >= QUIET_MS && this.#streamed.length === 0) {
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
    if (pending + lengthOf(this.#unsent) >= CONGESTED_BYTES) this.congested = true;
  }

  #write(pieces: Buffer[]): Buffer[] {
    try {
      return writePieces((this.#handle as Handle).fd, pieces);
    } catch (error) {
      this.fail((error as Error).message);
      return [];
    }
  }

  #stream(rest: Buffer[]): void {
    const socket = this.#dial.socket as Socket;
    this.#streamed = rest;
    socket.cork();
    for (const piece of rest.slice(0, -1)) socket.write(piece);
    socket.write(rest.at(-1) as Buffer, () => {
      this.#streamed = [];
      this.flush();
    });
    socket.uncork();
  }

  /** What the stream was given and the system has not taken. */
  #unconfirmed(): Buffer[] {
    return piecesAfter(this.#streamed, lengthOf(this.#streamed) - (this.#handle as Handle).writeQueueSize);
  }

  #read(length: number): boolean {
    this.#reading = true;
    try {
      this.#inlet.read(length);
    } catch (error) {
      this.fail((error as Error).message);
    }
    this.#reading = false;
    return true;
  }
}

/** The part of Node's stream handle that net.Socket does not show: what it waits to write, and where to. */
interface Handle {
  readonly fd: number;
  readonly writeQueueSize: number;
}

function handleOf(socket: Socket): Handle | null {
  return (socket as unknown as { _handle: Handle | null })._handle;
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
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
