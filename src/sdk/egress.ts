// The bytes that a connection sends. They are written to the descriptor at once, past the stream; what the system does not take is
// offered again as long as the turn goes on, and goes through the stream then, which knows when the system takes more. So an
// orderly end can write the rest synchronously.
import type { Socket } from 'node:net';
import { piecesAfter, writePieces } from '../wire/pieces.ts';

export class Egress {
  readonly #onTaken: () => void;
  #socket: Socket | null = null;
  #handle: Handle | null = null;
  /** What the stream was given and has not confirmed. */
  #streamed: Buffer[] = [];
  /** What the system did not take in this turn, and is offered again before the turn ends. */
  #unsent: Buffer[] = [];

  /** `onTaken`: the stream has got rid of all it was given. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  /** The stream has some of it: until that is gone nothing can be sent. */
  get streams(): boolean {
    return this.#streamed.length > 0;
  }

  /** Something was to be sent that the system has not taken. */
  get stalled(): boolean {
    return this.#streamed.length + this.#unsent.length > 0;
  }

  /** Bytes that are offered again with the next. */
  get unsentBytes(): number {
    return lengthOf(this.#unsent);
  }

  /** What the system writes to, once it is open. */
  get descriptor(): number | null {
    return this.#handle?.fd ?? null;
  }

  /** From here on it can be sent. */
  open(socket: Socket): void {
    this.#socket = socket;
    this.#handle = handleOf(socket);
  }

  /** Offers the first words to one that may not be connected yet: what it does not take leaves with the next. */
  greet(descriptor: number, words: Buffer[]): void {
    this.#unsent = words;
    try {
      this.#unsent = writePieces(descriptor, words);
    } catch {
      // It is not connected.
    }
  }

  /** Sends these as far as the system takes them; whether that is all there was. `goesOn`: the turn does. Throws where the socket takes no more. */
  send(taken: Buffer[], goesOn: boolean): boolean {
    const pieces = this.#unsent.length > 0 ? [...this.#unsent, ...taken] : taken;
    this.#unsent = [];
    const rest = pieces.length > 0 ? this.#offer(pieces) : pieces;
    // The stream can do nothing for it before the turn ends; until then the system may take more.
    if (goesOn) this.#unsent = rest;
    else if (rest.length > 0) this.#stream(rest);
    return rest.length === 0;
  }

  /** Sends everything, and waits for the system to take it without a loop to wait in. Nothing can be sent after that. */
  finish(taken: Buffer[]): void {
    const { fd, writeQueueSize } = this.#handle as Handle;
    const unconfirmed = piecesAfter(this.#streamed, lengthOf(this.#streamed) - writeQueueSize);
    let rest = [...unconfirmed, ...this.#unsent, ...taken];
    const never = new Int32Array(new SharedArrayBuffer(4));
    while (rest.length > 0) {
      const before = rest;
      try {
        rest = writePieces(fd, rest);
      } catch {
        return;
      }
      if (rest === before) Atomics.wait(never, 0, 0, 1);
    }
  }

  /** How many bytes of what was to be sent the system has not taken. */
  get left(): number {
    return this.streams ? (this.#handle?.writeQueueSize ?? 0) : this.unsentBytes;
  }

  /** Gives what the system did not take. */
  #offer(pieces: Buffer[]): Buffer[] {
    try {
      return writePieces((this.#handle as Handle).fd, pieces);
    } catch (error) {
      // It was not sent: who ends the connection asks how much that is.
      this.#unsent = pieces;
      throw error;
    }
  }

  #stream(rest: Buffer[]): void {
    const socket = this.#socket as Socket;
    this.#streamed = rest;
    socket.cork();
    for (const piece of rest.slice(0, -1)) socket.write(piece);
    socket.write(rest.at(-1) as Buffer, () => {
      this.#streamed = [];
      this.#onTaken();
    });
    socket.uncork();
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
