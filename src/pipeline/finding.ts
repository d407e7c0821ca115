// Collects what is wrong with one pipeline: makes Diagnostics of a code, a place and words. The same finding at the same
// place is kept once, however many instances it would be found in.
import type { Diagnostic, DiagnosticCode, Missing } from './diagnostic.ts';
import type { Document, Path } from './document.ts';
import type { Span } from './source.ts';
import { type Budget, nearest } from './suggest.ts';

/** A place in the file: a path into it, whose key or value is meant, or the span itself. */
export type Where = Span | Path | { readonly path: Path; readonly which: 'key' | 'value' };

export interface More {
  readonly hint?: string | undefined;
  readonly missing?: Missing | undefined;
  /** `in`: another file that the place is in. */
  readonly related?: readonly { readonly message: string; readonly at: Where; readonly in?: Document }[];
}

export class Findings {
  readonly diagnostics: Diagnostic[] = [];
  readonly #document: Document;
  readonly #seen = new Set<string>();
  readonly #comparisons: Budget = { left: 500_000 };

  constructor(document: Document) {
    this.#document = document;
  }

  error(code: DiagnosticCode, at: Where, message: string, more: More = {}): void {
    this.#add('error', code, at, message, more);
  }

  warning(code: DiagnosticCode, at: Where, message: string, more: More = {}): void {
    this.#add('warning', code, at, message, more);
  }

  /** A hint that names the known name that may have been meant. */
  didYouMean(name: string, known: Iterable<string>): string | undefined {
    const meant = nearest(name, known, this.#comparisons);
    return meant === undefined ? undefined : `did you mean \`${meant}\`?`;
  }

  span(at: Where, document = this.#document): Span {
    if ('start' in at) return at;
    return 'which' in at ? document.span(at.path, at.which) : document.span(at, 'value');
  }

  #add(severity: Diagnostic['severity'], code: DiagnosticCode, at: Where, message: string, more: More): void {
    const span = this.span(at);
    const identity = `${code} ${span.start} ${span.end} ${message}`;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    this.diagnostics.push({
      code,
      severity,
      message,
      file: this.#document.source.file,
      span,
      related: (more.related ?? []).map(({ message: words, at: place, in: other }) => ({
        message: words,
        ...(other === undefined || other === this.#document ? {} : { file: other.source.file }),
        span: this.span(place, other),
      })),
      ...(more.hint === undefined ? {} : { hint: more.hint }),
      ...(more.missing === undefined ? {} : { missing: more.missing }),
    });
  }
}

/** The place of a key, as against that of its value. */
export function keyOf(path: Path): Where {
  return { path, which: 'key' };
}
