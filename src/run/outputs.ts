// What processes have set for those who need them: the outputs of a run. What an attempt set goes with it when there is another
// one; how the last one ended makes no difference.
import type { Json, NodeId, Plan } from '../plan/plan.ts';

export class Outputs {
  readonly #values = new Map<NodeId, Map<string, Json>>();
  /** By the names that expressions may use, in lower case; null where a name has several instances, each named by its number. */
  readonly #byName = new Map<string, NodeId | null>();

  constructor({ nodes }: Pick<Plan, 'nodes'>) {
    for (const node of nodes) {
      if (node.kind !== 'process' || node.outputs.length === 0) continue;
      this.#byName.set(node.id.toLowerCase(), node.id);
      const folded = (node.within === undefined ? node.name : `${node.within}/${node.name}`).toLowerCase();
      if (folded !== node.id.toLowerCase()) this.#byName.set(folded, this.#byName.has(folded) ? null : node.id);
    }
  }

  /** Of the process or instance of that name; of a process without instances, nothing. */
  readonly named = (name: string): Readonly<Record<string, Json>> => {
    const node = this.#byName.get(name.toLowerCase());
    return typeof node === 'string' ? this.of(node) : {};
  };

  set(node: NodeId, name: string, value: Json): void {
    const values = this.#values.get(node);
    if (values === undefined) this.#values.set(node, new Map([[name, value]]));
    else values.set(name, value);
  }

  /** It is tried anew. */
  forget(node: NodeId): void {
    this.#values.delete(node);
  }

  /** As its end tells of it, where it has outputs. */
  told(node: NodeId): { readonly outputs?: Readonly<Record<string, Json>> } {
    return this.#byName.has(node.toLowerCase()) ? { outputs: this.of(node) } : {};
  }

  of(node: NodeId): Readonly<Record<string, Json>> {
    return Object.fromEntries(this.#values.get(node) ?? []);
  }
}
