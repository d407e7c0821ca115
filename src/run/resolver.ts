// What the expressions of a plan come to, asked of a node when it is due: by then all is known that they may name. One that has
// no value refuses its node, with the words that the end of the node tells.
import type { Json, PipelineNode, Plan, ProcessNode } from '../plan/plan.ts';
import {
  ExpressionFailure,
  type ResolvedNode,
  resolveCondition,
  resolveNode,
  type RunContext,
  usesItem,
} from '../plan/resolve.ts';

export interface Refused {
  readonly refused: string;
}

export class Resolver {
  readonly #context: RunContext;

  constructor(
    { root, name, secrets }: Plan,
    { runId, runDir }: { readonly runId: string; readonly runDir: string },
    outputsOf: RunContext['outputsOf'],
  ) {
    this.#context = { root, run: { id: runId, dir: runDir, name }, outputsOf, secrets, environment: process.env };
  }

  /** Whether its `if` holds. */
  isWanted(node: PipelineNode): boolean | Refused {
    return known(() => resolveCondition(node, this.#context));
  }

  resolve(node: ProcessNode): ResolvedNode | Refused {
    if (!node.each) return known(() => resolveNode(node, this.#context));
    // What depends on an item is resolved for each of them.
    return known(() => ({ ...node, if: usesItem(node.if) || resolveCondition(node, this.#context) }));
  }

  /** The node of an `each`, for an item of it; undefined: for what is the same for all. */
  resolveFor(node: ProcessNode, item: Json | undefined): ResolvedNode | Refused {
    return known(() => resolveNode(node, item === undefined ? this.#context : { ...this.#context, item }));
  }
}

function known<T>(resolve: () => T): T | Refused {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof ExpressionFailure) return { refused: error.message };
    throw error;
  }
}
