// Plan → text: a tree to read, the whole as JSON, and pictures for Mermaid and Graphviz. Instances of one name are one box.
import { drawDot } from './draw-dot.ts';
import { drawMermaid } from './draw-mermaid.ts';
import { drawTree } from './draw-tree.ts';
import type { Plan } from './plan.ts';
import { sketch } from './sketch.ts';

export const drawings = ['tree', 'json', 'mermaid', 'dot'] as const;

export type Drawing = (typeof drawings)[number];

export function draw(plan: Plan, drawing: Drawing): string {
  switch (drawing) {
    case 'tree':
      return drawTree(plan, sketch(plan));
    case 'json':
      return JSON.stringify(plan, null, 2);
    case 'mermaid':
      return drawMermaid(sketch(plan));
    case 'dot':
      return drawDot(plan.name, sketch(plan));
  }
}
