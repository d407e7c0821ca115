// A JSON Schema in a file of the project's, as JSON or YAML.
import { readFile, realpath, stat } from 'node:fs/promises';
import { parseDocument } from './document.ts';
import { isMap, type Json } from './json.ts';
import { Source } from './source.ts';

/** Its real path and what is in it, or why there is nothing. */
export async function readSchemaFile(file: string): Promise<{ path: string; text: Buffer } | { missing: string }> {
  try {
    const path = await realpath(file);
    const facts = await stat(path);
    // A pipe or a device could be read for ever.
    if (!facts.isFile()) return { missing: 'is no file' };
    if (facts.size > MOST_BYTES) return { missing: 'is larger than 8 MiB' };
    return { path, text: await readFile(path) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      missing: code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : `cannot be read (${code ?? String(error)})`,
    };
  }
}

/** JSON is YAML, too. Gives what is wrong where it is neither. */
export function parsed(file: string, text: Uint8Array): { readonly value: Json } | string {
  const source = new Source(file, text);
  const { document, diagnostics } = parseDocument(source);
  const [problem] = diagnostics.filter(({ severity }) => severity === 'error');
  if (problem !== undefined) {
    const { line, column } = source.position(problem.span.start);
    return `line ${line}, column ${column}: ${problem.message}`;
  }
  const value = document?.value ?? null;
  return isMap(value) || typeof value === 'boolean' ? { value } : 'a schema is a map, `true` or `false`';
}

const MOST_BYTES = 8 * 1024 * 1024;
