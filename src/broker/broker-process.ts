// The process of the broker, as the runner has it: started, told commands and asked questions (control.ts), and ended. Whatever
// becomes of it, nobody waits for an answer for ever.
import { type ChildProcess, spawn } from 'node:child_process';
import { home } from '../home.ts';
import type { Command, Notice } from './control.ts';
import { BrokerNotStarted } from './socket-folder.ts';
import { FLAGS, MEMORY } from './thrift.ts';

/** What it says by itself: never an answer. */
export type BrokerNews = Exclude<Notice, { type: 'answer' } | { type: 'listening' }>;

export interface BrokerHearer {
  readonly onNotice: (notice: BrokerNews) => void;
  /** It has ended and was not told to. */
  readonly onLost: (reason: string) => void;
}

export class BrokerProcess {
  /** Resolves once children can connect. */
  readonly listening: Promise<void>;
  readonly #process: ChildProcess;
  readonly #hearer: BrokerHearer;
  readonly #asked = new Map<number, Asked>();
  readonly #ended: Promise<void>;
  #requests = 0;
  #stderr = '';
  #phase: 'starting' | 'open' | 'closing' | 'ended' = 'starting';
  #heard!: () => void;
  #failed!: (error: Error) => void;

  constructor(hearer: BrokerHearer) {
    this.#hearer = hearer;
    this.listening = new Promise((resolve, reject) => {
      this.#heard = resolve;
      this.#failed = reject;
    });
    // A session of its own: what the terminal sends to the runner's group is not for it.
    this.#process = spawn(process.execPath, [...FLAGS, home.broker, home.dist], {
      detached: true,
      env: { ...process.env, ...MEMORY },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MOST_STDERR);
    });
    this.#process.on('message', (notice: Notice) => this.#hear(notice));
    this.#process.on('error', (error: NodeJS.ErrnoException) => this.#lost(error.message, error.code));
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        this.#lost(`it ended with ${signal ?? `exit code ${code}`}${this.#stderr === '' ? '' : `: ${this.#stderr}`}`);
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  say(command: Command): void {
    // What cannot be sent any more is answered by the end of the process.
    if (this.#process.connected) this.#process.send(command, () => {});
  }

  /** Rejects with an error that has a code, as a system's error has, where the broker has refused or is lost. */
  ask(command: (request: number) => Command): Promise<unknown> {
    this.#requests += 1;
    const request = this.#requests;
    return new Promise((resolve, reject) => {
      if (this.#phase === 'ended') return reject(new BrokerGone('the broker has ended'));
      this.#asked.set(request, { resolve, reject });
      this.say(command(request));
    });
  }

  /** Where it is lost, the run is being ended for that already: it goes on to its end with `unknown`. */
  async askOr<T>(unknown: T, command: (request: number) => Command): Promise<T> {
    try {
      return (await this.ask(command)) as T;
    } catch (error) {
      if (error instanceof BrokerGone) return unknown;
      throw error;
    }
  }

  /** Resolves once it has ended. */
  async close(): Promise<void> {
    if (this.#phase === 'ended') return;
    this.#phase = 'closing';
    this.say({ type: 'close' });
    const patience = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_MS);
    await this.#ended;
    clearTimeout(patience);
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
      this.#hearer.onNotice(notice);
    }
  }

  #lost(reason: string, code?: string): void {
    const before = this.#phase;
    if (before === 'ended') return;
    this.#phase = 'ended';
    for (const { reject } of this.#asked.values()) reject(new BrokerGone(`the broker was lost: ${reason}`));
    this.#asked.clear();
    if (before === 'starting') this.#failed(new BrokerNotStarted(`the broker could not be started: ${reason}`, code));
    if (before === 'open') this.#hearer.onLost(reason);
  }
}

/** It has a code as a system's error has: a stream that cannot be laid for want of it keeps its process from starting. */
class BrokerGone extends Error {
  override readonly name = 'BrokerGone';
  readonly code = 'EPIPE';
}

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const CLOSE_MS = 2000;
const MOST_STDERR = 4096;
