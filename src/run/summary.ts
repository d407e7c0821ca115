// Events → Summary: what happened, derived once for everybody who tells of it.
import type { Json, Node, NodeId } from '../plan/plan.ts';
import type { Event, Outcome, PipeCounts, QueueCounts } from './event.ts';

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
}

/** Takes the events of one run, in order. */
export class Summarizer {
  #run: Pick<Summary, 'runId' | 'runDir' | 'name' | 'startedAt'> | null = null;
  #end: Pick<Summary, 'exitCode' | 'reason' | 'durationMs'> | null = null;
  readonly #kinds = new Map<NodeId, NodeSummary['kind']>();
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
        for (const node of event.plan.nodes) this.#kinds.set(node.id, node.kind);
        break;
      case 'node.started':
        // The first attempt's.
        if (!this.#started.has(event.node)) this.#started.set(event.node, event.time);
        break;
      case 'node.ended': {
        const startedAt = this.#started.get(event.node);
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
    return { version: 1, success, ...this.#run, ...this.#end, nodes: this.#nodes, ...channels };
  }
}
