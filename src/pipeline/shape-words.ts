// The words of a mistake of shape: what is meant, what is there, what was expected and how it is mended.
import type { Json } from './json.ts';
import type { Path } from './places.ts';
import type { Schema } from './schema-part.ts';
import { nearest } from './suggest.ts';
import type { ShapeError } from './validator.gen.js';

/** Where declarations stand, and what one of them is called, in the schema and in words. */
export const kinds: Readonly<Record<string, string>> = {
  processes: 'process',
  daemons: 'daemon',
  queues: 'queue',
  pipes: 'pipe',
  locks: 'lock',
  joins: 'join',
  params: 'param',
};

export function within(path: Path): string {
  if (path.length === 0) return 'at the top level';
  const kind = path.length === 2 ? kinds[String(path[0])] : undefined;
  return kind === undefined ? `in ${subject(path)}` : `in a ${kind}`;
}

export function subject(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the pipeline';
  if (typeof last === 'string') return `\`${shown(last)}\``;
  return `item ${last + 1} of ${subject(path.slice(0, -1))}`;
}

export function described(value: Json | undefined): string {
  if (value === null || value === undefined) return 'empty';
  if (value === '') return 'empty text';
  if (typeof value === 'object') return Array.isArray(value) ? `a list of ${value.length}` : 'a map';
  return `\`${shown(String(value))}\``;
}

export function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

export function listed(keys: readonly string[], word: 'and' | 'or'): string {
  const quoted = keys.map((key) => `\`${key}\``);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} ${word} ${quoted.at(-1)}`;
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

export function expectation({ keyword, params }: ShapeError, schema: Schema): string | undefined {
  const limit = String(params['limit']);
  switch (keyword) {
    case 'type':
      return orList([schema.type ?? []].flat().map((type) => typeNames[type] ?? type));
    case 'enum':
      return orList((schema.enum ?? []).map((one) => `\`${String(one)}\``));
    case 'minimum':
      return `at least ${limit}`;
    case 'maximum':
      return `at most ${limit}`;
    case 'exclusiveMinimum':
      return `more than ${limit}`;
    case 'minLength':
      return 'some text';
    case 'minItems':
    case 'maxItems':
      return `a list of ${schema.minItems === schema.maxItems ? limit : `at ${keyword === 'minItems' ? 'least' : 'most'} ${limit}`}`;
    default:
      return undefined;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a map',
  null: '`null`',
};

/** The one of a few words that a misspelt one most likely means. */
export function meantWord(value: Json | undefined, schema: Schema): string | undefined {
  if (typeof value !== 'string') return undefined;
  const words = (schema.enum ?? []).map(String);
  return words.find((one) => one === `SIG${value.toUpperCase()}`) ?? nearest(value, words);
}

/** What the author most likely has to write instead. */
export function mending(value: Json | undefined, schema: Schema): string | undefined {
  const types = [schema.type ?? []].flat();
  if (value === null)
    return types.includes('number') ? 'for empty text write `""`' : 'give it a value, or remove the key';
  if (typeof value === 'string') {
    const word = meantWord(value, schema);
    if (word !== undefined) return `did you mean \`${word}\`?`;
    if (types.includes('boolean') && /^(y|yes|n|no|on|off)$/i.test(value))
      return 'in YAML 1.2 `yes`, `no`, `on` and `off` are text';
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    const isText =
      types.includes('string') && schema.errorMessage === undefined && schema.patternErrorMessage === undefined;
    if (isText && !types.includes('number')) return `for text write \`"${value}"\``;
  }
  return undefined;
}
