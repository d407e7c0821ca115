// What later stages say of a mistake that is told already is an echo: nobody wrote it, and the finding about the mistake tells
// the cause. A value that could not be read has left another one in its place, an empty one or one of fewer digits; a name that
// is misspelt has left what it means without a use.
import type { Diagnostic, DiagnosticCode } from './diagnostic.ts';

/** `later` without what stands at the same place as a finding about reading the text. */
export function withoutEchoes(reading: readonly Diagnostic[], later: readonly Diagnostic[]): readonly Diagnostic[] {
  const unread = reading.filter(({ code, severity }) => code === 'yaml-syntax' && severity === 'error');
  if (unread.length === 0) return later;
  const starts = new Set(unread.map(({ span }) => span.start));
  return later.filter(({ span }) => !starts.has(span.start));
}

/** `findings` without those that something is not used, where a misspelt name most likely means it. */
export function withoutMissedUses(findings: readonly Diagnostic[]): readonly Diagnostic[] {
  const hints = new Set(findings.filter(({ code }) => code === 'unknown-name').map(({ hint }) => hint));
  const isMeant = ({ message }: Diagnostic) => hints.has(`did you mean ${/`[^`]+`/.exec(message)?.[0] ?? ''}?`);
  return findings.filter((finding) => !missedUses.has(finding.code) || !isMeant(finding));
}

const missedUses: ReadonlySet<DiagnosticCode> = new Set(['unused', 'queue-without-producer', 'queue-without-consumer']);
