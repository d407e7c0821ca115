// "did you mean": the known name that is nearest to the one that was written, if it is near enough to be a slip.
import { distance } from 'fastest-levenshtein';

/** How many names may still be compared: a file with a hundred thousand wrong names must be answered at once, too. */
export interface Budget {
  left: number;
}

export function nearest(name: string, known: Iterable<string>, budget: Budget = { left: 100_000 }): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = slipsIn(name) + 1;
  for (const candidate of known) {
    if (--budget.left < 0) return undefined;
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const found = distance(wanted, candidate.toLowerCase());
    if (found >= bestDistance) continue;
    best = candidate;
    bestDistance = found;
  }
  return best;
}

/** A short name with two slips is another name. */
function slipsIn({ length }: string): number {
  if (length < 3) return 0;
  return length < 8 ? Math.min(2, length - 2) : 3;
}
