// Makes everything that follows from schemas/pipeline.schema.json: the types, the validator, the reference in docs/.
// `--check` writes nothing and fails where something that is committed is stale.
import { readFile, writeFile } from 'node:fs/promises';
import { reference } from './generate/reference.mjs';
import { types } from './generate/types.mjs';
import { validator, validatorTypes } from './generate/validator.mjs';

const root = new URL('../', import.meta.url);
const check = process.argv.includes('--check');
const schema = JSON.parse(await readFile(new URL('schemas/pipeline.schema.json', root), 'utf8'));

const outputs = [
  { path: 'src/pipeline/schema.gen.ts', committed: true, text: await types(schema) },
  { path: 'src/pipeline/validator.gen.d.ts', committed: true, text: validatorTypes },
  { path: 'src/pipeline/validator.gen.js', committed: false, text: await validator(schema) },
  { path: 'docs/reference.md', committed: true, text: reference(schema) },
];

for (const { path, committed, text } of outputs) {
  const url = new URL(path, root);
  if ((await readFile(url, 'utf8').catch(() => '')) === text) continue;
  if (check && committed) {
    console.error(`${path} does not follow from the schema: run \`npm run generate\` and commit it`);
    process.exitCode = 1;
  }
  if (!check) await writeFile(url, text);
}
