// What the broker's tests stand on: a broker that listens in this process, and clients that speak to it byte by byte.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from '../../src/broker/broker.ts';
import type { Notice } from '../../src/broker/control.ts';
import { judgesOf } from '../../src/broker/judge.ts';
import { listen } from '../../src/broker/server.ts';
import { tokenFor } from '../../src/broker/token.ts';
import type { Channel } from '../../src/plan/plan.ts';
import type { Speaker } from '../../src/plan/speakers.ts';
import { readGranted, readItems, readJson, readReply, readRoom } from '../../src/wire/body.ts';
import { type Frame, FrameReader } from '../../src/wire/frame.ts';
import { eachItem, itemsOf } from '../../src/wire/items.ts';
import { Type } from '../../src/wire/message.ts';
import { FrameWriter } from '../../src/wire/writer.ts';

export { lockOf, mutex, pipeOf, queueOf } from '../kit/channels.ts';

const key = '00'.repeat(32);

export interface Running extends AsyncDisposable {
  readonly broker: Broker;
  readonly path: string;
  readonly folder: string;
  readonly notices: Notice[];
  /** Resolves with the first notice of that type, past or to come. */
  notice(type: Notice['type']): Promise<Notice>;
  client(instance: string, pid?: number): Promise<Client>;
  /** Connected, and nothing said. */
  stranger(): Promise<Client>;
}

export function running(...channels: Channel[]): Promise<Running> {
  return runningWith({}, ...channels);
}

export async function runningWith(
  options: {
    readonly laneItems?: number;
    readonly again?: readonly string[];
    readonly speakers?: readonly Speaker[];
    readonly connections?: number;
  },
  ...channels: Channel[]
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'broker-'));
  const path = join(folder, 's');
  const notices: Notice[] = [];
  const waiting = new Set<() => void>();
  const onNotice = (notice: Notice) => {
    notices.push(notice);
    for (const look of [...waiting]) look();
  };
  const broker = new Broker(
    { runId: 'r', key, channels, socket: path, deadlockMs: 1000, daemons: [], ...options },
    onNotice,
    await judgesOf(channels),
    undefined,
    options.connections,
  );
  const server: Server = await listen(path, (socket) => broker.connected(socket));
  const clients: Client[] = [];
  const stranger = async () => {
    const client = new Client(await connected(path));
    clients.push(client);
    return client;
  };
  return {
    broker,
    path,
    folder,
    notices,
    notice: (type) =>
      new Promise((resolve) => {
        const look = () => {
          const found = notices.find((notice) => notice.type === type);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    stranger,
    client: async (instance, pid = 1) => {
      const client = await stranger();
      client.hello(instance, pid);
      await client.next(Type.WELCOME);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.socket.destroy();
      broker.close();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.on('error', reject);
  });
}

/** Speaks frames, and remembers those it hears. */
export class Client {
  readonly socket: Socket;
  readonly heard: Frame[] = [];
  readonly closed: Promise<void>;
  #onFrame: () => void = () => {};
  /** By channel, what it may put without asking. */
  readonly #room = new Map<number, { count: number; bytes: number }>();

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader((frame) => {
      this.heard.push(frame);
      this.#onFrame();
    });
    socket.removeAllListeners('error');
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => reader.read(chunk));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        resolve();
        this.#onFrame();
      });
    });
  }

  say(write: (writer: FrameWriter) => void): void {
    this.socket.write(bytesOf(write));
  }

  hello(instance: string, pid = 1, token = tokenFor(key, instance)): void {
    this.say((to) => to.hello({ protocol: 1, instance, token, pid, sdk: 'test' }));
  }

  /** The next frame of such a type, which is then forgotten; others stay. */
  next(...types: number[]): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const index = this.heard.findIndex((frame) => types.includes(frame.type));
        if (index >= 0) {
          this.#onFrame = () => {};
          resolve(this.heard.splice(index, 1)[0] as Frame);
        } else if (this.socket.destroyed) {
          reject(new Error(`the connection closed before a frame of type ${types.join()} came`));
        }
      };
      this.#onFrame = look;
      look();
    });
  }

  /** Everything said before was worked through, and everything said back has come. */
  async settled(): Promise<void> {
    this.say((to) => to.number(Type.FLUSH, 0, 0xffff));
    await this.next(Type.REPLY);
  }

  /** Puts texts as a client should: asks for room first. */
  async put(channel: number, ...texts: string[]): Promise<void> {
    await this.send(channel, ...texts);
    await this.settled();
  }

  /** Puts, and does not ask whether that has arrived. */
  async send(channel: number, ...texts: string[]): Promise<void> {
    const items = itemsOf(texts.map((text) => Buffer.from(text)));
    const room = this.#room.get(channel) ?? { count: 0, bytes: 0 };
    this.#room.set(channel, room);
    if (room.count < items.count || room.bytes < items.size) {
      this.say((to) => to.room(Type.WANT, channel, items.count, items.size));
    }
    while (room.count < items.count || room.bytes < items.size) {
      const { count, bytes } = readRoom(await this.next(Type.ROOM));
      room.count += count;
      room.bytes += bytes;
    }
    room.count -= items.count;
    room.bytes -= items.size;
    this.say((to) => to.put(channel, items));
  }

  /** Waits for one item or more, and gives their texts. */
  async get(channel: number, count = 1): Promise<string[]> {
    this.say((to) => to.number(Type.GET, channel, count, 1));
    return this.delivered();
  }

  /** Takes so many that have come back: each of them is given alone. */
  async getEach(channel: number, count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) {
      texts.push(...(await this.get(channel)));
      this.say((to) => to.number(Type.TAKEN, channel, 1));
    }
    return texts;
  }

  /** The next items, whether they are new or not. */
  async delivered(): Promise<string[]> {
    return [...eachItem(readItems(await this.next(Type.DELIVER, Type.REDELIVER)))].map(String);
  }

  async error(): Promise<string> {
    return String(readJson(await this.next(Type.ERROR))['code']);
  }

  async stat(channel: number): Promise<unknown> {
    this.say((to) => to.number(Type.STAT, channel, 1));
    return readReply(await this.next(Type.REPLY)).value;
  }

  /** Acquires a lock. */
  async acquire(channel: number, request = 1): Promise<{ fence: number; abandoned: boolean }> {
    this.say((to) => to.number(Type.ACQUIRE, channel, request));
    return this.granted();
  }

  async granted(): Promise<{ fence: number; abandoned: boolean }> {
    const frame = await this.next(Type.GRANTED);
    return { fence: readGranted(frame).fence, abandoned: frame.flags === 1 };
  }

  async goodbye(): Promise<void> {
    this.say((to) => to.bare(Type.GOODBYE, 0));
    await this.next(Type.GOODBYE);
  }

  /** As a process that is killed. */
  async kill(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

export function bytesOf(write: (writer: FrameWriter) => void): Buffer {
  const writer = new FrameWriter();
  write(writer);
  return Buffer.concat(writer.take());
}
