// How deep a JSON text is nested: what is deeper than programs may put is refused, since some of them could not read it.

/** As deep as lists and maps may stand in each other. */
const MOST_LEVELS = 500;

/** What is wrong then. */
export const TOO_DEEP = `is nested more than ${MOST_LEVELS} levels deep`;

/** Whether it goes deeper than that. That the text is JSON was seen before. */
export function isTooDeep(text: Buffer, start: number, end: number): boolean {
  // Every level has an opening and a closing byte.
  if (end - start <= 2 * MOST_LEVELS) return false;
  let level = 0;
  for (let at = start; at < end; at += 1) {
    const byte = text[at];
    if (byte === QUOTE) {
      for (at += 1; text[at] !== QUOTE; at += 1) if (text[at] === BACKSLASH) at += 1;
    } else if (byte === OPEN_LIST || byte === OPEN_MAP) {
      level += 1;
      if (level > MOST_LEVELS) return true;
    } else if (byte === CLOSE_LIST || byte === CLOSE_MAP) {
      level -= 1;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
