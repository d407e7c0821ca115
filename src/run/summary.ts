// Events → Summary: what happened, derived once for everybody who tells of it.
import { isProcess } from '../plan/node-kind.ts';
import type { Json, Node, NodeId } from '../plan/plan.ts';
import type { Containment } from './containment.ts';
import type { Event, ItemEnded, Outcome, PipeCounts, QueueCounts } from './event.ts';

export interface Summary {
  readonly version: 1;
  readonly runId: string;
  readonly runDir: string;
  readonly name: string;
  readonly success: boolean;
  readonly exitCode: number;
  /** One sentence. */
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** By which means nothing of it was left behind; null where it ended before these were known. */
  readonly containment: Pick<Containment, 'tier' | 'run' | 'process'> | null;
  readonly nodes: Readonly<Record<NodeId, NodeSummary>>;
  readonly queues: Readonly<Record<string, QueueCounts>>;
  readonly pipes: Readonly<Record<string, PipeCounts>>;
}

export interface NodeSummary {
  readonly kind: Node['kind'];
  readonly outcome: Outcome;
  readonly exitcode: number | null;
  readonly signal: string | null;
  /** ISO 8601, UTC; null where it never started. */
  readonly startedAt: string | null;
  readonly durationMs: number;
  readonly attempts: number;
  readonly cause?: string;
  /** What it has set, where it has outputs. */
  readonly outputs?: Readonly<Record<string, Json>>;
  /** With `each`. */
  readonly items?: ItemCounts;
}

/** What became of the items that an `each` took. */
export interface ItemCounts {
  readonly done: number;
  /** Done without a process, because `if` was false for them. */
  readonly skipped: number;
  /** Their processes failed, in all attempts. */
  readonly failed: number;
  /** They were given back, because all was stopped. */
  readonly returned: number;
  /** Of all of them, those that took more than one attempt. */
  readonly retried: number;
}

/** Takes the events of one run, in order. */
export class Summarizer {
  #run: Pick<Summary, 'runId' | 'runDir' | 'name' | 'startedAt'> | null = null;
  #end: Pick<Summary, 'exitCode' | 'reason' | 'durationMs'> | null = null;
  #containment: Summary['containment'] = null;
  readonly #kinds = new Map<NodeId, NodeSummary['kind']>();
  readonly #items = new Map<NodeId, ItemCounts>();
  readonly #started = new Map<NodeId, number>();
  readonly #nodes: Record<NodeId, NodeSummary> = {};
  readonly #queues: Record<string, QueueCounts> = {};
  readonly #pipes: Record<string, PipeCounts> = {};

  add(event: Event): void {
    switch (event.type) {
      case 'run.started':
        this.#run = {
          runId: event.runId,
          runDir: event.runDir,
          name: event.plan.name,
          startedAt: new Date(event.time).toISOString(),
        };
        for (const node of event.plan.nodes) {
          this.#kinds.set(node.id, node.kind);
          if (isProcess(node) && node.each !== null) this.#items.set(node.id, noItems);
        }
        break;
      case 'run.contained':
        this.#containment = { tier: event.tier, run: event.run, process: event.process };
        break;
      case 'node.started':
        // The first attempt's.
        if (!this.#started.has(event.node)) this.#started.set(event.node, event.time);
        break;
      case 'item.ended':
        this.#items.set(event.node, withItem(this.#items.get(event.node) ?? noItems, event));
        break;
      case 'node.ended': {
        const startedAt = this.#started.get(event.node);
        const items = this.#items.get(event.node);
        this.#nodes[event.node] = {
          kind: this.#kinds.get(event.node) ?? 'process',
          outcome: event.outcome,
          exitcode: event.exitcode,
          signal: event.signal,
          startedAt: startedAt === undefined ? null : new Date(startedAt).toISOString(),
          durationMs: event.durationMs,
          attempts: event.attempts ?? (startedAt === undefined ? 0 : 1),
          ...(event.cause === undefined ? {} : { cause: event.cause }),
          ...(event.outputs === undefined ? {} : { outputs: event.outputs }),
          ...(items === undefined ? {} : { items }),
        };
        break;
      }
      case 'queue.counted':
        this.#queues[event.queue] = event.counts;
        break;
      case 'pipe.counted':
        this.#pipes[event.pipe] = event.counts;
        break;
      case 'run.ended':
        this.#end = { exitCode: event.exitCode, reason: event.reason, durationMs: event.durationMs };
        break;
      default:
    }
  }

  summary(): Summary {
    if (!this.#run || !this.#end) throw new Error('Internal error: a summary of a run that has not ended');
    const success = this.#end.exitCode === 0;
    const channels = { queues: this.#queues, pipes: this.#pipes };
    const containment = this.#containment;
    return { version: 1, success, ...this.#run, ...this.#end, containment, nodes: this.#nodes, ...channels };
  }
}

const noItems: ItemCounts = { done: 0, skipped: 0, failed: 0, returned: 0, retried: 0 };

function withItem(counts: ItemCounts, { outcome, attempts }: ItemEnded): ItemCounts {
  const retried = counts.retried + (attempts > 1 ? 1 : 0);
  return { ...counts, [countOf(outcome)]: counts[countOf(outcome)] + 1, retried };
}

function countOf(outcome: Outcome): Exclude<keyof ItemCounts, 'retried'> {
  if (outcome === 'succeeded') return 'done';
  if (outcome === 'skipped') return 'skipped';
  return outcome === 'failed' || outcome === 'timed_out' ? 'failed' : 'returned';
}
