// Who is lent room in a queue. It is lent to sessions before they put: what waits and what is lent together never exceed the
// limits, so an item that is on its way is always admitted. Whoever waits for room is served first, in order of arrival
// and in turns; what is left is lent ahead, so that not every put has to ask.
import { earliest } from '../deadline.ts';
import { Limit } from '../wire/message.ts';
import { lendAhead } from './lend-ahead.ts';
import { type Loan, loanOf, PATIENCE_MS } from './loan.ts';
import type { Space } from './space.ts';

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
  /** How many producers have not ended for good. */
  producers: number;
  readonly #space: Space;
  readonly #lendsAhead: boolean;
  #now = 0;
  readonly #producing = new Set<Loan>();
  /** Who waits, oldest first. */
  readonly #line = new Set<Loan>();
  readonly #given = new Set<Loan>();
  /** They came for more since the last turn, with nothing left of what they had. */
  readonly #dry: Loan[] = [];
  /** Has room for an item that is let in alone, and has not put it. */
  #alone: Loan | null = null;

  constructor(space: Space, producers: number, lendsAhead: boolean) {
    this.#space = space;
    this.#lendsAhead = lendsAhead;
    this.producers = producers;
  }

  open(session: number): Loan {
    return loanOf(session);
  }

  /** It puts no more: what it has goes back. */
  stop(loan: Loan): void {
    this.unwant(loan);
    this.#producing.delete(loan);
    this.#given.delete(loan);
    this.giveBack(loan, loan.count, loan.bytes);
  }

  /** Something was put that uses up so much. False, and nothing is changed, where that is more than it was lent. */
  use(loan: Loan, count: number, bytes: number): boolean {
    if (!this.giveBack(loan, count, bytes)) return false;
    loan.stirred = this.#now;
    return true;
  }

  /** False, and nothing is changed, where it has not so much. */
  giveBack(loan: Loan, count: number, bytes: number): boolean {
    if (count > loan.count || bytes > loan.bytes) return false;
    loan.count -= count;
    loan.bytes -= bytes;
    this.#space.lend(-count, -bytes);
    if (this.#alone === loan) this.#alone = null;
    return true;
  }

  /** Puts wait that need so much in all, with what it has already. It stands in line until it has that. */
  want(loan: Loan, count: number, bytes: number): void {
    if (count === 0) return;
    this.#producing.add(loan);
    loan.single = count === 1;
    if (loan.count === 0) this.#dry.push(loan);
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

  /** Room is free, though it may be too little for who is first in line. */
  get hasSome(): boolean {
    return this.#space.places > 0 && this.#space.freeBytes > 0;
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

  /** How many more items it could put now; -1 for no limit. */
  admits(loan: Loan): number {
    const { places, freeBytes, waiting, isUnlimited } = this.#space;
    if (freeBytes <= 0 && loan.bytes === 0 && waiting > 0) return 0;
    return isUnlimited && places > 0 ? -1 : places + loan.count;
  }

  /** Gives away what there is to give. */
  lend(now: number): readonly Lent[] {
    this.#now = now;
    if (this.#dry.length > 0) for (const loan of this.#dry.splice(0)) loan.quick = now - loan.givenAt <= QUICK_MS;
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
    if (this.#line.size === 0 && this.#lendsAhead) this.#lendAhead();
    if (this.#given.size === 0) return NONE;
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
    const lacksBytes = head.wantCount === 0 || this.#space.places > 0;
    if (lacksBytes && head.stirred + PATIENCE_MS > now) next = head.stirred + PATIENCE_MS;
    for (const loan of this.#producing) {
      const inTheWay = loan === this.#alone || (lacksBytes ? loan.bytes : loan.count) > 0;
      if (!inTheWay || loan.recalled || this.#line.has(loan)) continue;
      const due = loan.stirred + PATIENCE_MS;
      if (due > now) {
        next = earliest(next, due);
        continue;
      }
      loan.recalled = true;
      sessions.push(loan.session);
    }
    return { sessions, next };
  }

  /** How much of its want can be met now. */
  #share(loan: Loan): Share {
    const { places, freeBytes: free } = this.#space;
    if (loan.count === 0 && places === 0) return NOTHING;
    if (loan.wantBytes <= free) {
      return { count: Math.min(loan.wantCount, places), bytes: loan.wantBytes, alone: false };
    }
    // Bytes are short, so it gets a place for one item, and bytes until that fits.
    const count = loan.count === 0 ? 1 : 0;
    if (this.#mayEnterAlone(loan)) return { count, bytes: this.#bytesAlone(loan), alone: true };
    return free > 0 ? { count, bytes: free, alone: false } : NOTHING;
  }

  /**
   * When nothing waits, one item is let in whatever its size, and whatever room others sit on. That it is a single item is
   * certain, or it could not use what it was given.
   */
  #mayEnterAlone(loan: Loan): boolean {
    if (this.#space.waiting > 0 || (this.#alone !== null && this.#alone !== loan)) return false;
    if (loan.count > 0 && loan.wantBytes === 0) return false;
    return loan.single || loan.stirred + PATIENCE_MS <= this.#now;
  }

  /**
   * Where several puts wait it is not known how much of it the first one needs. It gets twice as much each time it could not
   * use what it had; more than the largest item it does not need.
   */
  #bytesAlone({ single, bytes, wantBytes }: Loan): number {
    const step = single ? wantBytes : Math.max(LEAST_ALONE, this.#space.maxBytes, bytes);
    return Math.min(wantBytes, step, Math.max(0, Limit.ITEM - bytes));
  }

  #lendAhead(): void {
    const borrowers = { loans: this.#producing, sole: this.producers <= 1, dry: this.#isDry };
    lendAhead(this.#space, borrowers, this.#giveAhead);
  }

  readonly #isDry = (loan: Loan): boolean => this.#given.has(loan);

  readonly #giveAhead = (loan: Loan, count: number, bytes: number): void => this.#give(loan, count, bytes);

  /**
   * Who is served next: whoever waits longest, but before them those they wait for. These are one who was let in alone and
   * lacks more, and, where there is no place, one who has a place and cannot use it.
   */
  #head(): Loan | null {
    if (this.#alone !== null && this.#line.has(this.#alone)) return this.#alone;
    const [oldest] = this.#line;
    if (oldest === undefined) return null;
    if (oldest.count > 0 || this.#space.lent === 0 || this.#space.places > 0) return oldest;
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
    loan.givenAt = this.#now;
    loan.recalled = false;
    this.#space.lend(count, bytes);
    this.#given.add(loan);
  }
}

/** A producer that uses up what it was lent within this time is lent more. */
const QUICK_MS = 100;
/** It is not given less in addition, where several puts wait. */
const LEAST_ALONE = 1024 * 1024;
const NONE: readonly Lent[] = [];
const NOTHING: Share = { count: 0, bytes: 0, alone: false };
const NOBODY = { sessions: [], next: null };
