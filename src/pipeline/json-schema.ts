// JSON Schemas as people write them, made into functions. ajv is loaded by whoever has a schema and not before: that takes longer
// than most pipelines take to plan. What could hang or deceive is replaced: patterns are RE2, `uniqueItems` takes time in
// proportion, and what an object only inherits is not in it.
import type { Ajv, ErrorObject, Options } from 'ajv';
import type { Json } from './json.ts';

/** Where in a value something does not fit, as a JSON pointer, and why. */
export interface Misfit {
  readonly path: string;
  readonly reason: string;
}

export type Validate = (value: unknown) => Misfit | null;

/** By what `$schema` says; without it, the last one. */
export const dialects = {
  'draft-07': 'http://json-schema.org/draft-07/schema',
  '2019-09': 'https://json-schema.org/draft/2019-09/schema',
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
} as const;

export type Dialect = keyof typeof dialects;

/** Null where it is none that is known. */
export function dialectOf(schema: Json): Dialect | null {
  if (typeof schema !== 'object' || schema === null || !('$schema' in schema)) return '2020-12';
  const named = String(schema.$schema)
    .replace(/#$/, '')
    .replace(/^https?/, '');
  const found = Object.entries(dialects).find(([, uri]) => uri.replace(/^https?/, '') === named);
  return (found?.[0] as Dialect | undefined) ?? null;
}

/** Throws where it is no schema. */
export async function compileSchema(schema: Json, dialect = dialectOf(schema)): Promise<Validate> {
  const ajv = await ajvFor(dialect ?? '2020-12');
  const matches = ajv.compile(schema as boolean | Record<string, unknown>);
  return (value) => {
    try {
      return matches(value) ? null : misfitOf(matches.errors ?? []);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { path: '', reason: 'is nested too deeply to be looked at' };
    }
  };
}

/** What keeps it from being a schema, each with its place in it. */
export async function schemaProblems(schema: Json, dialect: Dialect): Promise<readonly Misfit[]> {
  const ajv = await readerOf(dialect);
  if (ajv.validateSchema(schema as Record<string, unknown>) === true) return [];
  const errors = ajv.errors ?? [];
  const problems = new Map<string, Misfit>();
  for (const error of errors) {
    // What does not fit in a part makes the whole not fit, too.
    if (errors.some(({ instancePath }) => instancePath.startsWith(`${error.instancePath}/`))) continue;
    if (!problems.has(error.instancePath)) problems.set(error.instancePath, wordsOf(error));
  }
  return [...problems.values()];
}

/** One for all schemas of a dialect: what it makes of the schema of schemas takes far longer than to hold another one against it. */
function readerOf(dialect: Dialect): Promise<Ajv> {
  const known = readers.get(dialect);
  if (known !== undefined) return known;
  const made = ajvFor(dialect, { allErrors: true });
  readers.set(dialect, made);
  return made;
}

const readers = new Map<Dialect, Promise<Ajv>>();

/** Gives what is wrong with a pattern, or null. */
export async function patternProblem(pattern: string): Promise<string | null> {
  const { RE2JS } = await import('re2js');
  try {
    RE2JS.compile(RE2JS.translateRegExp(pattern));
    return null;
  } catch (error) {
    return (error as Error).message.replace('error parsing regexp: ', '');
  }
}

async function ajvFor(dialect: Dialect, options: Options = {}): Promise<Ajv> {
  const [classes, { RE2JS }] = await Promise.all([load(dialect), import('re2js')]);
  const regExp = Object.assign(
    (pattern: string) => {
      const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
      // ajv keeps one for all that say the same here.
      return { test: (text: string) => compiled.test(text), toString: () => pattern };
    },
    { code: 'new RegExp' },
  );
  const ajv = new classes({
    strict: false,
    logger: false,
    validateFormats: false,
    ownProperties: true,
    code: { regExp },
    ...options,
  });
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (unique: boolean, list: readonly Json[]) => !unique || new Set(list.map(canonical)).size === list.length,
    error: { message: 'must not hold the same thing twice' },
  });
  return ajv as Ajv;
}

async function load(dialect: Dialect) {
  switch (dialect) {
    case 'draft-07':
      return (await import('ajv')).Ajv;
    case '2019-09':
      return (await import('ajv/dist/2019.js')).Ajv2019;
    case '2020-12':
      return (await import('ajv/dist/2020.js')).Ajv2020;
  }
}

/** The same text for values that are equal. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_, inner: Json) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    // As entries, because an object cannot hold `__proto__` by assignment.
    return { entries: Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)) };
  });
}

/** ajv tells the causes first, and then what did not fit because of them. */
function misfitOf(errors: readonly ErrorObject[]): Misfit {
  const last = errors.at(-1);
  if (last === undefined) return { path: '', reason: 'does not fit' };
  const { path, reason } = wordsOf(last);
  if (last.keyword !== 'anyOf' && last.keyword !== 'oneOf') return { path, reason };
  const causes = [...new Set(errors.slice(0, -1).map((error) => phraseOf(wordsOf(error), path)))];
  if (causes.length === 0) return { path, reason };
  const more = causes.length > MOST_CAUSES ? ' …' : '';
  return { path, reason: `${reason} (${causes.slice(0, MOST_CAUSES).join('; ')}${more})` };
}

function phraseOf({ path, reason }: Misfit, from: string): string {
  return path === from ? reason : `\`${path}\` ${reason}`;
}

function wordsOf({ instancePath, keyword, params, message, propertyName }: ErrorObject): Misfit {
  const named = propertyName === undefined ? '' : `has the name \`${propertyName}\`, which `;
  return { path: instancePath, reason: named + reasonOf(keyword, params, message ?? `does not fit \`${keyword}\``) };
}

function reasonOf(keyword: string, params: Record<string, unknown>, message: string): string {
  const named = (name: string): string => `\`${String(params[name])}\``;
  switch (keyword) {
    case 'required':
      return `must have ${named('missingProperty')}`;
    case 'additionalProperties':
      return `must not have ${named('additionalProperty')}`;
    case 'unevaluatedProperties':
      return `must not have ${named('unevaluatedProperty')}`;
    case 'enum':
      return `must be one of ${shown(params['allowedValues']).slice(1, -1)}`;
    case 'const':
      return `must be ${shown(params['allowedValue'])}`;
    case 'pattern':
      return `must match ${named('pattern')}`;
    case 'false schema':
      return 'must not be there';
    case 'type':
      return `must be ${[params['type']].flat().join(' or ')}`;
    case 'anyOf':
    case 'oneOf':
      return params['passingSchemas'] ? 'must fit only one of `oneOf`' : `must fit one of \`${keyword}\``;
    default:
      return message;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}… ` : text;
}

const LONGEST_SHOWN = 120;
const MOST_CAUSES = 3;
