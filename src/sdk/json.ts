// JSON text of a value that comes out of a queue as it went in. JSON.stringify alone would turn NaN to null and a promise
// to {}: what is not JSON is refused here, where it was put, with the path to it.

export function toJson(value: unknown): string {
  return jsonOf(value, 'the item');
}

/** `whole`: what it is called where it is not JSON. */
export function jsonOf(value: unknown, whole: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
    if (isJson(value, 0)) return text as string;
  } catch (error) {
    throw new TypeError(`not JSON: ${reasonOf(error as Error)}`, { cause: error });
  }
  throw new TypeError(`not JSON: ${describe(value, whole, 0)}`);
}

/** As deep as lists and objects may stand in each other: Python’s reader gives up before a thousand. */
const MOST_LEVELS = 500;
const TOO_DEEP = `it is nested more than ${MOST_LEVELS} levels deep`;

/** Only what JSON.stringify has accepted: without cycles, that is. */
function isJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isJsonNumber(value);
    case 'object':
      return value === null || isJsonObject(value, depth + 1);
    default:
      return false;
  }
}

/** An integer that its digits alone would say wrongly is none; from 1e21 on numbers are written as floating-point ones. */
function isJsonNumber(value: number): boolean {
  return (
    Number.isSafeInteger(value) || (Number.isFinite(value) && (!Number.isInteger(value) || Math.abs(value) >= 1e21))
  );
}

function isJsonObject(value: object, depth: number): boolean {
  if (depth > MOST_LEVELS) throw new RangeError(TOO_DEEP);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) if (!isJson(value[index], depth)) return false;
    return true;
  }
  if (isOpaque(value)) return false;
  if (typeof (value as Convertible).toJSON === 'function') return isJson((value as Convertible).toJSON(), depth);
  for (const key of Object.keys(value))
    if (!isJson((value as Readonly<Record<string, unknown>>)[key], depth)) return false;
  return true;
}

interface Convertible {
  toJSON(): unknown;
}

/** Of these JSON.stringify shows something else than what they hold. */
function isOpaque(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return false;
  return (
    ArrayBuffer.isView(value) ||
    OPAQUE.some((type) => value instanceof type) ||
    (value instanceof Date && Number.isNaN(value.getTime()))
  );
}

const OPAQUE = [Map, Set, Promise, WeakMap, WeakSet, WeakRef, ArrayBuffer, SharedArrayBuffer, RegExp, Error];

/** Names the first thing in `value` that is not JSON, for the one who put it. */
function describe(value: unknown, path: string, depth: number): string {
  if (typeof value !== 'object' || value === null || isOpaque(value)) return `${path} is ${nameOf(value)}`;
  if (typeof (value as Convertible).toJSON === 'function')
    return describe((value as Convertible).toJSON(), path, depth + 1);
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const inner = (value as Readonly<Record<string | number, unknown>>)[key];
    if (!isJson(inner, depth))
      return describe(inner, depth === 0 ? `\`${key}\`` : `${path.slice(0, -1)}.${key}\``, depth + 1);
  }
  return `${path} is ${nameOf(value)}`;
}

function nameOf(value: unknown): string {
  if (typeof value === 'number') return `${value}${Number.isInteger(value) ? ', an integer beyond 2^53' : ''}`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (value instanceof Promise) return 'a Promise: `await` it first';
  if (value instanceof Uint8Array) return 'bytes: a queue with `encoding: bytes` takes them';
  if (value instanceof Date) return 'a Date that is no date';
  return typeof value === 'object' && value !== null ? `a ${value.constructor.name}` : String(value);
}

/** V8 says where the cycle is over several lines. */
function reasonOf(error: Error): string {
  if (error instanceof RangeError && error.message.includes('stack')) return TOO_DEEP;
  return (error.message.split('\n')[0] as string).replace(
    /^Converting circular structure to JSON$/,
    'it contains itself',
  );
}
