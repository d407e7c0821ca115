// Which part of shared memory is whose. An *area* is lent to one session, for what it puts to one channel: it lays items down
// there, and each place is its own again once the item is over. A session that takes from an area is told of it once, and
// reads there when it has said that it can. A session that says what is not so makes it throw a `ProtocolError`.
import { ProtocolError } from '../wire/frame.ts';
import { LEAST_ASIDE, type Place } from '../wire/aside.ts';

export type AreaEffect =
  /** This place is the session's again. */
  | { readonly type: 'freed'; readonly session: number; readonly area: number; readonly at: number }
  /** Nothing is in it and nothing will be: these sessions read there. */
  | { readonly type: 'gone'; readonly area: number; readonly readers: readonly number[] };

/** An area as it is offered: lent for the first time, or larger than it was. */
export interface Offer {
  readonly area: number;
  readonly bytes: number;
  readonly fresh: boolean;
}

interface Area {
  readonly id: number;
  readonly session: number;
  readonly channel: number;
  bytes: number;
  /** Where items lie in it, and how large they are together. */
  readonly live: Map<number, number>;
  liveBytes: number;
  /** Who was told of it, and whether they have said that they can read there. */
  readonly readers: Map<number, boolean>;
  /** Nothing more is put there. */
  left: boolean;
}

export class Areas {
  #free: number;
  #last = 0;
  readonly #areas = new Map<number, Area>();
  /** By session and channel: null where it wants none. */
  readonly #lent = new Map<number, Map<number, Area | null>>();

  /** They have so many bytes together at most. */
  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** A session puts large items otherwise: lends it an area, or more of the one it has. Null: there is no more for it. */
  offer(session: number, channel: number): Offer | null {
    const lent = this.#lentTo(session);
    const area = lent.get(channel);
    if (area === null) return null;
    if (area === undefined) {
      const bytes = wholeMebibytes(Math.min(FIRST, this.#free / 2));
      if (bytes === 0) return null;
      this.#last += 1;
      const fresh: Area = {
        id: this.#last,
        session,
        channel,
        bytes,
        live: new Map(),
        liveBytes: 0,
        readers: new Map(),
        left: false,
      };
      this.#free -= bytes;
      this.#areas.set(fresh.id, fresh);
      lent.set(channel, fresh);
      return { area: fresh.id, bytes, fresh: true };
    }
    const more = wholeMebibytes(Math.min(area.bytes, MOST - area.bytes, this.#free / 2));
    if (more === 0) return null;
    this.#free -= more;
    area.bytes += more;
    return { area: area.id, bytes: area.bytes, fresh: false };
  }

  /** An offer could not be made good. */
  revoke({ area: id }: Offer): void {
    const area = this.#areas.get(id);
    if (area === undefined) return;
    this.#lentTo(area.session).set(area.channel, null);
    this.#close(area);
  }

  /** The session has laid an item down there, and puts it to the channel. */
  put(session: number, channel: number, { area: id, at, size }: Place): void {
    const area = this.#areas.get(id);
    if (area === undefined || area.left || area.session !== session || area.channel !== channel) {
      throw new ProtocolError('protocol', `area ${id} is not lent to this session for this channel`);
    }
    if (size < LEAST_ASIDE) throw new ProtocolError('protocol', `an item of ${size} bytes is too small to lie aside`);
    if (at + size > area.bytes) throw new ProtocolError('limit', `an item lies beyond the end of area ${id}`);
    if (area.live.has(at)) throw new ProtocolError('protocol', `another item lies at ${at} of area ${id}`);
    area.live.set(at, size);
    area.liveBytes += size;
  }

  /** So much lies there that more should be offered. */
  isCrowded({ area: id }: Place): boolean {
    const area = this.#areas.get(id);
    return area !== undefined && area.bytes < MOST && area.liveBytes > area.bytes * CROWDED;
  }

  /** Nobody looks into that item any more. */
  over({ area: id, at }: Place): AreaEffect | null {
    const area = this.#areas.get(id);
    const size = area?.live.get(at);
    if (area === undefined || size === undefined) {
      throw new Error(`Internal error: no item lies at ${at} of area ${id}`);
    }
    area.live.delete(at);
    area.liveBytes -= size;
    if (!area.left) return { type: 'freed', session: area.session, area: id, at };
    return area.live.size === 0 ? this.#close(area) : null;
  }

  /** How a session that is to be given an item from there stands: `new` is said once, and then it is told of it. */
  reads(session: number, id: number): 'yes' | 'no' | 'new' {
    const area = this.#areas.get(id);
    if (area === undefined) throw new Error(`Internal error: there is no area ${id}`);
    const reads = area.readers.get(session);
    if (reads !== undefined) return reads ? 'yes' : 'no';
    area.readers.set(session, false);
    return 'new';
  }

  /** It can read there. Of an area that was gone before it said so nothing is said. */
  canRead(session: number, id: number): void {
    const area = this.#areas.get(id);
    if (area?.readers.has(session)) area.readers.set(session, true);
  }

  /** It puts nothing more there, and wants no other one for that channel. It may say so twice: what it was told may cross that on the way. */
  leave(session: number, id: number): AreaEffect | null {
    const area = this.#areas.get(id);
    if (area === undefined) return null;
    if (area.session !== session) throw new ProtocolError('not-held', `area ${id} is not lent to this session`);
    if (area.left) return null;
    this.#lentTo(session).set(area.channel, null);
    return this.#leave(area);
  }

  /** The session is gone. */
  depart(session: number): AreaEffect[] {
    for (const area of this.#areas.values()) area.readers.delete(session);
    const lent = this.#lent.get(session)?.values() ?? [];
    this.#lent.delete(session);
    return [...lent].flatMap((area) => (area === null ? [] : (this.#leave(area) ?? [])));
  }

  #leave(area: Area): AreaEffect | null {
    area.left = true;
    return area.live.size === 0 ? this.#close(area) : null;
  }

  #close(area: Area): AreaEffect {
    this.#areas.delete(area.id);
    this.#free += area.bytes;
    return { type: 'gone', area: area.id, readers: [...area.readers.keys()] };
  }

  #lentTo(session: number): Map<number, Area | null> {
    let lent = this.#lent.get(session);
    if (lent === undefined) {
      lent = new Map();
      this.#lent.set(session, lent);
    }
    return lent;
  }
}

function wholeMebibytes(bytes: number): number {
  return Math.max(0, Math.floor(bytes / MEBIBYTE) * MEBIBYTE);
}

const MEBIBYTE = 1024 * 1024;
/** What is lent first, and at most: more than a queue holds where nothing else is said, for what is held lies there, too. */
const FIRST = 16 * MEBIBYTE;
const MOST = 96 * MEBIBYTE;
const CROWDED = 0.75;
