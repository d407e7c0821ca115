// The plan for Graphviz: bold arrows carry items, messages or bytes, thin ones are needs, dashed ones are joins and locks,
// dotted ones dead letters and who controls whom.
import { type Arrow, type Box, insides, ownName, type Sketch } from './sketch.ts';

const shapes: Readonly<Record<Box['kind'], string>> = {
  process: 'box',
  daemon: 'box, style=rounded',
  join: 'hexagon',
  pipeline: 'folder',
  queue: 'cylinder',
  lock: 'note',
  pipe: 'cds',
};

const styles: Readonly<Record<Arrow['kind'], string>> = {
  needs: 'solid',
  joins: 'dashed',
  puts: 'bold',
  gets: 'bold',
  buries: 'dotted',
  pipes: 'bold',
  locks: 'dashed, arrowhead=none',
  controls: 'dotted, arrowhead=odot',
  talks: 'bold, dir=both',
  sends: 'bold',
  receives: 'bold',
};

export function drawDot(name: string, { boxes, arrows }: Sketch): string {
  const lines = [
    `digraph ${quote(name)} {`,
    '  rankdir=LR',
    '  node [fontname="sans-serif"]',
    '  edge [fontname="sans-serif"]',
  ];
  const inside = insides(boxes);
  const draw = (within: string | null, margin: string): void => {
    for (const box of inside.get(within) ?? []) {
      const node = `${quote(box.key)} [label=${labelOf(box)}, shape=${shapes[box.kind]}]`;
      if (!inside.has(box.key)) {
        lines.push(`${margin}${node}`);
        continue;
      }
      // Arrows to a sub-pipeline end at the box of its own that stands in it.
      lines.push(`${margin}subgraph ${quote(`cluster ${box.key}`)} {`, `${margin}  ${node}`);
      draw(box.key, `${margin}  `);
      lines.push(`${margin}}`);
    }
  };
  draw(null, '  ');
  for (const { from, to, kind, label } of arrows) {
    const words = label === '' ? '' : `, label=${quote(label)}`;
    lines.push(`  ${quote(from)} -> ${quote(to)} [style=${styles[kind]}${words}]`);
  }
  return [...lines, '}'].join('\n');
}

function labelOf(box: Box): string {
  const { instances, detail } = box;
  const title = `${ownName(box)}${instances === null ? '' : ` ×${instances}`}`;
  // Graphviz reads \n in a label as a line end.
  return detail === '' ? quote(title) : `${quote(title).slice(0, -1)}\\n${quote(detail).slice(1)}`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
