// Finds a number in a line of JSON that its reader would take for another one, as `put` refuses it in a program: an integer
// beyond the safe ones, or what is so large that it would be read as Infinity. Lines without one are hardly looked at. That
// the line is JSON at all was seen before.

/** The first such number as it is written, or null. */
export function inexactNumber(text: Buffer, start: number, end: number): string | null {
  return mayHold(text, start, end) ? search(text, start, end) : null;
}

/** Only many digits, or an exponent of three, can make such a number; every third byte is enough to meet three in a row. */
function mayHold(text: Buffer, start: number, end: number): boolean {
  for (let at = start + 2; at < end; at += 3) {
    if (!isDigit(text[at])) continue;
    let first = at;
    while (first > start && isDigit(text[first - 1])) first -= 1;
    while (at + 1 < end && isDigit(text[at + 1])) at += 1;
    const digits = at + 1 - first;
    if (digits >= SHORTEST_UNSAFE || (digits >= 3 && first > start && isBeforeExponent(text[first - 1]))) return true;
  }
  return false;
}

function search(text: Buffer, start: number, end: number): string | null {
  for (let at = start; at < end; at += 1) {
    const byte = text[at];
    if (byte === QUOTE) at = endOfString(text, at);
    else if (isDigit(byte)) {
      const first = text[at - 1] === MINUS && at > start ? at - 1 : at;
      while (at + 1 < end && isOfNumber(text[at + 1])) at += 1;
      const number = text.toString('latin1', first, at + 1);
      if (!isExact(number)) return number;
    }
  }
  return null;
}

/** The offset of the quote that closes the string. */
function endOfString(text: Buffer, start: number): number {
  let at = start + 1;
  for (; text[at] !== QUOTE; at += 1) if (text[at] === BACKSLASH) at += 1;
  return at;
}

/** Whoever writes a point or an exponent means a floating-point number, which has the digits that it has. */
function isExact(number: string): boolean {
  const value = Number(number);
  return /[.eE]/.test(number) ? Number.isFinite(value) : Number.isSafeInteger(value);
}

/** 9007199254740992 has 16. */
const SHORTEST_UNSAFE = 16;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isBeforeExponent(byte: number | undefined): boolean {
  return byte === LOWER_E || byte === UPPER_E || byte === PLUS;
}

function isOfNumber(byte: number | undefined): boolean {
  return isDigit(byte) || byte === POINT || byte === MINUS || isBeforeExponent(byte);
}
