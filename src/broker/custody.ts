// Where every item of a queue is: in the backlog, ahead of a program, held by one, or done. What was given to a session is in
// its holding, which outlives the session until it is known what becomes of it. Nothing here waits or speaks.
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import { isOver } from '../wire/aside.ts';
import { ProtocolError } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import { mayReadAhead } from '../wire/message.ts';
import type { Backlog, Manner } from './backlog.ts';
import { type Batch, splitBatch } from './batch.ts';
import { Fifo } from './fifo.ts';
import type { Holding, Reclaimed } from './holding.ts';
import { Ledger } from './ledger.ts';
import { Sorted } from './sorted.ts';
import type { Space } from './space.ts';

export type CustodySettings = Pick<QueueChannel, 'order' | 'overflow' | 'delivery' | 'attempts' | 'deadLetter'>;

export class Custody {
  /** Delivered and not known to be taken, in all sessions together. */
  ahead = 0;
  /** Accepted and not done. */
  unfinished = 0;
  /** Of these, those that were delivered as often as they may be. */
  exhausted = 0;
  deadLettered = 0;
  taken = 0;
  done = 0;
  redelivered = 0;
  /** The number of the next item. */
  next = 0;
  readonly #space: Space;
  readonly #settings: CustodySettings;
  /** What was given to somebody waits no more, taken or not: so that nothing that is dropped could have been kept. */
  readonly #leavesWhenSent: boolean;
  readonly #onDone: (first: number, count: number) => void;
  readonly #backlog: Backlog;
  readonly #holdings = new Map<number, Holding>();

  /** Tells `space` what waits and what does not. */
  constructor(space: Space, settings: CustodySettings, onDone: (first: number, count: number) => void) {
    this.#space = space;
    this.#settings = settings;
    this.#onDone = onDone;
    this.#backlog = backlogOf(settings);
    this.#leavesWhenSent = drops(settings);
  }

  /** Items that were given to nobody. */
  get backlog(): number {
    return this.#backlog.count;
  }

  /** The next item is to be given alone. */
  get nextIsSuspect(): boolean {
    return this.#backlog.nextIsSuspect;
  }

  get holdings(): Iterable<Holding> {
    return this.#holdings.values();
  }

  open(session: number, instance: NodeId): Holding {
    const holding = { session, instance, ledger: new Ledger(), present: true };
    this.#holdings.set(session, holding);
    return holding;
  }

  find(session: number): Holding | undefined {
    return this.#holdings.get(session);
  }

  /** Items that were admitted. */
  accept(items: Items, manner: Manner): void {
    this.#space.enter(items);
    this.#backlog.put(this.next, items, manner);
    this.next += items.count;
    this.unfinished += items.count;
  }

  /** The item that was put before all others that wait is gone for good. */
  dropOldest(): void {
    const { first, items } = this.#backlog.takeOldest();
    this.#space.leave(items);
    this.unfinished -= items.count;
    isOver(items);
    this.#onDone(first, items.count);
  }

  /** Items that went past the broker, and that this taker has; with `taken` they have waited their time, and will soon be said to. */
  adopt({ ledger }: Holding, items: Items, taken: boolean): void {
    if (!taken) this.#space.enter(items);
    ledger.deliver({ first: this.next, items, charges: 0, seen: false, death: null, left: taken });
    this.next += items.count;
    this.unfinished += items.count;
    this.ahead += items.count;
  }

  /** So many went past the broker, from their put to their end. */
  settled(count: number): void {
    this.next += count;
    this.taken += count;
    this.done += count;
  }

  /** Gives the next `count`, or those before one that is to be given alone, or that one; there must be so many. */
  deliver({ ledger }: Holding, count: number, right: boolean): Batch[] {
    const batches: Batch[] = [];
    for (let left = this.nextIsSuspect ? 1 : count; left > 0; ) {
      const batch = this.#backlog.take(left, right);
      left -= batch.items.count;
      this.ahead += batch.items.count;
      if (this.#leavesWhenSent) this.#space.leave(batch.items);
      ledger.deliver(batch);
      batches.push(batch);
      if (this.nextIsSuspect) break;
    }
    return batches;
  }

  take({ ledger }: Holding, count: number): void {
    if (count > ledger.aheadCount) throw new ProtocolError('not-held', 'more was taken than was delivered');
    const hold = this.#settings.delivery === 'at-least-once';
    this.ahead -= count;
    this.taken += count;
    for (const batch of ledger.take(count, hold)) {
      if (!this.#hasLeft(batch)) this.#space.leave(batch.items);
      if (!hold) this.#finish(batch);
    }
  }

  /** Answers what is done for good. */
  finish(holding: Holding, tag: number, count: number): readonly Batch[] {
    const { ledger } = holding;
    if (tag + count > ledger.nextTag) throw notHeld(tag, count);
    if (tag + count > ledger.nextToTake) this.take(holding, tag + count - ledger.nextToTake);
    // Taken is done there.
    if (this.#settings.delivery === 'at-most-once') return [];
    const released = ledger.release(tag, count);
    if (released === null) throw notHeld(tag, count);
    for (const batch of released) this.#finish(batch);
    return released;
  }

  giveBack(holding: Holding, tag: number, count: number): void {
    const { ledger } = holding;
    if (tag + count > ledger.nextTag) throw notHeld(tag, count);
    if (tag > ledger.nextToTake) this.take(holding, tag - ledger.nextToTake);
    const unseen = Math.max(0, tag + count - ledger.nextToTake);
    const released = unseen === count ? [] : ledger.release(tag, count - unseen);
    if (released === null) throw notHeld(tag, count);
    for (const batch of released) {
      this.#space.enter(batch.items);
      this.#restore({ ...batch, seen: true });
    }
    this.#returnAhead(ledger, unseen);
  }

  /** It holds this item, which leaves the queue for the one of its dead letters. */
  condemn({ ledger }: Holding, tag: number): readonly Batch[] {
    const released = ledger.release(tag, 1);
    if (released === null) throw notHeld(tag, 1);
    const dead: Batch[] = [];
    for (const batch of released) this.#bury(batch, dead);
    return dead;
  }

  /** The session has left, and says no more what its program has taken: it is what others said of it, and what came before that. */
  takeUnsaid(holding: Holding): void {
    this.take(holding, holding.ledger.takenUnsaid);
  }

  /** The session has left, and what it did not take goes back as if it had never been given. */
  part(holding: Holding): void {
    this.#returnAhead(holding.ledger, holding.ledger.aheadCount);
    this.forsake(holding);
  }

  /** The session has left, and what it was given stays where it is until it is known what becomes of it. */
  forsake(holding: Holding): void {
    holding.present = false;
    if (holding.ledger.aheadCount + holding.ledger.heldCount === 0) this.#holdings.delete(holding.session);
  }

  /** The oldest `count` that sessions of an instance held when they left are done, or as many as there are: gives how many. */
  finishLeft(instance: NodeId, count: number): number {
    let finished = 0;
    for (const holding of [...this.#holdings.values()]) {
      if (holding.present || holding.instance !== instance) continue;
      for (const batch of holding.ledger.releaseOldest(count - finished)) {
        finished += batch.items.count;
        this.#finish(batch);
      }
      this.forsake(holding);
      if (finished >= count) break;
    }
    return finished;
  }

  /** All that it holds is done, and the rest goes back. */
  finishAll(holding: Holding): void {
    this.#holdings.delete(holding.session);
    this.#returnAhead(holding.ledger, holding.ledger.aheadCount);
    for (const batch of holding.ledger.clear().held) this.#finish(batch);
  }

  /**
   * Its taker has ended badly, and all it was given comes back. What it had taken is charged with an attempt, and so is what it
   * was given because it waited, whatever else it holds: it may have died of that before it could say so. Where there is neither, the
   * oldest item is charged, so that one that kills every taker cannot do so for ever.
   */
  reclaim(holding: Holding): Reclaimed {
    this.#holdings.delete(holding.session);
    const { held, ahead } = holding.ledger.clear();
    const before = this.exhausted;
    const dead: Batch[] = [];
    let count = 0;
    for (const batch of held) {
      this.#space.enter(batch.items);
      this.#charge(batch, dead);
      count += batch.items.count;
    }
    for (const [index, batch] of ahead.entries()) {
      this.ahead -= batch.items.count;
      if (this.#hasLeft(batch)) this.#space.enter(batch.items);
      count += batch.items.count;
      const wasWaitedFor = batch.suspect === true || !mayReadAhead(this.#settings);
      const charged = wasWaitedFor ? batch.items.count : held.length > 0 || index > 0 ? 0 : 1;
      const [oldest, rest] = splitBatch(batch, charged);
      if (oldest.items.count > 0) this.#charge(oldest, dead);
      if (rest.items.count > 0) this.#restore({ ...rest, seen: true, suspect: true });
    }
    const exhausted = this.exhausted - before;
    const returned = count - exhausted - dead.reduce((sum, { items }) => sum + items.count, 0);
    this.redelivered += returned;
    return { returned, exhausted, dead };
  }

  /** It waits and is charged: it goes back, or, where it was delivered as often as it may be, to the dead, or nowhere. */
  #charge(batch: Batch, dead: Batch[]): void {
    const charges = batch.charges + 1;
    if (charges < this.#settings.attempts) {
      this.#restore({ ...batch, charges, seen: true, suspect: true });
      return;
    }
    this.#space.leave(batch.items);
    if (this.#settings.deadLetter === null) this.exhausted += batch.items.count;
    else this.#bury({ ...batch, charges }, dead);
  }

  /** It is over for this queue. */
  #bury(batch: Batch, dead: Batch[]): void {
    const { first, items } = batch;
    this.unfinished -= items.count;
    this.deadLettered += items.count;
    dead.push(batch);
    this.#onDone(first, items.count);
  }

  #returnAhead(ledger: Ledger, count: number): void {
    this.ahead -= count;
    for (const batch of ledger.take(count, false)) {
      if (this.#hasLeft(batch)) this.#space.enter(batch.items);
      this.#restore(batch);
    }
  }

  #hasLeft({ left }: Batch): boolean {
    return this.#leavesWhenSent || left === true;
  }

  /** It waits, where it was. */
  #restore(batch: Batch): void {
    this.#backlog.restore(batch.left ? { ...batch, left: false } : batch);
  }

  #finish({ first, items }: Batch): void {
    this.unfinished -= items.count;
    this.done += items.count;
    isOver(items);
    this.#onDone(first, items.count);
  }
}

/** Whether what is put may be dropped. */
export function drops({ overflow }: Pick<QueueChannel, 'overflow'>): boolean {
  return overflow === 'drop_oldest' || overflow === 'drop_newest';
}

function backlogOf({ order, overflow }: CustodySettings): Backlog {
  return order === 'fifo' ? new Fifo() : new Sorted(order, overflow === 'drop_oldest');
}

function notHeld(tag: number, count: number): ProtocolError {
  return new ProtocolError('not-held', `the session does not hold the ${count} items from ${tag}`);
}
