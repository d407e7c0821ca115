// What becomes of the joins of a run, or of a run in the run: which pass, which fail, whose time is over and what is stopped by that.
import { earliest } from '../deadline.ts';
import type { NodeId } from '../plan/plan.ts';
import type { JoinState } from './join-state.ts';
import type { Ending } from './outcome.ts';

/** What follows from it. */
interface Consequences {
  end(ending: Ending, cause: string | null): void;
  terminate(process: NodeId, reason: string): void;
  /** It has passed: a failure of the others that it waited for is none of the run's, where it asks for some of them only. */
  forgive(join: JoinState): void;
}

export class Joins {
  readonly all: ReadonlyMap<NodeId, JoinState>;
  readonly #ofQueue: ReadonlyMap<string, readonly JoinState[]>;
  readonly #then: Consequences;

  constructor(
    all: ReadonlyMap<NodeId, JoinState>,
    ofQueue: ReadonlyMap<string, readonly JoinState[]>,
    consequences: Consequences,
  ) {
    this.all = all;
    this.#ofQueue = ofQueue;
    this.#then = consequences;
  }

  /** Those that any waits for. */
  get queues(): Iterable<string> {
    return this.#ofQueue.keys();
  }

  nextDeadline(): number | null {
    let next: number | null = null;
    for (const { active, deadline } of this.all.values()) if (active) next = earliest(next, deadline);
    return next;
  }

  tick(now: number): void {
    for (const join of this.all.values())
      if (join.active && join.deadline !== null && now >= join.deadline) this.#timedOut(join);
  }

  drained(queue: string): void {
    for (const join of this.#ofQueue.get(queue) ?? []) {
      join.drained(queue);
      this.judge(join);
    }
  }

  stranded(queue: string, reason: string): void {
    for (const join of this.#ofQueue.get(queue) ?? []) {
      join.stranded(queue, reason);
      this.judge(join);
    }
  }

  /** It may have passed by now, or failed. */
  judge(join: JoinState): void {
    if (!join.active) return;
    const verdict = join.verdict();
    if (!verdict) return;
    join.active = false;
    if (!verdict.passed) return this.#then.end({ node: join.node.id, outcome: 'failed' }, verdict.cause);
    this.#pass(join, null);
  }

  #pass(join: JoinState, cause: string | null): void {
    join.active = false;
    join.passed = true;
    this.#then.forgive(join);
    this.#then.end({ node: join.node.id, outcome: 'passed' }, cause);
    if (join.node.onPass === 'terminate') this.#terminate(join, `join \`${join.node.id}\` has passed`);
  }

  #timedOut(join: JoinState): void {
    join.deadline = null;
    const { id, onTimeout } = join.node;
    if (onTimeout === 'terminate') {
      join.terminating = true;
      this.#terminate(join, `join \`${id}\` timed out`);
      return this.judge(join);
    }
    const cause = `still waited for ${join.waitsFor}`;
    if (onTimeout === 'continue') return this.#pass(join, cause);
    join.active = false;
    this.#then.end({ node: id, outcome: 'timed_out' }, cause);
  }

  /** Stops whichever of its processes have not ended. */
  #terminate(join: JoinState, reason: string): void {
    for (const id of join.open) this.#then.terminate(id, reason);
  }
}
