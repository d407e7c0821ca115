// `params` and what was given for them on the command line: each given text becomes a value of its param's type, and every
// value is held against the param's JSON Schema. One that is broken has no value, and nothing that uses it is complained of.
import { Names, toData, Unknowable } from './data.ts';
import { keyOf } from './finding.ts';
import { isMap, type Json } from './json.ts';
import { type Fits, fitsOf, type Schema, typeOf } from './parameter-schema.ts';
import type { Reading } from './reading.ts';
import type { Param } from './schema.gen.ts';

export interface Parameters {
  readonly values: Readonly<Record<string, Json>>;
  /** `params` as expressions see it. */
  readonly names: Names;
}

/** What a run or another pipeline gives; one of the two. */
export interface Given {
  /** What was given as `--param`. */
  readonly params?: Readonly<Record<string, string>>;
  /** What another pipeline gives it: values that were looked at there; `unknown`: it will, and it does not matter what. */
  readonly given?: Readonly<Record<string, Json>> | 'unknown';
  /** It is only looked at, and may be a file that others use: what comes from these is not missed. */
  readonly asPart?: boolean;
}

export async function readParameters(
  declared: Readonly<Record<string, Param>>,
  { params: texts = {}, given, asPart = false }: Given,
  reading: Reading,
): Promise<Parameters> {
  const entries = Object.entries(declared);
  complainOfUnknown(entries, texts, reading);
  complainOfTwins(entries, reading);
  const values: Record<string, Json> = Object.create(null) as Record<string, Json>;
  const names = new Names();
  for (const [name, param] of entries) {
    const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
    const own = await readParameter(name, param as Json, { text, isGiven: given !== undefined || asPart }, reading);
    const value = given === undefined ? own : valueGiven(name, given, own);
    if (value === undefined) names.add(name, new Unknowable());
    else {
      values[name] = value;
      names.add(name, toData(value));
    }
  }
  return { values, names };
}

function valueGiven(name: string, given: NonNullable<Given['given']>, own: Json | undefined): Json | undefined {
  if (given === 'unknown') return undefined;
  return Object.hasOwn(given, name) ? given[name] : own;
}

/** A bare value is a default, and says of what type it is. */
export function schemaOfParam(param: Json): Schema {
  return isMap(param) ? param : { type: typeOf(param), default: param };
}

/** `isGiven`: another pipeline gives it its value, and is told what is wrong with that. */
async function readParameter(
  name: string,
  param: Json,
  { text: given, isGiven }: { readonly text: string | undefined; readonly isGiven: boolean },
  { findings }: Reading,
): Promise<Json | undefined> {
  const path = ['params', name];
  const schema = schemaOfParam(param);
  let fits: Fits;
  try {
    fits = await fitsOf(schema);
  } catch (error) {
    findings.error('bad-param', path, `param \`${name}\` is not a JSON Schema: ${(error as Error).message}`);
    return undefined;
  }
  const fallback = schema.default;
  const fallbackFits = fallback === undefined || fits(fallback);
  if (!fallbackFits) {
    const at = isMap(param) ? [...path, 'default'] : path;
    findings.error('bad-param', at, `the default of param \`${name}\` is not a value of it`, { hint: allowed(schema) });
  }
  if (given === undefined) {
    if (fallback !== undefined) return fallbackFits ? fallback : undefined;
    if (isGiven) return undefined;
    const hint = `give it one with \`--param ${name}=…\`, or a \`default\`; ${allowed(schema)}`;
    findings.error('bad-param', keyOf(path), `param \`${name}\` has no value`, { hint });
    return undefined;
  }
  const value = meanings(given, schema).find((meaning) => isOfType(meaning, schema) && fits(meaning));
  if (value !== undefined) return value;
  const shown = given.length > 60 ? `${given.slice(0, 60)}…` : given;
  findings.error('bad-param', keyOf(path), `param \`${name}\` cannot be \`${shown}\``, { hint: allowed(schema) });
  return undefined;
}

/** What a text on the command line may mean, the likeliest first. */
function meanings(text: string, schema: Schema): readonly Json[] {
  if (schema.type === 'string') return [text];
  const parsed = parseJson(text);
  if (schema.type !== undefined) return parsed === undefined ? [] : [parsed];
  return parsed === undefined ? [text] : [parsed, text];
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text.trim()) as Json;
  } catch {
    return undefined;
  }
}

export function isOfType(value: Json, { type }: Schema): boolean {
  if (type === undefined) return true;
  return type === 'integer' ? Number.isInteger(value) : typeOf(value) === type;
}

/** A hint with what the param takes. */
export function allowed(schema: Schema): string {
  const { type, enum: choices, const: only, minimum, maximum, exclusiveMinimum, exclusiveMaximum, pattern } = schema;
  const show = (value: Json | undefined) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
  if (only !== undefined) return `allowed is ${show(only)}`;
  if (Array.isArray(choices)) return `allowed are ${choices.map(show).join(', ')}`;
  const words = [kinds[String(type)] ?? 'a value'];
  if (minimum !== undefined) words.push(`at least ${String(minimum)}`);
  if (exclusiveMinimum !== undefined) words.push(`more than ${String(exclusiveMinimum)}`);
  if (maximum !== undefined) words.push(`at most ${String(maximum)}`);
  if (exclusiveMaximum !== undefined) words.push(`less than ${String(exclusiveMaximum)}`);
  if (schema.multipleOf !== undefined) words.push(`a multiple of ${String(schema.multipleOf)}`);
  if (schema.minLength !== undefined) words.push(`of at least ${String(schema.minLength)} characters`);
  if (schema.maxLength !== undefined) words.push(`of at most ${String(schema.maxLength)} characters`);
  if (pattern !== undefined) words.push(`that matches ${show(pattern)}`);
  return `allowed is ${words.join(', ')}`;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: '`true` or `false`',
  array: 'a list, as JSON',
  object: 'a map, as JSON',
};

function complainOfUnknown(
  entries: readonly (readonly [string, Param])[],
  given: Readonly<Record<string, string>>,
  { findings, document }: Reading,
): void {
  const known = new Set(entries.map(([name]) => name));
  const declaresSome = isMap(document.value) && 'params' in document.value;
  const at = declaresSome ? keyOf(['params']) : { start: 0, end: 0 };
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue;
    const hint =
      findings.didYouMean(name, known) ??
      (known.size === 0
        ? 'this pipeline has no params'
        : `its params are ${[...known].map((each) => `\`${each}\``).join(', ')}`);
    findings.error('unknown-param', at, `there is no param \`${name}\``, { hint });
  }
}

function complainOfTwins(entries: readonly (readonly [string, Param])[], { findings }: Reading): void {
  const seen = new Map<string, string>();
  for (const [name] of entries) {
    const twin = seen.get(name.toLowerCase());
    if (twin === undefined) seen.set(name.toLowerCase(), name);
    else {
      findings.error(
        'duplicate-name',
        keyOf(['params', name]),
        `param \`${name}\` differs from \`${twin}\` only in case`,
        {
          hint: 'names compare without case in expressions',
          related: [{ message: 'the other one', at: keyOf(['params', twin]) }],
        },
      );
    }
  }
}
