// Large items go through memory that is shared with those who take them: written there once, read once, with a few bytes to the
// broker to say where. It lends the memory, and takes it back when an item is over. Whatever does not work out, a full
// memory above all, is no error: the item then goes over the socket, as it would have without.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { AsideItems, LEAST_ASIDE, type Place, readPlace } from '../wire/aside.ts';
import { readItems, readJson, readRoom } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import { type AreaBody, Flag, Type } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { Plots } from './plots.ts';

/** Lent to this process for what it puts to one channel. */
interface Ours {
  readonly area: number;
  readonly descriptor: number;
  readonly plots: Plots;
  /** The system had no memory left. Until something is free again it is not tried. */
  full: boolean;
}

/** An item that was laid down, and is not put yet. */
export class Laid {
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  get length(): number {
    return this.place.size;
  }
}

export class Areas {
  readonly #writer: FrameWriter;
  /** By channel, and by their numbers. */
  readonly #ours = new Map<number, Ours>();
  readonly #theirs = new Map<number, number>();
  /** Channels for which none is wanted any more, whatever is on its way. */
  readonly #left = new Set<number>();
  #scratch = Buffer.alloc(0);

  constructor(writer: FrameWriter) {
    this.#writer = writer;
    writer.layAside = (channel, bytes, priority, flags) => this.#put(channel, bytes, priority, flags);
  }

  /** `AREA`, `FREED`. */
  hear(frame: Frame): void {
    if (frame.type === Type.FREED) return this.#free(frame);
    const body = readJson(frame) as unknown as AreaBody;
    if (frame.flags === Flag.GONE) this.#forget(body.area);
    else if (frame.flags === Flag.LENT_AREA) this.#borrow(frame.channel, body);
    else this.#visit(body);
  }

  /** The items of a delivery, wherever they are. Where they are `copied` their bytes are looked into once, and at once. */
  itemsOf(frame: Frame, copied: boolean): Items {
    if ((frame.flags & Flag.ASIDE) === 0) return readItems(frame);
    const allocate = copied ? (length: number) => this.#scratchOf(length) : undefined;
    return new AsideItems(readPlace(frame), (place, into) => this.#read(place, into), { allocate });
  }

  /** Nothing more is put to that channel. */
  leave(channel: number): void {
    const ours = this.#ours.get(channel);
    this.#left.add(channel);
    if (ours === undefined) return;
    this.#ours.delete(channel);
    closeSync(ours.descriptor);
    this.#writer.number(Type.LEAVE_AREA, 0, ours.area);
  }

  /** Lays down an item that is large enough, as it is now; null where it cannot be. */
  layDown(channel: number, bytes: Uint8Array): Laid | null {
    const size = bytes.length;
    const ours = this.#ours.get(channel);
    if (size < LEAST_ASIDE || ours === undefined || ours.full) return null;
    const { area, descriptor, plots } = ours;
    const at = plots.take(size);
    if (at < 0) return null;
    if (writeAll(descriptor, bytes, at)) return new Laid({ area, at, size });
    this.#vacate(ours, at);
    ours.full = true;
    return null;
  }

  /** It is not put after all. */
  takeBack(channel: number, { place }: Laid): void {
    const ours = this.#ours.get(channel);
    if (ours?.area === place.area) this.#vacate(ours, place.at);
  }

  #put(channel: number, bytes: Uint8Array, priority: number | undefined, flags: number): boolean {
    const laid = this.layDown(channel, bytes);
    if (laid === null) return false;
    this.#writer.putAside(channel, laid.place, priority, flags);
    return true;
  }

  #free(frame: Frame): void {
    const { count: area, bytes: at } = readRoom(frame);
    for (const ours of this.#ours.values()) {
      if (ours.area === area) this.#vacate(ours, at);
    }
  }

  #vacate(ours: Ours, at: number): void {
    const { plots, descriptor } = ours;
    plots.free(at);
    ours.full = false;
    if (!plots.empty || plots.top <= KEPT) return;
    // Nothing lies there. What a rush has used is not kept for the next one.
    ftruncateSync(descriptor, KEPT);
    plots.top = 0;
  }

  /** Memory that was used just now costs less than new one. */
  #scratchOf(length: number): Buffer {
    if (length > KEPT) return Buffer.allocUnsafeSlow(length);
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafeSlow(Math.min(KEPT, 2 * length));
    return this.#scratch.subarray(0, length);
  }

  #borrow(channel: number, body: AreaBody): void {
    const { area, bytes = 0 } = body;
    if (this.#left.has(channel)) return this.#writer.number(Type.LEAVE_AREA, 0, area);
    const ours = this.#ours.get(channel);
    if (ours !== undefined) {
      ours.plots.bytes = bytes;
      return;
    }
    const descriptor = openArea(body, constants.O_RDWR);
    if (descriptor !== null) this.#ours.set(channel, { area, descriptor, plots: new Plots(bytes), full: false });
    else {
      this.#left.add(channel);
      this.#writer.number(Type.LEAVE_AREA, 0, area);
    }
  }

  #visit(body: AreaBody): void {
    const descriptor = openArea(body, constants.O_RDONLY);
    if (descriptor === null) return;
    this.#theirs.set(body.area, descriptor);
    this.#writer.number(Type.AREA_READY, 0, body.area);
  }

  #forget(area: number): void {
    const descriptor = this.#theirs.get(area);
    this.#theirs.delete(area);
    if (descriptor !== undefined) closeSync(descriptor);
  }

  /** What is not there, because somebody has cut the file short, is zeros. */
  #read({ area, at }: Place, into: Buffer): void {
    const descriptor = this.#theirs.get(area);
    if (descriptor === undefined) throw new Error('Internal error: an item lies where nothing was opened');
    const read = readSync(descriptor, into, 0, into.length, at);
    into.fill(0, read);
  }
}

/** Null where it cannot be opened, or is another one: in a container of its own a process sees others under these numbers. */
function openArea({ path = '', device, inode }: AreaBody, flags: number): number | null {
  const isIt = (found: Stats): boolean => found.isFile() && found.dev === device && found.ino === inode;
  try {
    if (!isIt(statSync(path))) return null;
    // Should it be another one by now, then nothing is waited for there.
    const descriptor = openSync(path, flags | constants.O_NONBLOCK);
    if (isIt(fstatSync(descriptor))) return descriptor;
    closeSync(descriptor);
  } catch {
    // It is not there for this process.
  }
  return null;
}

/** False where the system has no memory left for it. */
function writeAll(descriptor: number, bytes: Uint8Array, at: number): boolean {
  try {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(descriptor, bytes, written, bytes.length - written, at + written);
    }
    return true;
  } catch {
    return false;
  }
}

/** So much of an area stays in memory while nothing lies there; and so much at most to read into. */
const KEPT = 4 * 1024 * 1024;
