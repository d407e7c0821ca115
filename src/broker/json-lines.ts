// Cuts a file of JSON, one value a line, into its values. And looks at a file that holds JSON to see whether it is that, or one
// array.
import { type Items, itemsOf } from '../wire/items.ts';
import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_MAP,
  type FileCutter,
  isSpace,
  itemOf,
  LF,
  LONGEST_VALUE,
  Malformed,
  NOT_JSON,
  OPEN_LIST,
  OPEN_MAP,
  QUOTE,
  type Reading,
} from './json-value.ts';

export class JsonLines implements FileCutter {
  readonly #reading: Reading;
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #lines = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  cut(chunk: Buffer): Items {
    const items: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      this.#take(this.#whole(chunk.subarray(start, end)), items);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start), items);
    return itemsOf(items);
  }

  end(): Items {
    const items: Buffer[] = [];
    this.#take(this.#whole(NOTHING), items);
    return itemsOf(items);
  }

  #keep(piece: Buffer, items: readonly Buffer[]): void {
    this.#begun.push(piece);
    this.#begunBytes += piece.length;
    if (this.#begunBytes > LONGEST_VALUE) {
      throw new Malformed(`line ${this.#lines + 1} is longer than 16 MiB`, itemsOf(items));
    }
  }

  #whole(last: Buffer): Buffer {
    if (this.#begunBytes === 0) return last;
    const line = Buffer.concat([...this.#begun, last]);
    this.#begun = [];
    this.#begunBytes = 0;
    return line;
  }

  /** A line of nothing but spaces holds no value. */
  #take(line: Buffer, items: Buffer[]): void {
    this.#lines += 1;
    let start = 0;
    let end = line.length;
    while (start < end && isSpace(line[start] as number)) start += 1;
    while (end > start && isSpace(line[end - 1] as number)) end -= 1;
    if (start === end) return;
    const item = itemOf(line.subarray(start, end), this.#reading);
    if (typeof item === 'string') {
      const form = item === NOT_JSON ? ', and a file that is not one array is one value a line' : '';
      throw new Malformed(`line ${this.#lines} ${item}${form}`, itemsOf(items));
    }
    items.push(item);
  }
}

/**
 * Tells the two forms apart. A file that opens with an array is one, unless that array ends on its own line and more follows:
 * then it is the first of several values.
 */
export class JsonLook {
  #began = false;
  #depth = 0;
  #quoted = false;
  #escaped = false;
  #looked = 0;

  /** Null where more must be seen; where there is no more, an array that is all there is is one. */
  look(chunk: Buffer): 'array' | 'lines' | null {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      this.#looked += 1;
      // No value of a line may be so long.
      if (this.#looked > LONGEST_VALUE) return 'array';
      if (this.#depth > 0) {
        if (byte === LF) return 'array';
        this.#step(byte);
      } else if (!isSpace(byte)) {
        if (this.#began || byte !== OPEN_LIST) return 'lines';
        this.#began = true;
        this.#depth = 1;
      }
    }
    return null;
  }

  #step(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (this.#quoted) {
      if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#quoted = false;
    } else if (byte === QUOTE) this.#quoted = true;
    else if (byte === OPEN_LIST || byte === OPEN_MAP) this.#depth += 1;
    else if (byte === CLOSE_LIST || byte === CLOSE_MAP) this.#depth -= 1;
  }
}

const NOTHING = Buffer.alloc(0);
