// The forms in which a secret is recognised. A form is a row of units, each with the byte sequences that may stand for it, so that a text
// is found however each of its characters was escaped: as it is, for a URL, in JSON (and JSON in JSON), by a shell, in HTML.

import { isLongEnough } from '../plan/secret-length.ts';

/** What one character, or one digit of an encoding, may be written as. */
export interface Unit {
  /** None is empty. */
  readonly spellings: readonly Uint8Array[];
  /** The byte that stands for it where no other spelling starts with that byte; else -1. */
  readonly plain: number;
  /** 1 for each byte that a spelling starts with. */
  readonly starts: Uint8Array;
}

export interface Form {
  readonly units: readonly Unit[];
  /** Encoders break it over lines, and a break is no part of it. */
  readonly folds: boolean;
}

/** All forms of one secret. */
export function formsOf(secret: string): readonly Form[] {
  const bytes = Buffer.from(secret);
  return [
    ...textsOf(secret).map((text) => ({ units: Array.from(text, escapesOf), folds: false })),
    ...base64Of(bytes).map((text) => ({ units: Array.from(text, base64Unit), folds: true })),
    { units: Array.from(bytes.toString('hex'), hexUnit), folds: true },
  ];
}

/** The whole, and each of its lines: programs indent, prefix and cut at lines. */
function textsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r\n|\r|\n/).map((line) => line.trim());
  return [...new Set([secret, ...lines.filter(isLongEnough)])];
}

/**
 * What of its Base64 is the same whatever stands before and after it, for each of the three places it may have in a group. The
 * characters at the edges carry bits of their neighbours and are left out.
 */
function base64Of(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const isMixed = (before + bytes.length) % 3 !== 0;
    return text.slice(before === 0 ? 0 : before + 1, isMixed ? -1 : undefined);
  });
}

const escapesOf = remembering(spellings);

/** In both alphabets, and in a URL or in JSON. */
const base64Unit = remembering((character) => {
  if (character === '+') return ['+', '-', '%2B', '%2b'];
  return character === '/' ? ['/', '_', '%2F', '%2f', '\\/'] : [character];
});

const hexUnit = remembering((digit) => [digit, digit.toUpperCase()]);

function spellings(character: string): readonly string[] {
  const json = JSON.stringify(character).slice(1, -1);
  const utf16 = [...Array(character.length).keys()].map((at) => character.charCodeAt(at));
  const escaped = utf16.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  const inJson = [json, escaped, ...(character === '/' ? ['\\/'] : [])];
  const bytes = [...Buffer.from(character)].map((byte) => byte.toString(16).padStart(2, '0'));
  const percent = bytes.map((byte) => `%${byte}`).join('');
  const plain = [
    character,
    ...inJson,
    // JSON inside of JSON.
    ...inJson.map((text) => JSON.stringify(text).slice(1, -1)),
    percent,
    percent.replaceAll('%', '%25'),
    bytes.map((byte) => `\\x${byte}`).join(''),
    bytes.map((byte) => `\\${Number.parseInt(byte, 16).toString(8).padStart(3, '0')}`).join(''),
    ...(/[\p{P}\p{S} ]/u.test(character) ? [`\\${character}`] : []),
    ...(special[character] ?? []),
  ];
  return [...plain, ...plain.filter((text) => text !== character).map(upper)];
}

/** In capitals, but for the letters that say how it is escaped. */
function upper(text: string): string {
  return text.replace(
    /(\\?\\[ux])?([0-9a-f]+)/g,
    (_, mark: string | undefined, digits: string) => `${mark ?? ''}${digits.toUpperCase()}`,
  );
}

/** What a shell, a form, HTML or a terminal makes of these. */
const special: Readonly<Record<string, readonly string[]>> = {
  ' ': ['+'],
  '\n': ['\r\n'],
  "'": ["'\\''", `'"'"'`, "''", '&#39;', '&#x27;', '&apos;'],
  '"': ['""', '&quot;', '&#34;'],
  '&': ['&amp;'],
  '<': ['&lt;'],
  '>': ['&gt;'],
};

/** Secrets are long, and made of few characters. */
function remembering(spell: (character: string) => readonly string[]): (character: string) => Unit {
  const units = new Map<string, Unit>();
  return (character) => {
    const unit = units.get(character) ?? unitOf(spell(character));
    units.set(character, unit);
    return unit;
  };
}

function unitOf(texts: readonly string[]): Unit {
  const [first, ...others] = [...new Set(texts)].map((text) => Buffer.from(text));
  if (first === undefined) throw new Error('Internal error: a character without a spelling');
  const isPlain = first.length === 1 && others.every((other) => other[0] !== first[0]);
  const starts = new Uint8Array(256);
  for (const bytes of [first, ...others]) starts[bytes[0] as number] = 1;
  return { spellings: [first, ...others], starts, plain: isPlain ? (first[0] as number) : -1 };
}
