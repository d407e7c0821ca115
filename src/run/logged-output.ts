// What a process writes to the log, as it comes here: through the reading end of a pipe, or told by the keeper until it has the runner
// open that.
import { Socket } from 'node:net';
import type { Printed } from '../keeper/kept.ts';

export type Stream = 'stdout' | 'stderr';

export interface LoggedOutput {
  readonly stream: Stream;
  /** Hands on all of it, from the beginning. Called once. */
  read(onBytes: (bytes: Buffer) => void): void;
  /** Once nothing of its process is left: settles when the last byte was handed on; null where it was. */
  rest(): Promise<void> | null;
  /** Nobody waits for more of it. */
  drop(): void;
}

/** By the descriptor of the reading end. */
export function readHere(stream: Stream, fd: number): PipeOutput {
  return new PipeOutput(stream, new Socket({ fd, readable: true, writable: false }));
}

export class PipeOutput implements LoggedOutput {
  readonly stream: Stream;
  readonly #socket: Socket;

  constructor(stream: Stream, socket: Socket) {
    this.stream = stream;
    this.#socket = socket;
    // One that breaks ends like one that is closed.
    this.#socket.on('error', () => this.#socket.destroy());
  }

  read(onBytes: (bytes: Buffer) => void): void {
    this.#socket.on('data', onBytes);
  }

  rest(): Promise<void> | null {
    if (this.#socket.closed) return null;
    return new Promise((resolve) => {
      this.#socket.once('close', resolve);
    });
  }

  drop(): void {
    this.#socket.destroy();
  }
}

export class ToldOutput implements LoggedOutput {
  readonly stream: Stream;
  readonly #printed: Printed;
  #pipe: PipeOutput | null = null;

  constructor(stream: Stream, printed: Printed) {
    this.stream = stream;
    this.#printed = printed;
  }

  read(onBytes: (bytes: Buffer) => void): void {
    this.#printed.follow({
      told: onBytes,
      opened: (fd) => {
        this.#pipe = readHere(this.stream, fd);
        this.#pipe.read(onBytes);
      },
    });
  }

  rest(): Promise<void> | null {
    return this.#pipe?.rest() ?? null;
  }

  drop(): void {
    this.#pipe?.drop();
  }
}
