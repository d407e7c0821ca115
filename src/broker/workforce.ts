// The `each` of a run as the broker sees them: one that takes for each, and the instances that its items' processes are. Such an
// instance is a process again and again: what it had is cleared away when one has ended, and its streams are those of its `each`.
import type { NodeId } from '../plan/plan.ts';
import type { Command, Notice } from './control.ts';
import type { Stance } from './sight.ts';
import type { Switchboard } from './switchboard.ts';
import { Taker } from './taker.ts';
import { OUTSIDE } from './waits.ts';

type Of<T extends Command['type']> = Extract<Command, { readonly type: T }>;

interface Crew {
  readonly taker: Taker;
  readonly workers: readonly NodeId[];
}

export class Workforce {
  readonly #switchboard: Switchboard;
  readonly #notify: (notice: Notice) => void;
  readonly #crews = new Map<NodeId, Crew>();
  readonly #workers = new Set<NodeId>();

  constructor(switchboard: Switchboard, notify: (notice: Notice) => void) {
    this.#switchboard = switchboard;
    this.#notify = notify;
  }

  begin(command: Of<'each'>): void {
    const { node, workers } = command;
    this.#crews.set(node, { taker: new Taker(this.#switchboard, command, this.#notify), workers });
    for (const worker of workers) {
      this.#workers.add(worker);
      this.#switchboard.enlist(worker, node);
    }
  }

  take({ node, count }: Of<'take'>): void {
    const { taker } = this.#crew(node);
    if (count === null) taker.shut();
    else taker.take(count);
  }

  finish(command: Of<'finished'>): void {
    this.#crew(command.node).taker.finish(command);
  }

  /** Throws where the FIFO cannot be opened. */
  pour(command: Of<'pour'>): void {
    this.#crew(command.node).taker.pour(command);
  }

  /** An `each` has ended for good. Returns its workers. */
  end(node: NodeId): readonly NodeId[] {
    const crew = this.#crews.get(node);
    if (crew === undefined) return [];
    this.#crews.delete(node);
    crew.taker.leave();
    for (const worker of crew.workers) this.#workers.delete(worker);
    return crew.workers;
  }

  isWorker(node: NodeId): boolean {
    return this.#workers.has(node);
  }

  /** Of an `each`: it waits in `get` for what free workers could do, and for those that are there. */
  stanceOf(node: NodeId, isThere: (worker: NodeId) => boolean): Stance | null {
    const crew = this.#crews.get(node);
    if (crew === undefined) return null;
    const { session, moves, busy } = crew.taker;
    const there = busy === 0 ? [] : crew.workers.filter(isThere);
    // What is not there is about to start, waits to be tried again, or is a program that can wait for nothing here.
    const works = there.length < busy ? [OUTSIDE] : there;
    return { node, state: 'ours', sessions: [], streams: [{ session, pid: 0, moves }], works };
  }

  #crew(node: NodeId): Crew {
    const crew = this.#crews.get(node);
    if (crew === undefined) throw new Error(`Internal error: nothing is taken for ${node}`);
    return crew;
  }
}
