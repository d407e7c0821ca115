// The runner's side of the keeper: starts it, speaks to it as PROTOCOL.md says, and tells who asked. It knows numbers, pids and
// paths, and nothing of pipelines. What is said in one turn of the loop goes out in one write.
import { type ChildProcess, spawn } from 'node:child_process';
import { encodeFrame, type Frame, FrameCutter } from './frames.ts';
import { Entry, type Failure, type Kept } from './kept.ts';
import type { KeeperProgram } from './programs.ts';
import { VariableFields } from './variables.ts';

export interface KeeperOptions {
  readonly program: KeeperProgram;
  readonly runId: string;
  /** The run's own, which the keeper takes away where the runner is killed. */
  readonly folder: string;
  /** The best that it may use. */
  readonly allowed: Tier;
  /** In the session of this process, so that it can give the terminal to one that it starts. */
  readonly inSession?: boolean;
  /** It has ended and was not told to. */
  readonly onLost: (reason: string) => void;
}

export type Tier = 'cgroup' | 'subreaper';

/** What it found to work. */
export interface Readiness {
  readonly tier: Tier;
  /** The folder of the run's cgroup. */
  readonly cgroup: string | null;
  /** What did not work, and why. */
  readonly lost: readonly string[];
}

export interface Order {
  readonly name: string;
  readonly cwd: string;
  /** How to open each, and its path: see PROTOCOL.md. */
  readonly streams: readonly [stdin: string | Buffer, stdout: string, stderr: string];
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** It gets the terminal of the session that the keeper is in. */
  readonly terminal: boolean;
}

export class Keeper {
  readonly ready: Promise<Readiness>;
  readonly #process: ChildProcess;
  readonly #cutter = new FrameCutter();
  readonly #variables = new VariableFields();
  readonly #options: KeeperOptions;
  readonly #kept = new Map<number, Entry>();
  readonly #fifos: ((errno: number) => void)[] = [];
  #numbers = 0;
  #said: Buffer[] = [];
  #stderr = '';
  #phase: 'starting' | 'ready' | 'ending' | 'ended' = 'starting';
  #onReady!: (readiness: Readiness) => void;
  #onUnfit!: (reason: Error) => void;
  #onEnd: ((killed: readonly number[]) => void) | null = null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onUnfit = reject;
    });
    this.ready.catch(() => {});
    const { program, runId, folder, allowed, inSession = false } = options;
    // A session of its own: no terminal's signal is for it. And an environment of its own: nothing in ours may change what it does.
    this.#process = spawn(program.file, [...program.args, runId, folder, allowed], {
      detached: !inSession,
      env: { FORKLINE_KEEPER_OF: runId },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = this.#process;
    stdin?.on('error', () => {});
    stdout?.on('data', (bytes: Buffer) => {
      for (const frame of this.#cutter.take(bytes)) this.#hear(frame);
    });
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MOST_STDERR);
    });
    this.#process.on('error', (error) => this.#lost(error.message));
    this.#process.once('close', (code, signal) => {
      this.#lost(`it ended with ${signal ?? `exit code ${code}`}${this.#stderr === '' ? '' : `: ${this.#stderr}`}`);
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Settles once it executes, or cannot. `cancel`: it is no longer wanted where it does not execute yet. */
  start(order: Order, cancel?: AbortSignal): Promise<Kept | Failure> {
    const number = (this.#numbers += 1);
    const entry = new Entry((word, ...more) => this.#say([word, `${number}`, ...more]));
    if (this.#phase === 'ended') return Promise.resolve({ step: 'keeper', errno: 0 });
    this.#kept.set(number, entry);
    const { name, cwd, streams, argv, env, terminal } = order;
    this.#say(
      ['spawn', `${number}`, name, cwd, terminal ? '1' : '', ...streams, `${argv.length}`, ...argv],
      this.#variables.encode(env),
    );
    const onCancel = (): void => this.#say(['cancel', `${number}`]);
    if (cancel?.aborted) onCancel();
    else cancel?.addEventListener('abort', onCancel, { once: true });
    return entry.started;
  }

  /** Settles with the number of the system's error, 0 for none. */
  makeFifos(paths: readonly string[]): Promise<number> {
    return new Promise((resolve) => {
      if (this.#phase === 'ended') return resolve(GONE);
      this.#fifos.push(resolve);
      this.#say(['fifos', ...paths]);
    });
  }

  /** That one must not outlive the runner either. */
  guard(pid: number): void {
    this.#say(['guard', `${pid}`]);
  }

  /** Kills whatever is left of the run, and ends it; settles with who was killed. */
  end(): Promise<readonly number[]> {
    return new Promise((resolve) => {
      if (this.#phase === 'ended') return resolve([]);
      this.#phase = 'ending';
      this.#onEnd = resolve;
      this.#say(['end']);
    });
  }

  #say(fields: readonly (string | Buffer)[], more?: Buffer): void {
    if (this.#phase === 'ended') return;
    if (this.#said.length === 0) queueMicrotask(() => this.#send());
    this.#said.push(encodeFrame(fields, more));
  }

  #send(): void {
    this.#process.stdin?.write(this.#said.length === 1 ? this.#said[0] : Buffer.concat(this.#said));
    this.#said = [];
  }

  #hear({ fields: [word = '', first = '', ...rest], bytes }: Frame): void {
    switch (word) {
      case 'ready':
        this.#phase = 'ready';
        return this.#onReady({ tier: first as Tier, cgroup: rest[0] || null, lost: rest.slice(1) });
      case 'unfit':
        this.#phase = 'ended';
        return this.#onUnfit(new Error(first));
      case 'fifos':
        return this.#fifos.shift()?.(Number(first));
      case 'ended':
        this.#phase = 'ended';
        return this.#onEnd?.([first, ...rest].filter(Boolean).map(Number));
      default: {
        const entry = this.#kept.get(Number(first));
        if (entry?.hear(word, rest, bytes)) this.#kept.delete(Number(first));
      }
    }
  }

  #lost(reason: string): void {
    const before = this.#phase;
    this.#phase = 'ended';
    if (before === 'starting') this.#onUnfit(new Error(reason));
    for (const made of this.#fifos.splice(0)) made(GONE);
    this.#onEnd?.([]);
    if (before === 'ready') this.#options.onLost(reason);
  }

  /** After it was lost, and all that it kept is dead. */
  settleAll(): void {
    for (const entry of this.#kept.values()) entry.giveUp();
    this.#kept.clear();
  }
}

const MOST_STDERR = 4096;
const GONE = 32;
