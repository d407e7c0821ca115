// The plan to read in a terminal: everything in the order in which it can start, and under it what it waits for and uses.
import type { Plan } from './plan.ts';
import type { Arrow, Box, Sketch } from './sketch.ts';

export function drawTree(plan: Plan, { boxes, arrows }: Sketch): string {
  const names = new Map(boxes.map((box) => [box.key, box]));
  const into = groupBy(arrows, ({ to }) => to);
  const outOf = groupBy(arrows, ({ from }) => from);
  const lines = [plan.name];
  const nodes = boxes.filter((box) => !isChannel(box));
  const channels = boxes.filter(isChannel);
  for (const [at, box] of [...nodes, ...channels].entries()) {
    const isLast = at === boxes.length - 1;
    const notes = notesOf(box, into.get(box.key) ?? [], outOf.get(box.key) ?? [], names);
    lines.push(`${isLast ? '└─' : '├─'} ${titleOf(box)}`);
    for (const note of notes) lines.push(`${isLast ? ' ' : '│'}     ${note}`);
  }
  return lines.join('\n');
}

function titleOf({ kind, name, instances, detail }: Box): string {
  const count = instances === null ? '' : ` ×${instances}`;
  return `${kind} ${name}${count}${detail === '' ? '' : `  ${detail}`}`;
}

function notesOf(
  box: Box,
  into: readonly Arrow[],
  outOf: readonly Arrow[],
  boxes: ReadonlyMap<string, Box>,
): readonly string[] {
  const plain = isChannel(box);
  const list = (words: string, arrows: readonly Arrow[], end: 'from' | 'to', kind: Arrow['kind']): string[] => {
    const named = arrows
      .filter((arrow) => arrow.kind === kind)
      .map((arrow) => nameOf(boxes.get(arrow[end]), arrow, plain));
    return named.length === 0 ? [] : [`${words} ${named.join(', ')}`];
  };
  if (box.kind === 'queue') {
    return [
      ...list('from', into, 'from', 'puts'),
      ...list('to', outOf, 'to', 'gets'),
      ...list('dead letters of', into, 'from', 'buries'),
      ...list('dead letters to', outOf, 'to', 'buries'),
    ];
  }
  if (box.kind === 'lock') return list('used by', into, 'from', 'locks');
  if (box.kind === 'pipe') {
    return [
      ...list('between', into, 'from', 'talks'),
      ...list('from', into, 'from', 'sends'),
      ...list('to', outOf, 'to', 'receives'),
    ];
  }
  return [
    ...list('needs', into, 'from', 'needs'),
    ...list('waits for', into, 'from', 'joins'),
    ...list('reads', into, 'from', 'pipes'),
    ...list('gets', into, 'from', 'gets'),
    ...list('puts', outOf, 'to', 'puts'),
    ...list('read by', outOf, 'to', 'pipes'),
    ...list('locks', outOf, 'to', 'locks'),
    ...list('talks by', outOf, 'to', 'talks'),
    ...list('sends by', outOf, 'to', 'sends'),
    ...list('receives by', into, 'from', 'receives'),
  ];
}

function isChannel({ kind }: Box): boolean {
  return kind === 'queue' || kind === 'lock' || kind === 'pipe';
}

function nameOf(box: Box | undefined, { kind, label }: Arrow, plain: boolean): string {
  if (kind === 'buries') return box?.name ?? '';
  const count = plain && box?.instances !== null ? ` ×${box?.instances ?? 0}` : '';
  const queue = kind === 'joins' && box?.kind === 'queue' ? 'queue ' : '';
  return `${queue}${box?.name ?? ''}${count}${label === '' ? '' : ` (${label})`}`;
}

function groupBy(arrows: readonly Arrow[], end: (arrow: Arrow) => string): ReadonlyMap<string, readonly Arrow[]> {
  const groups = new Map<string, Arrow[]>();
  for (const arrow of arrows) {
    const group = groups.get(end(arrow));
    if (group === undefined) groups.set(end(arrow), [arrow]);
    else group.push(arrow);
  }
  return groups;
}
