// One item as the program that works on it gets it, on its stdin and in `$ITEM`: a text as it is, any other value as its JSON, bytes
// as they are; byte for byte, and without an end of line.
import { isUtf8 } from 'node:buffer';
import type { QueueChannel } from '../plan/plan.ts';
import { isPlain } from './line-writer.ts';

export interface BareItem {
  readonly bytes: Buffer;
  /** It is a text, and not a value in JSON. */
  readonly isText: boolean;
}

/** Looks into the same memory where it can. */
export function bareItem(item: Buffer, encoding: QueueChannel['encoding']): BareItem {
  if (encoding !== 'json') return { bytes: item, isText: true };
  const last = item.length - 1;
  if (last < 1 || item[0] !== QUOTE || item[last] !== QUOTE) return { bytes: item, isText: false };
  if (isPlain(item, 1, last)) return { bytes: item.subarray(1, last), isText: true };
  try {
    return { bytes: Buffer.from(String(JSON.parse(item.toString('utf8')))), isText: true };
  } catch {
    // Longer than a text can be here, or what only a broken SDK puts.
    return { bytes: item, isText: false };
  }
}

/** As it can be told to the runner: in UTF-8, or else in base64. */
export function tellable(bytes: Buffer): { readonly text: string } | { readonly base64: string } {
  return isUtf8(bytes) ? { text: bytes.toString('utf8') } : { base64: bytes.toString('base64') };
}

const QUOTE = 0x22;
