// One OS process tree as the runner sees it: started with its streams laid, bytes out, signalled as a group, and emptied.
// It knows nothing of rules; `lifecycle` decides what is done to it.
import type { ProcessNode } from '../plan/plan.ts';
import type { Exit, Launched, Launcher, Running } from './launcher.ts';
import type { Stream } from './logged-output.ts';
import { layStdio, type Stdio, type StdioContext } from './stdio.ts';

export interface ChildSpec {
  readonly node: ProcessNode;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type OnOutput = (stream: Stream, bytes: Buffer) => void;

/** How long bytes are waited for once a process's tree is empty; only one that escaped it keeps its pipes open. */
const drainMs = 500;

/** Starts the process; `refused` says why there is none, `unwanted` that it was cancelled before that. */
export async function startChild(
  spec: ChildSpec,
  context: StdioContext & { readonly launcher: Launcher },
  onOutput: OnOutput,
  cancel?: AbortSignal,
): Promise<Child | Exclude<Launched, Running>> {
  let stdio: Stdio;
  try {
    stdio = await layStdio(spec.node, context);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return { refused: `its streams could not be laid: ${(error as Error).message}` };
  }
  const { node, argv, env } = spec;
  const launched = await context.launcher.launch({ name: node.id, argv, cwd: node.cwd, env, ...stdio }, cancel);
  return 'pid' in launched ? new Child(launched, onOutput) : launched;
}

export class Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #running: Running;

  constructor(running: Running, onOutput: OnOutput) {
    this.#running = running;
    this.pid = running.pid;
    this.exited = running.exited;
    for (const output of running.outputs) output.read((bytes) => onOutput(output.stream, bytes));
  }

  /** To its whole tree. A stopped process is woken, or it would never hear of it. */
  signal(signal: NodeJS.Signals): void {
    this.#running.signal(signal, 'tree');
    if (signal !== 'SIGKILL') this.resume();
  }

  /** Nothing of it goes on until it is resumed. */
  pause(): void {
    this.#running.signal('SIGSTOP', 'tree');
  }

  /** It has the terminal again. */
  foreground(): void {
    this.#running.foreground();
  }

  resume(): void {
    this.#running.signal('SIGCONT', 'tree');
  }

  /**
   * After its leader has exited: kills what that left running, at once or after a while in which it may end by itself, and waits
   * for the last bytes. Answers whom it killed.
   */
  async empty(patience?: AbortSignal): Promise<readonly number[]> {
    const killed = await this.#running.empty(patience);
    const open = this.#running.outputs.flatMap((output) => output.rest() ?? []);
    if (open.length > 0) await this.#drained(open);
    return killed;
  }

  async #drained(open: readonly Promise<void>[]): Promise<void> {
    // It may be that we did not run for a while: what is in the pipes by now is read first.
    const deadline = setTimeout(() => setImmediate(() => this.#close()), drainMs);
    await Promise.all(open);
    clearTimeout(deadline);
  }

  #close(): void {
    for (const output of this.#running.outputs) output.drop();
  }
}
