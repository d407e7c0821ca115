// The plan for Graphviz: bold arrows carry items, messages or bytes, thin ones are needs, dashed ones are joins and locks.
import type { Arrow, Box, Sketch } from './sketch.ts';

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
  for (const box of boxes) lines.push(`  ${quote(box.key)} [label=${labelOf(box)}, shape=${shapes[box.kind]}]`);
  for (const { from, to, kind, label } of arrows) {
    const words = label === '' ? '' : `, label=${quote(label)}`;
    lines.push(`  ${quote(from)} -> ${quote(to)} [style=${styles[kind]}${words}]`);
  }
  return [...lines, '}'].join('\n');
}

function labelOf({ name, instances, detail }: Box): string {
  const title = `${name}${instances === null ? '' : ` ×${instances}`}`;
  // Graphviz reads \n in a label as a line end.
  return detail === '' ? quote(title) : `${quote(title).slice(0, -1)}\\n${quote(detail).slice(1)}`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
