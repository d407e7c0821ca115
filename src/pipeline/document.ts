// YAML → one plain value, and the span of every path in it. Whatever the text holds, it answers with findings: nothing
// throws, nothing hangs, and what would take too much time or memory is refused before it is built. What a key means, and
// whether it may be there, is for schema.ts and those after it.
import type { Diagnostic, Finding } from './diagnostic.ts';
import type { Json } from './json.ts';
import { type Path, Places } from './places.ts';
import type { Source, Span } from './source.ts';
import { Values } from './values.ts';
import { characterProblems, parseYaml, type Stumble, sizeProblem, unquoted, wrongEncoding } from './yaml.ts';
import { explain } from './yaml-error.ts';

export type { Path } from './places.ts';

export interface Document {
  readonly source: Source;
  /** Maps have no prototype, so that no name is there that nobody wrote. */
  readonly value: Json;
  /** Where a path is written; where it is not in the file, the nearest of its ancestors that is. */
  span(path: Path, which?: 'key' | 'value'): Span;
}

/** The document is null where the text is no YAML; every other finding leaves a value to go on with. */
export function parseDocument(source: Source): { document: Document | null; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const report = (finding: Finding): void => {
    diagnostics.push(diagnostic(source, finding));
  };

  const tooLarge = sizeProblem(source.text);
  if (tooLarge !== null) {
    report(tooLarge);
    return { document: null, diagnostics };
  }
  if (source.notUtf8 !== null) {
    report(wrongEncoding(source.notUtf8));
    return { document: null, diagnostics };
  }
  characterProblems(source.text).forEach(report);

  const { root, stumbles, findings } = parseYaml(source.text);
  findings.forEach(report);
  const syntax = firstOfEachLine(source, root === null ? stumbles : stumbles.filter(isSyntax));
  syntax.forEach((stumble) => report(explain(stumble)));
  if (root === null || syntax.length > 0) return { document: null, diagnostics: ordered(diagnostics) };

  // What is wrong with a single value is told, and the rest is read all the same.
  for (const stumble of stumbles) if (!isSyntax(stumble)) report(explain(stumble));
  const values = new Values(source.text);
  const read = values.read(root);
  values.findings.forEach(report);
  if (read === null) return { document: null, diagnostics: ordered(diagnostics) };
  const places = new Places(root, values);
  return {
    document: { source, value: read.value, span: (path, which = 'value') => places.span(path, which) },
    diagnostics: ordered(diagnostics),
  };
}

function diagnostic(source: Source, { span, ...finding }: Finding): Diagnostic {
  const { length } = source.text;
  const start = Math.min(Math.max(span.start, 0), length);
  const end = Math.min(Math.max(span.end, start), length);
  return { code: 'yaml-syntax', severity: 'error', related: [], ...finding, file: source.file, span: { start, end } };
}

function isSyntax(stumble: Stumble): boolean {
  return stumble.code !== 'TAG_RESOLVE_FAILED';
}

/**
 * One slip makes a parser stumble several times over a line; the first time is the one that helps. Past the braces of an
 * expression that has no quotes it has lost count of all the others.
 */
function firstOfEachLine(source: Source, stumbles: readonly Stumble[]): Stumble[] {
  const most = 20;
  const lines = new Set<number>();
  const first: Stumble[] = [];
  const lost = stumbles.findIndex(({ message }) => message === unquoted);
  for (const [index, stumble] of stumbles.entries()) {
    if (lost !== -1 && index > lost && stumble.message !== unquoted) continue;
    const { line } = source.position(stumble.span.start);
    if (lines.has(line)) continue;
    lines.add(line);
    first.push(stumble);
    if (first.length === most) break;
  }
  return first;
}

function ordered(diagnostics: Diagnostic[]): Diagnostic[] {
  return diagnostics.sort((a, b) => a.span.start - b.span.start);
}
