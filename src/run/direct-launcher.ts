// Starts processes from this process itself, where there is no keeper. Of a tree it knows the process group, and on Linux what carries
// the run's mark in its environment. A watchdog, a shell script, kills these where this process is killed.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, mkdtempSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { constants as os, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { home } from '../home.ts';
import { markOf } from './environment.ts';
import { Fifos } from './kernel-pipe.ts';
import type { Exit, Launched, Launcher, LaunchSpec, Running, StdioSink, StdioSource } from './launcher.ts';
import { type LoggedOutput, readHere } from './logged-output.ts';
import { emptyGroup, killUntilEmpty, marked, signalGroup } from './reaper.ts';
import { FIFO, NUL_REFUSAL, nulIn, refusalOf, type Setback } from './refusal.ts';

const execute = promisify(execFile);

export class DirectLauncher implements Launcher {
  readonly #mark: string;
  readonly #watchdog: ChildProcess;
  readonly #fifos: Fifos;
  #ended = false;

  /** The folder is the run's own, and goes with it. */
  constructor(runId: string, folder: string) {
    this.#mark = markOf(runId);
    this.#fifos = new Fifos(mkdtempSync(join(folder, 'logs-')), (paths) => this.makeFifos(paths));
    this.#watchdog = spawn('sh', [home.watchdog, this.#mark, folder], {
      detached: true,
      env: { PATH: process.env.PATH },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#watchdog.on('error', () => {});
    this.#watchdog.stdin?.on('error', () => {});
  }

  async launch(spec: LaunchSpec, cancel?: AbortSignal): Promise<Launched> {
    const opened = [spec.stdin, spec.stdout, spec.stderr].flatMap(handedIn);
    const outputs: LoggedOutput[] = [];
    try {
      if (nulIn(spec)) return { refused: NUL_REFUSAL };
      if (spec.stdin.type === 'terminal')
        return { refused: 'only the keeper could give it the terminal, and there is none' };
      enter(spec.cwd);
      const stdin = attempt('stdin', () => source(spec.stdin, opened));
      const stdout = await this.#sink('stdout', spec, opened, outputs);
      const stderr = await this.#sink('stderr', spec, opened, outputs);
      const [file = '', ...args] = spec.argv;
      if (cancel?.aborted) {
        dropAll(outputs);
        return { unwanted: true };
      }
      const child = attempt('program', () =>
        spawn(file, args, { cwd: spec.cwd, env: spec.env, stdio: [stdin, stdout, stderr], detached: true }),
      );
      const launched = this.#watched(await outcomeOf(child, spec), outputs);
      if (!('pid' in launched)) dropAll(outputs);
      return launched;
    } catch (error) {
      dropAll(outputs);
      if (error instanceof Stumble) return { refused: refusalOf(error, spec) };
      throw error;
    } finally {
      for (const fd of opened) closeSync(fd);
    }
  }

  async makeFifos(paths: readonly string[]): Promise<void> {
    await execute('mkfifo', ['-m', '600', ...paths]);
  }

  guard(pid: number): void {
    this.#tell(`guard ${pid}`);
  }

  async end(): Promise<readonly number[]> {
    if (this.#ended) return [];
    this.#ended = true;
    const killed = await killUntilEmpty(() => marked(this.#mark));
    this.#tell('end');
    return killed;
  }

  /** What goes to the log comes through a FIFO, open at both ends before anybody else can see it. */
  async #sink(
    stream: 'stdout' | 'stderr',
    spec: LaunchSpec,
    opened: number[],
    outputs: LoggedOutput[],
  ): Promise<'ignore' | number> {
    const to = spec[stream];
    if (to.type !== 'log') return attempt(stream, () => sink(to, opened));
    const path = await this.#fifos.path().catch((error: unknown) => {
      throw stumble(stream, error);
    });
    return attempt(stream, () => {
      try {
        outputs.push(readHere(stream, openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)));
        return open(path, constants.O_WRONLY, opened);
      } finally {
        unlinkSync(path);
      }
    });
  }

  #watched(launched: Launched, outputs: readonly LoggedOutput[]): Launched {
    if (!('pid' in launched)) return launched;
    const { pid } = launched;
    this.#tell(`+ ${pid}`);
    const empty = async (patience?: AbortSignal): Promise<readonly number[]> => {
      const killed = await launched.empty(patience);
      this.#tell(`- ${pid}`);
      return killed;
    };
    return { ...launched, outputs, empty };
  }

  #tell(line: string): void {
    this.#watchdog.stdin?.write(`${line}\n`);
  }
}

class Stumble extends Error implements Setback {
  readonly step: Setback['step'];
  readonly code: string;

  constructor(step: Setback['step'], code: string) {
    super(`${step}: ${code}`);
    this.step = step;
    this.code = code;
  }
}

function attempt<T>(step: Setback['step'], work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw stumble(step, error);
  }
}

function stumble(step: Setback['step'], error: unknown): Stumble {
  const { code, message } = error as NodeJS.ErrnoException;
  return new Stumble(step, String(code ?? message));
}

/** Node would report a folder that is not there as a missing program. */
function enter(cwd: string): void {
  const isFolder = attempt('cwd', () => statSync(cwd).isDirectory());
  if (!isFolder) throw new Stumble('cwd', 'ENOTDIR');
}

function outcomeOf(child: ChildProcess, spec: LaunchSpec): Promise<Launched> {
  return new Promise((resolve) => {
    const exited = new Promise<Exit>((settle) => {
      child.once('exit', (code, signal) => {
        settle(signal === null ? { exitcode: code ?? 1, signal } : { exitcode: -(os.signals[signal] ?? 0), signal });
      });
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ refused: refusalOf({ step: 'program', code: error.code ?? error.message }, spec) }),
    );
    // Node knows the pid at once where the program could be started.
    if (child.pid !== undefined) resolve(running(child.pid, exited));
  });
}

function running(pid: number, exited: Promise<Exit>): Running {
  return {
    pid,
    exited,
    outputs: [],
    signal: (signal) => void signalGroup(pid, signal),
    empty: (patience) => emptyGroup(pid, patience),
    foreground: () => {},
  };
}

/** The descriptors that come with the call. */
function handedIn(stream: StdioSource | StdioSink): number[] {
  return stream.type === 'fd' ? [stream.fd] : [];
}

function source(from: StdioSource, opened: number[]): 'ignore' | number {
  if (from.type === 'null' || from.type === 'terminal') return 'ignore';
  if (from.type === 'bytes') return fileOf(from.bytes, opened);
  return from.type === 'fd' ? from.fd : openFile(from.path, 'r', opened);
}

function sink(to: Exclude<StdioSink, { type: 'log' }>, opened: number[]): 'ignore' | number {
  if (to.type === 'null' || to.type === 'terminal') return 'ignore';
  if (to.type === 'fd') return to.fd;
  return openFile(to.path, to.append ? 'a' : 'w', opened);
}

function dropAll(outputs: readonly LoggedOutput[]): void {
  for (const output of outputs) output.drop();
}

/** Whoever opens a FIFO waits for the other end, and this process must never wait. */
function openFile(path: string, flags: string, opened: number[]): number {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO()) throw Object.assign(new Error(path), { code: FIFO });
  return open(path, flags, opened);
}

function open(path: string, flags: string | number, opened: number[]): number {
  const fd = openSync(path, flags);
  opened.push(fd);
  return fd;
}

/** Open at its beginning, and gone with who has it open. */
function fileOf(bytes: Buffer, opened: number[]): number {
  const path = join(tmpdir(), `forkline-item-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  opened.push(fd);
  unlinkSync(path);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
  return fd;
}
