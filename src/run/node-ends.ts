// How the nodes of a run end, as its events tell it, and as the broker is told where it has to know: of those that ran, and of those
// that never did.
import type { BrokerHost } from '../broker/host.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { NodeId, Plan, ProcessNode } from '../plan/plan.ts';
import { controlledIn, speaks } from '../plan/speakers.ts';
import type { Outcome } from './event.ts';
import type { Happening } from './happening.ts';
import { type Ended, neverRan } from './life.ts';
import { type Fate, pipedWith } from './outcome.ts';
import type { Outputs } from './outputs.ts';

export interface EndsContext {
  readonly outputs: Outputs;
  readonly broker: () => BrokerHost | null;
  readonly now: () => number;
  readonly tell: (happening: Happening) => void;
}

export class NodeEnds {
  /** Those that failed and have `on_failure: ignore`. */
  readonly ignored: NodeId[] = [];
  readonly #nodes: ReadonlyMap<NodeId, Plan['nodes'][number]>;
  /** Nodes whose end some process may wait for. */
  readonly #controlled: ReadonlySet<NodeId>;
  readonly #context: EndsContext;
  /** Since when each join waits. */
  readonly #waitingSince = new Map<NodeId, number>();

  constructor(plan: Plan, context: EndsContext) {
    this.#nodes = new Map(plan.nodes.map((node) => [node.id, node]));
    this.#controlled = controlledIn(plan);
    this.#context = context;
  }

  /** A join has begun to wait. */
  waits(node: NodeId, since: number): void {
    this.#waitingSince.set(node, since);
    if (this.#controlled.has(node)) this.#context.broker()?.started(node, null);
    this.#context.tell({ type: 'node.started', node, pid: null });
  }

  /** `stderr`: the last of what it wrote there. */
  ended({ id, onFailure }: ProcessNode, ended: Ended, stderr: string): void {
    this.#tell(id, ended, stderr);
    if (onFailure === 'ignore' && failures.has(ended.outcome)) this.ignored.push(id);
  }

  /** A join, or what was never started. */
  endedUnstarted({ node: id, outcome, benign }: Fate, cause: string | null): void {
    const node = this.#nodes.get(id);
    if (node && isProcess(node)) this.#settle(node, benign ? 'end' : 'abort');
    this.#tell(id, { ...neverRan, outcome, startedAt: this.#waitingSince.get(id) ?? null, cause }, '');
  }

  /** It was to start, but the `if` of it, or of one that it would start with, is false. */
  skipped(node: ProcessNode, unwanted: NodeId): void {
    const cause = node.id === unwanted ? 'its `if` is false' : pipedWith(unwanted, 'was skipped');
    this.#settle(node, 'end');
    this.#tell(node.id, { ...neverRan, cause }, '');
  }

  #settle(node: ProcessNode, stream: 'end' | 'abort'): void {
    if (speaks(node)) this.#context.broker()?.settle({ node: node.id, held: 'back', stream, succeeded: false });
  }

  #tell(
    node: NodeId,
    { outcome, exitcode, signal, startedAt, attempts, cause }: Omit<Ended, 'again'>,
    stderr: string,
  ): void {
    const { broker, now, outputs, tell } = this.#context;
    if (this.#controlled.has(node)) broker()?.ended(node, exitcode);
    tell({
      type: 'node.ended',
      node,
      outcome,
      exitcode,
      signal,
      durationMs: startedAt === null ? 0 : Math.round(now() - startedAt),
      ...(attempts === undefined ? {} : { attempts }),
      ...(cause === null ? {} : { cause }),
      ...outputs.told(node),
      ...(failures.has(outcome) && stderr !== '' ? { stderrTail: stderr } : {}),
    });
  }
}

const failures: ReadonlySet<Outcome> = new Set(['failed', 'timed_out']);
