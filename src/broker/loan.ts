// What one session was lent of a queue's room and has not used, and what its waiting puts still lack.
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
  /** When it was last given room, and whether it used that up soon, as it last did. */
  givenAt: number;
  quick: boolean;
  /** Given in this turn. */
  freshCount: number;
  freshBytes: number;
}

export function loanOf(session: number): Loan {
  return {
    session,
    count: 0,
    bytes: 0,
    wantCount: 0,
    wantBytes: 0,
    single: false,
    stirred: 0,
    recalled: false,
    givenAt: Number.NEGATIVE_INFINITY,
    quick: false,
    freshCount: 0,
    freshBytes: 0,
  };
}

/** Room, or items read ahead, that nobody touched for so long while others wait are asked back. */
export const PATIENCE_MS = 5;
