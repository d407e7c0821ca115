// `env_file`: files of variables, read as Node reads them. Several are read at once, and laid over each other in their order.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import pLimit from 'p-limit';
import type { Path } from './document.ts';
import type { EnvironmentLayer } from './environment.ts';
import { knownValueOf, type Place } from './setting.ts';

/** Files at once; more only wait for each other on the disk. */
const limit = pLimit(8);
const mostBytes = 8 * 1024 * 1024;

export class EnvironmentFiles {
  readonly #root: string;
  readonly #read = new Map<string, Promise<EnvironmentLayer | string>>();

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
    if (typeof layer !== 'string') return layer;
    place.reading.findings.error('missing-file', path, `\`env_file\` \`${String(name)}\` ${layer}`, {
      hint: "it is looked for beside the pipeline's file",
    });
    return null;
  }

  #layerOf(file: string): Promise<EnvironmentLayer | string> {
    let layer = this.#read.get(file);
    if (layer === undefined) {
      layer = limit(() => readLayer(file));
      this.#read.set(file, layer);
    }
    return layer;
  }
}

async function readLayer(file: string): Promise<EnvironmentLayer | string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length > mostBytes) return 'is larger than 8 MiB';
    if (text.includes('\0')) return 'holds a NUL, which no variable can';
    return { entries: Object.entries(parseEnv(text)).map(([name, value]) => ({ name, value: value ?? '' })) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : `cannot be read (${code ?? String(error)})`;
  }
}
