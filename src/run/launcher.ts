// What starts a process of the pipeline, and what is known of one that runs. Two ways of doing it keep this promise: the keeper
// (kept-launcher.ts), and, where there is none, this process itself (direct-launcher.ts).
import type { LoggedOutput } from './logged-output.ts';

export interface Launcher {
  /**
   * Starts a process as the leader of a session of its own, so that Ctrl-C in the terminal does not reach it beside us and its
   * whole group can be signalled. Descriptors named in `spec` are closed here in any case. `cancel`: it is no longer wanted, as long as
   * it does not execute.
   */
  launch(spec: LaunchSpec, cancel?: AbortSignal): Promise<Launched>;
  makeFifos(paths: readonly string[]): Promise<void>;
  /** Kills whatever is left of the run, and answers whom; starts nothing any more. */
  end(): Promise<readonly number[]>;
}

export interface LaunchSpec {
  /** The instance. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: StdioSource;
  readonly stdout: StdioSink;
  readonly stderr: StdioSink;
}

export type StdioSource =
  | { readonly type: 'null' }
  /** The process has the terminal; so for its three streams. */
  | { readonly type: 'terminal' }
  | { readonly type: 'file'; readonly path: string }
  /** What it holds, from its beginning: a file without a name. */
  | { readonly type: 'bytes'; readonly bytes: Buffer }
  | { readonly type: 'fd'; readonly fd: number };
export type StdioSink =
  | { readonly type: 'null' }
  | { readonly type: 'terminal' }
  | { readonly type: 'file'; readonly path: string; readonly append: boolean }
  /** It is read here: a pipe of the kernel's, for `echo x >/dev/stderr` fails on the socket that Node calls one. */
  | { readonly type: 'log' }
  | { readonly type: 'fd'; readonly fd: number };

/** `unwanted`: it was cancelled before there was anything of it. */
export type Launched = Running | { readonly refused: string } | { readonly unwanted: true };

/** A process and all that descends from it, as far as this machine lets that be known. */
export interface Running {
  readonly pid: number;
  /** What it writes to the log. */
  readonly outputs: readonly LoggedOutput[];
  /** Its leader has. */
  readonly exited: Promise<Exit>;
  /** To its group, or to all of its tree, wherever that has moved to. */
  signal(signal: NodeJS.Signals, scope: 'group' | 'tree'): void;
  /**
   * Its leader has exited: settles once nothing of its tree is left, which is killed at once, or when `patience` is aborted. Answers
   * whom that killed.
   */
  empty(patience?: AbortSignal): Promise<readonly number[]>;
  /** Gives it the terminal again, which it lost while it was stopped, and wakes it. */
  foreground(): void;
}

export interface Exit {
  /** N, or -N where signal N ended it. */
  readonly exitcode: number;
  readonly signal: NodeJS.Signals | null;
}
