// The runner's side of the broker: starts its process, speaks to it as control.ts says, and takes its folder away at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { home } from '../home.ts';
import type { Channel, NodeId } from '../plan/plan.ts';
import type { Speaker } from '../plan/speakers.ts';
import type { Account, Command, Counts, Fence, Notice, Outlook } from './control.ts';
import { BrokerNotStarted, makeSocketFolder, SOCKET } from './socket-folder.ts';
import { FLAGS, MEMORY } from './thrift.ts';
import { tokenFor } from './token.ts';

export interface BrokerOptions {
  readonly runId: string;
  readonly channels: readonly Channel[];
  readonly speakers?: readonly Speaker[];
  readonly again?: readonly NodeId[];
  readonly deadlockMs: number;
  readonly daemons: readonly NodeId[];
  /** Never an answer. */
  readonly onNotice: (notice: Exclude<Notice, { type: 'answer' } | { type: 'listening' }>) => void;
  /** The process of the broker has ended and was not told to. */
  readonly onLost: (reason: string) => void;
  /** Where the folder of the socket is made; by default where this user's sockets belong. */
  readonly socketDir?: string;
}

type Parameters<T extends Command['type']> = Omit<Extract<Command, { readonly type: T }>, 'type' | 'request'>;

export interface BrokerHost {
  /** The path that children connect to. */
  readonly socket: string;
  readonly pid: number;
  /** Of its attempt of that number; the first, where none is given. */
  tokenFor(instance: NodeId, attempt?: number): string;
  started(node: NodeId, pid: number | null): void;
  /** Resolves once the broker has opened the FIFO. */
  feed(wiring: Parameters<'feed'>): Promise<void>;
  collect(wiring: Parameters<'collect'>): Promise<void>;
  /** Items of a queue are taken for an `each`, and told by notices. */
  each(crew: Parameters<'each'>): void;
  /** So many more of its workers are free; null: it takes no more. */
  take(node: NodeId, count: number | null): void;
  /** What became of an item that was given. */
  finished(item: Parameters<'finished'>): void;
  /** Resolves once the broker has opened the FIFO that it writes the item into. */
  pour(item: Parameters<'pour'>): Promise<void>;
  /** Resolves once these locks are taken for a process that is about to start; null: it was told to `unhold`, or with `atOnce` that it
   * cannot have them all now, and is to `unhold`. */
  hold(node: NodeId, locks: Parameters<'hold'>['locks'], atOnce: boolean): Promise<readonly Fence[] | null>;
  /** It does not start. */
  unhold(node: NodeId): void;
  gone(node: NodeId, abandon: boolean): Promise<Account>;
  settle(end: Parameters<'settle'>): void;
  /** An attempt has ended, and another follows. */
  recover(node: NodeId, how: string): void;
  /** Resolves once it is known which files of `from` and `to` can be read and written. */
  begin(): Promise<void>;
  /** Nothing more of `from` is put. */
  abandon(): void;
  /** Resolves once all of `from` is in, and all files of `to` are whole or given up; `atOnce`: now. */
  finish(atOnce: boolean): Promise<void>;
  count(): Promise<Counts>;
  /** Who has waited for long is told by a notice. */
  tellWaits(): void;
  /** One that somebody may control has ended for good. */
  ended(node: NodeId, exitcode: number | null): void;
  /** The errand of that number is done. */
  done(errand: number): void;
  /** Answers the notice of suspects of that number. */
  inspected(request: number, outlook: Outlook): void;
  /** Its clocks stand still until `resume`. */
  pause(): void;
  resume(): Promise<void>;
  /** Ends it, and resolves once it has. */
  close(): Promise<void>;
}

/** Resolves once children can connect. */
export async function startBroker(options: BrokerOptions): Promise<BrokerHost> {
  const folder = makeSocketFolder(options.socketDir);
  try {
    const host = new Host(options, folder);
    await host.listening;
    return host;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

class Host implements BrokerHost {
  readonly socket: string;
  readonly listening: Promise<void>;
  readonly #folder: string;
  readonly #key = randomBytes(32).toString('hex');
  readonly #process: ChildProcess;
  readonly #options: BrokerOptions;
  readonly #asked = new Map<number, Asked>();
  readonly #ended: Promise<void>;
  #requests = 0;
  #stderr = '';
  #phase: 'starting' | 'open' | 'closing' | 'ended' = 'starting';
  #heard!: () => void;
  #failed!: (error: Error) => void;

  constructor(options: BrokerOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.socket = join(folder, SOCKET);
    this.listening = new Promise((resolve, reject) => {
      this.#heard = resolve;
      this.#failed = reject;
    });
    // A session of its own: what the terminal sends to the runner's group is not for it.
    this.#process = spawn(process.execPath, [...FLAGS, home.broker], {
      detached: true,
      env: { ...process.env, ...MEMORY },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MOST_STDERR);
    });
    this.#process.on('message', (notice: Notice) => this.#hear(notice));
    this.#process.on('error', (error) => this.#lost(error.message));
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        this.#lost(`it ended with ${signal ?? `exit code ${code}`}${this.#stderr === '' ? '' : `: ${this.#stderr}`}`);
        resolve();
      });
    });
    const { runId, channels, speakers = [], again = [], deadlockMs, daemons } = options;
    const socket = { socket: this.socket, key: this.#key };
    this.#say({ type: 'open', runId, ...socket, channels, speakers, again, deadlockMs, daemons });
  }

  get #hasFiles(): boolean {
    return this.#options.channels.some((channel) => channel.kind === 'queue' && (channel.from ?? channel.to) !== null);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  tokenFor(instance: NodeId, attempt?: number): string {
    return tokenFor(this.#key, instance, attempt);
  }

  started(node: NodeId, pid: number | null): void {
    this.#say({ type: 'started', node, pid });
  }

  async feed(wiring: Parameters<'feed'>): Promise<void> {
    await this.#ask((request) => ({ type: 'feed', request, ...wiring }));
  }

  async collect(wiring: Parameters<'collect'>): Promise<void> {
    await this.#ask((request) => ({ type: 'collect', request, ...wiring }));
  }

  each(crew: Parameters<'each'>): void {
    this.#say({ type: 'each', ...crew });
  }

  take(node: NodeId, count: number | null): void {
    this.#say({ type: 'take', node, count });
  }

  finished(item: Parameters<'finished'>): void {
    this.#say({ type: 'finished', ...item });
  }

  async pour(item: Parameters<'pour'>): Promise<void> {
    await this.#ask((request) => ({ type: 'pour', request, ...item }));
  }

  async hold(node: NodeId, locks: Parameters<'hold'>['locks'], atOnce: boolean): Promise<readonly Fence[] | null> {
    const asked = this.#ask((request) => ({ type: 'hold', request, node, locks, atOnce }));
    return (await this.#orLost(asked, null)) as readonly Fence[] | null;
  }

  unhold(node: NodeId): void {
    this.#say({ type: 'unhold', node });
  }

  async gone(node: NodeId, abandon: boolean): Promise<Account> {
    const asked = this.#ask((request) => ({ type: 'gone', request, node, abandon }));
    return (await this.#orLost(asked, nothingKnown)) as Account;
  }

  settle({ node, held, stream, succeeded, how, orderly }: Parameters<'settle'>): void {
    this.#say({ type: 'settle', node, held, stream, succeeded, how, orderly });
  }

  recover(node: NodeId, how: string): void {
    this.#say({ type: 'recover', node, how });
  }

  async begin(): Promise<void> {
    if (this.#hasFiles)
      await this.#orLost(
        this.#ask((request) => ({ type: 'begin', request })),
        null,
      );
  }

  abandon(): void {
    if (this.#hasFiles) this.#say({ type: 'abandon' });
  }

  async finish(atOnce: boolean): Promise<void> {
    if (this.#hasFiles)
      await this.#orLost(
        this.#ask((request) => ({ type: 'finish', request, atOnce })),
        null,
      );
  }

  async count(): Promise<Counts> {
    const asked = this.#ask((request) => ({ type: 'count', request }));
    return (await this.#orLost(asked, { queues: {}, pipes: {} })) as Counts;
  }

  tellWaits(): void {
    this.#say({ type: 'waits' });
  }

  ended(node: NodeId, exitcode: number | null): void {
    this.#say({ type: 'ended', node, exitcode });
  }

  done(errand: number): void {
    this.#say({ type: 'done', errand });
  }

  inspected(request: number, outlook: Outlook): void {
    this.#say({ type: 'outlook', request, outlook });
  }

  pause(): void {
    this.#say({ type: 'pause' });
  }

  async resume(): Promise<void> {
    await this.#orLost(
      this.#ask((request) => ({ type: 'resume', request })),
      null,
    );
  }

  async close(): Promise<void> {
    if (this.#phase !== 'ended') {
      this.#phase = 'closing';
      this.#say({ type: 'close' });
      const patience = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_MS);
      await this.#ended;
      clearTimeout(patience);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #ask(command: (request: number) => Command): Promise<unknown> {
    this.#requests += 1;
    const request = this.#requests;
    return new Promise((resolve, reject) => {
      if (this.#phase === 'ended') return reject(new BrokerGone('the broker has ended'));
      this.#asked.set(request, { resolve, reject });
      this.#say(command(request));
    });
  }

  /** The run is being ended for that already: it goes on to its end with what is known, which is nothing. */
  async #orLost(asked: Promise<unknown>, unknown: unknown): Promise<unknown> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof BrokerGone) return unknown;
      throw error;
    }
  }

  #say(command: Command): void {
    // What cannot be sent any more is answered by the end of the process.
    if (this.#process.connected) this.#process.send(command, () => {});
  }

  #hear(notice: Notice): void {
    if (notice.type === 'listening') {
      this.#phase = 'open';
      this.#heard();
    } else if (notice.type === 'answer') {
      const asked = this.#asked.get(notice.request);
      this.#asked.delete(notice.request);
      if (notice.error === undefined) asked?.resolve(notice.value);
      else
        asked?.reject(Object.assign(new Error(notice.error), notice.code === undefined ? {} : { code: notice.code }));
    } else {
      this.#options.onNotice(notice);
    }
  }

  #lost(reason: string): void {
    const before = this.#phase;
    if (before === 'ended') return;
    this.#phase = 'ended';
    for (const { reject } of this.#asked.values()) reject(new BrokerGone(`the broker was lost: ${reason}`));
    this.#asked.clear();
    if (before === 'starting') this.#failed(new BrokerNotStarted(`the broker could not be started: ${reason}`));
    if (before === 'open') this.#options.onLost(reason);
  }
}

/** It has a code as a system's error has: a stream that cannot be laid for want of it keeps its process from starting. */
class BrokerGone extends Error {
  override readonly name = 'BrokerGone';
  readonly code = 'EPIPE';
}

const nothingKnown: Account = {
  unflushed: false,
  inputBrokeOff: false,
  outputClosed: null,
  toldEnd: false,
  held: 0,
};

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const CLOSE_MS = 2000;
const MOST_STDERR = 4096;
