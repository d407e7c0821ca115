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
    const folded = candidate.toLowerCase();
    // Two swapped letters count as two there.
    if (distance(wanted, folded) >= 2 * bestDistance) continue;
    const found = slipsBetween(wanted, folded);
    if (found >= bestDistance) continue;
    best = candidate;
    bestDistance = found;
  }
  return best;
}

/** Letters that are missing, too many, others, or swapped with the next one. */
function slipsBetween(written: string, meant: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: meant.length + 1 }, (_, at) => at);
  for (let row = 1; row <= written.length; row++) {
    const next = [row];
    for (let at = 1; at <= meant.length; at++) {
      const isSame = written[row - 1] === meant[at - 1];
      const [other, missing, extra] = [last[at - 1], next[at - 1], last[at]] as [number, number, number];
      const isSwapped = row > 1 && at > 1 && written[row - 1] === meant[at - 2] && written[row - 2] === meant[at - 1];
      const swapped = isSwapped ? (beforeLast[at - 2] as number) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(other + (isSame ? 0 : 1), missing + 1, extra + 1, swapped));
    }
    [beforeLast, last] = [last, next];
  }
  return last[meant.length] as number;
}

/** A short name with two slips is another name. */
function slipsIn({ length }: string): number {
  if (length < 3) return 0;
  return length < 8 ? Math.min(2, length - 2) : 3;
}
