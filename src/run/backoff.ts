// How long it is until the next attempt.
import type { AgainRule } from '../plan/plan.ts';

/**
 * Before the further attempt of that number, from 1. `chance` is a random number from 0 to 1. A delay that grows is up to a quarter
 * longer, or where that would be more than the longest there may be, up to a fifth shorter: many that failed together do not
 * come back together.
 */
export function delayBefore(
  further: number,
  { delayMs, backoff, maxDelayMs }: Pick<AgainRule, 'delayMs' | 'backoff' | 'maxDelayMs'>,
  chance: number,
): number {
  if (backoff === 'constant') return Math.min(delayMs, maxDelayMs);
  // Beyond that it is more than any time can be.
  const grown = delayMs * 2 ** Math.min(further - 1, MOST_DOUBLINGS);
  const most = Math.min(grown * (1 + SPREAD), maxDelayMs);
  const least = most / (1 + SPREAD);
  return Math.round(least + (most - least) * chance);
}

const SPREAD = 0.25;
const MOST_DOUBLINGS = 40;
