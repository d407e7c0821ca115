// What the process of an item is: the node of its `each` with the item put into it, under the name of a worker. Where nothing in the
// node depends on the item it is made once for all of them.
import { statSync, writeFileSync } from 'node:fs';
import type { Json, NodeId, Output, ProcessNode } from '../plan/plan.ts';
import { type ResolvedNode, usesItem } from '../plan/resolve.ts';
import { type Given, type ItemInput, itemValueOf, itemVariables } from './item-input.ts';
import type { Refused } from './resolver.ts';

export interface ItemNodeContext {
  /** Puts what is known of an item into the node. */
  readonly resolve: (node: ProcessNode, item: Json | undefined) => ResolvedNode | Refused;
  /** Where the `each` is declared, in words. */
  readonly place: string;
}

export class ItemNodes {
  /** Something in it asks for the item. */
  readonly usesItem: boolean;
  readonly #node: ProcessNode;
  readonly #context: ItemNodeContext;
  /** As it is for every item; null where that depends. */
  readonly #constant: ResolvedNode | Refused | null;

  constructor(node: ProcessNode, context: ItemNodeContext) {
    this.#node = node;
    this.#context = context;
    this.usesItem = usesItem([node.if, node.launch, node.cwd, node.env, node.stdout, node.stderr]);
    this.#constant = this.usesItem ? null : this.#context.resolve(node, undefined);
  }

  /** Null, or why there can be no process for any item. An output file that is the same for all is emptied. */
  begin(): string | null {
    const constant = this.#constant;
    if (constant !== null && 'refused' in constant) return constant.refused;
    for (const output of [this.#node.stdout, this.#node.stderr]) {
      if (output.type !== 'file' || output.append || usesItem(output)) continue;
      const resolved = this.#context.resolve({ ...this.#node, ...nothingButFiles, stdout: output }, undefined);
      if ('refused' in resolved) return resolved.refused;
      const { path } = resolved.stdout as typeof output;
      try {
        // There is nothing to be emptied in a FIFO, and whoever opens one waits for its other end.
        if (!statSync(path, { throwIfNoEntry: false })?.isFIFO()) writeFileSync(path, '');
      } catch (error) {
        return `\`${path}\` could not be emptied: ${(error as Error).message}`;
      }
    }
    return null;
  }

  /** What its processes may use: they take nothing themselves. */
  get grants(): ProcessNode['grants'] {
    return this.#node.grants.filter(({ role }) => role !== 'get');
  }

  /** Null where its `if` is false for this item. `refused` says why there cannot be a process for it. */
  nodeFor(
    id: NodeId,
    given: Given,
    item: ItemInput,
  ): { readonly node: ProcessNode; readonly refused: string | null } | null {
    const resolved = this.#constant ?? this.#resolveFor(given);
    if ('refused' in resolved) return { node: this.#named(id, this.#node, item), refused: resolved.refused };
    return resolved.if ? { node: this.#named(id, resolved, item), refused: null } : null;
  }

  #named(id: NodeId, node: ProcessNode, item: ItemInput): ProcessNode {
    const env: Record<string, string> = { ...node.env };
    for (const name of itemVariables) delete env[name];
    const { stdout, stderr } = this.#node;
    return {
      ...node,
      id,
      each: null,
      grants: this.grants,
      env: { ...env, ...item.env },
      stdout: appending(node.stdout, stdout),
      stderr: appending(node.stderr, stderr),
    };
  }

  #resolveFor(given: Given): ResolvedNode | Refused {
    const item = itemValueOf(given);
    const resolved = 'refused' in item ? item : this.#context.resolve(this.#node, item.value);
    return 'refused' in resolved ? { refused: `${resolved.refused} (${this.#context.place})` } : resolved;
  }
}

/** What one process writes to a file that is the same for all items follows what is there. */
function appending(output: Output, declared: Output): Output {
  return output.type === 'file' && !usesItem(declared) ? { ...output, append: true } : output;
}

/** The parts of a node that may ask for an item, and are no files. */
const nothingButFiles = {
  if: true,
  launch: { type: 'command', argv: [] },
  cwd: '/',
  env: {},
  stderr: { type: 'log' },
} as const;
