// What whoever holds a lock has in hand: it alone gives that back.
export interface Guard extends AsyncDisposable {
  /** Larger than every fence given out for this lock before: what the lock guards can refuse those who come too late. */
  readonly fence: number;
  /** The last owner died holding it: what it guards may be half written. */
  readonly abandoned: boolean;
  /** Rejects with `LockError` where it is released already; `await using` does not. */
  release(): Promise<void>;
}

/** A grant of the broker's. */
export interface Grant {
  /** Of the last time that this process took it. */
  fence: number;
  abandoned: boolean;
  /** The last fence that this process may give itself. */
  readonly last: number;
  /** Until when it may be taken again without asking, as the lease counts. */
  readonly until: number;
  /** How many guards of it are not released. */
  guards: number;
}

/** Gives back what a guard is for; null where it is for nothing any more. */
export type GiveBack = (guard: Guard) => Promise<void> | null;

export class OwnGuard implements Guard {
  readonly fence: number;
  readonly abandoned: boolean;
  readonly #giveBack: GiveBack;
  readonly #refusal: () => Error;

  constructor({ fence, abandoned }: Grant, giveBack: GiveBack, refusal: () => Error) {
    this.fence = fence;
    this.abandoned = abandoned;
    this.#giveBack = giveBack;
    this.#refusal = refusal;
  }

  release(): Promise<void> {
    return this.#giveBack(this) ?? Promise.reject(this.#refusal());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#giveBack(this) ?? DONE;
  }
}

export const DONE: Promise<void> = Promise.resolve();
