// What the broker delivers of a queue, read and numbered: each item has a tag, and tags count on whatever becomes of the items.
import { readAttempt, readJson } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import { type Dead, type LaneMap, Type } from '../wire/message.ts';
import type { Session } from './session.ts';
import type { Batch } from './stock.ts';

export class Deliveries {
  /** The tag of the item that comes next. */
  next = 0;
  readonly #session: Session;
  #death: Dead | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** What comes next is a dead letter. */
  foretell(frame: Frame): void {
    this.#death = readJson(frame) as unknown as Dead;
  }

  /** `copies`: whoever decodes the items copies them anyway. */
  read(frame: Frame, copies: boolean): Batch {
    const items = this.#session.areas.itemsOf(frame, copies);
    const redelivered = frame.type === Type.REDELIVER;
    const attempt = redelivered ? readAttempt(frame) : 1;
    const batch = { items, attempt, redelivered, death: this.#death, tag: this.next };
    this.#death = null;
    this.next += items.count;
    return batch;
  }

  /** The broker has a lane back, and its items that are not done come next. Gives the tag of the first. */
  adopt({ ranges }: LaneMap): number {
    const base = this.next;
    for (const [, count] of ranges) this.next += count;
    return base;
  }
}
