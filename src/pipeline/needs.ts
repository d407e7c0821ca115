// `needs`: that what is needed exists, and that the condition is one that it can ever fulfil.
import type { Lookup, Thing } from './lookup.ts';
import type { ConditionName, JoinDeclaration, NeedDeclaration, ProcessDeclaration } from './pipeline.ts';

/** The conditions a kind of thing has, its default first. */
export const conditionsOf: Readonly<Record<Thing['kind'], readonly [ConditionName, ...ConditionName[]]>> = {
  process: ['succeeded', 'completed', 'failed', 'started', 'ready'],
  daemon: ['ready', 'started'],
  join: ['passed', 'completed'],
};

export function checkNeeds(
  needing: ProcessDeclaration | JoinDeclaration,
  needs: readonly NeedDeclaration[],
  look: Lookup,
): void {
  for (const { reference, condition } of needs) {
    const at = { path: reference.path, which: reference.which };
    const thing = look.thing(reference, 'process, daemon or join');
    if (thing?.kind === 'join' && thing.declaration === needing) {
      look.findings.error('self-join', at, `join \`${needing.name}\` waits for itself`, { hint: 'take it out' });
      continue;
    }
    if (thing === undefined || condition === null) continue;
    const { path } = reference;
    const problem = reasonAgainst(thing, condition);
    if (problem !== null) {
      look.findings.error(
        'needs-unreachable',
        path,
        `\`${reference.name}\` can never be \`${condition}\`: ${problem.reason}`,
        {
          hint: problem.hint,
        },
      );
    }
  }
}

function reasonAgainst(thing: Thing, condition: ConditionName): { reason: string; hint: string } | null {
  const possible = conditionsOf[thing.kind];
  const hint = `a ${thing.kind} can be ${possible.map((each) => `\`${each}\``).join(', ')}`;
  if (!possible.includes(condition)) {
    if (thing.kind === 'daemon') return { reason: 'it is a daemon, which has no end', hint };
    return { reason: `it is a ${thing.kind}`, hint };
  }
  if (thing.kind !== 'process') return null;
  const { ready, onFailure, uses } = thing.declaration;
  if (condition === 'ready' && uses !== null) {
    return { reason: 'it is a sub-pipeline', hint: 'need it `started`, or declare here what is to become ready' };
  }
  if (condition === 'ready' && ready === null) {
    return { reason: 'it has no `ready`', hint: 'give it a probe under `ready`, or need it `started`' };
  }
  if (condition === 'failed' && onFailure === 'ignore') {
    return {
      reason: 'its failures are ignored',
      hint: 'its `on_failure: ignore` makes it count as succeeded; need it `completed`',
    };
  }
  return null;
}
