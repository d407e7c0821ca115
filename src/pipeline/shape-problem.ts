// What the validator found, told as a person would: one problem for each cause, at the key or value that has to change.
// What is expected stands in the schema; only the words around it are made here.
import type { Json } from './json.ts';
import { ownWordsFor } from './foreign-words.ts';
import type { Path } from './places.ts';
import { type Budget, nearest } from './suggest.ts';
import { schema as readSchema, type ShapeError } from './validator.gen.js';

export interface ShapeProblem {
  readonly path: Path;
  readonly which: 'key' | 'value';
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Keys that were most likely meant by unknown ones, as `POINTER KEY`. */
interface Slips {
  readonly meant: Set<string>;
  readonly comparisons: Budget;
}

export function problems(value: Json, errors: readonly ShapeError[]): ShapeProblem[] {
  const found = new Map<string, { rank: number; problem: ShapeProblem }>();
  const slips: Slips = { meant: new Set(), comparisons: { left: 200_000 } };
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

/** A JSON pointer as a path: what looks like a number is an index only in a list. */
export function pathOf(root: Json, pointer: string): Path {
  const path: (string | number)[] = [];
  let value: Json | undefined = root;
  for (const escaped of pointer.split('/').slice(1)) {
    const step = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(step) : step);
    value = (value as Record<string, Json> | undefined)?.[step];
  }
  return path;
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
  const path = pathOf(root, error.instancePath);
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

function unknownKey(error: ShapeError, path: Path, key: string, { meant, comparisons }: Slips): ShapeProblem {
  const known = Object.keys(schemaOf(path).properties ?? {});
  const word = ownWordsFor(key).find((one) => known.includes(one)) ?? nearest(key, known, comparisons);
  if (word !== undefined) meant.add(`${error.instancePath} ${word}`);
  const hint = word === undefined ? ownerHint(key, known) : `did you mean \`${word}\`?`;
  return { path: [...path, key], which: 'key', message: `unknown key \`${shown(key)}\` ${within(path)}`, hint };
}

function ownerHint(key: string, known: readonly string[]): string | undefined {
  for (const [section, kind] of Object.entries(kinds)) {
    if (Object.hasOwn(schemaOf([section, 'any']).properties ?? {}, key)) return `\`${key}\` is a key of a ${kind}`;
  }
  if (Object.hasOwn(schemaOf([]).properties ?? {}, key)) return `\`${key}\` stands at the top level`;
  return known.length <= 8 ? `it can have ${listed(known, 'and')}` : undefined;
}

function missingKey(error: ShapeError, path: Path, { meant }: Slips): ShapeProblem | null {
  const links = linksTo(path, error.schemaPath);
  const wanted = links.flatMap((link) => (link === links.at(-1) ? link.required : link.if?.required) ?? []);
  // It is there, misspelt, and that has been told.
  if (wanted.some((key) => meant.has(`${error.instancePath} ${key}`))) return null;
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

/** The links of a chain of if/then/else that a path into the schema goes through: `#/else/then/required`. */
function linksTo(path: Path, schemaPath: string): Schema[] {
  const links = [schemaOf(path)];
  for (const step of schemaPath.split('/').slice(1)) {
    const next = step === 'then' || step === 'else' ? links.at(-1)?.[step] : undefined;
    if (next === undefined) break;
    links.push(next);
  }
  return links;
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
  };
}

function expectation({ keyword, params }: ShapeError, schema: Schema): string | undefined {
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

/** What the author most likely has to write instead. */
function mending(value: Json | undefined, schema: Schema): string | undefined {
  const types = [schema.type ?? []].flat();
  if (value === null)
    return types.includes('number') ? 'for empty text write `""`' : 'give it a value, or remove the key';
  if (typeof value === 'string') {
    const words = (schema.enum ?? []).map(String);
    const word = words.find((one) => one.endsWith(value.toUpperCase())) ?? nearest(value, words);
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

/** Where declarations stand, and what one of them is called, in the schema and in words. */
const kinds: Readonly<Record<string, string>> = {
  processes: 'process',
  daemons: 'daemon',
  queues: 'queue',
  pipes: 'pipe',
  locks: 'lock',
  joins: 'join',
  params: 'param',
};

function within(path: Path): string {
  if (path.length === 0) return 'at the top level';
  const kind = path.length === 2 ? kinds[String(path[0])] : undefined;
  return kind === undefined ? `in ${subject(path)}` : `in a ${kind}`;
}

function subject(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the pipeline';
  if (typeof last === 'string') return `\`${shown(last)}\``;
  return `item ${last + 1} of ${subject(path.slice(0, -1))}`;
}

function described(value: Json | undefined): string {
  if (value === null || value === undefined) return 'empty';
  if (value === '') return 'empty text';
  if (typeof value === 'object') return Array.isArray(value) ? `a list of ${value.length}` : 'a map';
  return `\`${shown(String(value))}\``;
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function listed(keys: readonly string[], word: 'and' | 'or'): string {
  const quoted = keys.map((key) => `\`${key}\``);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} ${word} ${quoted.at(-1)}`;
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) value = (value as Record<string | number, Json> | null | undefined)?.[step];
  return value;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly Json[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
  readonly errorMessage?: string;
  readonly patternErrorMessage?: string;
}

interface WholeSchema extends Schema {
  readonly definitions: Readonly<Record<string, Schema>>;
}

let read: WholeSchema | undefined;

function wholeSchema(): WholeSchema {
  read ??= readSchema() as WholeSchema;
  return read;
}

/** What the schema says of the value at a path, whatever is there. */
function schemaOf(path: Path): Schema {
  let schema: Schema = wholeSchema();
  for (const step of path) {
    const own =
      typeof step === 'string' && Object.hasOwn(schema.properties ?? {}, step) ? schema.properties?.[step] : undefined;
    const next = own ?? (typeof step === 'number' ? schema.items : schema.additionalProperties);
    schema = resolved(next || {});
  }
  return schema;
}

/** What stands beside a `$ref` wins over what it refers to. */
function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  return { ...resolved(wholeSchema().definitions[$ref.slice('#/definitions/'.length)] ?? {}), ...beside };
}
