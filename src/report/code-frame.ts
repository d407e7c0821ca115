// One line of a file with carets under a span of it: what the eye sees stands over what the carets mark, whatever the
// characters are. A long line is cut around the span, and of a span over several lines the first line is marked.
import type { Source, Span } from '../pipeline/source.ts';
import { columnsOf, visible } from './visible.ts';

export interface CodeFrame {
  readonly line: string;
  /** What stands in front of the carets, on the line below. */
  readonly indent: string;
  readonly carets: string;
}

/** How much of a line is shown before a span, and from its start on. */
const shownBefore = 60;
const shownAfter = 100;

export function codeFrame(source: Source, span: Span): CodeFrame {
  const { line: number, column } = source.position(span.start);
  const line = source.line(number);
  const start = Math.min(column - 1, line.length);
  const end = Math.min(start + Math.max(span.end - span.start, 0), line.length);

  const from = boundary(line, start > shownBefore ? start - shownBefore : 0);
  const to = boundary(line, Math.min(start + shownAfter, line.length));
  const before = `${from > 0 ? '…' : ''}${shown(line.slice(from, start))}`;
  const marked = shown(line.slice(start, Math.min(end, to)));
  const after = `${shown(line.slice(Math.min(end, to), to))}${to < line.length ? '…' : ''}`;
  return {
    line: `${before}${marked}${after}`.trimEnd(),
    indent: ' '.repeat(width(before)),
    carets: '^'.repeat(Math.max(width(marked), 1)),
  };
}

/** Never between the two halves of a character. */
function boundary(line: string, at: number): number {
  return /[\udc00-\udfff]/.test(line.charAt(at)) ? at + 1 : at;
}

function shown(text: string): string {
  return visible(text.replaceAll('\t', '  '));
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A character that is put together of several (a flag, a family) is as wide as the widest of them. */
function width(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    columns += Math.max(...Array.from(segment, columnsOf));
  }
  return columns;
}
