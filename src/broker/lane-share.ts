// What a taker was given of a direct lane that is closed, and what it says of it when it leaves: for of what it has said over the lane the
// other end may have heard only the beginning. Who says what cannot be makes it throw a `ProtocolError`.
import { ProtocolError } from '../wire/frame.ts';
import type { LaneLeft, LaneMap } from '../wire/message.ts';
import type { Custody } from './custody.ts';
import type { Holding } from './holding.ts';

export class LaneShare {
  readonly session: number;
  readonly #ranges: LaneMap['ranges'];
  /** The tag of the first of these. */
  readonly #base: number;

  constructor(session: number, ranges: LaneMap['ranges'], base: number) {
    this.session = session;
    this.#ranges = ranges;
    this.#base = base;
  }

  /** Its program has taken and done these, and says no more of them. */
  settle(custody: Custody, holding: Holding, { taken, done }: LaneLeft): void {
    let tag = this.#base;
    let next = 0;
    for (const [first, count] of this.#ranges) {
      const end = Math.min(first + count, Math.max(first, taken));
      const more = tag + end - first - holding.ledger.nextToTake;
      if (end > first && more > 0) custody.take(holding, more);
      for (let run = done[next]; run !== undefined && run[0] < end; run = done[next]) {
        const at = Math.max(first, run[0]);
        const length = Math.min(end, run[0] + run[1]) - at;
        if (length > 0) custody.finish(holding, tag + at - first, length);
        if (run[0] + run[1] > end) break;
        next += 1;
      }
      tag += count;
    }
  }
}

/** What a client says that it took and did of a lane. */
export function checkedLeft({ taken, done }: LaneLeft): LaneLeft {
  if (!isCount(taken) || !Array.isArray(done) || !rises(done)) {
    throw new ProtocolError('protocol', 'what is said of a lane makes no sense');
  }
  return { taken, done };
}

/** Each run of numbers begins behind the one before. */
function rises(runs: readonly unknown[]): boolean {
  let end = 0;
  return runs.every((run) => {
    if (!Array.isArray(run) || run.length !== 2 || !run.every(isCount) || run[0] < end) return false;
    end = run[0] + run[1];
    return true;
  });
}

function isCount(count: unknown): boolean {
  return Number.isSafeInteger(count) && (count as number) >= 0;
}
