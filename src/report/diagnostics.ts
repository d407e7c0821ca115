// Findings → text for whoever reads them: a person, a program, GitHub's annotations, a code scanner. Only places and words
// are made here, and the order: file by file, from the top.
import { styleText } from 'node:util';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Position, Source, Span } from '../pipeline/source.ts';
import { codeFrame } from './code-frame.ts';
import type { Located, Place } from './located.ts';
import { sarif } from './sarif.ts';
import { visible } from './visible.ts';

export const diagnosticFormats = ['text', 'json', 'github', 'sarif'] as const;
export type DiagnosticFormat = (typeof diagnosticFormats)[number];

/** `sources` are the files that were looked at, those without a finding among them. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: readonly Source[],
  format: DiagnosticFormat,
  { colour }: { readonly colour: boolean },
): string {
  const files = new Map(sources.map((source) => [source.file, source]));
  const order = new Map(sources.map(({ file }, index) => [file, index]));
  const ordered = [...diagnostics].sort(
    (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.span.start - b.span.start,
  );
  if (format === 'text') return text(ordered, files, colour);
  const located = ordered.map((diagnostic) => locate(diagnostic, files));
  switch (format) {
    case 'json':
      return `${JSON.stringify(located, null, 2)}\n`;
    case 'github':
      return located.map(annotation).join('');
    case 'sarif':
      return `${JSON.stringify(sarif(located), null, 2)}\n`;
  }
}

function sourceOf(file: string, files: ReadonlyMap<string, Source>): Source {
  const source = files.get(file);
  if (source === undefined) throw new Error(`Internal error: a finding in ${file}, which was not read`);
  return source;
}

function locate(
  { code, severity, message, file, span, related, hint }: Diagnostic,
  files: ReadonlyMap<string, Source>,
): Located {
  return {
    file,
    ...placeOf(sourceOf(file, files), span),
    severity,
    code,
    message,
    hint: hint ?? null,
    related: related.map((one) => ({
      message: one.message,
      ...(one.file === undefined ? {} : { file: one.file }),
      ...placeOf(sourceOf(one.file ?? file, files), one.span),
    })),
  };
}

function placeOf(source: Source, span: Span): Place {
  const start: Position = source.position(span.start);
  const end: Position = source.position(span.end);
  return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

function text(diagnostics: readonly Diagnostic[], files: ReadonlyMap<string, Source>, colour: boolean): string {
  const paint: Paint = (style, words) => (colour ? styleText(style, words, { validateStream: false }) : words);
  const findings = diagnostics.map((diagnostic) => finding(diagnostic, files, paint));
  return [...findings, count(diagnostics, [...files.keys()])].join('\n');
}

type Paint = (style: Parameters<typeof styleText>[0], words: string) => string;

function finding(
  { code, severity, message, file, span, related, hint }: Diagnostic,
  files: ReadonlyMap<string, Source>,
  paint: Paint,
): string {
  const tint = severity === 'error' ? 'red' : 'yellow';
  const lines = [`${paint([tint, 'bold'], severity)}${paint(tint, `[${code}]`)} ${paint('bold', visible(message))}`];
  lines.push(...framed(sourceOf(file, files), span, (words) => paint(tint, words), paint));
  for (const one of related) {
    lines.push(
      paint('dim', `  ${visible(one.message)}:`),
      ...framed(sourceOf(one.file ?? file, files), one.span, (words) => paint('cyan', words), paint),
    );
  }
  if (hint !== undefined) lines.push(`  ${paint('cyan', 'hint:')} ${visible(hint)}`);
  return `${lines.join('\n')}\n`;
}

function framed(source: Source, span: Span, mark: (words: string) => string, paint: Paint): string[] {
  const { line, column } = source.position(span.start);
  const frame = codeFrame(source, span);
  const number = String(line);
  const margin = ' '.repeat(number.length);
  const bar = paint('dim', '|');
  return [
    `  at ${visible(source.file)}:${line}:${column}`,
    `  ${paint('dim', number)} ${bar} ${frame.line}`,
    `  ${margin} ${bar} ${frame.indent}${mark(frame.carets)}`,
  ];
}

function count(diagnostics: readonly Diagnostic[], files: readonly string[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  if (diagnostics.length === 0) return `no findings in ${files.map(visible).join(', ')}\n`;
  const parts = [plural(errors, 'error'), plural(warnings, 'warning')].filter((part) => !part.startsWith('0 '));
  return `${parts.join(', ')}\n`;
}

function plural(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** A workflow command of GitHub Actions, which takes `,` and `:` as its own in front of the second `::`. */
function annotation({ file, line, column, endLine, endColumn, severity, code, message, hint }: Located): string {
  const end = endLine === line ? `,endColumn=${endColumn}` : '';
  const place = `file=${property(file)},line=${line},endLine=${endLine},col=${column}${end}`;
  const words = hint === null ? message : `${message}\nhint: ${hint}`;
  return `::${severity} ${place},title=${property(`forkline ${code}`)}::${data(words)}\n`;
}

function data(words: string): string {
  return words.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(words: string): string {
  return data(words).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
