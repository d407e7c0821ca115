// How an item is put, and from which end one is got, where the order of a queue makes a difference.
import type { WelcomeLine } from '../wire/message.ts';

/** Where an item goes. */
export interface Placing {
  /** On a queue with `order: priority`: the lower, the sooner; 0 where it is not given. Equal ones come in order of arrival. */
  readonly priority?: number | undefined;
  /** On a queue with `order: deque`: the end that it is put to; the right one where it is not given. */
  readonly side?: Side | undefined;
}

export type Side = 'left' | 'right';

/** The same as it is sent. */
export interface Manner {
  readonly priority?: number;
  readonly left?: boolean;
}

const PLAINLY: Manner = {};

export function mannerOf({ priority, side }: Placing): Manner {
  if (priority === undefined && side === undefined) return PLAINLY;
  checkSide(side);
  if (priority === undefined) return { left: side === 'left' };
  if (typeof priority !== 'number') throw new TypeError(`a priority is a number, not ${describe(priority)}`);
  if (Number.isNaN(priority)) throw new TypeError('a priority is a number, and NaN is before or after none');
  return side === undefined ? { priority } : { priority, left: side === 'left' };
}

/** That the queue can be put to in that manner. */
export function checkManner({ priority, left }: Manner, queue: WelcomeLine): void {
  if (priority !== undefined && queue.order !== 'priority') throw mismatch(queue, 'priority', 'priority');
  if (left !== undefined) checkEnds(queue);
}

/** Whether that is the right end; null where none is given. */
export function isRight(side: Side | undefined): boolean | null {
  checkSide(side);
  return side === undefined ? null : side === 'right';
}

/** That the queue has ends to choose from. */
export function checkEnds(queue: WelcomeLine): void {
  if (queue.order !== 'deque') throw mismatch(queue, 'side', 'deque');
}

function checkSide(side: unknown): void {
  if (side === undefined || side === 'left' || side === 'right') return;
  throw new TypeError(`a side is \`left\` or \`right\`, not ${describe(side)}`);
}

function mismatch({ name, order }: WelcomeLine, option: string, wanted: string): TypeError {
  return new TypeError(
    `\`${option}\` is for a queue with \`order: ${wanted}\`, and \`${name}\` has \`order: ${order}\``,
  );
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `\`${value}\`` : `a ${typeof value}`;
}
