// The one file that spawns what a pipeline declares. It turns every way a spawn can fail into a typed refusal of that process
// alone, and hands out nothing but a pid, the ends of its pipes and how it ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { constants as os } from 'node:os';
import { dirname } from 'node:path';
import type { KernelPipe } from './kernel-pipe.ts';

export interface LaunchSpec {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: StdioSource;
  readonly stdout: StdioSink;
  readonly stderr: StdioSink;
}

export type StdioSource =
  | { readonly type: 'null' }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'fd'; readonly fd: number };
export type StdioSink =
  | { readonly type: 'null' }
  | { readonly type: 'file'; readonly path: string; readonly append: boolean }
  | { readonly type: 'pipe'; readonly pipe: KernelPipe }
  | { readonly type: 'fd'; readonly fd: number };

export type Launched = { readonly pid: number; readonly exited: Promise<Exit> } | { readonly refused: string };

export interface Exit {
  /** N, or -N where signal N ended it. */
  readonly exitcode: number;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Starts a process as the leader of a session of its own, so that Ctrl-C in the terminal does not reach it beside us and its
 * whole group can be signalled. Descriptors named in `spec` are closed here in any case.
 */
export async function launch(spec: LaunchSpec): Promise<Launched> {
  const opened = [spec.stdin, spec.stdout, spec.stderr].flatMap(handedIn);
  try {
    const cwd = folderProblem(spec.cwd);
    if (cwd) return { refused: cwd };
    const stdio = [source(spec.stdin, opened), sink(spec.stdout, opened), sink(spec.stderr, opened)];
    const [file = '', ...args] = spec.argv;
    const child = spawn(file, args, { cwd: spec.cwd, env: spec.env, stdio, detached: true });
    return await outcomeOf(child, spec);
  } catch (error) {
    return { refused: describe(error as NodeJS.ErrnoException, spec) };
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function outcomeOf(child: ChildProcess, spec: LaunchSpec): Promise<Launched> {
  return new Promise((resolve) => {
    const exited = new Promise<Exit>((settle) => {
      child.once('exit', (code, signal) => {
        settle(signal === null ? { exitcode: code ?? 1, signal } : { exitcode: -(os.signals[signal] ?? 0), signal });
      });
    });
    child.on('error', (error) => resolve({ refused: describe(error, spec) }));
    // Node knows the pid at once where the program could be started.
    if (child.pid !== undefined) resolve({ pid: child.pid, exited });
  });
}

/** The descriptors that come with the call. */
function handedIn(stream: StdioSource | StdioSink): number[] {
  if (stream.type === 'pipe') return [stream.pipe.takeWriteEnd()];
  return stream.type === 'fd' ? [stream.fd] : [];
}

function source(from: StdioSource, opened: number[]): 'ignore' | number {
  if (from.type === 'null') return 'ignore';
  return from.type === 'fd' ? from.fd : open(from.path, 'r', opened);
}

function sink(to: StdioSink, opened: number[]): 'ignore' | number {
  if (to.type === 'null') return 'ignore';
  if (to.type === 'fd') return to.fd;
  return to.type === 'pipe' ? to.pipe.takeWriteEnd() : open(to.path, to.append ? 'a' : 'w', opened);
}

function open(path: string, flags: string, opened: number[]): number {
  const fd = openSync(path, flags);
  opened.push(fd);
  return fd;
}

function folderProblem(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : `its working directory \`${path}\` is not a folder`;
  } catch (error) {
    return `its working directory \`${path}\` cannot be entered (${(error as NodeJS.ErrnoException).code})`;
  }
}

function describe(error: NodeJS.ErrnoException, spec: LaunchSpec): string {
  const [file = ''] = spec.argv;
  switch (error.code) {
    case 'ENOENT':
      return error.syscall === 'open'
        ? missing(error.path as string, spec.stdin)
        : `there is no program \`${file}\` (or its interpreter is missing)`;
    case 'EACCES':
      return error.syscall === 'open'
        ? `the file \`${error.path}\` may not be opened`
        : `\`${file}\` may not be executed`;
    case 'EISDIR':
      return `\`${error.path}\` is a folder, and a file was expected`;
    case 'E2BIG':
      return 'its arguments and environment are too long for the system (E2BIG)';
    case 'ERR_INVALID_ARG_VALUE':
      return 'an argument or an environment variable holds a NUL character';
    case 'EMFILE':
    case 'ENFILE':
      return `no more files can be opened (${error.code}); see \`ulimit -n\``;
    case 'EAGAIN':
      return 'no more processes can be started (EAGAIN); see `ulimit -u`';
    default:
      return `it could not be started: ${error.message}`;
  }
}

/** A file that is read must be there; one that is written is made, but not the folder that it is in. Stdin is opened first. */
function missing(path: string, stdin: StdioSource): string {
  const isRead = stdin.type === 'file' && stdin.path === path;
  const folder = dirname(path);
  return isRead || existsSync(folder)
    ? `there is no file \`${path}\``
    : `there is no folder \`${folder}\` for the file \`${path}\``;
}
