// A text → its findings, each as `LINE:COLUMN text under it: message`, in the order of the file.
import type { Diagnostic } from '../../src/pipeline/diagnostic.ts';
import { type Document, parseDocument } from '../../src/pipeline/document.ts';
import type { PipelineFile } from '../../src/pipeline/schema.gen.ts';
import { validate } from '../../src/pipeline/schema.ts';
import { Source } from '../../src/pipeline/source.ts';

export interface Checked {
  readonly found: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly document: Document | null;
  readonly file: PipelineFile | null;
}

/** Front door and shape, as every command does it first. */
export function check(text: string): Checked {
  const source = new Source('pipeline.yaml', text);
  const { document, diagnostics } = parseDocument(source);
  const shape = document === null ? null : validate(document);
  const all = [...diagnostics, ...(shape?.diagnostics ?? [])];
  return { found: all.map((one) => line(source, one)), diagnostics: all, document, file: shape?.file ?? null };
}

/** The front door alone. */
export function read(text: string): { readonly found: readonly string[]; readonly document: Document | null } {
  const source = new Source('pipeline.yaml', text);
  const { document, diagnostics } = parseDocument(source);
  return { found: diagnostics.map((one) => line(source, one)), document };
}

function line(source: Source, { span, message }: Diagnostic): string {
  const { line: row, column } = source.position(span.start);
  const marked = source.text.slice(span.start, span.end).split('\n')[0] ?? '';
  return `${row}:${column} ${marked}: ${message}`;
}
