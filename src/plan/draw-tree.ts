// The plan to read in a terminal: everything in the order in which it can start, and under it what it waits for and uses. What
// is in a sub-pipeline stands under that one.
import type { Plan } from './plan.ts';
import { type Arrow, type Box, insides, ownName, type Sketch } from './sketch.ts';

export function drawTree(plan: Plan, sketch: Sketch): string {
  return [plan.name, ...new Tree(sketch).under(null)].join('\n');
}

class Tree {
  readonly #boxes: ReadonlyMap<string, Box>;
  readonly #into: ReadonlyMap<string, readonly Arrow[]>;
  readonly #outOf: ReadonlyMap<string, readonly Arrow[]>;
  readonly #inside: ReadonlyMap<string | null, readonly Box[]>;

  constructor({ boxes, arrows }: Sketch) {
    this.#boxes = new Map(boxes.map((box) => [box.key, box]));
    this.#into = groupBy(arrows, ({ to }) => to);
    this.#outOf = groupBy(arrows, ({ from }) => from);
    this.#inside = insides(boxes);
  }

  /** The lines of what is in there. */
  under(key: string | null): readonly string[] {
    const boxes = this.#inside.get(key) ?? [];
    const inOrder = [...boxes.filter((box) => !isChannel(box)), ...boxes.filter(isChannel)];
    return inOrder.flatMap((box, at) => {
      const isLast = at === inOrder.length - 1;
      const margin = isLast ? ' ' : '│';
      return [
        `${isLast ? '└─' : '├─'} ${titleOf(box)}`,
        ...[...box.notes, ...this.#notesOf(box)].map((note) => `${margin}     ${note}`),
        ...this.under(box.key).map((line) => `${margin}  ${line}`),
      ];
    });
  }

  #notesOf(box: Box): readonly string[] {
    const into = this.#into.get(box.key) ?? [];
    const outOf = this.#outOf.get(box.key) ?? [];
    const list = (words: string, arrows: readonly Arrow[], end: 'from' | 'to', kind: Arrow['kind']): string[] => {
      const named = arrows
        .filter((arrow) => arrow.kind === kind)
        .map((arrow) => nameOf(this.#boxes.get(arrow[end]), arrow, box));
      return named.length === 0 ? [] : [`${words} ${[...new Set(named)].join(', ')}`];
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
      ...list('controls', outOf, 'to', 'controls'),
      ...list('talks by', outOf, 'to', 'talks'),
      ...list('sends by', outOf, 'to', 'sends'),
      ...list('receives by', into, 'from', 'receives'),
    ];
  }
}

function titleOf(box: Box): string {
  const { kind, instances, detail } = box;
  const count = instances === null ? '' : ` ×${instances}`;
  return `${kind} ${ownName(box)}${count}${detail === '' ? '' : `  ${detail}`}`;
}

function isChannel({ kind }: Box): boolean {
  return kind === 'queue' || kind === 'lock' || kind === 'pipe';
}

/** As `from` has it in its notes: what is in the same sub-pipeline by its name in that. */
function nameOf(box: Box | undefined, { kind, label }: Arrow, from: Box): string {
  const name = box === undefined ? '' : box.within === from.within ? ownName(box) : box.name;
  if (kind === 'buries') return name;
  const count = isChannel(from) && box?.instances !== null ? ` ×${box?.instances ?? 0}` : '';
  const queue = kind === 'joins' && box?.kind === 'queue' ? 'queue ' : '';
  return `${queue}${name}${count}${label === '' ? '' : ` (${label})`}`;
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
