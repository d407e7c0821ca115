// The machine of who looks after whom: which instances each may control, how those stand, and who waits for one of them to end.
// It answers; that somebody is stopped is for the runner.
import type { NodeId } from '../plan/plan.ts';
import type { Speaker } from '../plan/speakers.ts';
import type { ProcessState } from '../wire/message.ts';
import type { ChannelWait, Stance } from './sight.ts';
import type { Cause } from './waits.ts';

/** Said to one who has waited. */
export interface Answer {
  readonly session: number;
  readonly request: number;
  readonly state: ProcessState;
}

/** One that somebody may control. */
interface Ward {
  state: ProcessState;
  ended: boolean;
  /** By session, the requests that wait for its end. */
  readonly waiting: Map<number, Set<number>>;
  readonly cause: Cause;
}

export class Oversight {
  readonly #controls: Map<NodeId, ReadonlySet<NodeId>>;
  readonly #wards = new Map<NodeId, Ward>();

  constructor(speakers: readonly Speaker[]) {
    this.#controls = new Map(
      speakers.filter(({ controls }) => controls.length > 0).map(({ node, controls }) => [node, new Set(controls)]),
    );
    for (const controls of this.#controls.values()) for (const node of controls) this.#wards.set(node, wardOf(node));
  }

  /** One that may do what `owner` may. */
  enlist(worker: NodeId, owner: NodeId): void {
    const controls = this.#controls.get(owner);
    if (controls !== undefined) this.#controls.set(worker, controls);
  }

  /** Those that it may control. */
  of(instance: NodeId): readonly NodeId[] {
    return [...(this.#controls.get(instance) ?? [])];
  }

  may(instance: NodeId, node: NodeId): boolean {
    return this.#controls.get(instance)?.has(node) ?? false;
  }

  /** It runs, for the first time or again. A sub-pipeline has no pid, and neither has an `each`. */
  started(node: NodeId, pid: number | null): void {
    const ward = this.#wards.get(node);
    if (ward !== undefined) ward.state = { pid, alive: true, exitcode: null };
  }

  /** It has ended for good. */
  ended(node: NodeId, exitcode: number | null): Answer[] {
    const ward = this.#wards.get(node);
    if (ward === undefined || ward.ended) return [];
    ward.ended = true;
    ward.state = { pid: ward.state.pid, alive: false, exitcode };
    const answers = [...ward.waiting].flatMap(([session, requests]) =>
      [...requests].map((request) => ({ session, request, state: ward.state })),
    );
    ward.waiting.clear();
    return answers;
  }

  look(node: NodeId): ProcessState {
    return this.#ward(node).state;
  }

  /** Its state where it has ended; else null, and the answer comes when it does. */
  wait(session: number, request: number, node: NodeId): ProcessState | null {
    const { ended, state, waiting } = this.#ward(node);
    if (ended) return state;
    const requests = waiting.get(session);
    if (requests === undefined) waiting.set(session, new Set([request]));
    else requests.add(request);
    return null;
  }

  /** Returns whether that request waited. */
  cancel(session: number, request: number): boolean {
    for (const { waiting } of this.#wards.values()) {
      const requests = waiting.get(session);
      if (!requests?.delete(request)) continue;
      if (requests.size === 0) waiting.delete(session);
      return true;
    }
    return false;
  }

  left(session: number): void {
    for (const { waiting } of this.#wards.values()) waiting.delete(session);
  }

  /** Everybody who waits for another to end, who alone can help. */
  waits(): ChannelWait[] {
    return [...this.#wards.values()].flatMap(({ waiting, cause }) =>
      [...waiting.keys()].map((session) => ({ session, cause })),
    );
  }

  /** Of those wards that say nothing to the broker themselves: without this it would be unknown that they have not started. */
  stances(known: { has(node: NodeId): boolean }): Stance[] {
    return [...this.#wards].flatMap(([node, { state, ended, waiting }]) =>
      ended || waiting.size === 0 || known.has(node)
        ? []
        : [{ node, state: state.alive ? 'present' : 'absent', sessions: [], streams: [] } satisfies Stance],
    );
  }

  #ward(node: NodeId): Ward {
    const ward = this.#wards.get(node);
    if (ward === undefined) throw new Error(`Internal error: nobody may control \`${node}\``);
    return ward;
  }
}

function wardOf(node: NodeId): Ward {
  return {
    state: { pid: null, alive: false, exitcode: null },
    ended: false,
    waiting: new Map(),
    cause: { does: 'await', channel: null, helpers: new Set([node]) },
  };
}
