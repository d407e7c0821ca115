// The bytes of one connection. Reads into slabs of its own, so that no buffer is made for each small read, and a large frame
// right into its place. Writes past the stream, at once; only what the system does not take goes through the stream, which
// knows when it takes more. That the other side reads no more never ends the reading of what it had said.
import { Socket } from 'node:net';
import { type Frame, FrameReader, ProtocolError } from '../wire/frame.ts';
import { Inlet } from '../wire/inlet.ts';
import { writePieces } from '../wire/pieces.ts';
import { FrameWriter } from '../wire/writer.ts';
import type { LargeBuffers } from './large-buffers.ts';
import { hearLastWords } from './last-words.ts';

export interface Hearer {
  /** May throw a `ProtocolError`. */
  hear(frame: Frame): void;
  /** Everything that one read brought was heard. */
  heard(): void;
  /** How long a frame may be that says it has `length`, before anything is allocated for it. May throw a `ProtocolError`. */
  longest(type: number, channel: number, length: number): number;
  /** It broke the protocol; nothing more of it is heard. */
  offended(error: ProtocolError): void;
  /** All that was written has gone out. */
  drained(): void;
  /** Nothing more will be heard. */
  closed(): void;
}

export class Connection {
  readonly writer = new FrameWriter(BLOCK);
  readonly #socket: Socket;
  readonly #hearer: Hearer;
  readonly #reader: FrameReader;
  readonly #buffers: LargeBuffers;
  readonly #descriptor: number;
  readonly #inlet: Inlet;
  /** Writes that the stream has not finished. */
  #streaming = 0;
  /** Nothing more is heard. */
  #deaf = false;
  /** Nothing more is said: nobody would read it. */
  #mute = false;

  /** Takes over the handle of an accepted socket that has not begun to read. */
  constructor(accepted: Socket, hearer: Hearer, buffers: LargeBuffers) {
    this.#hearer = hearer;
    this.#buffers = buffers;
    this.#reader = new FrameReader((frame) => {
      if (!this.#deaf) hearer.hear(frame);
    });
    this.#reader.allocate = (length) => buffers.allocate(length);
    this.#reader.limit = (type, channel, length) => hearer.longest(type, channel, length);
    this.#inlet = new Inlet(this.#reader, SLABS);
    const handle = takeHandle(accepted);
    this.#descriptor = handle.fd;
    const onread = { buffer: () => this.#inlet.space(), callback: (length: number) => this.#read(length) };
    // `handle` and, here, `onread` are options that the types do not know.
    this.#socket = new Socket({ handle, onread } as ConstructorParameters<typeof Socket>[0]);
    hearLastWords(this.#socket, (chunk) => this.#attempt(() => this.#reader.read(chunk)));
    // An error is always followed by `close`, which is all there is to know.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => hearer.closed());
  }

  /** Bytes that the system has not taken. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** Sends what has gathered. */
  flush(): void {
    const pieces = this.writer.take();
    // Of a socket that is closed the descriptor may be another's by now.
    if (this.#mute || this.#socket.destroyed || pieces.length === 0) return;
    const rest = this.#streaming > 0 ? pieces : this.#write(pieces);
    if (rest.length === 0) this.writer.reuse();
    else this.#stream(rest);
  }

  /** Hears nothing until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Hears nothing more, and closes once all is sent. */
  finish(): void {
    this.#deaf = true;
    this.#socket.destroySoon();
  }

  /** Says nothing more; the other side is to close. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#deaf = true;
    this.#socket.destroy();
  }

  #read(length: number): boolean {
    this.#attempt(() => this.#inlet.read(length));
    this.#hearer.heard();
    return true;
  }

  #attempt(read: () => void): void {
    if (this.#deaf) return;
    try {
      read();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#deaf = true;
      this.#hearer.offended(error);
    }
  }

  /** Gives what the system did not take. */
  #write(pieces: Buffer[]): Buffer[] {
    try {
      return writePieces(this.#descriptor, pieces);
    } catch {
      // It reads no more; what it had said before is still to be heard.
      this.#mute = true;
      return [];
    }
  }

  #stream(rest: readonly Buffer[]): void {
    this.#streaming += 1;
    this.#buffers.writing(rest);
    this.#socket.cork();
    for (const piece of rest.slice(0, -1)) this.#socket.write(piece);
    this.#socket.write(rest.at(-1) ?? EMPTY, () => {
      this.#streaming -= 1;
      this.#buffers.written(rest);
      if (this.#streaming === 0 && !this.#deaf) this.#hearer.drained();
    });
    this.#socket.uncork();
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
const BLOCK = 8 * 1024;
/** There may be many sessions that say little. */
const SLABS = { least: 4 * 1024, largest: 64 * 1024, space: 1024 };

/** Of Node's stream handle, what net.Socket does not show. */
interface Handle {
  readonly fd: number;
}

/** The server's own socket reads into a new buffer each time; one made anew from its handle reads where it is told to. */
function takeHandle(accepted: Socket): Handle {
  const holder = accepted as unknown as { _handle: Handle | null };
  const handle = holder._handle;
  if (handle === null) throw new Error('Internal error: an accepted socket has no handle');
  holder._handle = null;
  accepted.destroy();
  return handle;
}
