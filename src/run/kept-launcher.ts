// Starts processes by the keeper: what a spec says becomes an order, and what the keeper says of it becomes words and exit codes.
import { closeSync } from 'node:fs';
import { constants as os } from 'node:os';
import { type Failure, Keeper, type KeeperOptions, type Kept } from '../keeper/keeper.ts';
import type { Exit, Launched, Launcher, LaunchSpec, Running, StdioSink, StdioSource } from './launcher.ts';
import { NUL_REFUSAL, nulIn, refusalOf, type Setback } from './refusal.ts';

export class KeptLauncher implements Launcher {
  readonly keeper: Keeper;

  constructor(options: KeeperOptions) {
    this.keeper = new Keeper(options);
  }

  async launch(spec: LaunchSpec, cancel?: AbortSignal): Promise<Launched> {
    const { name, argv, cwd, env, stdin, stdout, stderr } = spec;
    try {
      if (nulIn(spec)) return { refused: NUL_REFUSAL };
      const streams = [sourceOf(stdin), sinkOf(stdout), sinkOf(stderr)] as const;
      const started = await this.keeper.start(
        { name, argv, cwd, env, streams, terminal: stdin.type === 'terminal' },
        cancel,
      );
      return 'step' in started ? { refused: refusalOf(setbackOf(started), spec) } : new KeptProcess(started);
    } finally {
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
  readonly #kept: Kept;

  constructor(kept: Kept) {
    this.#kept = kept;
    this.pid = kept.pid;
    this.exited = kept.exited.then(exitOf);
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

/** The child opens what we have open by the name that /proc gives it, and we close ours once it has. */
function sourceOf(source: StdioSource): string {
  if (source.type === 'null') return '</dev/null';
  if (source.type === 'terminal') return TERMINAL;
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
    case 'pipe':
      return `!${sink.pipe.path}`;
    case 'fd':
      return `|${pathOf(sink.fd)}`;
  }
}

const TERMINAL = '=/dev/tty';

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
