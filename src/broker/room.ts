// How much may still come into a queue. Room is lent to sessions before they put: what waits and what is lent together
// never exceed the limits, so an item that is on its way is always admitted. Whoever waits for room is served first, in
// order of arrival and in turns; what is left is lent ahead, so that not every put has to ask.
import type { Items } from '../wire/items.ts';

/** What one session was lent and has not used, and what its waiting puts still lack. */
export interface Loan {
  readonly session: number;
  count: number;
  bytes: number;
  wantCount: number;
  wantBytes: number;
  /** It is one put that waits, not several. */
  single: boolean;
  /** When it was last given room or used some. */
  stirred: number;
  /** It was asked to give back what it does not need, and got nothing since. */
  recalled: boolean;
  /** Given in this turn. */
  freshCount: number;
  freshBytes: number;
}

export interface Lent {
  readonly session: number;
  readonly count: number;
  readonly bytes: number;
}

interface Share {
  readonly count: number;
  readonly bytes: number;
  /** Let in alone, beyond the limit. */
  readonly alone: boolean;
}

export class Room {
  /** Items accepted and not taken by a program. */
  waiting = 0;
  /** The most that ever waited. */
  peak = 0;
  /** How many producers have not ended for good. */
  producers: number;
  #maxsize: number;
  #maxBytes: number;
  #waitingBytes = 0;
  #lent = 0;
  #lentBytes = 0;
  #now = 0;
  readonly #producing = new Set<Loan>();
  /** Who waits, oldest first. */
  readonly #line = new Set<Loan>();
  readonly #given = new Set<Loan>();
  /** Has room for an item that is let in alone, and has not put it. */
  #alone: Loan | null = null;

  constructor(maxsize: number, maxBytes: number, producers: number) {
    this.#maxsize = maxsize === 0 ? Number.POSITIVE_INFINITY : maxsize;
    this.#maxBytes = maxBytes;
    this.producers = producers;
  }

  open(session: number): Loan {
    return {
      session,
      count: 0,
      bytes: 0,
      wantCount: 0,
      wantBytes: 0,
      single: false,
      stirred: 0,
      recalled: false,
      freshCount: 0,
      freshBytes: 0,
    };
  }

  /** It puts no more: what it has goes back. */
  stop(loan: Loan): void {
    this.unwant(loan);
    this.#producing.delete(loan);
    this.#given.delete(loan);
    this.giveBack(loan, loan.count, loan.bytes);
  }

  /** Items that use up room. False, and nothing is changed, where they are more than it was lent. */
  use(loan: Loan, items: Items): boolean {
    if (!this.giveBack(loan, items.count, items.size)) return false;
    loan.stirred = this.#now;
    this.enter(items);
    return true;
  }

  /** Items that wait from now on, admitted or come back. */
  enter(items: Items): void {
    this.waiting += items.count;
    this.#waitingBytes += items.size;
    if (this.waiting > this.peak) this.peak = this.waiting;
  }

  /** Items that wait no more. */
  leave(items: Items): void {
    this.waiting -= items.count;
    this.#waitingBytes -= items.size;
  }

  /** False, and nothing is changed, where it has not so much. */
  giveBack(loan: Loan, count: number, bytes: number): boolean {
    if (count > loan.count || bytes > loan.bytes) return false;
    loan.count -= count;
    loan.bytes -= bytes;
    this.#lent -= count;
    this.#lentBytes -= bytes;
    if (this.#alone === loan) this.#alone = null;
    return true;
  }

  /** Puts wait that need so much in all, with what it has already. It stands in line until it has that. */
  want(loan: Loan, count: number, bytes: number): void {
    if (count === 0) return;
    this.#producing.add(loan);
    loan.single = count === 1;
    loan.wantCount = Math.max(0, count - loan.count);
    loan.wantBytes = Math.max(0, bytes - loan.bytes);
    if (loan.wantCount > 0 || loan.wantBytes > 0) this.#line.add(loan);
    else this.#line.delete(loan);
  }

  /** Puts that go on now or not at all. False, and nothing is changed, where there is no room or others wait for some. */
  wantNow(loan: Loan, count: number, bytes: number): boolean {
    if (this.#line.size > 0) return false;
    this.want(loan, count, bytes);
    const share = this.#share(loan);
    const met = share.count === loan.wantCount && share.bytes === loan.wantBytes;
    this.unwant(loan);
    if (met) this.#giveShare(loan, share);
    return met;
  }

  /** Whether it has wanted room, and may again. */
  produces(loan: Loan): boolean {
    return this.#producing.has(loan);
  }

  wants(loan: Loan): boolean {
    return this.#line.has(loan);
  }

  unwant(loan: Loan): void {
    loan.wantCount = 0;
    loan.wantBytes = 0;
    loan.recalled = false;
    this.#line.delete(loan);
  }

  /** From now on everything is admitted. */
  lift(): void {
    this.#maxsize = Number.POSITIVE_INFINITY;
    this.#maxBytes = Number.POSITIVE_INFINITY;
  }

  /** How many more items it could put now; -1 for no limit. */
  admits(loan: Loan): number {
    if (this.#freeBytes() <= 0 && loan.bytes === 0 && this.waiting > 0) return 0;
    const places = this.#places();
    return places === Number.POSITIVE_INFINITY ? -1 : places + loan.count;
  }

  /** Gives away what there is to give. */
  lend(now: number): Lent[] {
    this.#now = now;
    for (let head = this.#head(); head !== null; head = this.#head()) {
      const share = this.#share(head);
      if (share.count === 0 && share.bytes === 0) break;
      this.#giveShare(head, share);
      head.wantCount -= share.count;
      head.wantBytes -= share.bytes;
      // Who lacks bytes stays the first: they gather until its next item fits.
      if (head.wantBytes > 0) break;
      this.#line.delete(head);
      if (head.wantCount > 0) this.#line.add(head);
    }
    if (this.#line.size === 0) this.#lendAhead();
    const lent: Lent[] = [];
    for (const loan of this.#given) {
      lent.push({ session: loan.session, count: loan.freshCount, bytes: loan.freshBytes });
      loan.freshCount = 0;
      loan.freshBytes = 0;
    }
    this.#given.clear();
    return lent;
  }

  /** While others wait: the sessions that sit on room they do not use, each once; and when to ask again. */
  recall(now: number): { readonly sessions: readonly number[]; readonly next: number | null } {
    const head = this.#head();
    if (head === null) return NOBODY;
    const sessions: number[] = [];
    let next: number | null = null;
    const lacksBytes = head.wantCount === 0 || this.#places() > 0;
    if (lacksBytes && head.stirred + PATIENCE_MS > now) next = head.stirred + PATIENCE_MS;
    for (const loan of this.#producing) {
      const inTheWay = loan === this.#alone || (lacksBytes ? loan.bytes : loan.count) > 0;
      if (!inTheWay || loan.recalled || this.#line.has(loan)) continue;
      const due = loan.stirred + PATIENCE_MS;
      if (due > now) {
        next = Math.min(next ?? due, due);
        continue;
      }
      loan.recalled = true;
      sessions.push(loan.session);
    }
    return { sessions, next };
  }

  /** How much of its want can be met now. */
  #share(loan: Loan): Share {
    const places = this.#places();
    if (loan.count === 0 && places === 0) return NOTHING;
    const free = this.#freeBytes();
    if (loan.wantBytes <= free) {
      return { count: Math.min(loan.wantCount, places), bytes: loan.wantBytes, alone: false };
    }
    // Bytes are short, so it gets a place for one item, and bytes until that fits.
    const count = loan.count === 0 ? 1 : 0;
    if (this.#mayEnterAlone(loan)) return { count, bytes: loan.wantBytes, alone: true };
    return free > 0 ? { count, bytes: free, alone: false } : NOTHING;
  }

  /**
   * When nothing waits, one item is let in whatever its size, and whatever room others sit on. That it is a single item is
   * certain, or it could not use what it was given.
   */
  #mayEnterAlone(loan: Loan): boolean {
    if (this.waiting > 0 || (this.#alone !== null && this.#alone !== loan)) return false;
    if (loan.count > 0 && loan.wantBytes === 0) return false;
    return loan.single || loan.stirred + PATIENCE_MS <= this.#now;
  }

  /**
   * Nobody waits, so what is free may be lent to those who will want it. A queue's only producer may have all but one
   * place, which another session of it could need; several share a part so small that one that never calls again
   * costs the others little. Not in crumbs, unless it has just run dry.
   */
  #lendAhead(): void {
    const among = this.#producing.size;
    if (among === 0) return;
    const sole = this.producers <= 1;
    const budget = this.#budget(sole);
    const budgetBytes = Math.min(MOST_BYTES, Math.floor((this.#maxBytes * (sole ? 7 : 1)) / 8));
    const share = Math.min(MOST_ITEMS, Math.floor(budget / among));
    const shareBytes = Math.floor(budgetBytes / among);
    if (share === 0) return;
    for (const loan of this.#producing) {
      const count = Math.max(0, Math.min(share - loan.count, this.#places() - 1, budget - this.#lent));
      const bytes = Math.max(0, Math.min(shareBytes - loan.bytes, this.#freeBytes(), budgetBytes - this.#lentBytes));
      const dry = this.#given.has(loan);
      const places = loan.count <= share / 2 && count >= (dry ? 1 : Math.max(1, share / 4));
      const space = loan.bytes <= shareBytes / 2 && bytes >= (dry ? 1 : Math.max(1, shareBytes / 4));
      const useful = loan.count + count > 0 && loan.bytes + bytes > 0;
      if (useful && (places || space)) this.#give(loan, count, bytes);
    }
  }

  #budget(sole: boolean): number {
    if (sole || this.#maxsize === Number.POSITIVE_INFINITY) return this.#maxsize - 1;
    return this.#maxsize < FEW ? 0 : Math.floor(this.#maxsize / 8);
  }

  /**
   * Who is served next: whoever waits longest, but before them those they wait for. These are one who was let in alone and
   * lacks more, and, where there is no place, one who has a place and cannot use it.
   */
  #head(): Loan | null {
    if (this.#alone !== null && this.#line.has(this.#alone)) return this.#alone;
    const [oldest] = this.#line;
    if (oldest === undefined) return null;
    if (oldest.count > 0 || this.#lent === 0 || this.#places() > 0) return oldest;
    for (const loan of this.#line) if (loan.count > 0 && loan.wantBytes > 0) return loan;
    return oldest;
  }

  #giveShare(loan: Loan, share: Share): void {
    if (share.alone) this.#alone = loan;
    this.#give(loan, share.count, share.bytes);
  }

  #give(loan: Loan, count: number, bytes: number): void {
    loan.count += count;
    loan.bytes += bytes;
    loan.freshCount += count;
    loan.freshBytes += bytes;
    loan.stirred = this.#now;
    loan.recalled = false;
    this.#lent += count;
    this.#lentBytes += bytes;
    this.#given.add(loan);
  }

  #places(): number {
    return Math.max(0, this.#maxsize - this.waiting - this.#lent);
  }

  /** Less than none where something was let in alone or came back. */
  #freeBytes(): number {
    return this.#maxBytes - this.#waitingBytes - this.#lentBytes;
  }
}

const NOTHING: Share = { count: 0, bytes: 0, alone: false };
const NOBODY = { sessions: [], next: null };
/** A queue with several producers lends nothing ahead below this many places. */
const FEW = 64;
/** The largest pieces that are lent ahead where the queue itself would allow more. */
const MOST_ITEMS = 64 * 1024;
const MOST_BYTES = 256 * 1024 * 1024;
/** Room, or items read ahead, that nobody touched for so long while others wait are asked back. */
export const PATIENCE_MS = 5;
