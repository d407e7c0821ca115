// Takes secrets out of bytes, texts and values: in place of each stands `***`. A machine: a stream of bytes comes in any pieces and
// goes out exact but for the secrets; only what may be the beginning of one is held back, and whoever owns the clock may let go of it.
import { shortestSecret } from '../plan/secret-length.ts';
import { type Form, formsOf, type Unit } from './secret-forms.ts';

export const MASK = '***';
const mask = Buffer.from(MASK);

export class Masker {
  /** Whether a form can start with this byte, or with these two. */
  readonly #first = new Uint8Array(256);
  readonly #pairs = new Uint16Array(65_536);
  /** Those that can start with a pair of bytes; the first list is that of no pair. */
  readonly #lists: Form[][] = [[]];
  /** How much of the beginning of a secret may be shown: it gives nothing away. */
  readonly harmless: number;

  constructor(secrets: Iterable<string>) {
    let shortest = Number.POSITIVE_INFINITY;
    for (const secret of new Set(secrets)) {
      shortest = Math.min(shortest, Buffer.byteLength(secret));
      for (const form of formsOf(secret)) this.#learn(form);
    }
    this.harmless = Math.min(3, Math.floor(shortest / shortestSecret));
  }

  stream(): MaskedStream {
    return new MaskedStream(this);
  }

  text(text: string): string {
    const bytes = Buffer.from(text);
    const found = this.#findAll(bytes);
    if (found.length === 0) return text;
    const parts: Uint8Array[] = [];
    let end = 0;
    for (const span of found) {
      if (span.start >= end) parts.push(bytes.subarray(end, span.start), mask);
      end = Math.max(end, span.end);
    }
    return Buffer.concat([...parts, bytes.subarray(end)]).toString();
  }

  #findAll(bytes: Uint8Array): Span[] {
    const found: Span[] = [];
    for (let at = this.next(bytes, 0); at < bytes.length; at = this.next(bytes, at + 1)) {
      const { end } = this.at(bytes, at, true);
      if (end > at) found.push({ start: at, end });
    }
    return found;
  }

  /** Where the next one may start. */
  next(bytes: Uint8Array, from: number): number {
    const pairs = this.#pairs;
    const last = bytes.length - 1;
    let at = from;
    let byte = bytes[at] as number;
    while (at < last) {
      const following = bytes[at + 1] as number;
      if (pairs[(byte << 8) | following] !== 0) return at;
      byte = following;
      at++;
    }
    return at === last && this.#first[byte] === 1 ? at : bytes.length;
  }

  /** The end of the longest secret that starts here, else 0; and whether what follows could make one, or a longer one, of it. */
  at(bytes: Uint8Array, start: number, whole = false): Reach {
    if (start === bytes.length - 1) return toBeSeen;
    const pair = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
    const forms = this.#lists[this.#pairs[pair] as number] as Form[];
    let end = 0;
    let open = false;
    for (let index = 0; index < forms.length; index++) {
      const reach = follow(forms[index] as Form, bytes, start, whole);
      if (reach === OPEN) open = true;
      else if (reach > end) end = reach;
    }
    return end === 0 && !open ? nothing : { end, open };
  }

  #learn(form: Form): void {
    const [first, second] = form.units;
    if (!first || !second) throw new Error('Internal error: a secret of one character');
    const behind = new Set([
      ...second.spellings.map((bytes) => bytes[0] as number),
      ESC,
      ...(form.folds ? [CR, LF] : []),
    ]);
    for (const bytes of first.spellings) {
      const byte = bytes[0] as number;
      this.#first[byte] = 1;
      for (const next of bytes.length > 1 ? [bytes[1] as number] : behind) {
        const pair = (byte << 8) | next;
        if (this.#pairs[pair] === 0) this.#pairs[pair] = this.#lists.push([]) - 1;
        const forms = this.#lists[this.#pairs[pair] as number] as Form[];
        if (forms.at(-1) !== form) forms.push(form);
      }
    }
  }
}

interface Reach {
  readonly end: number;
  readonly open: boolean;
}

const nothing: Reach = { end: 0, open: false };
const toBeSeen: Reach = { end: 0, open: true };

interface Span {
  readonly start: number;
  readonly end: number;
}

/** One stream of bytes. */
export class MaskedStream {
  readonly #masker: Masker;
  #kept: Buffer = Buffer.alloc(0);
  /** So much of what is kept is out already, as it is or as a part of a mask. */
  #settled = 0;
  #masked = false;

  constructor(masker: Masker) {
    this.#masker = masker;
  }

  /** Whether something waits for what comes after it. */
  get holds(): boolean {
    return this.#kept.length > this.#settled;
  }

  push(bytes: Buffer): Buffer {
    return this.#pass(this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]), false);
  }

  /** Nothing has come for a while: what gives nothing away is let go, and still belongs to the secret that may follow. */
  settle(): Buffer {
    if (this.#kept.length > this.#masker.harmless) return Buffer.alloc(0);
    const shown = Buffer.from(this.#kept.subarray(this.#settled));
    if (shown.length > 0) this.#masked = false;
    this.#settled = this.#kept.length;
    return shown;
  }

  /** No more comes. */
  end(): Buffer {
    return this.#pass(this.#kept, true);
  }

  #pass(bytes: Buffer, ended: boolean): Buffer {
    const masker = this.#masker;
    const out: Uint8Array[] = [];
    let hold = bytes.length;
    for (let at = masker.next(bytes, 0); at < bytes.length; at = masker.next(bytes, at + 1)) {
      const { end, open } = masker.at(bytes, at);
      if (open && !ended && at < hold) hold = at;
      if (end <= this.#settled) continue;
      if (at >= this.#settled) out.push(bytes.subarray(this.#settled, at), mask);
      else if (!this.#masked) out.push(mask);
      this.#settled = end;
      this.#masked = true;
    }
    if (hold > this.#settled) {
      out.push(bytes.subarray(this.#settled, hold));
      this.#settled = hold;
      this.#masked = false;
    }
    // A copy: what is kept must not keep the whole piece alive.
    this.#kept = Buffer.from(bytes.subarray(hold));
    this.#settled -= hold;
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }
}

/** Where a form that starts at `start` ends; 0 where it does not stand there, and `OPEN` where the bytes end before that is known. */
function follow(form: Form, bytes: Uint8Array, start: number, whole: boolean): number {
  const { units, folds } = form;
  let place = start;
  let index = 0;
  // Letter by letter, as it mostly is.
  while (index < units.length && bytes[place] === (units[index] as Unit).plain) {
    place++;
    index++;
  }
  if (index === units.length) return place;
  const byte = bytes[place];
  if (byte === undefined) return OPEN;
  const mayGoOn = (units[index] as Unit).starts[byte] === 1 || byte === ESC || (folds && (byte === CR || byte === LF));
  if (!mayGoOn && !(whole && byte === ELLIPSIS[0])) return 0;
  return followAll(form, bytes, [place], index, whole);
}

/** All ways to read it are followed at once. */
function followAll(
  { units, folds }: Form,
  bytes: Uint8Array,
  from: readonly number[],
  first: number,
  whole: boolean,
): number {
  let places = from;
  let open = false;
  for (let index = first; index < units.length; index++) {
    const next: number[] = [];
    for (const place of places) {
      for (const way of index === 0 ? [place] : waysOn(bytes, place, folds)) {
        if (way < 0) {
          open = true;
          continue;
        }
        for (const spelling of (units[index] as Unit).spellings) {
          const reach = match(bytes, way, spelling);
          if (reach < 0) open = true;
          else if (reach > 0 && !next.includes(reach)) next.push(reach);
        }
        // Where a text was cut short on purpose, what is left of a secret is one.
        if (whole && index >= shortestSecret && isEllipsis(bytes, way)) return way;
      }
    }
    if (next.length === 0) return open ? OPEN : 0;
    places = next;
  }
  return Math.max(...places);
}

const OPEN = -1;

/** The place behind `spelling` where it stands at `at`; 0 where it does not; -1 where the bytes end within it. */
function match(bytes: Uint8Array, at: number, spelling: Uint8Array): number {
  for (let index = 0; index < spelling.length; index++) {
    if (at + index >= bytes.length) return -1;
    if (bytes[at + index] !== spelling[index]) return 0;
  }
  return at + spelling.length;
}

/** Where a form may go on from `at`: there, behind a change of colour, or behind the end of a line; -1 where that is not known yet. */
function waysOn(bytes: Uint8Array, at: number, folds: boolean): readonly number[] {
  const byte = bytes[at];
  if (byte !== ESC && (!folds || (byte !== CR && byte !== LF))) return [at];
  const ways = [at];
  let place = at;
  for (let skipped = 0; skipped < mostSkipped; skipped++) {
    if (folds && (bytes[place] === CR || bytes[place] === LF)) place++;
    else if (bytes[place] === ESC) place = behindColour(bytes, place);
    else break;
    if (place < 0) return [...ways, -1];
    ways.push(place);
  }
  return ways;
}

/** Behind the sequence that starts here; -1 where it does not end yet, and where it is none, it is passed like a letter. */
function behindColour(bytes: Uint8Array, at: number): number {
  for (let place = at + 1; place < at + longestColour; place++) {
    const byte = bytes[place];
    if (byte === undefined) return -1;
    const isIntroducer = place === at + 1 && byte === BRACKET;
    if (isIntroducer || (byte >= 0x30 && byte <= 0x3b)) continue;
    return byte === SGR || byte === EL ? place + 1 : at + 1;
  }
  return at + 1;
}

function isEllipsis(bytes: Uint8Array, at: number): boolean {
  return ELLIPSIS.every((byte, index) => bytes[at + index] === byte);
}

/** `…` */
const ELLIPSIS = [0xe2, 0x80, 0xa6] as const;
const [LF, CR, ESC, BRACKET, SGR, EL] = [0x0a, 0x0d, 0x1b, 0x5b, 0x6d, 0x4b];
/** Bounds what is held back. */
const mostSkipped = 4;
const longestColour = 32;
