// What `from` says, as items: values, the lines of a file, the values of a JSON file, or the paths that match a pattern. A file
// is read only when it is asked for more, so that one of any size can be.
import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import type { Origin, QueueChannel } from '../plan/plan.ts';
import { type Items, itemsOf } from '../wire/items.ts';
import { pathsMatching } from './glob.ts';
import { TooMuch } from './glob-pattern.ts';
import { type Judge, words } from './judge.ts';
import { JsonArray } from './json-array.ts';
import { JsonLines, JsonLook } from './json-lines.ts';
import { type FileCutter, Malformed } from './json-value.ts';
import { LineCutter, Miswired } from './line-cutter.ts';

export interface Supply {
  /** The next items; null at the end. Throws `Unsuppliable`. */
  next(): Promise<Items | null>;
  close(): Promise<void>;
}

/** It is not there, or not what it is read as: in words that go on from `its `from``. */
export class Unsuppliable extends Error {
  override readonly name = 'Unsuppliable';
}

type Encoding = QueueChannel['encoding'];
type FileOrigin = Extract<Origin, { type: 'lines' | 'json' }>;

/** Throws `Unsuppliable`. */
export async function openSupply(origin: Origin, encoding: Encoding, judge: Judge | null): Promise<Supply> {
  if (origin.type === 'values') {
    const items = origin.values.map((value) => bytesOf(value, encoding));
    return new ListSupply(items, (index) => `value ${index + 1}`, judge);
  }
  if (origin.type === 'glob') {
    const found = await orUnsuppliable(origin.pattern, pathsMatching(origin.pattern, origin.folder));
    const items = found.map((path) => pathAsItem(path, encoding));
    return new ListSupply(items, (index) => `\`${String(found[index])}\``, judge);
  }
  const file = await orUnsuppliable(origin.path, openFile(origin.path));
  return new FileSupply(file, origin, encoding, judge);
}

/** On a queue of JSON any value is its JSON; elsewhere a text is itself. */
function bytesOf(value: unknown, encoding: Encoding): Buffer {
  return Buffer.from(encoding !== 'json' && typeof value === 'string' ? value : JSON.stringify(value));
}

function pathAsItem(path: Buffer, encoding: Encoding): Buffer {
  if (encoding === 'bytes') return path;
  if (isUtf8(path)) return bytesOf(path.toString(), encoding);
  throw new Unsuppliable(`the name \`${path.toString()}\` is not UTF-8, as an item of this queue must be`);
}

class ListSupply implements Supply {
  readonly #items: readonly Buffer[];
  readonly #nameOf: (index: number) => string;
  readonly #judge: Judge | null;
  #given = 0;

  constructor(items: readonly Buffer[], nameOf: (index: number) => string, judge: Judge | null) {
    this.#items = items;
    this.#nameOf = nameOf;
    this.#judge = judge;
  }

  async next(): Promise<Items | null> {
    const some: Buffer[] = [];
    for (
      let item = this.#items[this.#given];
      item !== undefined && some.length < FEW;
      item = this.#items[this.#given]
    ) {
      const misfit = this.#judge?.(item) ?? null;
      if (misfit !== null && some.length === 0) {
        throw new Unsuppliable(`${this.#nameOf(this.#given)} ${words(misfit)}`);
      }
      if (misfit !== null) break;
      some.push(item);
      this.#given += 1;
    }
    return some.length === 0 ? null : itemsOf(some);
  }

  async close(): Promise<void> {}
}

class FileSupply implements Supply {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #type: 'lines' | 'json';
  readonly #encoding: Encoding;
  readonly #judge: Judge | null;
  #cutter: FileCutter | null = null;
  #size = 0;
  #position = 0;
  /** What is wrong with what comes next. */
  #complaint: string | null = null;
  #ended = false;

  constructor(file: FileHandle, { path, type }: FileOrigin, encoding: Encoding, judge: Judge | null) {
    this.#file = file;
    this.#path = path;
    this.#type = type;
    this.#encoding = encoding;
    this.#judge = judge;
  }

  async next(): Promise<Items | null> {
    this.#cutter ??= await orUnsuppliable(this.#path, this.#begin());
    for (;;) {
      if (this.#complaint !== null) throw new Unsuppliable(this.#complaint);
      if (this.#ended) return null;
      const items = await this.#more(this.#cutter);
      if (items.count > 0) return items;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #begin(): Promise<FileCutter> {
    this.#size = (await this.#file.stat()).size;
    if (this.#type === 'lines') return new LineCutter(this.#encoding, 'lines', this.#judge);
    const reading = { bare: this.#encoding !== 'json', judge: this.#judge };
    const start = await this.#startOfText();
    const form = await this.#formFrom(start);
    this.#position = start;
    return form === 'array' ? new JsonArray(reading) : new JsonLines(reading);
  }

  /** Behind a byte order mark. */
  async #startOfText(): Promise<number> {
    const head = await this.#read(0, BYTE_ORDER_MARK.length);
    return head.equals(BYTE_ORDER_MARK) ? head.length : 0;
  }

  async #formFrom(start: number): Promise<'array' | 'lines'> {
    const look = new JsonLook();
    for (let at = start; ; ) {
      const chunk = await this.#read(at, CHUNK);
      if (chunk.length === 0) return 'array';
      const form = look.look(chunk);
      if (form !== null) return form;
      at += chunk.length;
    }
  }

  async #more(cutter: FileCutter): Promise<Items> {
    const chunk = await orUnsuppliable(this.#path, this.#read(this.#position, CHUNK));
    this.#position += chunk.length;
    try {
      if (chunk.length > 0) return cutter.cut(chunk);
      this.#ended = true;
      if (this.#position < this.#size) {
        this.#complaint = `\`${this.#path}\` became shorter while it was read`;
      }
      return cutter.end();
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof Miswired)) throw error;
      this.#complaint = `\`${this.#path}\`: ${error.message}`;
      return error.before;
    }
  }

  /** Into memory of its own, which cutters keep parts of. */
  async #read(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafeSlow(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Unsuppliable(`\`${path}\` is not a regular file`);
}

async function orUnsuppliable<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TooMuch) throw new Unsuppliable(error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Unsuppliable(
      code === 'ENOENT' || code === 'ENOTDIR' ? `\`${path}\` is not there` : `\`${path}\` cannot be read (${message})`,
    );
  }
}

const CHUNK = 64 * 1024;
/** Of a list, at a time. */
const FEW = 1024;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
