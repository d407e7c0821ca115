// The shared memory through which large items go from one program to another, aside of the sockets. What is whose there is for
// `Areas` to say. Each area is a file in memory that never had a name: whoever may use it opens it through this process, and when all of
// these have ended it is gone, however they did. It is read and written, and never mapped: whoever cuts it short harms
// nobody. Where there is no such memory nothing is ever lent.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, statfsSync } from 'node:fs';
import { AsideItems, type Place, readPlace, standInFor } from '../wire/aside.ts';
import { readRequest } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import { type AreaBody, Flag, Type } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { type AreaEffect, Areas } from './areas.ts';

/** A session that can use it. */
export interface Visitor {
  readonly session: number;
  /** Says something with what it is told next. */
  tell(write: (writer: FrameWriter) => void): void;
}

interface File {
  readonly descriptor: number;
  readonly described: Pick<AreaBody, 'path' | 'device' | 'inode'>;
}

export class SharedMemory {
  readonly #folder: string;
  readonly #visitors = new Map<number, Visitor>();
  readonly #files = new Map<number, File>();
  /** Null until it is known how much there is. */
  #areas: Areas | null = null;

  constructor(folder = '/dev/shm') {
    this.#folder = folder;
  }

  enter(visitor: Visitor): void {
    this.#visitors.set(visitor.session, visitor);
  }

  leave(session: number): void {
    if (!this.#visitors.delete(session) || this.#areas === null) return;
    for (const effect of this.#areas.depart(session)) this.#perform(effect);
  }

  /** Something large came over the socket: more memory may spare the next one that. */
  offer(session: number, channel: number): void {
    const visitor = this.#visitors.get(session);
    if (visitor === undefined) return;
    this.#areas ??= new Areas(mostBytesIn(this.#folder));
    const offer = this.#areas.offer(session, channel);
    if (offer === null) return;
    const { area, bytes, fresh } = offer;
    const file = fresh ? this.#makeFile() : this.#files.get(area);
    if (file === undefined || file === null) return this.#areas.revoke(offer);
    this.#files.set(area, file);
    visitor.tell((writer) => writer.json(Type.AREA, channel, { area, bytes, ...file.described }, Flag.LENT_AREA));
  }

  /** The item that a session has laid down, and puts with this frame. */
  itemOf(session: number, frame: Frame): AsideItems {
    const place = readPlace(frame);
    const areas = (this.#areas ??= new Areas(0));
    areas.put(session, frame.channel, place);
    if (areas.isCrowded(place)) this.offer(session, frame.channel);
    return new AsideItems(place, (_, into) => this.#read(place, into), {
      over: () => this.#perform(areas.over(place)),
    });
  }

  /** As it is sent to a session: itself, or what stands for it. */
  shownTo(session: number, items: AsideItems): { readonly items: Items; readonly aside: boolean } {
    const { place } = items;
    const visitor = this.#visitors.get(session);
    const reads = visitor === undefined ? 'no' : (this.#areas as Areas).reads(session, place.area);
    if (reads === 'yes') return { items: standInFor(place), aside: true };
    if (reads === 'new') {
      const { described } = this.#files.get(place.area) as File;
      visitor?.tell((writer) => writer.json(Type.AREA, 0, { area: place.area, ...described }));
    }
    return { items: { bytes: items.bytes, count: 1, size: items.size }, aside: false };
  }

  /** `AREA_READY`, `LEAVE_AREA`. */
  hear(session: number, frame: Frame): void {
    const areas = (this.#areas ??= new Areas(0));
    const area = readRequest(frame);
    if (frame.type === Type.AREA_READY) areas.canRead(session, area);
    else this.#perform(areas.leave(session, area));
  }

  close(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #perform(effect: AreaEffect | null): void {
    if (effect === null) return;
    const { area } = effect;
    if (effect.type === 'freed') {
      const { at } = effect;
      this.#visitors.get(effect.session)?.tell((writer) => writer.room(Type.FREED, 0, area, at));
      return;
    }
    for (const reader of effect.readers) {
      this.#visitors.get(reader)?.tell((writer) => writer.json(Type.AREA, 0, { area }, Flag.GONE));
    }
    const file = this.#files.get(area);
    this.#files.delete(area);
    if (file === undefined) return;
    // Whoever is slow to close it keeps no memory by that.
    ftruncateSync(file.descriptor);
    closeSync(file.descriptor);
  }

  /** Null where none can be made. */
  #makeFile(): File | null {
    try {
      const descriptor = openSync(this.#folder, constants.O_RDWR | constants.O_DIRECTORY | NAMELESS, 0o600);
      const { dev: device, ino: inode } = fstatSync(descriptor);
      return { descriptor, described: { path: `/proc/${process.pid}/fd/${descriptor}`, device, inode } };
    } catch {
      return null;
    }
  }

  /** What is not there, because somebody has cut the file short, is zeros. */
  #read({ area, at }: Place, into: Buffer): void {
    const { descriptor } = this.#files.get(area) as File;
    const read = readSync(descriptor, into, 0, into.length, at);
    into.fill(0, read);
  }
}

/** A part of what is free in a file system in memory; 0 of any other. */
function mostBytesIn(folder: string): number {
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    return type === TMPFS ? Math.min(MOST, (bavail * bsize) / PART) : 0;
  } catch {
    return 0;
  }
}

const TMPFS = 0x01021994;
/** O_TMPFILE but for O_DIRECTORY, which Node does not name: the same on all systems that have it. */
const NAMELESS = 0o20000000;
const MOST = 256 * 1024 * 1024;
/** Others want some of it, too: in a container there are often 64 MiB in all. */
const PART = 4;
