// The plan as a Mermaid flowchart: thick arrows carry items, messages or bytes, thin ones are needs, dotted ones are joins and locks.
import type { Arrow, Box, Sketch } from './sketch.ts';

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
  talks: '<==>',
  sends: '==>',
  receives: '==>',
};

export function drawMermaid({ boxes, arrows }: Sketch): string {
  const ids = new Map(boxes.map(({ key }, at) => [key, `n${at}`]));
  const lines = ['flowchart LR'];
  for (const box of boxes) {
    const [open, close] = shapes[box.kind];
    lines.push(`  ${ids.get(box.key) ?? ''}${open}"${labelOf(box)}"${close}`);
  }
  for (const { from, to, kind, label } of arrows) {
    const words = label === '' ? '' : `|"${escape(label)}"|`;
    lines.push(`  ${ids.get(from) ?? ''} ${links[kind]}${words} ${ids.get(to) ?? ''}`);
  }
  return lines.join('\n');
}

function labelOf({ name, instances, detail }: Box): string {
  const title = `${escape(name)}${instances === null ? '' : ` ×${instances}`}`;
  return detail === '' ? title : `${title}<br/>${escape(detail)}`;
}

/** Mermaid takes entities by number; what could be markup for it or for HTML becomes one. */
function escape(text: string): string {
  return text.replace(/["#&<>`*_\\]/g, (character) => `#${character.charCodeAt(0)};`);
}
