// Nobody waits for room, so what is free may be lent to those who will want it. A queue's only producer may have all but one
// place, which another session of it could need; several get so little that one that never calls again costs the others
// little, those that use it quickly more. Not in crumbs, unless it has just run dry.
import type { Loan } from './loan.ts';
import type { Space } from './space.ts';

export interface Borrowers {
  readonly loans: ReadonlySet<Loan>;
  /** Only one producer is left. */
  readonly sole: boolean;
  /** It was given room in this turn, so it had none left. */
  readonly dry: (loan: Loan) => boolean;
}

export function lendAhead(
  space: Space,
  { loans, sole, dry }: Borrowers,
  give: (loan: Loan, count: number, bytes: number) => void,
): void {
  const among = loans.size;
  if (among === 0) return;
  const budgetBytes = Math.min(MOST_BYTES, Math.floor((space.maxBytes * (sole ? 7 : 1)) / 8));
  const shareBytes = Math.floor(budgetBytes / among);
  for (const loan of loans) {
    const budget = budgetOf(space.maxsize, sole, loan.quick);
    const share = Math.min(MOST_ITEMS, Math.floor(budget / among), mostOf(space.maxsize, sole));
    if (share === 0) continue;
    const count = Math.max(0, Math.min(share - loan.count, space.places - 1, budget - space.lent));
    const bytes = Math.max(0, Math.min(shareBytes - loan.bytes, space.freeBytes, budgetBytes - space.lentBytes));
    const ranDry = dry(loan);
    const places = loan.count <= share / 2 && count >= (ranDry ? 1 : Math.max(1, share / 4));
    const bytesToo = loan.bytes <= shareBytes / 2 && bytes >= (ranDry ? 1 : Math.max(1, shareBytes / 4));
    const useful = loan.count + count > 0 && loan.bytes + bytes > 0;
    if (useful && (places || bytesToo)) give(loan, count, bytes);
  }
}

/** How many places may be lent in all for such a producer to be lent any ahead. */
function budgetOf(maxsize: number, sole: boolean, quick: boolean): number {
  if (sole || maxsize === Number.POSITIVE_INFINITY) return maxsize - 1;
  return maxsize < FEW ? 0 : Math.floor(quick ? (maxsize * 3) / 4 : maxsize / 8);
}

/** How many one may have, however quick it is. */
function mostOf(maxsize: number, sole: boolean): number {
  return sole ? maxsize : Math.floor(maxsize / 4);
}

/** A queue with several producers lends nothing ahead below this many places. */
const FEW = 64;
/** The largest pieces that are lent ahead where the queue itself would allow more. */
const MOST_ITEMS = 64 * 1024;
const MOST_BYTES = 256 * 1024 * 1024;
