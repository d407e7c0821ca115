// A broker that does only what a test tells it to: it shows each frame a client sends, and sends the frames the test writes.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FrameReader } from '../../src/wire/frame.ts';
import type { WelcomeChannel, WelcomeLock, WelcomeQueue } from '../../src/wire/message.ts';
import { FrameWriter } from '../../src/wire/writer.ts';
import { type Meaning, meaningOf, written } from '../wire/meaning.ts';

export interface ScriptedBroker {
  readonly socket: string;
  /** What a client needs to find in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The next connection. */
  session(): Promise<ScriptedSession>;
}

export async function scriptedBroker(): Promise<ScriptedBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-test-'));
  const socket = join(folder, 's');
  const sessions = new Feed<ScriptedSession>();
  const open = new Set<Socket>();
  const server = createServer((connection) => {
    open.add(connection);
    sessions.add(new ScriptedSession(connection));
  });
  server.listen(socket);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const connection of open) connection.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    socket,
    environment: {
      FORKLINE_SOCKET: socket,
      FORKLINE_TOKEN: 'token',
      FORKLINE_PROCESS: 'chef.2',
      FORKLINE_RUN_ID: 'run-1',
      FORKLINE_RUN_DIR: folder,
    },
    session: () => sessions.next(),
  };
}

export class ScriptedSession {
  readonly #socket: Socket;
  readonly #frames = new Feed<Meaning>();
  /** Fulfilled once the client has closed the connection. */
  readonly closed: Promise<unknown>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = once(socket, 'close');
    const reader = new FrameReader((frame) => this.#frames.add(meaningOf(frame, 'client')));
    socket.on('data', (chunk: Buffer) => reader.read(chunk));
    socket.on('error', () => {});
  }

  /** The next frame, whatever it is. */
  next(): Promise<Meaning> {
    return this.#frames.next();
  }

  /** What has come and was not asked for yet. */
  get unseen(): readonly Meaning[] {
    return this.#frames.waiting;
  }

  /** The next frame of that type; those before it are passed over. */
  async until(type: Meaning['type']): Promise<Meaning> {
    for (;;) {
      const frame = await this.next();
      if (frame.type === type) return frame;
    }
  }

  send(...frames: Meaning[]): void {
    this.#socket.write(Buffer.concat(frames.map((frame) => written(frame))));
  }

  /** A frame of a type that nobody knows. */
  sendUnknown(channel: number): void {
    this.#socket.write(Buffer.from([0, 0, 0, 5, 127, 255, 0, channel, 1]));
  }

  /** Hears hello and answers with these channels. */
  async welcome(...channels: WelcomeChannel[]): Promise<Meaning> {
    const hello = await this.until('HELLO');
    const writer = new FrameWriter();
    writer.welcome({ protocol: 1, run: 'run-1', channels });
    this.#socket.write(Buffer.concat(writer.take()));
    return hello;
  }

  /** Reads nothing more until it is asked to go on. */
  stopReading(): void {
    this.#socket.pause();
  }

  goOnReading(): void {
    this.#socket.resume();
  }

  hangUp(): void {
    this.#socket.destroy();
  }
}

export function queueChannel(settings: Partial<WelcomeQueue> = {}): WelcomeQueue {
  return {
    id: 1,
    name: 'dishes',
    kind: 'queue',
    puts: true,
    gets: true,
    encoding: 'json',
    order: 'fifo',
    overflow: 'block',
    maxsize: 0,
    maxBytes: 67108864,
    confirm: false,
    delivery: 'at-least-once',
    judged: false,
    ...settings,
  };
}

export function lockChannel(settings: Partial<WelcomeLock> = {}): WelcomeLock {
  return { id: 3, name: 'mutex', kind: 'lock', lock: 'mutex', reentrant: false, owned: true, ...settings };
}

/** Things that come, and those who wait for the next one. */
class Feed<T> {
  readonly waiting: T[] = [];
  #takers: ((thing: T) => void)[] = [];

  add(thing: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.waiting.push(thing);
    else taker(thing);
  }

  next(): Promise<T> {
    const thing = this.waiting.shift();
    if (thing !== undefined) return Promise.resolve(thing);
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}
