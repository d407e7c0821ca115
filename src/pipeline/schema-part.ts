// What the schema says of a place in a pipeline: found by walking it along a path, since no part of it is a choice.
import type { Json } from './json.ts';
import type { Path } from './places.ts';
import { schema as readSchema } from './validator.gen.js';

export interface Schema {
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

/** What it says of the value at a path, whatever is there. */
export function schemaOf(path: Path): Schema {
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
export function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  return { ...resolved(wholeSchema().definitions[$ref.slice('#/definitions/'.length)] ?? {}), ...beside };
}

/** The links of a chain of if/then/else that a path into the schema goes through: `#/else/then/required`. */
export function linksTo(path: Path, schemaPath: string): Schema[] {
  const links = [schemaOf(path)];
  for (const step of schemaPath.split('/').slice(1)) {
    const next = step === 'then' || step === 'else' ? links.at(-1)?.[step] : undefined;
    if (next === undefined) break;
    links.push(next);
  }
  return links;
}
