// `env_file`: files of variables in dotenv syntax. Several are read at once, and laid over each other in their order.
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import pLimit from 'p-limit';
import type { Path } from './document.ts';
import { parseDotenv } from './dotenv.ts';
import type { EnvironmentLayer } from './environment.ts';
import { knownValueOf, type Place } from './setting.ts';

/** Files at once; more only wait for each other on the disk. */
const limit = pLimit(8);
const mostBytes = 8 * 1024 * 1024;

export class EnvironmentFiles {
  readonly #root: string;
  readonly #read = new Map<string, Promise<EnvironmentLayer | Trouble>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The layers that the files named at `path` make; a file that is not there is a finding. */
  async layersAt(
    path: Path,
    written: string | readonly string[] | undefined,
    place: Place,
  ): Promise<EnvironmentLayer[]> {
    if (written === undefined) return [];
    const names =
      typeof written === 'string'
        ? [{ path, name: written }]
        : written.map((name, at) => ({ path: [...path, at], name }));
    const layers = await Promise.all(names.map(({ path: at, name }) => this.#layerAt(at, name, place)));
    return layers.filter((layer) => layer !== null);
  }

  async #layerAt(path: Path, written: string, place: Place): Promise<EnvironmentLayer | null> {
    const formula = place.reading.formula(path, written, { ...place.known, later: false });
    const name = knownValueOf(formula, place.scope, place.reading);
    if (name === undefined) return null;
    const layer = await this.#layerOf(resolve(this.#root, String(name)));
    if ('entries' in layer) return layer;
    const { code, message, hint } = layer;
    place.reading.findings.error(code, path, `\`env_file\` \`${String(name)}\` ${message}`, { hint });
    return null;
  }

  #layerOf(file: string): Promise<EnvironmentLayer | Trouble> {
    let layer = this.#read.get(file);
    if (layer === undefined) {
      layer = limit(() => readLayer(file));
      this.#read.set(file, layer);
    }
    return layer;
  }
}

interface Trouble {
  readonly code: 'missing-file' | 'bad-env-file';
  readonly message: string;
  readonly hint?: string;
}

async function readLayer(file: string): Promise<EnvironmentLayer | Trouble> {
  try {
    return layerOf(await readFile(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message =
      code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : `cannot be read (${code ?? String(error)})`;
    return { code: 'missing-file', message, hint: "it is looked for beside the pipeline's file" };
  }
}

function layerOf(bytes: Buffer): EnvironmentLayer | Trouble {
  const bad = (message: string, hint?: string): Trouble => ({ code: 'bad-env-file', message, ...(hint && { hint }) });
  if (bytes.length > mostBytes) return bad('is larger than 8 MiB');
  if (bytes.includes(0)) return bad('holds a NUL, which no variable can');
  if (!isUtf8(bytes)) return bad('is not UTF-8');
  const variables = parseDotenv(bytes.toString());
  if ('problem' in variables)
    return bad(
      `cannot be read at line ${variables.line}: ${variables.problem}`,
      'a line is `NAME=value`, a comment, or empty; quotes may span lines',
    );
  return { entries: [...variables].map(([name, value]) => ({ name, value })) };
}
