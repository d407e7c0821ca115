// One node of the graph as it was declared, a process, daemon or join however many instances it has, and what it needs.
import type { Thing } from '../pipeline/lookup.ts';
import type { ConditionName, Reference } from '../pipeline/pipeline.ts';

export interface Vertex {
  readonly index: number;
  readonly name: string;
  readonly thing: Thing;
  readonly needs: readonly Edge[];
}

export interface Edge {
  readonly to: Vertex;
  readonly condition: ConditionName;
  readonly reference: Reference;
}
