// Starts processes by the keeper: what a spec says becomes an order, and what the keeper says of it becomes words and exit codes.
import { closeSync, openSync } from 'node:fs';
import { constants as os } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Keeper, type KeeperOptions } from '../keeper/keeper.ts';
import type { Failure, Kept } from '../keeper/kept.ts';
import type { Exit, Launched, Launcher, LaunchSpec, Running, StdioSink, StdioSource } from './launcher.ts';
import { type LoggedOutput, ToldOutput } from './logged-output.ts';
import { NUL_REFUSAL, nulIn, refusalOf, type Setback } from './refusal.ts';

export class KeptLauncher implements Launcher {
  readonly keeper: Keeper;
  readonly program: string;
  /** It has pipes opened here as soon as a process runs. */
  readonly #opensPipes: boolean;

  constructor(options: KeeperOptions) {
    this.keeper = new Keeper(options);
    this.program = options.program.name;
    this.#opensPipes = this.program === 'perl';
  }

  async launch(spec: LaunchSpec, cancel?: AbortSignal): Promise<Launched> {
    const { name, argv, cwd, env, stdin, stdout, stderr } = spec;
    let reserved: number[] = [];
    try {
      if (nulIn(spec)) return { refused: NUL_REFUSAL };
      const logged = [stdout, stderr].filter(({ type }) => type === 'log').length;
      // Its log takes one, too; where the keeper opens pipes later, that can be done without.
      reserved = await reserve(this.#opensPipes ? logged : Math.min(1, logged));
      if (cancel?.aborted) return { unwanted: true };
      const streams = [sourceOf(stdin), sinkOf(stdout), sinkOf(stderr)] as const;
      const started = await this.keeper.start(
        { name, argv, cwd, env, streams, terminal: stdin.type === 'terminal' },
        cancel,
      );
      if ('step' in started && started.step === 'cancel') return { unwanted: true };
      if ('step' in started) return { refused: refusalOf(setbackOf(started), spec) };
      for (const fd of reserved.splice(0)) closeSync(fd);
      return new KeptProcess(started, spec);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return { refused: refusalOf({ step: 'start', code }, spec) };
    } finally {
      for (const fd of reserved) closeSync(fd);
      for (const stream of [stdin, stdout, stderr]) if (stream.type === 'fd') closeSync(stream.fd);
    }
  }

  async makeFifos(paths: readonly string[]): Promise<void> {
    const errno = await this.keeper.makeFifos(paths);
    if (errno !== 0)
      throw Object.assign(new Error(`no FIFO could be made (${codeOf(errno)})`), { code: codeOf(errno) });
  }

  end(): Promise<readonly number[]> {
    return this.keeper.end();
  }
}

class KeptProcess implements Running {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly outputs: readonly LoggedOutput[];
  readonly #kept: Kept;

  constructor(kept: Kept, { stdout, stderr }: LaunchSpec) {
    this.#kept = kept;
    this.pid = kept.pid;
    this.exited = kept.exited.then(exitOf);
    this.outputs = [
      ...(stdout.type === 'log' ? [new ToldOutput('stdout', kept.stdout)] : []),
      ...(stderr.type === 'log' ? [new ToldOutput('stderr', kept.stderr)] : []),
    ];
  }

  signal(signal: NodeJS.Signals, scope: 'group' | 'tree'): void {
    this.#kept.signal(os.signals[signal], scope);
  }

  foreground(): void {
    this.#kept.foreground();
  }

  empty(patience?: AbortSignal): Promise<readonly number[]> {
    if (!patience || patience.aborted) this.#kept.empty();
    else patience.addEventListener('abort', () => this.#kept.empty(), { once: true });
    return this.#kept.emptied;
  }
}

/** Descriptors for what it will print: once it runs it is too late to find that there are none. Others may soon give some back. */
async function reserve(count: number): Promise<number[]> {
  const reserved: number[] = [];
  for (let tries = 0; reserved.length < count; )
    try {
      reserved.push(openSync('/dev/null', 'r'));
    } catch (error) {
      tries += 1;
      if (tries <= MOST_TRIES) await pause(BETWEEN_TRIES_MS);
      else {
        for (const fd of reserved) closeSync(fd);
        throw error;
      }
    }
  return reserved;
}

const MOST_TRIES = 40;
const BETWEEN_TRIES_MS = 50;

/** The child opens what we have open by the name that /proc gives it, and we close ours once it has. */
function sourceOf(source: StdioSource): string | Buffer {
  if (source.type === 'null') return '</dev/null';
  if (source.type === 'terminal') return TERMINAL;
  if (source.type === 'bytes') return Buffer.concat([HOLDS, source.bytes]);
  return source.type === 'file' ? `<${source.path}` : `<${pathOf(source.fd)}`;
}

function sinkOf(sink: StdioSink): string {
  switch (sink.type) {
    case 'null':
      return '>/dev/null';
    case 'terminal':
      return TERMINAL;
    case 'file':
      return `${sink.append ? '+' : '>'}${sink.path}`;
    case 'log':
      return '*';
    case 'fd':
      return `|${pathOf(sink.fd)}`;
  }
}

const TERMINAL = '=/dev/tty';
const HOLDS = Buffer.from(':');

function pathOf(fd: number): string {
  return `/proc/${process.pid}/fd/${fd}`;
}

function setbackOf({ step, errno }: Failure): Setback {
  return { step: STEPS[step] ?? 'start', code: step === 'keeper' ? 'the keeper is gone' : codeOf(errno) };
}

const STEPS: Readonly<Record<string, Setback['step']>> = {
  cwd: 'cwd',
  '0': 'stdin',
  '1': 'stdout',
  '2': 'stderr',
  exec: 'program',
};

function codeOf(errno: number): string {
  return Object.entries(os.errno).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`;
}

/** From what `wait` gives. */
function exitOf(status: number): Exit {
  const number = status & 0x7f;
  if (number === 0) return { exitcode: status >> 8, signal: null };
  return { exitcode: -number, signal: nameOf(number) };
}

function nameOf(number: number): NodeJS.Signals {
  const name = Object.entries(os.signals).find(([, known]) => known === number)?.[0];
  return (name ?? `SIG${number}`) as NodeJS.Signals;
}
