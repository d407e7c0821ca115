// The runner's side of the broker: what it can be told and asked of a run, and the folder of its socket, which goes with it.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Channel, NodeId } from '../plan/plan.ts';
import type { Speaker } from '../plan/speakers.ts';
import { type BrokerHearer, BrokerProcess } from './broker-process.ts';
import type { Account, Command, Counts, Fence } from './control.ts';
import type { Outlook } from './suspicion.ts';
import { BrokerNotStarted, makeSocketFolder, SOCKET } from './socket-folder.ts';
import { tokenFor } from './token.ts';

export { BrokerNotStarted };

export interface BrokerOptions extends BrokerHearer {
  readonly runId: string;
  readonly channels: readonly Channel[];
  readonly speakers?: readonly Speaker[];
  readonly again?: readonly NodeId[];
  readonly deadlockMs: number;
  readonly daemons: readonly NodeId[];
  readonly piped?: readonly NodeId[];
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

/** Resolves once children can connect; rejects with `BrokerNotStarted` where there is no broker to be had. */
export async function startBroker(options: BrokerOptions): Promise<BrokerHost> {
  const folder = makeSocketFolder(options.socketDir);
  try {
    return await startedIn(folder, options);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startedIn(folder: string, options: BrokerOptions, tries = 1): Promise<Host> {
  const host = new Host(options, folder);
  try {
    await host.listening;
    return host;
  } catch (error) {
    if (tries >= MOST_TRIES || !passing.has((error as BrokerNotStarted).code ?? '')) throw error;
  }
  await pause(BETWEEN_TRIES_MS);
  return startedIn(folder, options, tries + 1);
}

/** The system lacks something that others may soon give back. */
const passing: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);
const MOST_TRIES = 20;
const BETWEEN_TRIES_MS = 50;

class Host implements BrokerHost {
  readonly socket: string;
  readonly #folder: string;
  readonly #key = randomBytes(32).toString('hex');
  readonly #broker: BrokerProcess;
  /** Of `from` and `to`; where there are none, nothing is said of them. */
  readonly #hasFiles: boolean;

  constructor(options: BrokerOptions, folder: string) {
    this.#folder = folder;
    this.socket = join(folder, SOCKET);
    this.#broker = new BrokerProcess(options);
    const { runId, channels, speakers = [], again = [], deadlockMs, daemons, piped = [] } = options;
    this.#hasFiles = channels.some((channel) => channel.kind === 'queue' && (channel.from ?? channel.to) !== null);
    const socket = { socket: this.socket, key: this.#key };
    this.#broker.say({ type: 'open', runId, ...socket, channels, speakers, again, deadlockMs, daemons, piped });
  }

  get listening(): Promise<void> {
    return this.#broker.listening;
  }

  get pid(): number {
    return this.#broker.pid;
  }

  tokenFor(instance: NodeId, attempt?: number): string {
    return tokenFor(this.#key, instance, attempt);
  }

  started(node: NodeId, pid: number | null): void {
    this.#broker.say({ type: 'started', node, pid });
  }

  async feed(wiring: Parameters<'feed'>): Promise<void> {
    await this.#broker.ask((request) => ({ type: 'feed', request, ...wiring }));
  }

  async collect(wiring: Parameters<'collect'>): Promise<void> {
    await this.#broker.ask((request) => ({ type: 'collect', request, ...wiring }));
  }

  each(crew: Parameters<'each'>): void {
    this.#broker.say({ type: 'each', ...crew });
  }

  take(node: NodeId, count: number | null): void {
    this.#broker.say({ type: 'take', node, count });
  }

  finished(item: Parameters<'finished'>): void {
    this.#broker.say({ type: 'finished', ...item });
  }

  async pour(item: Parameters<'pour'>): Promise<void> {
    await this.#broker.ask((request) => ({ type: 'pour', request, ...item }));
  }

  hold(node: NodeId, locks: Parameters<'hold'>['locks'], atOnce: boolean): Promise<readonly Fence[] | null> {
    return this.#broker.askOr<readonly Fence[] | null>(null, (request) => ({
      type: 'hold',
      request,
      node,
      locks,
      atOnce,
    }));
  }

  unhold(node: NodeId): void {
    this.#broker.say({ type: 'unhold', node });
  }

  gone(node: NodeId, abandon: boolean): Promise<Account> {
    return this.#broker.askOr(nothingKnown, (request) => ({ type: 'gone', request, node, abandon }));
  }

  settle({ node, held, stream, succeeded, how, orderly }: Parameters<'settle'>): void {
    this.#broker.say({ type: 'settle', node, held, stream, succeeded, how, orderly });
  }

  recover(node: NodeId, how: string): void {
    this.#broker.say({ type: 'recover', node, how });
  }

  async begin(): Promise<void> {
    if (this.#hasFiles) await this.#broker.askOr(null, (request) => ({ type: 'begin', request }));
  }

  abandon(): void {
    if (this.#hasFiles) this.#broker.say({ type: 'abandon' });
  }

  async finish(atOnce: boolean): Promise<void> {
    if (this.#hasFiles) await this.#broker.askOr(null, (request) => ({ type: 'finish', request, atOnce }));
  }

  count(): Promise<Counts> {
    return this.#broker.askOr({ queues: {}, pipes: {} }, (request) => ({ type: 'count', request }));
  }

  tellWaits(): void {
    this.#broker.say({ type: 'waits' });
  }

  ended(node: NodeId, exitcode: number | null): void {
    this.#broker.say({ type: 'ended', node, exitcode });
  }

  done(errand: number): void {
    this.#broker.say({ type: 'done', errand });
  }

  inspected(request: number, outlook: Outlook): void {
    this.#broker.say({ type: 'outlook', request, outlook });
  }

  pause(): void {
    this.#broker.say({ type: 'pause' });
  }

  async resume(): Promise<void> {
    await this.#broker.askOr(null, (request) => ({ type: 'resume', request }));
  }

  async close(): Promise<void> {
    await this.#broker.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const nothingKnown: Account = {
  unflushed: false,
  inputBrokeOff: false,
  outputClosed: null,
  toldEnd: false,
  held: 0,
};
