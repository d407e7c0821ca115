// Where a piece of a text stands in the file, as far as YAML's quoting and folding let that be known.
import type { Document, Path } from './document.ts';
import type { Span } from './source.ts';

/** The piece at `offset` of the text that is the value at `path`; the whole value where it cannot be found in it. */
export function spanInText(document: Document, path: Path, text: string, offset: number, length: number): Span {
  const whole = document.span(path, 'value');
  const written = document.source.text.slice(whole.start, whole.end);
  const unfolded = written.indexOf(text);
  if (unfolded !== -1) return spanAt(whole.start + unfolded + offset, length);
  const piece = text.slice(offset, offset + length);
  if (piece === '') return whole;
  const at = nthIndexOf(written, piece, countOf(text.slice(0, offset), piece));
  return at === -1 ? whole : spanAt(whole.start + at, length);
}

function spanAt(start: number, length: number): Span {
  return { start, end: start + length };
}

function countOf(text: string, piece: string): number {
  return text.split(piece).length - 1;
}

function nthIndexOf(text: string, piece: string, n: number): number {
  let at = text.indexOf(piece);
  for (let passed = 0; passed < n && at !== -1; passed++) at = text.indexOf(piece, at + piece.length);
  return at;
}
