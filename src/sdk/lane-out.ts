// The putting end of a direct lane: a connection from this process to the one that takes, past the broker. What was sent is kept
// until it is done. It is closed as soon as anything is out of the ordinary, and then the broker gets back all that is not done,
// as if it had had it all along.
import { readCount, readItems, readRange } from '../wire/body.ts';
import { type Frame, FrameReader } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import { Flag, Type } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { Connection } from './connection.ts';
import { LaneLog, type Passage } from './lane-log.ts';

export interface LaneUser {
  /** It can be put to. */
  onLaneOpen(): void;
  /** Room for so much is free again. */
  onLaneRoom(count: number, bytes: number): void;
  /** It should be closed: the other end is gone, wants it so, does not read, or says what cannot be; nothing moves; or it could not be opened. */
  onLaneTrouble(): void;
}

/** Room that is free again. */
export interface Freed {
  count: number;
  bytes: number;
}

export interface LaneSettings {
  readonly channel: number;
  readonly path: string;
  readonly key: string;
}

export class LaneOut {
  /** Where items are put that go over it. */
  readonly outlet: Connection;
  readonly #settings: LaneSettings;
  readonly #log = new LaneLog();
  #open = false;
  /** What is freed by what the other end has said before it is closed; null: it is not being closed. */
  #freed: Freed | null = null;
  /** How many bytes of frames were given to the system. */
  #streamed = 0;
  /** Of the items that were put, those in the log, and their bytes. */
  #logged = 0;
  #loggedBytes = 0;
  /** The most that ever waited to be taken. */
  #peak = 0;
  readonly #watch: NodeJS.Timeout;
  /** How often it was looked at since the system last had taken all, and since something was last put. */
  #stuckFor = 0;
  #idleFor = 0;
  #putBefore = 0;

  constructor(settings: LaneSettings, user: LaneUser) {
    this.#settings = settings;
    this.outlet = new Connection(settings.path, {
      onConnected: () => {
        this.outlet.writer.json(Type.LANE, settings.channel, { path: settings.path, key: settings.key });
        this.#open = true;
        user.onLaneOpen();
        // Last, for this is when it is found out that the other end is gone already.
        this.outlet.flush();
      },
      onFrame: (frame) => this.#receive(frame, user),
      beforeSend() {},
      onDrained: () => user.onLaneRoom(0, 0),
      onLost: () => {
        if (this.#freed !== null) this.outlet.readRest();
        user.onLaneTrouble();
      },
      keeps: (pieces) => this.#keep(pieces),
    });
    this.#watch = setInterval(() => {
      if (this.#open && this.#rests()) user.onLaneTrouble();
    }, LOOK_MS).unref();
  }

  get open(): boolean {
    return this.#open;
  }

  flush(): void {
    this.outlet.flush();
  }

  destroy(): void {
    clearInterval(this.#watch);
    this.outlet.cut();
  }

  /**
   * Closes it and writes to the broker what has become of all that was put to it, by the last word of the other end: one that has ended
   * says nothing any more. Gives how much room was taken up by items that wait no more.
   */
  close(broker: FrameWriter): Freed {
    clearInterval(this.#watch);
    const freed = { count: 0, bytes: 0 };
    this.#freed = freed;
    this.outlet.readRest();
    this.outlet.flush();
    this.#open = false;
    const sentBytes = this.#streamed - this.outlet.cut();
    this.#keep(this.outlet.writer.take());
    const sent = this.#sentWithin(sentBytes);
    const { channel } = this.#settings;
    for (const { first, items, taken } of this.#log.undone()) {
      if (taken) broker.handOver(channel, first, items, Flag.SENT | Flag.TAKEN);
      else if (first + items.count <= sent) broker.handOver(channel, first, items, Flag.SENT);
      else broker.handOver(channel, first, items, Flag.NONE);
    }
    broker.json(Type.LANE_CLOSED, channel, {
      put: this.outlet.items,
      sent,
      taken: this.#log.taken,
      done: this.#log.done,
      peak: this.#peak,
    });
    freed.bytes += this.#log.takenOfRest();
    return freed;
  }

  #receive(frame: Frame, user: LaneUser): void {
    // What it said together with something that has closed it, it says to the broker again.
    if (!this.#open) return;
    switch (frame.type) {
      case Type.TAKEN: {
        const count = readCount(frame);
        if (count > this.#logged - this.#log.taken) return user.onLaneTrouble();
        return this.#free(count, this.#log.take(count), user);
      }
      case Type.DONE: {
        const { tag, count } = readRange(frame);
        if (!this.#log.isInHand(tag, count)) return user.onLaneTrouble();
        return this.#log.finish(tag, count);
      }
      case Type.LANE_STOP:
        // What it says behind that is heard before.
        return queueMicrotask(() => {
          if (this.#open) user.onLaneTrouble();
        });
    }
  }

  /** Nothing is put any more over one that is being closed, and nothing past it before it is. */
  #free(count: number, bytes: number, user: LaneUser): void {
    if (this.#freed === null) return user.onLaneRoom(count, bytes);
    this.#freed.count += count;
    this.#freed.bytes += bytes;
  }

  /** The other end does not read, or holds much and does not get it done, or nothing was put for a while: looked at from time to time. */
  #rests(): boolean {
    this.#stuckFor = this.outlet.stalled ? this.#stuckFor + 1 : 0;
    const { items } = this.outlet;
    this.#idleFor = items === this.#putBefore ? this.#idleFor + 1 : 0;
    this.#putBefore = items;
    return this.#stuckFor > MOST_LOOKS_STUCK || this.#idleFor > MOST_LOOKS_IDLE || this.#log.bytes > MOST_KEPT;
  }

  /** How many items are in frames that the system has taken to the last byte. */
  #sentWithin(bytes: number): number {
    let sent = this.outlet.items;
    for (const passage of this.#log.passages.toReversed()) {
      for (const { first, end } of (passage as Sent).frames().toReversed()) {
        if (end <= bytes) return sent;
        sent = first;
      }
    }
    return sent;
  }

  #keep(pieces: readonly Buffer[]): void {
    const at = this.#streamed;
    for (const piece of pieces) this.#streamed += piece.length;
    const { items, itemBytes } = this.outlet;
    const first = this.#logged;
    const count = items - first;
    const size = itemBytes - this.#loggedBytes;
    this.#logged = items;
    this.#loggedBytes = itemBytes;
    this.#peak = Math.max(this.#peak, items - this.#log.taken);
    if (count > 0) this.#log.add(new Sent(first, count, size, at, pieces));
  }
}

/** What one write sent: whole frames. */
class Sent implements Passage {
  readonly first: number;
  readonly count: number;
  readonly size: number;
  /** Where in all that was ever sent it begins. */
  readonly #at: number;
  readonly #pieces: readonly Buffer[];

  constructor(first: number, count: number, size: number, at: number, pieces: readonly Buffer[]) {
    this.first = first;
    this.count = count;
    this.size = size;
    this.#at = at;
    this.#pieces = pieces;
  }

  read(): readonly Items[] {
    return this.frames().map(({ items }) => items);
  }

  frames(): { readonly first: number; readonly items: Items; readonly end: number }[] {
    const frames: { first: number; items: Items; end: number }[] = [];
    let { first } = this;
    let end = this.#at;
    const reader = new FrameReader((frame) => {
      end += frame.end - frame.start;
      // The first words may have left with the first items.
      if (frame.type !== Type.PUT) return;
      const items = readItems(frame);
      frames.push({ first, items, end });
      first += items.count;
    });
    for (const piece of this.#pieces) reader.read(piece);
    return frames;
  }
}

/** Larger items go through the broker: they would be kept twice for longer. */
export const LARGEST = 1024 * 1024;
/** So often it is looked whether it is still of use. */
const LOOK_MS = 5;
/** What the system has not taken for so long goes to the broker, where a killed program does not take it along; it is never much. */
const MOST_LOOKS_STUCK = 20;
/** What is taken and never said to be done is kept by the broker, once, and not by both ends. */
const MOST_KEPT = 16 * 1024 * 1024;
/** A queue that rests is the broker's, who knows who waits for whom. */
const MOST_LOOKS_IDLE = 20;
