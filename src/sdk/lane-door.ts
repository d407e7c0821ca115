// Where the putting end of a direct lane comes in: listens for it, lets in the one that has the key, reads its frames, and writes to it.
import { createServer, type Server, type Socket } from 'node:net';
import { readJson } from '../wire/body.ts';
import { descriptorOf } from '../wire/descriptor.ts';
import { type Frame, FrameReader, ProtocolError } from '../wire/frame.ts';
import { Type } from '../wire/message.ts';
import { writePieces } from '../wire/pieces.ts';
import { readRest } from '../wire/read-rest.ts';
import type { LaneSettings } from './lane-out.ts';

export interface DoorKeeper {
  /** The other end can connect now; or there can be no lane. */
  onListening(can: boolean): void;
  /** From the other end, once it is in. What it makes it throw closes the connection. */
  onFrame(frame: Frame): void;
  /** Nothing more comes of the other end that was in. */
  onClosed(): void;
}

export class LaneDoor {
  readonly #key: string;
  readonly #keeper: DoorKeeper;
  readonly #server: Server;
  #socket: Socket | null = null;
  #read: (chunk: Buffer) => void = () => {};
  /** What the system has not taken. */
  #unsaid: Buffer[] = [];

  constructor({ path, key }: Pick<LaneSettings, 'path' | 'key'>, keeper: DoorKeeper) {
    this.#key = key;
    this.#keeper = keeper;
    this.#server = createServer((socket) => this.#accept(socket)).unref();
    this.#server.on('error', () => keeper.onListening(false));
    this.#server.listen(path, () => keeper.onListening(true));
  }

  /** The other end is in, or was. */
  get entered(): boolean {
    return this.#socket !== null;
  }

  /**
   * Past the stream: a write that fails because the other end has closed would end the stream, with what the other end had
   * sent before. What the system does not take now is said with the next.
   */
  say(pieces: readonly Buffer[]): void {
    this.#unsaid.push(...pieces);
    const descriptor = descriptorOf(this.#socket);
    if (descriptor === null || this.#unsaid.length === 0) return;
    try {
      this.#unsaid = writePieces(descriptor, this.#unsaid);
    } catch {
      // Nobody is there to hear it.
      this.#unsaid = [];
    }
  }

  /** Hears all that has come by now. Gives whether the other end was in and is gone. */
  readRest(): boolean {
    return this.#socket !== null && readRest(this.#socket, this.#read);
  }

  destroy(): void {
    this.#server.close();
    this.#socket?.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#socket !== null) return void socket.destroy();
    let known = false;
    const reader = new FrameReader((frame) => {
      if (known) return this.#keeper.onFrame(frame);
      known = frame.type === Type.LANE && readJson(frame)['key'] === this.#key;
      if (!known) throw new ProtocolError('identity', 'a stranger');
      this.#socket = socket;
      this.#read = read;
      this.#server.close();
    });
    reader.limit = () => (known ? LARGEST_PASSAGE : MOST_GREETING);
    socket.unref();
    const read = (chunk: Buffer) => {
      try {
        reader.read(chunk);
      } catch {
        socket.destroy();
      }
    };
    socket.on('data', read);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (known) this.#keeper.onClosed();
    });
  }
}

/** What is written at a time is at most one item of 1 MiB and a little. */
export const LARGEST_PASSAGE = 2 * 1024 * 1024;
const MOST_GREETING = 4096;
