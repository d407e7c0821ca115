// What is asked of the broker and answered, as who asks has it. Of some kinds the broker keeps only so many for one process, however
// many calls its program makes at once: so many are under way, and the others wait here, in the order in which they were made.
import type { Failure } from './errors.ts';

export interface Request {
  /** Those of which only so many are under way at a time. */
  readonly throng?: Throng | undefined;
  /** Why it is not to be sent after all; asked right before it is. */
  refusal?(): Failure | null;
  write(request: number): void;
  answer(value: unknown): void;
  fail(failure: Failure): void;
}

export class Throng {
  readonly #most: number;
  #underWay = 0;
  #waiting: Request[] = [];
  /** Those before it have gone. */
  #first = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether it may be sent now; else it waits until `next` gives it. */
  admit(request: Request): boolean {
    if (this.#underWay < this.#most) {
      this.#underWay += 1;
      return true;
    }
    this.#waiting.push(request);
    return false;
  }

  /** One that was admitted is over: gives the one that may be sent in its place. */
  next(): Request | undefined {
    const request = this.#waiting[this.#first];
    if (request === undefined) {
      this.#underWay -= 1;
      return undefined;
    }
    this.#first += 1;
    if (this.#first === this.#waiting.length) this.clear();
    return request;
  }

  /** Gives all that wait, which do so no more. */
  clear(): readonly Request[] {
    const waiting = this.#waiting.slice(this.#first);
    this.#waiting = [];
    this.#first = 0;
    return waiting;
  }
}
