// The names of the items of closed lanes: a program may still hold some under the numbers they had there, and the broker knows
// them by their tags since.
import type { LaneMap } from '../wire/message.ts';

/** Larger than any tag. The items of the first lane are named from here on, those of the second from twice that, and so on. */
export const LANE = 2 ** 40;
/** More lanes would have names that a number cannot say exactly. */
export const MOST_LANES = 2 ** 12;

export class LaneTags {
  readonly #ranges: readonly { readonly first: number; readonly count: number; readonly tag: number }[];
  /** How many items have tags. */
  readonly count: number;

  /** The first of them has the tag `base`. */
  constructor(ranges: LaneMap['ranges'], base: number) {
    let tag = base;
    this.#ranges = ranges.map(([first, count]) => {
      const range = { first, count, tag };
      tag += count;
      return range;
    });
    this.count = tag - base;
  }

  /** The tags of `count` items from `number`, in runs; what has none is done already and left out. */
  *of(number: number, count: number): Generator<{ readonly tag: number; readonly count: number }> {
    for (const range of this.#ranges) {
      const from = Math.max(number, range.first);
      const end = Math.min(number + count, range.first + range.count);
      if (from < end) yield { tag: range.tag + from - range.first, count: end - from };
    }
  }
}
