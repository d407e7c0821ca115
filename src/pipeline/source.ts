// A pipeline's text and where things stand in it.
import { isUtf8 } from 'node:buffer';

/** Offsets into the text, in UTF-16 units; `end` is after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Both from 1; columns count UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export class Source {
  /** As the user named it; `-` for standard input. */
  readonly file: string;
  readonly text: string;
  /** The first byte that is no UTF-8, and where the text has U+FFFD instead; null where the text is what was saved. */
  readonly notUtf8: { readonly byte: number; readonly offset: number } | null;
  readonly #lineStarts: number[] = [0];

  /** `content` is the bytes of the file, or its text. */
  constructor(file: string, content: string | Uint8Array) {
    const withMark = typeof content === 'string' ? content : decoder.decode(content);
    // A byte order mark is no character of the text, and takes no column.
    const text = withMark.replace(/^\ufeff/, '');
    this.file = file;
    this.text = text;
    const at = typeof content === 'string' ? null : firstNotUtf8(content, withMark);
    this.notUtf8 = at && { ...at, offset: at.offset - (withMark.length - text.length) };
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  position(offset: number): Position {
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 };
  }

  /** The text of a line (from 1), without its end. */
  line(number: number): string {
    const start = this.#lineStarts[number - 1] ?? this.text.length;
    const end = this.#lineStarts[number] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, '');
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** `text` is what the bytes were decoded to: the first U+FFFD in it that they do not hold themselves stands for the first. */
function firstNotUtf8(bytes: Uint8Array, text: string): Source['notUtf8'] {
  if (isUtf8(bytes)) return null;
  let at = 0;
  for (let from = 0; ; ) {
    const offset = text.indexOf('\ufffd', from);
    at += Buffer.byteLength(text.slice(from, offset));
    if (!isReplacement(bytes, at)) return { byte: bytes[at] as number, offset };
    at += 3;
    from = offset + 1;
  }
}

function isReplacement(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}
