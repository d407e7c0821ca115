// One session's place at one queue: what it was lent and given, and what it waits for.
import type { NodeId } from '../plan/plan.ts';
import type { Holding } from './holding.ts';
import type { Loan } from './loan.ts';

export interface Seat {
  readonly session: number;
  readonly instance: NodeId;
  readonly loan: Loan;
  readonly holding: Holding;
  /** It can put and take past the broker. */
  readonly lanes: boolean;
  /** It has put, or wanted to, at least once. */
  puts: boolean;
  /** It said that it puts no more. */
  closed: boolean;
  /** It has asked for items at least once. */
  takes: boolean;
  /** How many more items it accepts. */
  credit: number;
  /** Its program waits in `get` and has nothing to read. */
  waiting: boolean;
  /** It gets from the right end. */
  right: boolean;
  /** Its program works on so many items while it waits for more: it is not told the end before they are done. */
  occupied: number;
  toldEnd: boolean;
  /** Its connection is full: it gets nothing until that has gone out. */
  congested: boolean;
  /** What it has ahead came while its program was busy, or is more than one item. */
  readsAhead: boolean;
  /** What it was given last was given alone: before that is done, or its program waits all the same, it is given nothing else. */
  careful: boolean;
  /** When it was last given items or took some. */
  stirred: number;
  /** It was asked to give back what it read ahead, and took nothing since. */
  recalled: boolean;
}

/** Its program has nothing to do. */
export function isIdle({ waiting, occupied }: Seat): boolean {
  return waiting && occupied === 0;
}

export function seatOf(holding: Holding, loan: Loan, lanes: boolean): Seat {
  return {
    session: holding.session,
    instance: holding.instance,
    loan,
    holding,
    lanes,
    puts: false,
    closed: false,
    takes: false,
    credit: 0,
    waiting: false,
    right: false,
    occupied: 0,
    toldEnd: false,
    congested: false,
    readsAhead: false,
    careful: false,
    stirred: 0,
    recalled: false,
  };
}
