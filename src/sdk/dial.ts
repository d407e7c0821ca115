// How a connection comes about: tried again for a while where the broker is too busy to accept. And what of it keeps the program alive
// while a call waits: the socket, or the pause before the next attempt.
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { Limit } from '../wire/message.ts';

export interface Caller {
  onOpen(socket: Socket): void;
  /** It could not be opened, or is lost. */
  onError(reason: string): void;
  onClose(): void;
}

export class Dial {
  readonly #options: NetConnectOpts;
  readonly #caller: Caller;
  readonly #started = performance.now();
  #socket: Socket | null = null;
  #pause: NodeJS.Timeout | null = null;
  #open = false;
  /** Waiting calls. */
  #holds = 0;
  #holding: { ref(): unknown; unref(): unknown } | null = null;

  constructor(options: NetConnectOpts, caller: Caller) {
    this.#options = options;
    this.#caller = caller;
    this.#connect(FIRST_PAUSE_MS);
  }

  /** The one that is open, or was tried last. */
  get socket(): Socket | null {
    return this.#socket;
  }

  /** A call waits for an answer: the program must not end now. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#holding?.ref();
  }

  letGo(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#holding?.unref();
  }

  /** It is over, or never was. */
  end(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#socket?.destroy();
  }

  #connect(pauseMs: number): void {
    const socket = connect(this.#options);
    this.#socket = socket;
    this.#hang(socket);
    socket.once('connect', () => {
      this.#open = true;
      this.#caller.onOpen(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.#open && this.#mayRetry(error)) this.#rest(pauseMs);
      else this.#caller.onError(error.message);
    });
    socket.on('close', () => {
      if (this.#open) this.#caller.onClose();
    });
  }

  #mayRetry({ code }: NodeJS.ErrnoException): boolean {
    return (code === 'EAGAIN' || code === 'ECONNREFUSED') && performance.now() - this.#started < Limit.CONNECT_MS;
  }

  #rest(pauseMs: number): void {
    this.#pause = setTimeout(() => this.#connect(Math.min(pauseMs * 2, LONGEST_PAUSE_MS)), pauseMs);
    this.#hang(this.#pause);
  }

  /** From now on this is what keeps the program alive, while something waits. */
  #hang(holding: { ref(): unknown; unref(): unknown }): void {
    this.#holding = holding;
    if (this.#holds === 0) holding.unref();
  }
}

const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 100;
