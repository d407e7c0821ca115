// What the bytes of an item mean, by the queue's `encoding`: the way from a value to bytes and back.
import { eachItem, type Items, SIZE_FIELD, sizeAt } from '../wire/items.ts';
import { Limit, type WelcomeLine } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { toJson } from './json.ts';

export interface Encoding {
  /** Writes a put of `value`; gives its size, or -1 and nothing is written where it is larger than `most` bytes. */
  put(writer: FrameWriter, channel: number, value: unknown, most: number): number;
  /** The bytes of `value`, which do not change when it does. */
  encode(value: unknown): Uint8Array;
  /** The values of all items; the bytes may be written over. */
  decode(items: Items): Decoded;
  /** The values do not look into the bytes that they were read from. */
  readonly copies: boolean;
  /** The bytes of `value` as they lie, where they are bytes: they change when it does. */
  view?(value: unknown): Uint8Array;
}

export interface Decoded {
  readonly values: unknown[];
  /** Some of them are `Undecodable`. */
  readonly flawed: boolean;
}

const json: Encoding = {
  put: (writer, channel, value, most) => writer.putText(channel, toJson(value), most),
  encode: (value) => carried(Buffer.from(toJson(value))),
  decode: (items) => (items.count === 1 ? decodeOne(items) : undefined) ?? decodeTogether(items) ?? decodeEach(items),
  copies: true,
};

const text: Encoding = {
  put: (writer, channel, value, most) => writer.putText(channel, checkText(value), most),
  encode: (value) => carried(Buffer.from(checkText(value))),
  decode(items) {
    const bytes = items.bytes as Readable;
    const { count } = items;
    if (count === 1) return { values: [bytes.utf8Slice(SIZE_FIELD, bytes.length)], flawed: false };
    const values: string[] = [];
    let at = 0;
    for (let index = 0; index < count; index += 1) {
      const from = at + SIZE_FIELD;
      at = from + sizeAt(bytes, at);
      values.push(bytes.utf8Slice(from, at));
    }
    return { values, flawed: false };
  },
  copies: true,
};

/** With the part of Node's `toString` that reads, without its checks: it is called for every item. */
type Readable = Buffer & { utf8Slice(start: number, end: number): string };

const bytes: Encoding = {
  put(writer, channel, value, most) {
    const item = checkBytes(value);
    if (item.length > most) return -1;
    writer.putBytes(channel, item, true);
    return item.length;
  },
  encode: (value) => Buffer.from(carried(checkBytes(value))),
  decode: (items) => ({ values: Array.from(eachItem(items), own), flawed: false }),
  copies: false,
  view: checkBytes,
};

export function encodingOf(queue: WelcomeLine): Encoding {
  if (queue.encoding === 'json') return json;
  if (queue.encoding === 'text') return text;
  return bytes;
}

/** A small item must not keep alive all that came with it. */
function own(item: Buffer): Buffer {
  return item.length < 4096 ? Buffer.from(item) : item;
}

/** Bytes that are an item as they are, whatever the encoding. */
export class Encoded {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** The encoding of a pipe: takes what is encoded already, too, and leaves it to the program how a message is to be read. */
export function messagesOf(pipe: WelcomeLine): Encoding {
  const encoding = encodingOf(pipe);
  return {
    put: (writer, channel, value, most) =>
      value instanceof Encoded
        ? bytes.put(writer, channel, value.bytes, most)
        : encoding.put(writer, channel, value, most),
    encode: (value) => (value instanceof Encoded ? bytes.encode(value.bytes) : encoding.encode(value)),
    decode: (items) => bytes.decode(items),
    copies: false,
  };
}

/** What one message of a pipe says. */
export function messageReader(pipe: WelcomeLine): (message: Buffer) => unknown {
  if (pipe.encoding === 'text') return (message) => message.toString('utf8');
  if (pipe.encoding !== 'json') return (message) => message;
  return (message) => {
    try {
      return JSON.parse(message.toString('utf8'));
    } catch {
      throw new Error(`\`${pipe.name}\`: ${new Undecodable(message).message}`);
    }
  };
}

/** A copy of a value whose encoding is not known yet: later changes to it must not be seen. */
export function snapshot(value: unknown): unknown {
  if (value instanceof Encoded) return new Encoded(Buffer.from(value.bytes));
  if (value instanceof Uint8Array) return Buffer.from(value);
  return typeof value === 'object' && value !== null ? JSON.parse(toJson(value)) : value;
}

function decodeOne({ bytes: run }: Items): Decoded | undefined {
  try {
    return { values: [JSON.parse((run as Readable).utf8Slice(SIZE_FIELD, run.length))], flawed: false };
  } catch {
    return undefined;
  }
}

/**
 * Many values are parsed faster as one array: each size field becomes the comma before its item. Gives nothing where what
 * comes out cannot be these items, which happens when one of them is no JSON.
 */
function decodeTogether(items: Items): Decoded | undefined {
  if (items.count < 2) return undefined;
  const { bytes: run, count } = items;
  const sizes: number[] = [];
  for (let index = 0, at = 0; index < count; index += 1) {
    const size = sizeAt(run, at);
    sizes.push(size);
    run.writeUInt32BE(COMMA, at);
    at += SIZE_FIELD + size;
  }
  run[SIZE_FIELD - 1] = SPACE;
  try {
    const values = JSON.parse(`[${run.toString('utf8')}]`) as unknown[];
    if (values.length === count) return { values, flawed: false };
  } catch {
    // Which item it is comes out below.
  }
  for (let index = 0, at = 0; index < count; index += 1) {
    run.writeUInt32BE(sizes[index] as number, at);
    at += SIZE_FIELD + (sizes[index] as number);
  }
  return undefined;
}

const COMMA = Buffer.from('   ,').readUInt32BE();
const SPACE = 0x20;

function decodeEach(items: Items): Decoded {
  const values: unknown[] = [];
  let flawed = false;
  for (const item of eachItem(items)) {
    try {
      values.push(JSON.parse(item.toString('utf8')));
    } catch {
      values.push(new Undecodable(item));
      flawed = true;
    }
  }
  return { values, flawed };
}

/** Stands for an item that is not what the queue's encoding promises, until somebody takes it. */
export class Undecodable {
  readonly message: string;

  constructor(item: Buffer) {
    const shown = JSON.stringify(item.toString('utf8', 0, SHOWN));
    this.message = `an item is not JSON: ${shown}${item.length > SHOWN ? '…' : ''}`;
  }
}

const SHOWN = 60;

/** Nobody is ever given room for more. */
function carried<Bytes extends Uint8Array>(item: Bytes): Bytes {
  if (item.length <= Limit.ITEM) return item;
  throw new TypeError(`the item has ${item.length} bytes, and the largest that is carried is 1 GiB`);
}

function checkText(value: unknown): string {
  // In Node since 20, in TypeScript's library since es2024.
  if (typeof value === 'string' && (value as string & { isWellFormed(): boolean }).isWellFormed()) return value;
  if (typeof value === 'string') throw new TypeError('not text: it has half a surrogate pair, which UTF-8 cannot say');
  throw new TypeError(`a queue with \`encoding: text\` takes strings, not ${typeof value}`);
}

function checkBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`a queue with \`encoding: bytes\` takes a Buffer or Uint8Array, not ${typeof value}`);
}
