// What is due becomes what can be told to start: the expressions of a node are resolved, and it is run as one process or as an
// `each`, or refused, or not wanted at all.
import { basename } from 'node:path';
import type { NodeId, Plan, ProcessNode } from '../plan/plan.ts';
import type { ResolvedNode } from '../plan/resolve.ts';
import { type EachContext, EachRun } from './each-run.ts';
import type { ProcessContext } from './process-context.ts';
import { ProcessRun } from './process-run.ts';
import type { Refused, Resolver } from './resolver.ts';

export interface RunMakerSettings {
  readonly plan: Plan;
  readonly resolver: Resolver;
  /** Where the processes of workers are found while they are there. */
  readonly running: Map<NodeId, ProcessRun | EachRun>;
  /** For the items of this `each`. */
  readonly slotsFor: (id: NodeId) => EachContext['slots'];
}

/** The `if` of this one is false. */
export interface Unwanted {
  readonly unwanted: NodeId;
}

export class RunMaker {
  readonly #settings: RunMakerSettings;

  constructor(settings: RunMakerSettings) {
    this.#settings = settings;
  }

  /** Of several, where pipes join them, all or none. */
  make(nodes: readonly ProcessNode[], context: ProcessContext): readonly (ProcessRun | EachRun)[] | Unwanted {
    const { resolver } = this.#settings;
    const resolved = nodes.map((node) => resolver.resolve(node));
    const unwanted = resolved.find((node) => !('refused' in node) && !node.if);
    if (unwanted) return { unwanted: (unwanted as ResolvedNode).id };
    return nodes.map((declared, at) => {
      const node = resolved[at] as ResolvedNode | Refused;
      if (declared.each && !('refused' in node)) return this.#eachRun(declared, declared.each.queue, context);
      return 'refused' in node ? new ProcessRun(declared, context, node.refused) : new ProcessRun(node, context);
    });
  }

  #eachRun(node: ProcessNode, queue: string, context: ProcessContext): EachRun {
    const { plan, resolver, running, slotsFor } = this.#settings;
    const { broker } = context;
    const channel = plan.channels.find(({ kind, name }) => kind === 'queue' && name === queue);
    if (!broker || channel?.kind !== 'queue') throw new Error(`Internal error: there is no queue ${queue}`);
    const { deadLetter } = channel;
    const resolve = resolver.resolveFor.bind(resolver);
    const { line, column } = node.at;
    const place = `${basename(plan.file)}:${line}:${column}`;
    const slots = slotsFor(node.id);
    return new EachRun(node, { ...context, broker, running, slots, place, deadLetter, resolve });
  }
}
