// What later stages say of a mistake that is told already is an echo: nobody wrote it, and the finding about the mistake tells
// the cause. A value that could not be read has left another one in its place, an empty one or one of fewer digits; a name that
// is misspelt has left what it means without a use; and what does not fit has left out the names that stand in it.
import type { Diagnostic, DiagnosticCode, Missing } from './diagnostic.ts';
import type { Path } from './places.ts';

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
  /** Where something stood that names nothing, such as a number: what belongs there may declare and use anything. */
  readonly blanks: readonly Path[];
}

const nothingUnread: Unread = { words: new Set(), inSections: new Set(), blanks: [] };

/**
 * `findings` without those that something is not used where a misspelt name most likely means it, or what was left out names
 * it; and without those that there is no such thing where a section was left out that names it. What names nothing stands for
 * every name.
 */
export function withoutMissedUses(
  findings: readonly Diagnostic[],
  { words, inSections, blanks }: Unread = nothingUnread,
): readonly Diagnostic[] {
  const hints = new Set(findings.filter(({ code }) => code === 'unknown-name').map(({ hint }) => hint));
  const mayUseAnything = blanks.some(mayUse);
  const undeclared = blanks.flatMap(undeclaredBy);
  return findings.filter(({ code, message, missing }) => {
    const name = /`([^`]+)`/.exec(message)?.[1] ?? '';
    if (code === 'unknown-name')
      return !inSections.has(name) && !undeclared.some((lack) => missing?.kind === lack.kind && missing.of === lack.of);
    return !missedUses.has(code) || !(mayUseAnything || words.has(name) || hints.has(`did you mean \`${name}\`?`));
  });
}

const missedUses: ReadonlySet<DiagnosticCode> = new Set(['unused', 'queue-without-producer', 'queue-without-consumer']);

function mayUse([section, , setting]: Path): boolean {
  return usingSections.has(section) && (setting === undefined || usingSettings.has(setting));
}

const usingSections: ReadonlySet<unknown> = new Set(['queues', 'processes', 'daemons', 'joins']);
const usingSettings: ReadonlySet<unknown> = new Set([
  ...['puts', 'gets', 'each', 'stdin', 'stdout', 'stderr', 'locks', 'holds', 'connect', 'from', 'to', 'dead_letter'],
  ...['processes', 'queues', 'with', 'env', 'command', 'args', 'kwargs'],
]);

/** What is missed that may be declared at such a place. */
function undeclaredBy(path: Path): readonly Missing[] {
  const [section, process, setting] = path;
  const last = String(path.at(-1));
  if (last === 'env') return [{ kind: 'variable' }];
  if (setting === 'matrix') return [{ kind: 'matrix' }];
  if (setting === 'each') return [{ kind: 'item' }];
  if (path.length === 1) return sectionLacks[last] ?? [];
  const isProcess = section === 'processes' || section === 'daemons';
  const hasOutputs = setting === undefined || setting === 'outputs' || setting === 'uses';
  return isProcess && hasOutputs ? [{ kind: 'output', of: String(process) }] : [];
}

const things: readonly Missing[] = [{ kind: 'process' }];
const sectionLacks: Readonly<Record<string, readonly Missing[]>> = {
  params: [{ kind: 'param' }],
  queues: [{ kind: 'queue' }],
  locks: [{ kind: 'lock' }],
  processes: things,
  daemons: things,
  joins: things,
};
