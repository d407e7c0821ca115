// The plan as a Mermaid flowchart: thick arrows carry items, messages or bytes, thin ones are needs, dotted ones are joins, locks,
// dead letters and who controls whom.
import { type Arrow, type Box, insides, ownName, type Sketch } from './sketch.ts';

const shapes: Readonly<Record<Box['kind'], readonly [string, string]>> = {
  process: ['[', ']'],
  daemon: ['([', '])'],
  join: ['{{', '}}'],
  pipeline: ['[/', '/]'],
  queue: ['[(', ')]'],
  lock: ['>', ']'],
  pipe: ['[[', ']]'],
};

const links: Readonly<Record<Arrow['kind'], string>> = {
  needs: '-->',
  joins: '-.->',
  puts: '==>',
  gets: '==>',
  buries: '-.->',
  pipes: '==>',
  locks: '-.-',
  controls: '-.->',
  talks: '<==>',
  sends: '==>',
  receives: '==>',
};

export function drawMermaid({ boxes, arrows }: Sketch): string {
  const ids = new Map(boxes.map(({ key }, at) => [key, `n${at}`]));
  const lines = ['flowchart LR'];
  const inside = insides(boxes);
  const draw = (within: string | null, margin: string): void => {
    for (const box of inside.get(within) ?? []) {
      const id = ids.get(box.key) ?? '';
      const [open, close] = shapes[box.kind];
      if (!inside.has(box.key)) {
        lines.push(`${margin}${id}${open}"${labelOf(box)}"${close}`);
        continue;
      }
      lines.push(`${margin}subgraph ${id}["${labelOf(box)}"]`);
      draw(box.key, `${margin}  `);
      lines.push(`${margin}end`);
    }
  };
  draw(null, '  ');
  for (const { from, to, kind, label } of arrows) {
    const words = label === '' ? '' : `|"${escape(label)}"|`;
    lines.push(`  ${ids.get(from) ?? ''} ${links[kind]}${words} ${ids.get(to) ?? ''}`);
  }
  return lines.join('\n');
}

function labelOf(box: Box): string {
  const { instances, detail } = box;
  const title = `${escape(ownName(box))}${instances === null ? '' : ` ×${instances}`}`;
  return detail === '' ? title : `${title}<br/>${escape(detail)}`;
}

/** Mermaid takes entities by number; what could be markup for it or for HTML becomes one. */
function escape(text: string): string {
  return text.replace(/["#&<>`*_\\]/g, (character) => `#${character.charCodeAt(0)};`);
}
