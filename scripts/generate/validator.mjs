// The schema as a function without any import: compiled by ajv, then bundled, because what ajv writes still asks for
// parts of ajv at run time. Starting up pays neither for compiling nor for ajv.
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

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
  const forMessages = without(schema, wordsForPeople);
  const rules = withNameRules(without(forMessages, wordsForMessages));
  const code = withLinearErrors(standalone.default(ajv, ajv.compile(rules)));
  const { outputFiles } = await build({
    stdin: {
      contents: `${code}\nexport function schema() { return JSON.parse(${asText(asText(forMessages))}); }`,
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

/** Words that decide nothing: the first are for editors and readers, the others also for our own messages. */
const wordsForPeople = ['$id', 'title', 'description', 'examples', 'default', 'enumDescriptions', 'defaultSnippets'];
const wordsForMessages = ['errorMessage', 'patternErrorMessage'];

/** Under `properties` and `definitions` the same words are names. */
function without(schema, words) {
  if (!isMap(schema)) return schema;
  const kept = {};
  for (const [word, value] of Object.entries(schema)) {
    if (words.includes(word)) continue;
    kept[word] = namesInside.includes(word)
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, without(one, words)]))
      : without(value, words);
  }
  return kept;
}

const namesInside = ['properties', 'patternProperties', 'definitions'];

/** An error about a name says so only where its rule stands in place, and not behind a `$ref`. */
function withNameRules(schema) {
  return JSON.parse(
    JSON.stringify(schema, (key, value) =>
      key === 'propertyNames' && value.$ref !== undefined ? schema.definitions[value.$ref.split('/').at(-1)] : value,
    ),
  );
}

/** Nobody reads more; what comes after them is not looked at closely. */
const mostErrors = 10_000;

/** What ajv writes copies all errors so far for every `$ref` that adds one: a minute for a file with a mistake a line. */
function withLinearErrors(code) {
  const copying = /vErrors = vErrors === null \? ([\w.]+)\.errors : vErrors\.concat\(\1\.errors\)/g;
  if (code.search(copying) === -1) throw new Error('Internal error: ajv gathers errors in another way now');
  const adding = `function added(all, more) {
    if (all === null) return more;
    for (const one of more) if (all.length < ${mostErrors}) all.push(one);
    return all;
  }`;
  return `${code.replace(copying, 'vErrors = added(vErrors, $1.errors)')}\n${adding}`;
}

function asText(value) {
  return JSON.stringify(value);
}

function isMap(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
