// A stream of a process that puts to a queue: reads its lines from a FIFO as far as the queue has room for them. Where there
// is none it does not read, so that the pipe fills and the process waits as it would for any slow reader.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { NodeId } from '../plan/plan.ts';
import { fitting, type Items, splitItems } from '../wire/items.ts';
import type { Command } from './control.ts';
import type { SessionEffect } from './effect.ts';
import { LineCutter, Miswired } from './line-cutter.ts';
import type { Queue } from './queue.ts';
import type { Party } from './party.ts';
import type { Switchboard } from './switchboard.ts';

export class Collector implements Party {
  readonly session: number;
  readonly instance: NodeId;
  /** How often something was said to it. */
  moves = 0;
  /** It was closed before its end, and what was written went nowhere. */
  closed: { readonly queue: string; readonly dropped: boolean } | null = null;
  /** The queue that had no room for the last of what was written, when that was no longer waited for. */
  cutOff: string | null = null;
  readonly #switchboard: Switchboard;
  readonly #name: string;
  readonly #channel: number;
  readonly #cutter: LineCutter;
  readonly #source: Socket;
  readonly #fd: number;
  readonly #onMiswired: (reason: string) => void;
  readonly #over: Promise<void>;
  /** An end to write to, so that the stream does not end before the process has one: until that has started. */
  #held: number | null;
  /** Cut and not put, for want of room. */
  #pending: Items[] = [];
  #room = { count: 0, bytes: 0 };
  /** Nothing more is read. */
  #ended = false;
  /** It was full, and lets nothing wait. */
  #full = false;
  /** The queue takes nothing more. */
  #refused = false;
  #left = false;
  /** Room is waited for only as long as some comes; and whether any has since that was last looked at. */
  #hurries = false;
  #roomCame = false;
  #resolve: () => void = () => {};
  #patience: NodeJS.Timeout | null = null;

  /** Throws where the FIFO cannot be opened. */
  constructor(
    switchboard: Switchboard,
    { node, stream, queue, path, format }: Extract<Command, { type: 'collect' }>,
    onMiswired: (reason: string) => void,
  ) {
    this.#switchboard = switchboard;
    this.session = switchboard.nextSession();
    this.instance = node;
    this.#name = queue;
    this.#channel = switchboard.idOf(queue);
    this.#cutter = new LineCutter(switchboard.settingsOf(queue).encoding, format, switchboard.judgeOf(queue));
    this.#onMiswired = (reason) => onMiswired(`its ${stream} goes to the queue \`${queue}\`, and ${reason}`);
    this.#over = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { read, write } = bothEnds(path);
    this.#fd = read;
    this.#held = write;
    this.#source = new Socket({ fd: read, readable: true, writable: false });
    this.#source.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#source.on('end', () => this.#end());
    this.#source.on('error', () => this.#end());
    this.#source.on('close', () => this.#end());
    switchboard.enter(this);
  }

  /** The process has its own end by now. */
  started(): void {
    if (this.#held !== null) closeSync(this.#held);
    this.#held = null;
  }

  /**
   * Nobody is left who writes. Resolves once all that was written is in the queue; or, where that is no longer to be waited for, once
   * no more room comes: those who take from it are being stopped, too, or may be stuck.
   */
  finish(hurries: boolean): Promise<void> {
    this.started();
    this.#hurries ||= hurries;
    this.#lingerOn();
    return this.#over;
  }

  /** What is not in the queue is of no interest any more. */
  drop(): void {
    this.#stop();
  }

  perform(_channel: number, effect: SessionEffect): void {
    this.moves += 1;
    if (effect.type === 'room') {
      this.#room.count += effect.count;
      this.#room.bytes += effect.bytes;
      this.#roomCame = true;
    } else if (effect.type === 'refused' && !effect.never) {
      this.#full = true;
    } else if (effect.type === 'broken' || effect.type === 'refused') {
      this.#refused = true;
      if (this.#pending.length > 0 || this.#rest() > 0) this.#lose();
      this.#ended = true;
      this.#pending = [];
    }
  }

  flush(): void {
    if (!this.#left) this.#put();
  }

  #read(chunk: Buffer): void {
    if (this.#refused) this.#lose();
    if (this.#ended) return;
    this.#take(() => this.#cutter.cut(chunk));
    if (this.#patience !== null) this.#patience.refresh();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#take(() => this.#cutter.end());
  }

  #take(cut: () => Items): void {
    try {
      const items = cut();
      if (items.count > 0) this.#pending.push(items);
    } catch (error) {
      if (!(error instanceof Miswired)) throw error;
      if (error.before.count > 0) this.#pending.push(error.before);
      this.#onMiswired(error.message);
      this.#ended = true;
    }
    this.#put();
  }

  #put(): void {
    const queue = this.#queue();
    for (let items = this.#pending[0]; items !== undefined; items = this.#pending[0]) {
      const fit = fitting(items, this.#room.count, this.#room.bytes);
      if (fit === 0) break;
      const [now, later] = splitItems(items, fit);
      queue.put(this.session, now);
      this.#room.count -= now.count;
      this.#room.bytes -= now.size;
      if (later.count === 0) this.#pending.shift();
      else this.#pending[0] = later;
    }
    if (this.#pending.length > 0 && this.#full) {
      this.#onMiswired('that was full: with `overflow: fail` nothing waits for room');
      this.#pending = [];
      this.#stop();
    } else if (this.#pending.length > 0) {
      this.#source.pause();
      this.#want(queue);
    } else if (this.#ended) {
      this.#stop();
    } else if (queue.view.dropsPuts) {
      // There is nobody to write for: the process hears of it as of any closed pipe.
      this.closed ??= { queue: this.#name, dropped: true };
      this.#stop();
    } else {
      this.#source.resume();
    }
  }

  #lose(): void {
    this.closed ??= { queue: this.#name, dropped: false };
  }

  /** How many lines there still are in what was read. */
  #rest(): number {
    try {
      return this.#cutter.end().count;
    } catch (error) {
      if (error instanceof Miswired) return 1;
      throw error;
    }
  }

  #want(queue: Queue): void {
    let count = 0;
    let bytes = 0;
    for (const items of this.#pending) {
      count += items.count;
      bytes += items.size;
    }
    queue.want(this.session, count, bytes, false);
  }

  #stop(): void {
    if (this.#left) return;
    this.#left = true;
    this.#ended = true;
    this.started();
    if (this.#patience !== null) clearTimeout(this.#patience);
    if (this.#refused && !this.#source.destroyed && hasMore(this.#fd)) this.#lose();
    this.#source.destroy();
    this.#switchboard.leave(this.session, this.instance, 'goodbye');
    this.#resolve();
  }

  /** All who could write are gone, so the end comes by itself; unless a stranger to the run holds the pipe open. */
  #lingerOn(): void {
    if (this.#left || this.#patience !== null) return;
    // It may be that we did not run for a while: what is in the pipe by now is read first.
    this.#patience = setTimeout(() => setImmediate(() => this.#giveUp()), LINGER_MS);
  }

  #giveUp(): void {
    if (this.#left) return;
    if (this.#pending.length === 0) this.#end();
    else if (this.#hurries && !this.#roomCame) this.#cutOff();
    this.#roomCame = false;
    if (!this.#left) this.#patience?.refresh();
  }

  #cutOff(): void {
    this.cutOff = this.#name;
    this.#stop();
  }

  #queue(): Queue {
    return this.#switchboard.queue(this, this.#channel, 'put');
  }
}

function bothEnds(path: string): { readonly read: number; readonly write: number } {
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { read, write: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
  } catch (error) {
    closeSync(read);
    throw error;
  }
}

/** Whether something was written to it that has not been read. */
function hasMore(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0;
  } catch {
    // Nothing now (EAGAIN), or closed already.
    return false;
  }
}

const LINGER_MS = 1000;
