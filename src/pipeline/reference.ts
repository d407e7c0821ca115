// Names as they are used: one bare name where a list is expected, `NAME.2` for one instance, and `needs` in its three forms.
import type { Path } from './document.ts';
import type { ConditionName, HoldDeclaration, NeedDeclaration, Reference } from './pipeline.ts';

export function referenceAt(path: Path, text: string, which: 'key' | 'value' = 'value'): Reference {
  const [, name = text, instance] = /^([^.]+)\.([1-9][0-9]{0,8})$/.exec(text) ?? [];
  return { name, instance: instance === undefined ? null : Number(instance), path, which };
}

export function referencesAt(path: Path, names: string | readonly string[] | undefined): readonly Reference[] {
  if (names === undefined) return [];
  if (typeof names === 'string') return [referenceAt(path, names)];
  return names.map((name, at) => referenceAt([...path, at], name));
}

export function holdsAt(
  path: Path,
  holds: string | readonly string[] | Readonly<Record<string, 'read' | 'write'>> | undefined,
): readonly HoldDeclaration[] {
  if (holds === undefined || typeof holds === 'string' || isList(holds))
    return referencesAt(path, holds).map((reference) => ({ ...reference, shared: false }));
  return Object.entries(holds).map(([name, mode]) => ({
    ...referenceAt([...path, name], name, 'key'),
    shared: mode === 'read',
  }));
}

export function needsAt(
  path: Path,
  needs: string | readonly string[] | Readonly<Record<string, ConditionName>> | undefined,
): readonly NeedDeclaration[] {
  if (needs === undefined || typeof needs === 'string' || isList(needs)) {
    return referencesAt(path, needs).map((reference) => ({ reference, condition: null }));
  }
  return Object.entries(needs).map(([name, condition]) => ({
    reference: referenceAt([...path, name], name, 'key'),
    condition,
  }));
}

/** As it was written. */
export function textOfReference({ name, instance }: Reference): string {
  return instance === null ? name : `${name}.${instance}`;
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}
