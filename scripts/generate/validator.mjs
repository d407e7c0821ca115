// The schema as a function without any import: compiled by ajv, then bundled, because what ajv writes still asks for
// parts of ajv at run time. Starting up pays neither for compiling nor for ajv.
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

/** Keywords that speak to editors and to our own messages; they do not decide what is valid. */
const annotations = ['errorMessage', 'patternErrorMessage', 'enumDescriptions', 'defaultSnippets'];

export const validatorTypes = `// Made from schemas/pipeline.schema.json by \`npm run generate\`: change the schema, not this file.
export interface ShapeError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly propertyName?: string;
}
declare const validate: { (value: unknown): boolean; errors?: readonly ShapeError[] | null };
export default validate;
`;

export async function validator(schema) {
  const ajv = new Ajv({
    allErrors: true,
    messages: false,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allowUnionTypes: true,
    inlineRefs: false,
    code: { source: true, esm: true },
  });
  ajv.addVocabulary(annotations);
  const { outputFiles } = await build({
    stdin: { contents: standalone.default(ajv, ajv.compile(schema)), resolveDir: import.meta.dirname },
    banner: {
      js: '// Made from schemas/pipeline.schema.json by `npm run generate`: change the schema, not this file.',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    minify: true,
    write: false,
  });
  return outputFiles[0].text;
}
