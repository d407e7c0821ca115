// One join while the run goes on: what it still waits for, and whether it can still pass.
import type { JoinNode, NodeId } from '../plan/plan.ts';
import { type Fate, phraseOf } from './outcome.ts';

export type Verdict =
  | { readonly passed: true }
  | { readonly passed: false; readonly cause: string; readonly benign: boolean };

export class JoinState {
  readonly node: JoinNode;
  /** Its `needs` hold, and it waits. */
  active = false;
  passed = false;
  /** Its time is over and it stops what it waits for: it passes once the processes have ended. */
  terminating = false;
  deadline: number | null = null;
  readonly open: Set<NodeId>;
  readonly #openQueues: Set<string>;
  /** How many must succeed, where not all must; no more than there are. */
  readonly #enough: number | null;
  #succeeded = 0;
  #failure: { readonly cause: string; readonly benign: boolean } | null = null;

  constructor(node: JoinNode) {
    this.node = node;
    this.open = new Set(node.processes);
    this.#openQueues = new Set(node.queues);
    this.#enough = node.mode === 'all' ? null : Math.min(node.mode, this.open.size);
  }

  begin(now: number): void {
    this.active = true;
    if (this.node.timeoutMs !== null) this.deadline = now + this.node.timeoutMs;
  }

  ended(fate: Fate): void {
    if (!this.open.delete(fate.node)) return;
    if (fate.succeeded) this.#succeeded++;
    else if (this.#enough === null && !fate.benign)
      this.#failure ??= { cause: `\`${fate.node}\` ${phraseOf(fate)}`, benign: false };
  }

  drained(queue: string): void {
    this.#openQueues.delete(queue);
  }

  stranded(queue: string, reason: string): void {
    if (this.#openQueues.has(queue))
      this.#failure ??= { cause: `queue \`${queue}\` can never be drained: ${reason}`, benign: false };
  }

  /** It asks for the first so many: once it has passed, a failure of the others is no failure of the run. */
  get forgives(): boolean {
    return this.#enough !== null;
  }

  /** It asks for the first so many, and there are still enough that may succeed, or it passes without. */
  get mayYetPass(): boolean {
    if (this.#enough === null || this.passed) return false;
    return this.terminating || this.#succeeded + this.open.size >= this.#enough;
  }

  /** Null while it waits. */
  verdict(): Verdict | null {
    if (this.terminating) return this.open.size === 0 ? { passed: true } : null;
    if (this.#enough !== null) {
      if (this.#succeeded >= this.#enough) return { passed: true };
      if (this.#succeeded + this.open.size >= this.#enough) return null;
      return { passed: false, cause: `only ${this.#succeeded} of ${this.#enough} can succeed`, benign: false };
    }
    if (this.#failure) return { passed: false, ...this.#failure };
    return this.open.size + this.#openQueues.size === 0 ? { passed: true } : null;
  }

  get openQueues(): ReadonlySet<string> {
    return this.#openQueues;
  }

  /** What it still waits for, in words. */
  get waitsFor(): string {
    return [...[...this.open].map((id) => `\`${id}\``), ...[...this.#openQueues].map((q) => `queue \`${q}\``)].join(
      ', ',
    );
  }
}
