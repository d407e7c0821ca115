// Cuts an array of JSON into its elements while it is being read: it is never whole in memory, and an element only while it
// lies across chunks. It looks no deeper than it must to find where one ends; whether that is JSON is seen then.
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
  OPEN_LIST,
  OPEN_MAP,
  QUOTE,
  type Reading,
} from './json-value.ts';

/** `first`: an element or the end. `next`: an element. `inside`: of one. `after`: a comma or the end. */
type Phase = 'before' | 'first' | 'next' | 'inside' | 'after' | 'closed';

export class JsonArray implements FileCutter {
  readonly #reading: Reading;
  #phase: Phase = 'before';
  /** From 1; and how many bytes of it came in earlier chunks. */
  #line = 1;
  #lineBytes = 0;
  /** The element that is being read: its pieces in earlier chunks, where it stands, and how it may end. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #place = '';
  #form: 'text' | 'nested' | 'plain' = 'plain';
  #depth = 0;
  #quoted = false;
  #escaped = false;
  #items: Buffer[] = [];

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  cut(chunk: Buffer): Items {
    let start = 0;
    let lineStart = -this.#lineBytes;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#phase === 'inside') {
        const end = this.#endOf(byte, at);
        if (end !== null) {
          this.#finish(chunk.subarray(start, end));
          // What ended before this byte is followed by it.
          if (end === at) at -= 1;
          continue;
        }
      }
      if (byte === LF) {
        this.#line += 1;
        lineStart = at + 1;
      } else if (this.#phase !== 'inside' && !isSpace(byte)) {
        this.#step(byte, `line ${this.#line}, column ${at - lineStart + 1}`);
        start = at;
      }
    }
    this.#lineBytes = chunk.length - lineStart;
    if (this.#phase === 'inside') this.#keep(chunk.subarray(start));
    return this.#taken();
  }

  end(): Items {
    if (this.#phase === 'inside') throw this.#malformed(`it ends within the value at ${this.#place}`);
    if (this.#phase !== 'before' && this.#phase !== 'closed') {
      throw this.#malformed(`it ends in line ${this.#line}, before its array does`);
    }
    return this.#taken();
  }

  #step(byte: number, place: string): void {
    const { OPEN, COMMA } = Mark;
    if (this.#phase === 'before' && byte === OPEN) this.#phase = 'first';
    else if (this.#phase === 'after' && byte === COMMA) this.#phase = 'next';
    else if ((this.#phase === 'after' || this.#phase === 'first') && byte === CLOSE_LIST) this.#phase = 'closed';
    else if ((this.#phase === 'first' || this.#phase === 'next') && byte !== COMMA && byte !== CLOSE_LIST) {
      this.#begin(byte, place);
    } else {
      throw this.#malformed(`${expected[this.#phase]} was expected at ${place}`);
    }
  }

  #begin(byte: number, place: string): void {
    this.#phase = 'inside';
    this.#place = place;
    this.#depth = byte === OPEN_LIST || byte === OPEN_MAP ? 1 : 0;
    this.#quoted = byte === QUOTE;
    this.#escaped = false;
    this.#form = this.#quoted ? 'text' : this.#depth > 0 ? 'nested' : 'plain';
  }

  /** Where the element ends, if this byte shows that it does. */
  #endOf(byte: number, at: number): number | null {
    if (this.#quoted) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) {
        this.#quoted = false;
        if (this.#form === 'text') return at + 1;
      }
      return null;
    }
    if (this.#form === 'plain') return byte === Mark.COMMA || byte === CLOSE_LIST || isSpace(byte) ? at : null;
    if (byte === QUOTE) this.#quoted = true;
    else if (byte === OPEN_LIST || byte === OPEN_MAP) this.#depth += 1;
    else if (byte === CLOSE_LIST || byte === CLOSE_MAP) {
      this.#depth -= 1;
      if (this.#depth === 0) return at + 1;
    }
    return null;
  }

  #finish(last: Buffer): void {
    const value = this.#begun.length === 0 ? last : Buffer.concat([...this.#begun, last]);
    this.#begun = [];
    this.#begunBytes = 0;
    this.#phase = 'after';
    const item = itemOf(value, this.#reading);
    if (typeof item === 'string') throw this.#malformed(`the value at ${this.#place} ${item}`);
    this.#items.push(item);
  }

  #keep(piece: Buffer): void {
    this.#begun.push(piece);
    this.#begunBytes += piece.length;
    if (this.#begunBytes > LONGEST_VALUE) {
      throw this.#malformed(`the value at ${this.#place} is longer than 16 MiB`);
    }
  }

  #taken(): Items {
    const items = itemsOf(this.#items);
    this.#items = [];
    return items;
  }

  #malformed(message: string): Malformed {
    return new Malformed(message, this.#taken());
  }
}

const Mark = { OPEN: OPEN_LIST, COMMA: 0x2c };

const expected: Readonly<Record<Phase, string>> = {
  before: 'an array',
  first: 'a value, or the end of the array,',
  next: 'a value',
  inside: 'a value',
  after: 'a comma, or the end of the array,',
  closed: 'the end of the file',
};
