// What the taking side of a queue asks the broker for: how many items may still come, what of that it has taken back, and whether
// its program waits. What has been said already is not said again.
import { Flag, Type } from '../wire/message.ts';
import type { Session } from './session.ts';
import type { WaitingGet } from './waiting-gets.ts';

/** How many calls wait, and at which end of a deque. */
interface Waiting {
  readonly waiting: number;
  readonly right: boolean;
}

interface Withdrawal {
  /** Who expires with the answer. */
  readonly expiring: readonly WaitingGet[];
  /** What comes before the answer goes back. */
  retreat: boolean;
}

export class Demand {
  /** How many more the broker may send. */
  credit = 0;
  readonly #session: Session;
  #channel = 0;
  /** What it said last: whether it waits, and which end it gets from. */
  #saidWaiting = false;
  #right = false;
  /** The UNGETs that are not answered yet. */
  readonly #withdrawals: Withdrawal[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  open(channel: number): void {
    this.#channel = channel;
  }

  /** Nothing can be on its way any more. */
  get over(): boolean {
    return this.credit + this.#withdrawals.length === 0;
  }

  /** What comes now goes back, and what goes back must be back before more is asked for. */
  get retreating(): boolean {
    return this.#withdrawals.some(({ retreat }) => retreat);
  }

  /** So many more may come; and calls wait, if any do. */
  ask(more: number, { waiting, right }: Waiting): void {
    const saysNew = waiting > 0 && (!this.#saidWaiting || right !== this.#right);
    if (more === 0 && !saysNew) return;
    this.#get(more, { waiting, right });
    this.#right = right;
    this.#saidWaiting = waiting > 0;
    this.credit += more;
  }

  /** So many have come. */
  came(count: number): void {
    // What comes before the answer to an UNGET was asked for before it.
    if (this.#withdrawals.length === 0) this.credit = Math.max(0, this.credit - count);
    this.#saidWaiting = false;
  }

  /** What the broker was told last is out of date. */
  repeat(): void {
    this.#saidWaiting = false;
  }

  /** The time of these is over: the broker gives what it has now, and its answer decides. Others wait on behind that. */
  expire(expiring: readonly WaitingGet[]): void {
    // A retreat may have kept it from asking until now.
    if (this.credit === 0) this.#get(expiring.length, { waiting: expiring.length, right: expiring[0]?.right === true });
    this.#withdraw({ expiring, retreat: false });
  }

  /** Nobody waits any more. */
  withdraw(): void {
    if (this.credit > 0) this.#withdraw({ expiring: [], retreat: false });
  }

  /** What is still on its way goes back, too: or that would be taken before what went back. */
  retreat(): void {
    if (this.credit > 0) this.#withdraw({ expiring: [], retreat: true });
    for (const withdrawal of this.#withdrawals) withdrawal.retreat = true;
  }

  /** The broker has answered the oldest UNGET. */
  withdrawn(): Withdrawal {
    return this.#withdrawals.shift() ?? { expiring: [], retreat: false };
  }

  #withdraw(withdrawal: Withdrawal): void {
    this.#session.writer.bare(Type.UNGET, this.#channel);
    this.#withdrawals.push(withdrawal);
    this.credit = 0;
    this.#saidWaiting = false;
    this.#session.wrote();
  }

  #get(count: number, { waiting, right }: Waiting): void {
    const flags = (waiting > 0 ? Flag.WAITING : Flag.NONE) | (right ? Flag.RIGHT : Flag.NONE);
    this.#session.writer.number(Type.GET, this.#channel, count, flags);
  }
}
