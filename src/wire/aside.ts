// An item that lies in shared memory, aside of the socket: what stands for it in a frame, and a run of items that is just it. Its
// bytes are read only when somebody looks into them. Which memory that is, and who may, is for others to know.
import { type Frame, ITEMS_AT, ProtocolError } from './frame.ts';
import { type Items, SIZE_FIELD } from './items.ts';

/** Where an item lies. */
export interface Place {
  readonly area: number;
  readonly at: number;
  readonly size: number;
}

/** Smaller items are sent faster than they are put down and picked up. */
export const LEAST_ASIDE = 64 * 1024;

/** How long what stands for it is. */
export const STAND_IN = 12;

export class AsideItems implements Items {
  readonly count = 1;
  readonly place: Place;
  readonly #read: (place: Place, into: Buffer) => void;
  readonly #allocate: (length: number) => Buffer;
  readonly #over: () => void;

  /** `read` fills a buffer of its size, from `allocate`; `over` is told that nobody looks into it any more. */
  constructor(
    place: Place,
    read: (place: Place, into: Buffer) => void,
    {
      allocate = (length) => Buffer.allocUnsafeSlow(length),
      over = () => {},
    }: { readonly allocate?: ((length: number) => Buffer) | undefined; readonly over?: () => void } = {},
  ) {
    this.place = place;
    this.#read = read;
    this.#allocate = allocate;
    this.#over = over;
  }

  get size(): number {
    return this.place.size;
  }

  /** Read anew each time: for the broker, which sends it on, to keep it twice would be for nothing. */
  get bytes(): Buffer {
    const bytes = this.#allocate(SIZE_FIELD + this.size);
    bytes.writeUInt32BE(this.size);
    this.#read(this.place, bytes.subarray(SIZE_FIELD));
    return bytes;
  }

  over(): void {
    this.#over();
  }
}

/** These items are gone for good, and nobody looks into them any more. */
export function isOver(items: Items): void {
  if (items instanceof AsideItems) items.over();
}

/** As a frame carries it. */
export function standInFor({ area, at, size }: Place): Items {
  const bytes = Buffer.allocUnsafe(SIZE_FIELD + STAND_IN);
  for (const [index, value] of [STAND_IN, area, at, size].entries()) bytes.writeUInt32BE(value, index * 4);
  return { bytes, count: 1, size: STAND_IN };
}

/** Of a frame with the flag that says so. */
export function readPlace({ buffer, type, start, end }: Frame): Place {
  const at = start + (ITEMS_AT[type] ?? 0);
  const sound = at + 4 + SIZE_FIELD + STAND_IN === end;
  if (!sound || buffer.readUInt32BE(at) !== 1 || buffer.readUInt32BE(at + 4) !== STAND_IN) {
    throw new ProtocolError('protocol', 'what stands for an item that lies aside has another form');
  }
  return { area: buffer.readUInt32BE(at + 8), at: buffer.readUInt32BE(at + 12), size: buffer.readUInt32BE(at + 16) };
}
