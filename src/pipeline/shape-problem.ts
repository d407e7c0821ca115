// What the validator found, told as a person would: one problem for each cause, at the key or value that has to change.
// What is expected stands in the schema; only the words around it are made here.
import type { DiagnosticCode } from './diagnostic.ts';
import type { Json } from './json.ts';
import { pathIn } from './json-pointer.ts';
import { ownWordsFor } from './foreign-words.ts';
import type { Path } from './places.ts';
import { linksTo, schemaOf, resolved } from './schema-part.ts';
import { described, expectation, kinds, listed, meantWord, mending, shown, subject, within } from './shape-words.ts';
import { type Budget, nearest } from './suggest.ts';
import type { ShapeError } from './validator.gen.js';

export interface ShapeProblem {
  /** Where it is not `schema`. */
  readonly code?: DiagnosticCode;
  readonly path: Path;
  readonly which: 'key' | 'value';
  readonly message: string;
  readonly hint?: string | undefined;
  /** The key or the word that was most likely meant by a misspelt one. */
  readonly meant?: string | undefined;
}

/** Keys that were most likely meant by unknown ones, as `POINTER KEY`. */
interface Slips {
  readonly meant: Set<string>;
  /** Where such a key was found, as POINTER. */
  readonly places: Set<string>;
  readonly comparisons: Budget;
}

export function problems(value: Json, errors: readonly ShapeError[]): ShapeProblem[] {
  const found = new Map<string, { rank: number; problem: ShapeProblem }>();
  const slips: Slips = { meant: new Set(), places: new Set(), comparisons: { left: 200_000 } };
  // Most telling first, and what is unknown before what is missing: the one may be the other, misspelt.
  const sorted = [...errors].sort((a, b) => rankOf(a) - rankOf(b));
  for (const error of sorted) {
    const place = `${error.instancePath} ${keyOf(error) ?? ''}`;
    if (found.has(place)) continue;
    const problem = problemOf(value, error, slips);
    if (problem !== null) found.set(place, { rank: rankOf(error), problem });
  }
  return [...found.values()].map(({ problem }) => problem);
}

const order = [
  'additionalProperties',
  'propertyNames',
  'required',
  'false schema',
  'dependencies',
  'type',
  'enum',
  'pattern',
];

function rankOf({ keyword }: ShapeError): number {
  const rank = order.indexOf(keyword);
  return rank === -1 ? order.length : rank;
}

/** The key an error is about, where it is not the value at its place as a whole. */
function keyOf({ params }: ShapeError): string | undefined {
  const key = params['additionalProperty'] ?? params['propertyName'] ?? params['property'];
  return typeof key === 'string' ? key : undefined;
}

function problemOf(root: Json, error: ShapeError, slips: Slips): ShapeProblem | null {
  // The branch that follows an `if`, and the rule about all names, tell what is wrong.
  if (error.keyword === 'if' || (error.propertyName !== undefined && error.keyword !== 'propertyNames')) return null;
  const path = pathIn(root, error.instancePath);
  const key = keyOf(error) ?? '';
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(error, path, key, slips);
    case 'propertyNames': {
      const hint = resolved(schemaOf(path).propertyNames ?? {}).errorMessage;
      return { path: [...path, key], which: 'key', message: `\`${shown(key)}\` cannot be a name here`, hint };
    }
    case 'dependencies': {
      const message = `\`${key}\` goes with \`${String(error.params['missingProperty'])}\` only`;
      return { path: [...path, key], which: 'key', message };
    }
    case 'required':
      return missingKey(error, path, slips);
    case 'false schema':
      return excludedKey(root, error, path);
    default:
      return misfit(root, error, path);
  }
}

function unknownKey(error: ShapeError, path: Path, key: string, { meant, places, comparisons }: Slips): ShapeProblem {
  const known = Object.keys(schemaOf(path).properties ?? {});
  places.add(error.instancePath);
  if (key === 'uses' && path[0] === 'daemons' && path.length === 2) {
    meant.add(`${error.instancePath} target`);
    return { ...daemonChildren, path: [...path, key], which: 'key' };
  }
  const word = ownWordsFor(key).find((one) => known.includes(one)) ?? nearest(key, known, comparisons);
  if (word !== undefined) meant.add(`${error.instancePath} ${word}`);
  const hint = word === undefined ? ownerHint(key, known) : `did you mean \`${word}\`?`;
  const message = `unknown key \`${shown(key)}\` ${within(path)}`;
  return { path: [...path, key], which: 'key', message, hint, meant: word };
}

const daemonChildren = {
  code: 'daemon-children',
  message: 'a daemon cannot be a sub-pipeline: it has no children',
  hint: 'make it a process, which ends when all that is in it has; what serves the processes of this file is a daemon of this file',
} as const;

function ownerHint(key: string, known: readonly string[]): string | undefined {
  for (const [section, kind] of Object.entries(kinds)) {
    if (Object.hasOwn(schemaOf([section, 'any']).properties ?? {}, key)) return `\`${key}\` is a key of a ${kind}`;
  }
  if (Object.hasOwn(schemaOf([]).properties ?? {}, key)) return `\`${key}\` stands at the top level`;
  return known.length <= 8 ? `it can have ${listed(known, 'and')}` : undefined;
}

function missingKey(error: ShapeError, path: Path, { meant, places }: Slips): ShapeProblem | null {
  const links = linksTo(path, error.schemaPath);
  const wanted = links.flatMap((link) => (link === links.at(-1) ? link.required : link.if?.required) ?? []);
  // It is there, misspelt, and that has been told.
  if (wanted.some((key) => meant.has(`${error.instancePath} ${key}`))) return null;
  // Of a setting, whatever stands there instead has been told with what can.
  if (path.length > 2 && places.has(error.instancePath)) return null;
  const what = wanted.length < 2 ? listed(wanted, 'or') : `one of ${listed(wanted, 'or')}`;
  return { path, which: 'key', message: `${subject(path)} lacks ${what}`, hint: links.at(-1)?.errorMessage };
}

/** Two keys that do not go together; told at the second. */
function excludedKey(root: Json, error: ShapeError, path: Path): ShapeProblem | null {
  const owner = path.slice(0, -1);
  const links = linksTo(owner, error.schemaPath);
  const link = links.at(-1);
  const before = links.at(-2);
  const [other] = link?.required ?? before?.if?.required ?? [];
  // Where that one is missing as well, its absence is the cause.
  if (other === undefined || !Object.hasOwn(Object(valueAt(root, owner)), other)) return null;
  const message = `\`${path.at(-1)}\` does not go with \`${other}\``;
  return { path, which: 'key', message, hint: link?.errorMessage };
}

function misfit(root: Json, error: ShapeError, path: Path): ShapeProblem {
  const value = valueAt(root, path);
  const schema = schemaOf(path);
  const said = schema.patternErrorMessage ?? schema.errorMessage;
  const expected = error.keyword === 'type' && said !== undefined ? undefined : expectation(error, schema);
  return {
    path,
    which: 'value',
    message: `${subject(path)} cannot be ${described(value)}${expected === undefined ? '' : `, expected ${expected}`}`,
    hint: mending(value, schema) ?? said,
    meant: meantWord(value, schema),
  };
}

function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) value = (value as Record<string | number, Json> | null | undefined)?.[step];
  return value;
}
