// The runner's side as a producer: puts what a queue's `from` says, as far as there is room. Where there is none nothing is
// read. It puts no more once that is all in, cannot be had, or has nobody left to take it; only the first is a whole stream.
import type { NodeId, Origin, QueueChannel } from '../plan/plan.ts';
import { fitting, type Items, splitItems } from '../wire/items.ts';
import type { SessionEffect } from './effect.ts';
import type { Queue } from './queue.ts';
import { openSupply, type Supply, Unsuppliable } from './supply.ts';
import type { Party } from './party.ts';
import type { Switchboard } from './switchboard.ts';

export interface SupplyEnd {
  readonly items: number;
  /** Null: all of it is in. */
  readonly reason: string | null;
  /** Whether the run fails by that: at once, at its end, or not at all. */
  readonly fails: 'now' | 'later' | 'no';
}

export class Supplier implements Party {
  readonly session: number;
  readonly instance: NodeId;
  /** How often something was said to it. */
  moves = 0;
  readonly ended: Promise<SupplyEnd>;
  readonly #switchboard: Switchboard;
  readonly #queue: QueueChannel;
  readonly #channel: number;
  #began = false;
  #room = { count: 0, bytes: 0 };
  #items = 0;
  /** No process is left that takes from the queue. */
  #unwanted = false;
  /** It was full, and lets nothing wait. */
  #full = false;
  #abandoned = false;
  #wake: () => void = () => {};
  #end!: (end: SupplyEnd) => void;

  constructor(switchboard: Switchboard, queue: QueueChannel, instance: NodeId) {
    this.#switchboard = switchboard;
    this.#queue = queue;
    this.instance = instance;
    this.session = switchboard.nextSession();
    this.#channel = switchboard.idOf(queue.name);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    switchboard.enter(this);
  }

  /** Resolves once it is known whether there is something to read. */
  async begin(origin: Origin): Promise<void> {
    this.#began = true;
    try {
      void this.#work(await openSupply(origin, this.#queue.encoding, this.#switchboard.judgeOf(this.#queue.name)));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The run is being stopped: nothing more is put. */
  abandon(): void {
    this.#abandoned = true;
    if (!this.#began) this.#conclude();
    this.#wake();
  }

  perform(_channel: number, effect: SessionEffect): void {
    this.moves += 1;
    if (effect.type === 'room') {
      this.#room.count += effect.count;
      this.#room.bytes += effect.bytes;
    } else if (effect.type === 'refused' && !effect.never) {
      this.#full = true;
    } else if (effect.type === 'broken' || effect.type === 'refused') {
      this.#unwanted = true;
    }
  }

  flush(): void {
    this.#wake();
  }

  async #work(supply: Supply): Promise<void> {
    try {
      for (;;) {
        const items = this.#isOver ? null : await supply.next();
        if (items === null || this.#isOver) break;
        await this.#put(items);
      }
      await supply.close();
      this.#conclude();
    } catch (error) {
      await supply.close().catch(() => {});
      this.#fail(error);
    }
  }

  async #put(items: Items): Promise<void> {
    for (let rest = items; ; ) {
      if (this.#isOver) return;
      const queue = this.#machine();
      const [now, later] = splitItems(rest, fitting(rest, this.#room.count, this.#room.bytes));
      if (now.count > 0) {
        queue.put(this.session, now);
        this.#room.count -= now.count;
        this.#room.bytes -= now.size;
        this.#items += now.count;
      }
      if (later.count === 0) return;
      rest = later;
      queue.want(this.session, rest.count, rest.size, false);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#full) throw new Unsuppliable('the queue was full, and with `overflow: fail` nothing waits for room');
    }
  }

  get #isOver(): boolean {
    return this.#abandoned || this.#unwanted || this.#machine().view.dropsPuts;
  }

  #conclude(): void {
    if (this.#abandoned) return this.#leave({ items: this.#items, reason: 'the run was stopped', fails: 'no' });
    if (!this.#isOver) return this.#leave({ items: this.#items, reason: null, fails: 'no' });
    const fails = this.#queue.leftover === 'fail' ? 'later' : 'no';
    this.#leave({ items: this.#items, reason: 'no process is left that takes from it', fails });
  }

  #fail(error: unknown): void {
    // Whatever else is thrown is a mistake of ours, and ends the broker.
    if (!(error instanceof Error) || !(error instanceof Unsuppliable || 'code' in error)) throw error;
    this.#leave({ items: this.#items, reason: error.message, fails: 'now' });
  }

  #leave(end: SupplyEnd): void {
    this.#switchboard.leave(this.session, this.instance, 'goodbye');
    const stream = end.reason === null ? 'end' : 'abort';
    this.#switchboard.settle(this.instance, { held: 'done', stream, succeeded: end.reason === null });
    this.#end(end);
  }

  #machine(): Queue {
    return this.#switchboard.queue(this, this.#channel, 'put');
  }
}
