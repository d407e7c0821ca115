// The stdin of a process that is fed from a queue: takes items as fast as the process reads them and writes each as a line.
// What was written is taken; it is done at once, or, where the wiring says so, when the process has succeeded.
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import { fitting, type Items, splitItems } from '../wire/items.ts';
import { mayReadAhead } from '../wire/message.ts';
import type { Command, Fed } from './control.ts';
import type { SessionEffect } from './effect.ts';
import { linesOf } from './line-writer.ts';
import type { Queue } from './queue.ts';
import type { Party } from './party.ts';
import type { Switchboard } from './switchboard.ts';

export class Feeder implements Party {
  readonly session: number;
  readonly instance: NodeId;
  /** How often something was said to it. */
  moves = 0;
  /** The stream that feeds it broke off. */
  brokeOff = false;
  readonly #switchboard: Switchboard;
  readonly #channel: number;
  readonly #encoding: QueueChannel['encoding'];
  readonly #format: 'lines' | 'json';
  readonly #delivery: 'at-least-once' | 'at-most-once';
  readonly #done: 'written' | 'exit';
  readonly #name: string;
  /** So many items it accepts at a time. */
  readonly #most: number;
  readonly #sink: Socket;
  /** Delivered and not written. */
  readonly #pending: Piece[] = [];
  #writing: Piece | null = null;
  /** The tag of the next item to be delivered, and of the next to be said to be taken. */
  #delivered = 0;
  #taken = 0;
  /** How many it was promised to accept and has not got. */
  #credit = 0;
  /** Items that were written, and are done. */
  #written = 0;
  #toldEnd = false;
  #recalled = false;
  #left = false;

  /** Throws where the FIFO cannot be opened: somebody must have opened it for reading before. */
  constructor(switchboard: Switchboard, { node, queue, path, format, done }: Extract<Command, { type: 'feed' }>) {
    this.#switchboard = switchboard;
    this.session = switchboard.nextSession();
    this.instance = node;
    this.#name = queue;
    this.#channel = switchboard.idOf(queue);
    const settings = switchboard.settingsOf(queue);
    const { encoding, delivery } = settings;
    this.#most = mayReadAhead(settings) ? AHEAD : 1;
    this.#encoding = encoding;
    this.#format = format;
    this.#delivery = delivery;
    this.#done = done;
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    this.#sink = new Socket({ fd, readable: false, writable: true });
    // The process does not read any more, which is its right: what it has not got goes back.
    this.#sink.on('error', () => this.finish());
    switchboard.enter(this);
    this.#ask();
  }

  /** Where items count as done once they are taken, nobody asks what became of them. */
  get fed(): Fed | null {
    const count = this.#delivery === 'at-most-once' ? 0 : this.#written;
    return count === 0 ? null : { queue: this.#name, count };
  }

  /** Nothing more is written. What was not goes back; of what was just being written it may have seen something. */
  finish(): void {
    if (this.#left) return;
    this.#left = true;
    this.#sink.destroy();
    if (this.#writing !== null && this.#delivery === 'at-least-once') {
      const { tag, items } = this.#writing;
      this.#takeTo(tag + items.count);
      this.#queue().giveBack(this.session, tag, items.count);
    }
    this.#switchboard.leave(this.session, this.instance, 'goodbye');
  }

  perform(_channel: number, effect: SessionEffect): void {
    this.moves += 1;
    if (effect.type === 'deliver') {
      const { items } = effect.batch;
      this.#pending.push({ tag: this.#delivered, items });
      this.#delivered += items.count;
      this.#credit -= items.count;
    } else if (effect.type === 'end') {
      this.#toldEnd = true;
      this.brokeOff = effect.aborted;
    } else if (effect.type === 'recall' && !effect.room) {
      this.#recalled = true;
    }
  }

  flush(): void {
    if (this.#left) return;
    if (this.#recalled) this.#giveBack();
    this.#write();
  }

  #write(): void {
    if (this.#writing !== null) return;
    const piece = this.#next();
    if (piece === null) {
      if (this.#toldEnd) this.#sink.end();
      return;
    }
    this.#writing = piece;
    if (this.#delivery === 'at-most-once') this.#takeTo(piece.tag + piece.items.count);
    this.#sink.write(linesOf(piece.items, this.#encoding, this.#format), (error) => {
      if (error || this.#left) return;
      this.#wrote(piece);
      this.#write();
    });
  }

  #wrote({ tag, items }: Piece): void {
    this.#writing = null;
    this.#takeTo(tag + items.count);
    if (this.#done === 'written') {
      this.#queue().done(this.session, tag, items.count);
      this.#written += items.count;
    }
    this.#ask();
  }

  /** So small a piece of what is pending that little is uncertain when it cannot be written. */
  #next(): Piece | null {
    const piece = this.#pending[0];
    if (piece === undefined) return null;
    const { tag, items } = piece;
    const [now, later] = splitItems(items, Math.max(1, fitting(items, items.count, PIECE)));
    if (later.count === 0) this.#pending.shift();
    else this.#pending[0] = { tag: tag + now.count, items: later };
    return { tag, items: now };
  }

  #takeTo(end: number): void {
    if (end > this.#taken) this.#queue().taken(this.session, end - this.#taken);
    this.#taken = Math.max(this.#taken, end);
  }

  #ask(): void {
    const more = this.#credit <= this.#most / 2 ? this.#most - this.#credit : 0;
    const waiting = this.#pending.length === 0;
    if (more === 0 && !waiting) return;
    this.#credit += more;
    this.#queue().get(this.session, more, waiting);
  }

  /** Another could work on what has not been written. */
  #giveBack(): void {
    this.#recalled = false;
    let count = 0;
    for (const { items } of this.#pending) count += items.count;
    if (count === 0) return;
    this.#pending.length = 0;
    this.#queue().giveBack(this.session, this.#delivered - count, count);
    // So all before them has been said to be taken, and they need not be.
    this.#taken = this.#delivered;
  }

  #queue(): Queue {
    return this.#switchboard.queue(this, this.#channel, 'get');
  }
}

interface Piece {
  /** Of its first item. */
  readonly tag: number;
  readonly items: Items;
}

/** So many items at most are read ahead; they come back when another waits. */
const AHEAD = 1024;
const PIECE = 16 * 1024;
