// A value that could not be read has left another one in its place, an empty one or one of fewer digits. What later stages
// say of that is an echo: nobody wrote it, and the finding about the value itself tells the cause.
import type { Diagnostic } from './diagnostic.ts';

/** `later` without what stands at the same place as a finding about reading the text. */
export function withoutEchoes(reading: readonly Diagnostic[], later: readonly Diagnostic[]): readonly Diagnostic[] {
  const unread = reading.filter(({ code, severity }) => code === 'yaml-syntax' && severity === 'error');
  if (unread.length === 0) return later;
  const starts = new Set(unread.map(({ span }) => span.start));
  return later.filter(({ span }) => !starts.has(span.start));
}
