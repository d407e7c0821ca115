// What later stages say of a mistake that is told already is an echo: nobody wrote it, and the finding about the mistake tells
// the cause. A value that could not be read has left another one in its place, an empty one or one of fewer digits; a name that
// is misspelt has left what it means without a use; and what does not fit has left out the names that stand in it.
import type { Diagnostic, DiagnosticCode } from './diagnostic.ts';

/** `later` without what stands at the same place as a finding about reading the text. */
export function withoutEchoes(reading: readonly Diagnostic[], later: readonly Diagnostic[]): readonly Diagnostic[] {
  const unread = reading.filter(({ code, severity }) => code === 'yaml-syntax' && severity === 'error');
  if (unread.length === 0) return later;
  const starts = new Set(unread.map(({ span }) => span.start));
  return later.filter(({ span }) => !starts.has(span.start));
}

/** The words in what was left out because it does not fit its place. */
export interface Unread {
  readonly words: ReadonlySet<string>;
  /** Those in whole sections: what stands there may have been declared. */
  readonly inSections: ReadonlySet<string>;
}

const nothingUnread: Unread = { words: new Set(), inSections: new Set() };

/**
 * `findings` without those that something is not used where a misspelt name most likely means it, or what was left out names
 * it; and without those that there is no such thing where a section was left out that names it.
 */
export function withoutMissedUses(
  findings: readonly Diagnostic[],
  { words, inSections }: Unread = nothingUnread,
): readonly Diagnostic[] {
  const hints = new Set(findings.filter(({ code }) => code === 'unknown-name').map(({ hint }) => hint));
  return findings.filter(({ code, message }) => {
    const name = /`([^`]+)`/.exec(message)?.[1] ?? '';
    if (code === 'unknown-name') return !inSections.has(name);
    return !missedUses.has(code) || !(words.has(name) || hints.has(`did you mean \`${name}\`?`));
  });
}

const missedUses: ReadonlySet<DiagnosticCode> = new Set(['unused', 'queue-without-producer', 'queue-without-consumer']);
