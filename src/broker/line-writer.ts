// Makes lines of items, for a process that reads them from its stdin: `lines` gives a text, or bytes, as they are, `json` one
// JSON value a line.
import type { QueueChannel } from '../plan/plan.ts';
import { type Items, SIZE_FIELD, sizeAt } from '../wire/items.ts';

/** The lines of `items`, each with an LF. */
export function linesOf(items: Items, encoding: QueueChannel['encoding'], format: 'lines' | 'json'): Buffer {
  const write = writerFor(encoding, format);
  const out: Output = { bytes: Buffer.allocUnsafeSlow(items.size + items.count), at: 0 };
  const { bytes } = items;
  for (let at = 0, left = items.count; left > 0; left -= 1) {
    const start = at + SIZE_FIELD;
    at = start + sizeAt(bytes, at);
    write(bytes, start, at, out);
    reserve(out, 1);
    out.bytes[out.at] = LF;
    out.at += 1;
  }
  return out.bytes.subarray(0, out.at);
}

function writerFor(encoding: QueueChannel['encoding'], format: 'lines' | 'json'): Writer {
  if (encoding === 'json') return format === 'json' ? oneLine : unquoted;
  return encoding === 'text' && format === 'json' ? textAsJson : asItIs;
}

interface Output {
  bytes: Buffer;
  at: number;
}

type Writer = (bytes: Buffer, start: number, end: number, out: Output) => void;

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SHORT = 96;

const asItIs: Writer = (bytes, start, end, out) => {
  reserve(out, end - start);
  if (end - start > SHORT) {
    bytes.copy(out.bytes, out.at, start, end);
  } else {
    for (let from = start, to = out.at; from < end; from += 1, to += 1) out.bytes[to] = bytes[from] as number;
  }
  out.at += end - start;
};

/** A JSON string is its text; any other value is its JSON, and what is no JSON, which only a broken SDK puts, is itself. */
const unquoted: Writer = (bytes, start, end, out) => {
  if (end - start < 2 || bytes[start] !== QUOTE || bytes[end - 1] !== QUOTE) return oneLine(bytes, start, end, out);
  if (isPlain(bytes, start + 1, end - 1)) return asItIs(bytes, start + 1, end - 1, out);
  try {
    append(out, String(JSON.parse(bytes.toString('utf8', start, end))));
  } catch {
    oneLine(bytes, start, end, out);
  }
};

const textAsJson: Writer = (bytes, start, end, out) => append(out, JSON.stringify(bytes.toString('utf8', start, end)));

/** Line breaks in JSON stand between its parts, where a space does as well. */
const oneLine: Writer = (bytes, start, end, out) => {
  const from = out.at;
  asItIs(bytes, start, end, out);
  for (let at = from; at < out.at; at += 1) if (out.bytes[at] === LF) out.bytes[at] = 0x20;
};

/** Whether a JSON string between these places is its own text. */
export function isPlain(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === BACKSLASH) return false;
  return true;
}

function append(out: Output, text: string): void {
  const bytes = Buffer.from(text);
  reserve(out, bytes.length);
  out.bytes.set(bytes, out.at);
  out.at += bytes.length;
}

function reserve(out: Output, length: number): void {
  if (out.at + length <= out.bytes.length) return;
  const larger = Buffer.allocUnsafeSlow(2 * (out.at + length));
  out.bytes.copy(larger, 0, 0, out.at);
  out.bytes = larger;
}
