// What a queue's `from` and `to` name, with their expressions evaluated: both are read when the plan is made.
import { resolve } from 'node:path';
import type { Path } from './document.ts';
import type { Formula } from './formula.ts';
import { isMap, type Json } from './json.ts';
import type { DestinationDeclaration, OriginDeclaration } from './pipeline.ts';
import { complainOfValue, knownValueOf, type Place, shown } from './setting.ts';

/** Null where it is broken, which is said then. */
export function readOrigin(path: Path, written: Json, place: Place, root: string): OriginDeclaration | null {
  if (isMap(written)) {
    const named = onlyOf(written, ['lines', 'json', 'glob']);
    if (named === null) return null;
    const [type, value] = named;
    const text = textAt([...path, type], value, place);
    return text === null ? null : originOf(type, text, [...path, type], root);
  }
  const formula = formulaAt(path, written, place);
  const value = knownValueOf(formula, place.scope, place.reading);
  if (value === undefined) return null;
  if (Array.isArray(value)) return { type: 'values', path, values: value as readonly Json[] };
  const named = isMap(value) ? onlyOf(value, ['lines', 'json', 'glob']) : null;
  if (named !== null && isPath(named[1])) return originOf(named[0], named[1], path, root);
  const expected = 'a list of values, `{lines: file}`, `{json: file}` or `{glob: pattern}`';
  complainOfValue(formula, `expected ${expected}, but this is ${shown(value)}`, place.reading);
  return null;
}

export function readDestination(path: Path, written: Json, place: Place, root: string): DestinationDeclaration | null {
  const named = isMap(written) ? onlyOf(written, ['lines', 'json']) : null;
  if (named === null) return null;
  const [type, value] = named;
  const file = textAt([...path, type], value, place);
  return file === null ? null : { type, path: [...path, type], file: resolve(root, file) };
}

function originOf(type: 'lines' | 'json' | 'glob', text: string, path: Path, root: string): OriginDeclaration {
  if (type === 'glob') return { type, path, pattern: text, folder: root };
  return { type, path, file: resolve(root, text) };
}

/** The one of these keys that is there; that there are not two is for the schema to say. */
function onlyOf<K extends string>(map: { readonly [key: string]: Json }, keys: readonly K[]): [K, Json] | null {
  for (const key of keys) {
    const value = map[key];
    if (value !== undefined) return [key, value];
  }
  return null;
}

function textAt(path: Path, written: Json, place: Place): string | null {
  const formula = formulaAt(path, written, place);
  const value = knownValueOf(formula, place.scope, place.reading);
  if (value === undefined) return null;
  if (isPath(value)) return value;
  complainOfValue(formula, `expected a path, but this is ${shown(value)}`, place.reading);
  return null;
}

function formulaAt(path: Path, written: Json, { reading, known }: Place): Formula {
  return reading.formula(path, written, { ...known, later: false });
}

function isPath(value: Json): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}
