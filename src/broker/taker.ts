// The runner as the consumer of an `each`: takes an item for each worker that is free, tells the runner of it, and keeps it until the
// runner says what became of it. Nothing is read ahead: what it has was taken. An item never goes through the runner where it is
// large: it is written into the FIFO that is the stdin of its process from here.
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import { eachItem } from '../wire/items.ts';
import { bareItem, tellable } from './bare-item.ts';
import type { Command, Notice } from './control.ts';
import type { SessionEffect } from './effect.ts';
import type { Queue } from './queue.ts';
import type { Party } from './party.ts';
import type { Switchboard } from './switchboard.ts';

type Told = Extract<Notice, { type: 'given' | 'ran-out' }>;

export class Taker implements Party {
  readonly session: number;
  readonly instance: NodeId;
  /** How often something was said to it. */
  moves = 0;
  readonly #switchboard: Switchboard;
  readonly #channel: number;
  readonly #settings: QueueChannel;
  /** Larger items are not told to the runner. */
  readonly #mostTold: number;
  readonly #notify: (notice: Told) => void;
  /** Given out and not done, by ticket, which is the item's tag. */
  readonly #out = new Map<number, Buffer>();
  /** Delivered, and not yet given out. */
  readonly #fresh: Buffer[] = [];
  #tickets = 0;
  /** Workers that have nothing to do. */
  #free = 0;
  #told: 'nothing' | 'end' | 'break' = 'nothing';
  #toldOn = false;
  #over = false;

  constructor(
    switchboard: Switchboard,
    { node, queue, most }: Pick<Extract<Command, { type: 'each' }>, 'node' | 'queue' | 'most'>,
    notify: (notice: Told) => void,
  ) {
    this.#switchboard = switchboard;
    this.session = switchboard.nextSession();
    this.instance = node;
    this.#channel = switchboard.idOf(queue);
    this.#settings = switchboard.settingsOf(queue);
    this.#mostTold = most;
    this.#notify = notify;
    switchboard.enter(this);
  }

  /** So many more workers are free. */
  take(count: number): void {
    if (this.#over) return;
    this.#free += count;
    this.#machine().get(this.session, count, true);
  }

  /** Items that were given out and are not done. */
  get busy(): number {
    return this.#out.size;
  }

  /** Takes no more. What was given out is still to be done with. */
  shut(): void {
    if (this.#over) return;
    this.#over = true;
    this.#machine().shut(this.session);
  }

  /** What became of an item that was given out. */
  finish({ ticket, fate }: Pick<Extract<Command, { type: 'finished' }>, 'ticket' | 'fate'>): void {
    if (!this.#out.delete(ticket)) throw new Error(`Internal error: item ${ticket} was not given out`);
    const queue = this.#machine();
    queue.occupy(this.session, this.#out.size);
    // There it was done when it was taken.
    if (this.#settings.delivery === 'at-most-once') return;
    if (fate.is === 'done') queue.done(this.session, ticket, 1);
    else if (fate.is === 'back') queue.giveBack(this.session, ticket, 1);
    else {
      const { reason, attempts } = fate;
      queue.condemn(this.session, ticket, { queue: this.#settings.name, reason, attempts });
    }
  }

  /** Writes an item into the FIFO at `path`; somebody must have opened it for reading before. */
  pour({ ticket, path }: Pick<Extract<Command, { type: 'pour' }>, 'ticket' | 'path'>): void {
    const item = this.#out.get(ticket);
    if (item === undefined) throw new Error(`Internal error: item ${ticket} was not given out`);
    const sink = new Socket({
      fd: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK),
      readable: false,
      writable: true,
    });
    // Its process does not read all of it, which is its right.
    sink.on('error', () => sink.destroy());
    sink.end(bareItem(item, this.#settings.encoding).bytes);
  }

  perform(_channel: number, effect: SessionEffect): void {
    this.moves += 1;
    if (effect.type === 'deliver') this.#fresh.push(...eachItem(effect.batch.items));
    else if (effect.type === 'end') this.#told = effect.aborted ? 'break' : 'end';
  }

  flush(): void {
    if (this.#fresh.length > 0) this.#giveOut();
    if (this.#told === 'nothing' || this.#toldOn || this.#over) return;
    this.#toldOn = true;
    this.#notify({ type: 'ran-out', node: this.instance, aborted: this.#told === 'break' });
  }

  /** What nobody has said anything of goes back as if it had not been taken. */
  leave(): void {
    this.#over = true;
    for (const ticket of [...this.#out.keys()]) this.finish({ ticket, fate: { is: 'back' } });
    this.#switchboard.leave(this.session, this.instance, 'goodbye');
  }

  #giveOut(): void {
    const items = this.#fresh.splice(0);
    this.#free -= items.length;
    const queue = this.#machine();
    queue.taken(this.session, items.length);
    for (const item of items) {
      this.#out.set(this.#tickets, item);
      this.#notify(this.#tellOf(item, this.#tickets));
      this.#tickets += 1;
    }
    queue.occupy(this.session, this.#out.size);
    if (this.#free > 0 && this.#told === 'nothing' && !this.#over) queue.get(this.session, 0, true);
  }

  #tellOf(item: Buffer, ticket: number): Told {
    const { bytes, isText } = bareItem(item, this.#settings.encoding);
    const content = bytes.length > this.#mostTold ? null : tellable(bytes);
    const preview = bytes.toString('utf8', 0, PREVIEW);
    return { type: 'given', node: this.instance, ticket, size: bytes.length, isText, content, preview };
  }

  #machine(): Queue {
    return this.#switchboard.queue(this, this.#channel, 'get');
  }
}

/** So much of an item is enough to know it again. */
const PREVIEW = 200;
