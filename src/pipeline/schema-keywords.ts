// The words of JSON Schema, by dialect, and what each of them holds: where in a schema there are schemas, patterns and
// references. So that a misspelt word is found instead of being passed over, as JSON Schema would.
import { isMap, type Json } from './json.ts';
import type { Dialect } from './json-schema.ts';
import type { Path } from './places.ts';

export type Map = { readonly [key: string]: Json };

/** `map`: of names to schemas; `patterns`: of patterns to schemas; `some`: a schema or a list of them, or no schema. */
type Holds = 'data' | 'schema' | 'list' | 'map' | 'patterns' | 'some' | 'pattern' | 'reference';

const inAll: Readonly<Record<string, Holds>> = {
  ...all('data', '$schema $id $comment title description default examples readOnly writeOnly'),
  ...all('data', 'type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum'),
  ...all('data', 'maxLength minLength maxItems minItems uniqueItems maxProperties minProperties required'),
  ...all('data', 'format contentEncoding contentMediaType'),
  ...all('schema', 'contains additionalProperties propertyNames if then else not'),
  ...all('list', 'allOf anyOf oneOf'),
  ...all('map', '$defs definitions properties'),
  patternProperties: 'patterns',
  pattern: 'pattern',
  $ref: 'reference',
};

const since2019: Readonly<Record<string, Holds>> = {
  ...all('data', '$anchor deprecated dependentRequired maxContains minContains contentSchema'),
  ...all('schema', 'unevaluatedItems unevaluatedProperties'),
  dependentSchemas: 'map',
};

const words: Readonly<Record<Dialect, Readonly<Record<string, Holds>>>> = {
  'draft-07': { ...inAll, items: 'some', additionalItems: 'schema', dependencies: 'map' },
  '2019-09': { ...inAll, ...since2019, items: 'some', additionalItems: 'schema' },
  '2020-12': { ...inAll, ...since2019, items: 'schema', prefixItems: 'list' },
};

/** Those that say what fits; `$dynamicRef` and its like are not among them. */
export function wordsOf(dialect: Dialect): readonly string[] {
  return Object.keys(words[dialect]);
}

export function holds(word: string, dialect: Dialect): Holds | undefined {
  return Object.hasOwn(words[dialect], word) ? words[dialect][word] : undefined;
}

/** Every schema inside it that is a map, itself first. */
export function* schemasIn(schema: Json, dialect: Dialect, path: Path = []): Generator<{ schema: Map; path: Path }> {
  if (!isMap(schema)) return;
  yield { schema, path };
  for (const [word, value] of Object.entries(schema)) {
    for (const [inner, step] of inside(value, holds(word, dialect))) {
      yield* schemasIn(inner, dialect, step === null ? [...path, word] : [...path, word, step]);
    }
  }
}

/** The same with each of the schemas inside replaced, from the outside in. */
export function withSchemas(schema: Json, dialect: Dialect, replace: (schema: Map) => Map): Json {
  if (!isMap(schema)) return schema;
  const replaced = Object.entries(replace(schema)).map(([word, value]) => {
    const kind = holds(word, dialect);
    return [word, mapInside(value, kind, (inner) => withSchemas(inner, dialect, replace))] as const;
  });
  return fromEntries(replaced);
}

/** A map without a prototype: no name is in it that was not put there. */
export function fromEntries(entries: Iterable<readonly [string, Json]>): Map {
  const map: { [key: string]: Json } = Object.create(null);
  for (const [key, value] of entries) map[key] = value;
  return map;
}

function inside(
  value: Json,
  kind: Holds | undefined,
): readonly (readonly [schema: Json, step: string | number | null])[] {
  if (kind === 'schema' || (kind === 'some' && isMap(value))) return [[value, null]];
  if ((kind === 'list' || kind === 'some') && Array.isArray(value)) {
    return (value as readonly Json[]).map((inner, index) => [inner, index]);
  }
  if ((kind !== 'map' && kind !== 'patterns') || !isMap(value)) return [];
  return Object.entries(value).map(([name, inner]) => [inner, name]);
}

function mapInside(value: Json, kind: Holds | undefined, change: (schema: Json) => Json): Json {
  if (kind === 'schema' || (kind === 'some' && isMap(value))) return change(value);
  if ((kind === 'list' || kind === 'some') && Array.isArray(value)) return (value as readonly Json[]).map(change);
  if ((kind !== 'map' && kind !== 'patterns') || !isMap(value)) return value;
  return fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner)]));
}

function all(kind: Holds, names: string): Record<string, Holds> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]));
}
