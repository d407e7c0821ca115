// Made from schemas/pipeline.schema.json by `npm run generate`: change the schema, not this file.
export interface ShapeError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly propertyName?: string;
}
/** The schema itself without what only people read: what was expected where an error is. */
export function schema(): unknown;
declare const validate: { (value: unknown): boolean; errors?: readonly ShapeError[] | null };
export default validate;
