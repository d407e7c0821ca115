// Whether a value fits a param's JSON Schema. What nearly all params say is looked at here; only a schema that says more
// pays for the validator, which takes longer to load than most pipelines take to plan.
import type { Json } from './json.ts';
import { compileSchema } from './json-schema.ts';

export type Schema = { readonly [key: string]: Json };
export type Fits = (value: Json) => boolean;

/** Throws where it is no schema. */
export async function fitsOf(schema: Schema): Promise<Fits> {
  const isPlain = Object.keys(schema).every((key) => Object.hasOwn(plainKeywords, key) || key.startsWith('x-'));
  return isPlain ? (value) => fitsPlainly(value, schema) : compile(schema);
}

export function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

type Test = (value: Json, limit: Json) => boolean;

const always: Test = () => true;
const ofNumbers = (test: (value: number, limit: number) => boolean): Test => {
  return (value, limit) => typeof value !== 'number' || test(value, Number(limit));
};
/** Characters, not UTF-16 units: as JSON Schema counts. */
const ofTexts = (test: (length: number, limit: number) => boolean): Test => {
  return (value, limit) => typeof value !== 'string' || test(Array.from(value).length, Number(limit));
};

const plainKeywords: Readonly<Record<string, Test>> = {
  type: (value, type) => (type === 'integer' ? Number.isInteger(value) : typeOf(value) === type),
  minimum: ofNumbers((value, limit) => value >= limit),
  maximum: ofNumbers((value, limit) => value <= limit),
  exclusiveMinimum: ofNumbers((value, limit) => value > limit),
  exclusiveMaximum: ofNumbers((value, limit) => value < limit),
  minLength: ofTexts((length, limit) => length >= limit),
  maxLength: ofTexts((length, limit) => length <= limit),
  enum: (value, choices) => (choices as readonly Json[]).some((choice) => sameScalar(choice, value)),
  default: always,
  description: always,
  title: always,
  examples: always,
};

function fitsPlainly(value: Json, schema: Schema): boolean {
  return Object.entries(schema).every(([key, limit]) => (plainKeywords[key] ?? always)(value, limit));
}

function sameScalar(choice: Json, value: Json): boolean {
  return typeof choice === 'object' ? JSON.stringify(choice) === JSON.stringify(value) : choice === value;
}

async function compile(schema: Schema): Promise<Fits> {
  const validate = await compileSchema(schema, 'draft-07');
  return (value) => validate(value) === null;
}
