// Why a run ends that can never go on, in one sentence.
import type { Deadlock } from './event.ts';
import type { StopCause } from './verdict.ts';

export function causeOf({ circle, waits }: Pick<Deadlock, 'circle' | 'waits'>): StopCause {
  const nodes = circle.length > 0 ? circle : [...new Set(waits.map(({ node }) => node))];
  const names = nodes.slice(0, MOST_NAMES).map((node) => `\`${node}\``);
  const more = nodes.length > names.length ? [`${nodes.length - names.length} more`] : [];
  const [first = '', ...others] = [...names, ...more];
  const all = others.length === 0 ? first : `${[first, ...others.slice(0, -1)].join(', ')} and ${others.at(-1)}`;
  const does = nodes.length === 1 ? 'waits for itself' : 'wait for each other';
  return { exitCode: 3, reason: `deadlock: ${all} ${circle.length > 0 ? does : 'wait for what can never come'}` };
}

const MOST_NAMES = 10;
