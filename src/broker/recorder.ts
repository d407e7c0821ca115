// The runner's side as a consumer: writes what nobody else is left to take into the file that a queue's `to` names. The file has
// its name only once it is whole: until then, and for good where the stream broke or something failed, it is called
// `NAME.partial`. An item is done when it has been written.
import { isUtf8 } from 'node:buffer';
import { dirname } from 'node:path';
import type { Destination, NodeId, QueueChannel } from '../plan/plan.ts';
import { eachItem, fitting, type Items, itemsOf, splitItems } from '../wire/items.ts';
import { mayReadAhead } from '../wire/message.ts';
import type { SessionEffect } from './effect.ts';
import { linesOf } from './line-writer.ts';
import { PartialFile, Unwritable } from './partial-file.ts';
import type { Queue } from './queue.ts';
import type { Party } from './party.ts';
import type { Switchboard } from './switchboard.ts';

export interface RecordEnd {
  /** Of the file, links followed. */
  readonly path: string;
  readonly items: number;
  /** Null: the file is whole, and has its name. */
  readonly reason: string | null;
  /** Whether the run fails by that at once, or at its end. */
  readonly fails: 'now' | 'later' | 'no';
}

export class Recorder implements Party {
  readonly session: number;
  readonly instance: NodeId;
  /** How often something was said to it. */
  moves = 0;
  readonly ended: Promise<RecordEnd>;
  readonly #switchboard: Switchboard;
  readonly #queue: QueueChannel;
  readonly #to: Destination;
  readonly #channel: number;
  /** So many items it accepts at a time. */
  readonly #most: number;
  readonly #pending: Items[] = [];
  #file: PartialFile | null = null;
  /** No other consumer is left. */
  #due = false;
  #working = false;
  #credit = 0;
  /** The tag of the next item to be written, so how many were. */
  #written = 0;
  #told: 'nothing' | 'end' | 'break' = 'nothing';
  #abandoned = false;
  #over = false;
  #wake: () => void = () => {};
  #end!: (end: RecordEnd) => void;

  constructor(switchboard: Switchboard, queue: QueueChannel, to: Destination, instance: NodeId) {
    this.#switchboard = switchboard;
    this.#queue = queue;
    this.#to = to;
    this.#most = mayReadAhead(queue) ? AHEAD : 1;
    this.instance = instance;
    this.session = switchboard.nextSession();
    this.#channel = switchboard.idOf(queue.name);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    switchboard.enter(this);
  }

  /** Resolves once it is known whether the file can be written. */
  async begin(): Promise<void> {
    try {
      this.#file = await PartialFile.begin(this.#to.path);
      if (this.#over) await this.#file.leave();
      else this.#start();
    } catch (error) {
      await this.#giveUp(error);
    }
  }

  /** No other consumer is left. */
  take(): void {
    this.#due = true;
    this.#start();
  }

  /** The run ends now: what is not written is left over. */
  abandon(): void {
    if (this.#over) return;
    this.#abandoned = true;
    if (this.#working) this.#wake();
    else void this.#close('the run was ended');
  }

  perform(_channel: number, effect: SessionEffect): void {
    this.moves += 1;
    if (effect.type === 'deliver') {
      this.#pending.push(effect.batch.items);
      this.#credit -= effect.batch.items.count;
    } else if (effect.type === 'end') {
      this.#told = effect.aborted ? 'break' : 'end';
    }
  }

  flush(): void {
    this.#wake();
  }

  #start(): void {
    if (!this.#due || this.#file === null || this.#working || this.#over) return;
    this.#working = true;
    void this.#work(this.#file);
  }

  async #work(file: PartialFile): Promise<void> {
    try {
      for (this.#ask(); !this.#abandoned; ) {
        const items = this.#next();
        if (items !== null) await this.#write(file, items);
        else if (this.#told !== 'nothing') break;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
      if (this.#abandoned) return await this.#close('the run was ended');
      if (this.#told === 'break') return await this.#close('its stream broke off before the end');
      await file.complete();
      this.#leave(null, 'no');
    } catch (error) {
      await this.#giveUp(error);
    }
  }

  async #write(file: PartialFile, items: Items): Promise<void> {
    await file.write(this.#linesOf(items));
    const queue = this.#machine();
    const tag = this.#written;
    this.#written += items.count;
    queue.taken(this.session, items.count);
    queue.done(this.session, tag, items.count);
    this.#ask();
  }

  #linesOf(items: Items): Buffer {
    const { type } = this.#to;
    const { encoding } = this.#queue;
    if (type === 'json' && encoding === 'text' && !isUtf8(items.bytes))
      this.#findUnwritable(items, isUtf8, 'is not UTF-8');
    const lines = linesOf(items, encoding, type);
    if (type === 'lines' && countLines(lines) > items.count) {
      const one = (item: Buffer) => countLines(linesOf(itemsOf([item]), encoding, type)) === 1;
      this.#findUnwritable(items, one, 'holds a line break and would be several; say `to: {json: …}`');
    }
    return lines;
  }

  /** Size fields are in `items` too, which may look wrong where no item is. */
  #findUnwritable(items: Items, isSound: (item: Buffer) => boolean, complaint: string): void {
    let number = this.#written;
    for (const item of eachItem(items)) {
      number += 1;
      if (!isSound(item)) throw new Unwritable(`it cannot take item ${number}, which ${complaint}`);
    }
  }

  async #close(reason: string): Promise<void> {
    this.#over = true;
    await this.#file?.leave();
    this.#leave(reason, 'later');
  }

  async #giveUp(cause: unknown): Promise<void> {
    // Whatever else is thrown is a mistake of ours, and ends the broker.
    if (!(cause instanceof Error) || !(cause instanceof Unwritable || 'code' in cause)) throw cause;
    this.#over = true;
    await this.#file?.leave();
    this.#leave(cause instanceof Unwritable ? cause.message : this.#wordsOf(cause as NodeJS.ErrnoException), 'now');
  }

  #leave(reason: string | null, fails: RecordEnd['fails']): void {
    this.#over = true;
    this.#switchboard.leave(this.session, this.instance, 'goodbye');
    this.#switchboard.settle(this.instance, { held: 'back', stream: 'end', succeeded: reason === null });
    this.#end({ path: this.#file?.path ?? this.#to.path, items: this.#written, reason, fails });
  }

  /** So much of what is pending as is written at a time. */
  #next(): Items | null {
    const items = this.#pending[0];
    if (items === undefined) return null;
    const [now, later] = splitItems(items, Math.max(1, fitting(items, items.count, PIECE)));
    if (later.count === 0) this.#pending.shift();
    else this.#pending[0] = later;
    return now;
  }

  #ask(): void {
    const more = this.#credit <= this.#most / 2 ? this.#most - this.#credit : 0;
    const waiting = this.#pending.length === 0;
    if (more === 0 && !waiting) return;
    this.#credit += more;
    this.#machine().get(this.session, more, waiting);
  }

  #wordsOf({ code, message }: NodeJS.ErrnoException): string {
    return code === 'ENOENT' || code === 'ENOTDIR' ? `its folder \`${dirname(this.#to.path)}\` is not there` : message;
  }

  #machine(): Queue {
    return this.#switchboard.queue(this, this.#channel, 'get');
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count += 1;
  return count;
}

const LF = '\n'.charCodeAt(0);
/** So many items at most are asked for ahead: nobody else could take them. */
const AHEAD = 16 * 1024;
const PIECE = 256 * 1024;
