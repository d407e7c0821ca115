// The path of an item from its delivery to the program: taken from the stock, counted as taken, and later as done. It is walked with
// every item, so it is short: whoever keeps the stock is called only where there is something to say, to ask or to look at.
import type { Items } from '../wire/items.ts';
import { type Decoded, Undecodable } from './encoding.ts';
import { LANE } from './lane-tags.ts';
import type { LanesIn } from './lanes-in.ts';
import type { Receipts } from './receipts.ts';
import type { Rider, Session } from './session.ts';
import type { Stock } from './stock.ts';

/** Keeps the stock. */
export interface StockKeeper extends Rider {
  readonly receipts: Receipts;
  readonly stock: Stock;
  decode(items: Items): Decoded;
  /** So many were taken that it is time to ask for more, in the middle of a turn if need be. */
  onLow(): void;
}

export class Taking {
  /** How many may be taken before it is time to ask for more. */
  untilAsking = 1;
  /** Taken since the pace was last judged. */
  since = 0;
  /** The keeper says with the next write what there is to say. */
  riding = false;
  readonly stock: Stock;
  readonly #session: Session;
  readonly #name: string;
  readonly #keeper: StockKeeper;
  readonly #lanes: LanesIn;
  /** Says that it takes before it does: somebody else would be given it again. */
  #announces = false;
  /** Nobody is told what is done. */
  #forgets = false;
  /** Where it goes that items of the open delivery were taken and done, and what its tags count from there. */
  #receipts: Receipts;
  #openFrom = 0;
  #openEnd = 0;
  #openBase = 0;
  /** So many of the open delivery may be taken with nothing to say, to ask or to look at; and how many it were at first. */
  #free = 0;
  #freed = 0;

  constructor(session: Session, name: string, keeper: StockKeeper, lanes: LanesIn) {
    this.stock = keeper.stock;
    this.#session = session;
    this.#name = name;
    this.#keeper = keeper;
    this.#lanes = lanes;
    this.#receipts = keeper.receipts;
  }

  open({ announces, forgets }: { readonly announces: boolean; readonly forgets: boolean }): void {
    this.#announces = announces;
    this.#forgets = forgets;
  }

  /** Something is here, and `next` gives it. */
  get ready(): boolean {
    return this.stock.size > 0;
  }

  /** Of what `next` or `nextBatch` gave last. */
  get tag(): number {
    return this.stock.tag;
  }

  /** Takes the next item that is here. */
  next(): unknown {
    if (this.#free === 0) return this.#nextWithCare();
    this.#free -= 1;
    this.#receipts.taken += 1;
    return this.stock.take();
  }

  #nextWithCare(): unknown {
    this.tally();
    if (this.stock.used) this.#turn(1);
    if (this.untilAsking <= 0) this.#keeper.onLow();
    const value = this.stock.take();
    this.#count(1);
    if (value instanceof Undecodable) throw this.#refuse(value);
    const { left, flawed } = this.stock;
    this.#freed = this.#announces || flawed ? 0 : Math.max(0, Math.min(left, this.untilAsking));
    this.#free = this.#freed;
    return value;
  }

  /** Takes what is here of one delivery: its first is `tag`. */
  nextBatch(): unknown[] {
    this.tally();
    if (this.stock.used) this.#turn(Number.POSITIVE_INFINITY);
    if (this.untilAsking < this.stock.left) this.#keeper.onLow();
    const values = this.stock.takeAll();
    this.#count(values.length);
    if (this.stock.flawed) for (const value of values) if (value instanceof Undecodable) throw this.#refuse(value);
    return values;
  }

  /** The program is through with these. */
  done(tag: number, count: number): void {
    if (tag >= this.#openFrom && tag < this.#openEnd) this.#receipts.done(tag - this.#openBase, count);
    else if (this.#forgets) return;
    else if (tag < LANE) this.#keeper.receipts.done(tag, count);
    else this.#lanes.done(tag, count);
    if (!this.riding) this.ride();
  }

  /** There is something to say. */
  ride(): void {
    if (this.riding) return;
    this.riding = true;
    this.#session.ride(this.#keeper);
  }

  /** Counts those that were free to be taken. From now on none is. */
  tally(): void {
    const count = this.#freed - this.#free;
    this.#free = 0;
    this.#freed = 0;
    this.untilAsking -= count;
    this.since += count;
  }

  /** The items of the open delivery came over a lane, and are the broker's again under other tags. */
  onLaneLeft(): void {
    this.tally();
    this.#receipts = this.#keeper.receipts;
    this.#openEnd = this.#openFrom;
  }

  /** The open delivery was set aside, and is here again. */
  onRestored(): void {
    this.tally();
    if (!this.stock.used) this.#receipts = this.#lanes.receiptsFor(this.stock.next);
    this.#openEnd = this.#openFrom;
  }

  /** The next delivery is the one that is taken from. */
  #turn(most: number): void {
    // What is said to be taken can go to nobody else any more, so that is no more than the program takes now.
    const batch = this.stock.open(this.#announces ? most : Number.POSITIVE_INFINITY);
    const { items, tag } = batch;
    this.#receipts = this.#lanes.receiptsFor(tag);
    this.#openFrom = tag;
    this.#openEnd = this.#forgets ? tag : tag + items.count;
    this.#openBase = tag < LANE ? 0 : tag - (tag % LANE);
    this.stock.fill(this.#keeper.decode(items), batch);
    if (!this.#announces) return;
    this.#receipts.taken += items.count;
    this.ride();
    this.#session.flush();
  }

  /** So many were taken. */
  #count(count: number): void {
    this.untilAsking -= count;
    this.since += count;
    if (this.#announces) return;
    this.#receipts.taken += count;
    if (!this.riding) this.ride();
  }

  #refuse(item: Undecodable): Error {
    return new Error(`\`${this.#name}\`: ${item.message}`);
  }
}
