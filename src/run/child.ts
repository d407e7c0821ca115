// One OS process tree as the runner sees it: started with its streams laid, bytes out, signalled as a group, and emptied.
// It knows nothing of rules; `lifecycle` decides what is done to it.
import type { ProcessNode } from '../plan/plan.ts';
import { type Exit, launch } from './launcher.ts';
import { emptyGroup, signalGroup } from './reaper.ts';
import { layStdio, type Stdio, type StdioContext } from './stdio.ts';

export interface ChildSpec {
  readonly node: ProcessNode;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type OnOutput = (stream: 'stdout' | 'stderr', bytes: Buffer) => void;

/** How long bytes are waited for once a process's tree is empty; only one that escaped it keeps its pipes open. */
const drainMs = 500;

/** Starts the process; `refused` says why there is none. */
export async function startChild(
  spec: ChildSpec,
  context: StdioContext,
  onOutput: OnOutput,
): Promise<Child | { readonly refused: string }> {
  let stdio: Stdio;
  try {
    stdio = await layStdio(spec.node, context);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return { refused: `its streams could not be laid: ${(error as Error).message}` };
  }
  const launched = await launch({ argv: spec.argv, cwd: spec.node.cwd, env: spec.env, ...stdio });
  if ('pid' in launched) return new Child(launched.pid, launched.exited, stdio, onOutput);
  for (const { output } of stdio.outputs) output.destroy();
  return launched;
}

export class Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #outputs: Stdio['outputs'];
  readonly #drained: Promise<unknown>;

  constructor(pid: number, exited: Promise<Exit>, { outputs }: Stdio, onOutput: OnOutput) {
    this.pid = pid;
    this.exited = exited;
    this.#outputs = outputs;
    this.#drained = Promise.all(
      outputs.map(({ stream, output }) => {
        output.on('data', (bytes: Buffer) => onOutput(stream, bytes));
        // A pipe of ours that breaks ends like one that is closed.
        output.on('error', () => output.destroy());
        return new Promise((resolve) => output.once('close', resolve));
      }),
    );
  }

  /** To its whole group. A stopped process is woken, or it would never hear of it. */
  signal(signal: NodeJS.Signals): void {
    if (signalGroup(this.pid, signal) && signal !== 'SIGKILL') signalGroup(this.pid, 'SIGCONT');
  }

  /**
   * After its leader has exited: kills what that left running, at once or after a while in which it may end by itself, and waits
   * for the last bytes. Answers whom it killed.
   */
  async empty(patience?: AbortSignal): Promise<number[]> {
    const killed = await emptyGroup(this.pid, patience);
    const deadline = setTimeout(() => {
      for (const { output } of this.#outputs) output.destroy();
    }, drainMs);
    await this.#drained;
    clearTimeout(deadline);
    return killed;
  }
}
