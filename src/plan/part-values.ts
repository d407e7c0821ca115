// What a sub-pipeline gives to the params of its file, held against them: what is wrong is said where it is given, and shown
// with the place where the param is declared.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import type { Json } from '../pipeline/json.ts';
import { allowed, isOfType, schemaOfParam } from '../pipeline/parameters.ts';
import { type Fits, fitsOf } from '../pipeline/parameter-schema.ts';
import type { Part } from './part.ts';
import type { SubPipeline } from './pipeline-node.ts';

/** Null where something is wrong with them. */
export async function partValues(
  part: Part,
  { declaration, values }: SubPipeline,
  findings: Findings,
): Promise<Readonly<Record<string, Json>> | null> {
  const params = part.written.params ?? {};
  const { file } = declaration.uses;
  let isSound = part.isSound;
  const refuse = (code: 'bad-param' | 'unknown-param', name: string, message: string, hint: string): void => {
    isSound = false;
    const isDeclared = Object.hasOwn(params, name);
    const isGiven = Object.hasOwn(values, name);
    findings.error(code, isGiven ? valueOrKey(code, declaration.path, name) : declaration.uses.path, message, {
      hint,
      related: isDeclared ? [{ message: 'declared here', at: keyOf(['params', name]), in: part.document }] : [],
    });
  };
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(params, name)) continue;
    const known = Object.keys(params);
    const others =
      known.length === 0 ? 'it has no params' : `its params are ${known.map((each) => `\`${each}\``).join(', ')}`;
    const hint = findings.didYouMean(name, known) ?? others;
    refuse('unknown-param', name, `there is no param \`${name}\` in \`${file}\``, hint);
  }
  for (const [name, param] of Object.entries(params)) {
    const schema = schemaOfParam(param as Json);
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      if (schema.default !== undefined) continue;
      refuse(
        'bad-param',
        name,
        `param \`${name}\` of \`${file}\` has no value`,
        `give it one under \`with\`; ${allowed(schema)}`,
      );
      continue;
    }
    const fits = await fitting(part, name, schema);
    // What is wrong with the param itself is said in its own file.
    if (fits === null || (isOfType(value, schema) && fits(value))) continue;
    const shown = JSON.stringify(value);
    const cut = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
    refuse('bad-param', name, `param \`${name}\` of \`${file}\` cannot be \`${cut}\``, allowed(schema));
  }
  return isSound ? values : null;
}

function valueOrKey(code: 'bad-param' | 'unknown-param', path: readonly (string | number)[], name: string) {
  const at = [...path, 'with', name];
  return code === 'unknown-param' ? keyOf(at) : at;
}

const known = new WeakMap<Part, Map<string, Fits | null>>();

/** Made once for a file, however many are given values. */
async function fitting(part: Part, name: string, schema: Parameters<typeof fitsOf>[0]): Promise<Fits | null> {
  const made = known.get(part) ?? new Map<string, Fits | null>();
  known.set(part, made);
  const found = made.get(name);
  if (found !== undefined) return found;
  const fits = await fitsOf(schema).catch(() => null);
  made.set(name, fits);
  return fits;
}
