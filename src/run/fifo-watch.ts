// Looks every now and then who of the run's processes waits at a FIFO, and tells what `fifo-waits` makes of it. Daemons may wait there
// for something to do as long as they like.
import type { Clock } from '../clock.ts';
import type { NodeId } from '../plan/plan.ts';
import { hasVariables } from '../procfs.ts';
import { EachRun } from './each-run.ts';
import { marksOf } from './environment.ts';
import { type AtFifo, isSameFifo, waitsAtFifos } from './fifo-look.ts';
import { type FifoWait, FifoWaits } from './fifo-waits.ts';
import type { Happening } from './happening.ts';
import type { WaitFact } from './event.ts';
import { OpenFiles } from './open-files.ts';
import type { ProcessRun } from './process-run.ts';

export interface FifoWatchContext {
  readonly runId: string;
  readonly clock: Clock;
  readonly running: ReadonlyMap<NodeId, ProcessRun | EachRun>;
  readonly tell: (happening: Happening) => void;
}

export class FifoWatch {
  readonly #context: FifoWatchContext;
  readonly #waits = new FifoWaits();
  #timer: NodeJS.Timeout | null = null;
  #pauseMs = LEAST_PAUSE_MS;

  constructor(context: FifoWatchContext) {
    this.#context = context;
  }

  begin(): void {
    if (process.platform === 'linux') this.#set(LEAST_PAUSE_MS);
  }

  /** The run is interrupted. */
  tellNow(): void {
    if (this.#timer !== null) this.#tell(this.#waits.interrupted(this.#seen(), this.#context.clock.now()));
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #set(delayMs: number): void {
    this.#timer = setTimeout(() => this.#look(), delayMs);
  }

  #look(): void {
    const { clock } = this.#context;
    const begin = performance.now();
    // While all of it is stopped nobody waits.
    if (!clock.held) this.#tell(this.#waits.look(this.#seen(), clock.now()));
    // A run in which nobody waits so is left in peace, the longer the more; and where there is much to look at, it is looked at less often.
    const least = Math.max(LEAST_PAUSE_MS, (performance.now() - begin) * PAUSE);
    this.#pauseMs = Math.min(
      this.#waits.anyNew(clock.now()) ? least : Math.max(least, this.#pauseMs * 2),
      MOST_PAUSE_MS,
    );
    this.#set(this.#pauseMs);
  }

  #tell(waits: readonly WaitFact[]): void {
    if (waits.length > 0) this.#context.tell({ type: 'stalled', waits, queues: {} });
  }

  #seen(): FifoWait[] {
    const openFiles = new OpenFiles();
    return waitsAtFifos().flatMap((at) => {
      const node = this.#nodeOf(at);
      return node === null ? [] : [{ ...at, node, others: this.#othersAt(at, openFiles) }];
    });
  }

  /** Null of one that is no process's, or a daemon's. */
  #nodeOf({ pid, line, does, file }: AtFifo): NodeId | null {
    const { runId, running } = this.#context;
    const processes = [...running.values()].flatMap((run) => (run instanceof EachRun ? [] : [run]));
    const run =
      processes.find((one) => one.pid !== null && line.includes(one.pid)) ??
      processes.find(({ node }) => hasVariables(pid, marksOf(runId, node.id))) ??
      // Its streams are being laid, and it does not execute yet.
      processes.find(
        ({ pid: none, node }) => none === null && does === 'open' && filesOf(node).some((it) => isSameFifo(it, file)),
      );
    return run === undefined || run.node.kind === 'daemon' ? null : run.node.id;
  }

  /** To open it is to wait for just that. */
  #othersAt({ does, file, pid }: AtFifo, openFiles: OpenFiles): (NodeId | null)[] {
    if (does === 'open') return [];
    const { runId, running } = this.#context;
    const others = openFiles.openersOf(file).filter((opener) => opener !== pid);
    return others.map((other) => [...running.keys()].find((node) => hasVariables(other, marksOf(runId, node))) ?? null);
  }
}

function filesOf({ stdin, stdout, stderr }: ProcessRun['node']): string[] {
  return [stdin, stdout, stderr].flatMap((stream) => (stream.type === 'file' ? [stream.path] : []));
}

const LEAST_PAUSE_MS = 2000;
const MOST_PAUSE_MS = 30_000;
/** So many times as long as a look takes it pauses. */
const PAUSE = 50;
