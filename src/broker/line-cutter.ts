// Cuts what a process writes into lines, and makes items of them: a line ends at LF, a CR is kept, the last one needs no LF.
// What an item is depends on the queue and the wiring; a line that cannot be one is `Miswired`, with its number.
import { isUtf8 } from 'node:buffer';
import type { QueueChannel } from '../plan/plan.ts';
import { type Items, NO_ITEMS, SIZE_FIELD } from '../wire/items.ts';
import { isTooDeep, TOO_DEEP } from './depth.ts';
import { inexactNumber } from './inexact-number.ts';
import { type Judge, words } from './judge.ts';

/** The process wrote what its wiring does not allow. What it wrote before that are items like any other. */
export class Miswired extends Error {
  override readonly name = 'Miswired';
  readonly before: Items;

  constructor(message: string, before: Items) {
    super(message);
    this.before = before;
  }
}

export class LineCutter {
  readonly #write: Writer;
  readonly #growth: number;
  readonly #judge: Judge | null;
  /** The pieces of a line whose end has not come. */
  #begun: Buffer[] = [];
  #begunLength = 0;
  /** Lines so far. */
  #lines = 0;

  /** `judge` looks at each item. */
  constructor(encoding: QueueChannel['encoding'], format: 'lines' | 'json', judge: Judge | null = null) {
    this.#judge = judge;
    this.#write = writerFor(encoding, format);
    this.#growth = encoding === 'json' && format === 'lines' ? 2 : 0;
  }

  /** The items of the lines that end in `chunk`. */
  cut(chunk: Buffer): Items {
    const last = chunk.lastIndexOf(LF);
    if (last < 0) {
      this.#begin(chunk);
      return NO_ITEMS;
    }
    const ended = chunk.subarray(0, last + 1);
    const whole = this.#begun.length === 0 ? ended : Buffer.concat([...this.#begun, ended]);
    this.#begun = [];
    this.#begunLength = 0;
    const items = this.#items(whole);
    if (last + 1 < chunk.length) this.#begin(chunk.subarray(last + 1));
    return items;
  }

  /** The last line, where no LF came after it. */
  end(): Items {
    if (this.#begunLength === 0) return NO_ITEMS;
    const line = Buffer.concat([...this.#begun, LINE_END]);
    this.#begun = [];
    this.#begunLength = 0;
    return this.#items(line);
  }

  #begin(rest: Buffer): void {
    this.#begunLength += rest.length;
    let piece = rest;
    // Each piece costs much more than its bytes where these come one by one.
    for (let last = this.#begun.at(-1); last !== undefined; last = this.#begun.at(-1)) {
      if (last.length > 2 * piece.length || last.length > MOST_JOINED) break;
      this.#begun.pop();
      piece = Buffer.concat([last, piece]);
    }
    this.#begun.push(piece);
    if (this.#begunLength > LONGEST_LINE) throw tooLong(this.#lines + 1, NO_ITEMS);
  }

  /** `text` is whole lines. */
  #items(text: Buffer): Items {
    const lines = countLines(text);
    // Every LF makes room for itself; four bytes of size come to each line, and what its form adds.
    const target = Buffer.allocUnsafeSlow(text.length + lines * (SIZE_FIELD - 1 + this.#growth));
    const out: Output = { bytes: target, at: 0 };
    const sound = isUtf8(text);
    for (let at = 0, line = 1; line <= lines; line += 1) {
      const end = text.indexOf(LF, at);
      if (end - at > LONGEST_LINE) throw tooLong(this.#lines + line, itemsIn(out, out.at, line - 1));
      const sizeAt = reserve(out, SIZE_FIELD + end - at + this.#growth);
      out.at += SIZE_FIELD;
      const complaint = this.#write(text, at, end, out, sound) ?? this.#misfit(out, sizeAt + SIZE_FIELD);
      if (complaint !== null) {
        throw new Miswired(`line ${this.#lines + line} ${complaint}`, itemsIn(out, sizeAt, line - 1));
      }
      out.bytes.writeUInt32BE(out.at - sizeAt - SIZE_FIELD, sizeAt);
      at = end + 1;
    }
    this.#lines += lines;
    return itemsIn(out, out.at, lines);
  }

  /** What is wrong with the item that was written last. */
  #misfit({ bytes, at }: Output, start: number): string | null {
    const misfit = this.#judge?.(bytes.subarray(start, at)) ?? null;
    return misfit && words(misfit);
  }
}

/** The first `count` items that were written, which end at `end`. */
function itemsIn({ bytes }: Output, end: number, count: number): Items {
  return { bytes: bytes.subarray(0, end), count, size: end - count * SIZE_FIELD };
}

interface Output {
  bytes: Buffer;
  at: number;
}

/** Writes the line between two offsets as an item; says what is wrong with it where it cannot be one. */
type Writer = (text: Buffer, start: number, end: number, out: Output, sound: boolean) => string | null;

function writerFor(encoding: QueueChannel['encoding'], format: 'lines' | 'json'): Writer {
  if (encoding === 'json') return format === 'json' ? validJson : jsonString;
  if (encoding === 'text') return format === 'json' ? jsonToText : plainText;
  return plain;
}

const LF = 0x0a;
const LINE_END = Buffer.from('\n');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LONGEST_LINE = 16 * 1024 * 1024;
/** A piece of a line that is larger is left by itself. */
const MOST_JOINED = 16 * 1024;
/** Copying fewer bytes than this one by one is quicker than a call. */
const SHORT = 96;

const plain: Writer = (text, start, end, out) => {
  copy(text, start, end, out);
  return null;
};

const plainText: Writer = (text, start, end, out, sound) => {
  if (!sound && !isUtf8(text.subarray(start, end))) return 'is not UTF-8, as an item of this queue must be';
  return plain(text, start, end, out, sound);
};

const jsonString: Writer = (text, start, end, out, sound) => {
  if (!sound && !isUtf8(text.subarray(start, end))) return 'is not UTF-8, as an item of this queue must be';
  if (needsEscape(text, start, end)) {
    append(out, Buffer.from(JSON.stringify(text.toString('utf8', start, end))));
    return null;
  }
  out.bytes[out.at] = QUOTE;
  out.at += 1;
  copy(text, start, end, out);
  out.bytes[out.at] = QUOTE;
  out.at += 1;
  return null;
};

const validJson: Writer = (text, start, end, out, sound) => {
  if (!sound && !isUtf8(text.subarray(start, end))) return 'is not UTF-8, as JSON must be';
  if (parse(text, start, end) === undefined) return 'is not JSON';
  if (isTooDeep(text, start, end)) return TOO_DEEP;
  const inexact = inexactNumber(text, start, end);
  if (inexact !== null) return `holds \`${shown(inexact)}\`, a number that JSON cannot carry: write it as a string`;
  copy(text, start, end, out);
  return null;
};

/** On a queue of text, a JSON string is its text; any other value is its JSON, with all its digits. */
const jsonToText: Writer = (text, start, end, out, sound) => {
  if (!sound && !isUtf8(text.subarray(start, end))) return 'is not UTF-8, as JSON must be';
  const value = parse(text, start, end);
  if (value === undefined) return 'is not JSON';
  if (typeof value === 'string') append(out, Buffer.from(value));
  else copy(text, start, end, out);
  return null;
};

function parse(text: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(text.toString('utf8', start, end));
  } catch {
    return undefined;
  }
}

function shown(number: string): string {
  return number.length > 40 ? `${number.slice(0, 39)}…` : number;
}

function needsEscape(text: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = text[at] as number;
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return true;
  }
  return false;
}

function copy(text: Buffer, start: number, end: number, out: Output): void {
  const { bytes } = out;
  if (end - start > SHORT) {
    text.copy(bytes, out.at, start, end);
  } else {
    for (let from = start, to = out.at; from < end; from += 1, to += 1) bytes[to] = text[from] as number;
  }
  out.at += end - start;
}

function append(out: Output, bytes: Buffer): void {
  reserve(out, bytes.length);
  out.bytes.set(bytes, out.at);
  out.at += bytes.length;
}

/** Makes sure that so many bytes can be written. Returns where. */
function reserve(out: Output, length: number): number {
  if (out.at + length > out.bytes.length) {
    const larger = Buffer.allocUnsafeSlow(2 * (out.at + length));
    out.bytes.copy(larger, 0, 0, out.at);
    out.bytes = larger;
  }
  return out.at;
}

function countLines(text: Buffer): number {
  let lines = 0;
  for (const byte of text) if (byte === LF) lines += 1;
  return lines;
}

function tooLong(line: number, before: Items): Miswired {
  return new Miswired(`line ${line} is longer than 16 MiB`, before);
}
