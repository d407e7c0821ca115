// The schema as a function without any import: compiled by ajv, then bundled, because what ajv writes still asks for
// parts of ajv at run time. Starting up pays neither for compiling nor for ajv.
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

/** Keywords that speak to editors and to our own messages; they do not decide what is valid. */
const annotations = ['errorMessage', 'patternErrorMessage', 'enumDescriptions', 'defaultSnippets'];

/** An error about a name says so only where its rule stands in place, and not behind a `$ref`. */
function withNameRules(schema) {
  return JSON.parse(
    JSON.stringify(schema, (key, value) =>
      key === 'propertyNames' && value.$ref !== undefined ? schema.definitions[value.$ref.split('/').at(-1)] : value,
    ),
  );
}

/** As keys of the language these words have a schema, and so a map. */
function isForPeople(key, value) {
  if (key === 'enumDescriptions' || key === 'defaultSnippets' || key === 'default') return !isMap(value);
  return (key === 'description' && typeof value === 'string') || (key === 'examples' && Array.isArray(value));
}

function isMap(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const validatorTypes = `// Made from schemas/pipeline.schema.json by \`npm run generate\`: change the schema, not this file.
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
`;

export async function validator(schema) {
  const ajv = new Ajv({
    allErrors: true,
    messages: false,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allowUnionTypes: true,
    // A path into the schema then always starts at what the last `$ref` led to.
    inlineRefs: false,
    code: { source: true, esm: true },
  });
  ajv.addVocabulary(annotations);
  const kept = JSON.stringify(JSON.stringify(schema, (key, value) => (isForPeople(key, value) ? undefined : value)));
  const code = standalone.default(ajv, ajv.compile(withNameRules(schema)));
  const { outputFiles } = await build({
    stdin: {
      contents: `${code}\nexport function schema() { return JSON.parse(${kept}); }`,
      resolveDir: import.meta.dirname,
    },
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
