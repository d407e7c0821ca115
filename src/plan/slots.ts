// How many processes are needed at once, held against `slots`, with the foresight that the run itself goes by. Of several that
// would do, the dearest are counted, for it may come to that.
import { type Findings, keyOf, type Where } from '../pipeline/finding.ts';
import { Foresight } from './foresight.ts';
import type { Plan } from './plan.ts';
import { tiesOf, type Ties, type Unit } from './ties.ts';

/** More than these are told by their number. */
const mostNames = 10;

/** `placeOf`: where a name is declared. */
export function checkSlots(plan: Plan, placeOf: (name: string) => Where | undefined, findings: Findings): void {
  const { slots, nodes, channels } = plan;
  if (slots === null) return;
  const nameOf = new Map(nodes.map(({ id, name }) => [id, name]));
  const bounded = new Set(channels.flatMap((it) => (it.kind === 'queue' && it.maxsize > 0 ? it.producers : [])));
  for (const { count, needed } of lackingSlots(plan, slots)) {
    const names = [...new Set(needed.flatMap(({ members }) => members).map((id) => nameOf.get(id) ?? id))];
    const shown = names.slice(0, mostNames).map((name) => `\`${name}\``);
    const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
    const are = `${shown.join(', ')}${more} ${names.length === 1 ? 'is' : 'are'} needed at once, which is ${count} processes`;
    const there = slots === 1 ? 'there is only 1 slot' : `there are only ${slots} slots`;
    const isForRoom = needed.some(({ members }) => members.some((id) => bounded.has(id)));
    const or = isForRoom ? ', or take `maxsize` off a queue between them' : '';
    findings.error('slots-deadlock', keyOf(['slots']), `${are}, and ${there}`, {
      hint: `set \`slots\` to ${count} or more${or}`,
      related: names.slice(0, mostNames).flatMap((name) => {
        const at = placeOf(name);
        return at === undefined ? [] : [{ message: `\`${name}\` is one of them`, at }];
      }),
    });
  }
}

export interface Lacking {
  readonly count: number;
  readonly needed: readonly Unit[];
}

/** Of those that have to do with each other, who needs more than so many slots. */
export function lackingSlots(plan: Pick<Plan, 'nodes' | 'channels'>, slots: number): readonly Lacking[] {
  const ties = tiesOf(plan);
  return [...new Set(ties.circles)].flatMap((circle) => {
    const lacking = circle === null ? null : lackingFor(circle, ties, slots);
    return lacking === null ? [] : [lacking];
  });
}

/** How many slots it takes for all of a circle to end, and who is needed when it takes most; null where there are enough. */
function lackingFor(circle: readonly Unit[], ties: Ties, slots: number): Lacking | null {
  const standing = {
    open: Int32Array.from(ties.units, ({ members }) => members.length),
    running: new Int32Array(ties.units.length),
  };
  let found: Lacking | null = null;
  for (let count = slots; ; ) {
    const foresight = new Foresight(ties, standing, count, 'dearest');
    if (foresight.canEnd(circle)) return found;
    const { lacking } = foresight;
    // That it cannot end is not for want of slots.
    if (lacking === null) return null;
    count += lacking.slots;
    found = { count, needed: lacking.needed };
  }
}
