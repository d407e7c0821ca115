// What the cutters of JSON files share: when a value is one, and the item that it makes. Values keep their digits as they are
// written; what is no JSON is `Malformed`, and told with where it stands.
import { isUtf8 } from 'node:buffer';
import type { Items } from '../wire/items.ts';
import { isTooDeep, TOO_DEEP } from './depth.ts';
import { inexactNumber } from './inexact-number.ts';
import { type Judge, words } from './judge.ts';

export interface FileCutter {
  /** The items that end in `chunk`, which must not be written to afterwards. */
  cut(chunk: Buffer): Items;
  /** What there is at the end of the file. */
  end(): Items;
}

/** How values become items. */
export interface Reading {
  /** The item of a text is the text, not its JSON. */
  readonly bare: boolean;
  readonly judge: Judge | null;
}

/** The file is not what it is read as. What stood before that place are items like any other. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  readonly before: Items;

  constructor(message: string, before: Items) {
    super(message);
    this.before = before;
  }
}

/** Values longer than this are refused. */
export const LONGEST_VALUE = 16 * 1024 * 1024;

export const NOT_JSON = 'is not JSON';

/** A value as an item, or what is wrong with it. */
export function itemOf(value: Buffer, { bare, judge }: Reading): Buffer | string {
  if (value.length > LONGEST_VALUE) return 'is longer than 16 MiB';
  if (!isUtf8(value)) return 'is not UTF-8, as JSON must be';
  let parsed: unknown;
  try {
    parsed = JSON.parse(value.toString());
  } catch {
    return NOT_JSON;
  }
  if (bare) return judged(typeof parsed === 'string' ? Buffer.from(parsed) : onOneLine(value), judge);
  if (isTooDeep(value, 0, value.length)) return TOO_DEEP;
  const inexact = inexactNumber(value, 0, value.length);
  if (inexact === null) return judged(value, judge);
  const shown = inexact.length > 40 ? `${inexact.slice(0, 39)}…` : inexact;
  return `holds \`${shown}\`, a number that JSON cannot carry: write it as a string`;
}

function judged(item: Buffer, judge: Judge | null): Buffer | string {
  const misfit = judge?.(item) ?? null;
  return misfit === null ? item : words(misfit);
}

/** Line breaks in JSON stand between its parts, where a space does as well. */
function onOneLine(value: Buffer): Buffer {
  if (!value.includes(LF)) return value;
  return Buffer.from(value).map((byte) => (byte === LF ? 0x20 : byte)) as Buffer;
}

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09;
}

export const LF = 0x0a;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_MAP = 0x7b;
export const CLOSE_MAP = 0x7d;
