// Compiles JavaScript and TypeScript targets into modules that a plain Node runs at once. What a file says of itself stays true:
// `import.meta.url`, `__dirname`, relative imports, packages and stack traces are the source file's. `forkline` is always ours.
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type BuildFailure,
  build as buildOnce,
  type BuildOptions,
  type BuildResult,
  type Loader,
  type Message,
  type Plugin,
  stop,
} from 'esbuild';
import pLimit from 'p-limit';
import { home } from '../home.ts';

export type Compiled =
  | {
      /** The one of the outputs that is loaded. */
      readonly module: string;
      readonly outputs: readonly Output[];
      /** Null where only running it tells. */
      readonly exports: readonly string[] | null;
    }
  /** Each as `FILE:LINE:COLUMN: what is wrong`. */
  | { readonly refused: readonly string[] };

/** A file to be written wherever the module is to be loaded from. */
interface Output {
  readonly name: string;
  readonly contents: Uint8Array;
}

interface Entry {
  readonly in: string;
  readonly out: string;
}

/** How many files are read at once. */
const reading = pLimit({ concurrency: 32, rejectOnClear: true });

/** Calls under way: the last one that ends also ends esbuild. */
let underway = 0;

export async function compileTargets(files: readonly string[]): Promise<Map<string, Compiled>> {
  const entries = files.map((file, index) => ({ in: file, out: `target-${index}` }));
  underway += 1;
  try {
    return new Map(await compile(entries).catch(() => compileEach(entries)));
  } finally {
    underway -= 1;
    if (underway === 0) await stop();
  }
}

/** One of them is broken: each alone, so that every one says what is wrong with it. */
function compileEach(entries: readonly Entry[]): Promise<[string, Compiled][]> {
  const building = pLimit({ concurrency: 4, rejectOnClear: true });
  return Promise.all(
    entries.map((entry) =>
      building(async (): Promise<[string, Compiled]> => {
        try {
          const [compiled] = await compile([entry]);
          return compiled as [string, Compiled];
        } catch (error) {
          if (!isBuildFailure(error)) throw error;
          return [entry.in, { refused: error.errors.map(describe) }];
        }
      }),
    ),
  );
}

/** Ctrl-C reaches esbuild's own process too and ends it, while what it was asked for is still wanted. */
async function build<T extends BuildOptions>(options: T): Promise<BuildResult<T>> {
  for (let tries = 1; ; tries++) {
    try {
      return await buildOnce<T>(options as Parameters<typeof buildOnce<T>>[0]);
    } catch (error) {
      if (tries === MOST_TRIES || !/The service (was stopped|is no longer running)/.test(String(error))) throw error;
      await stop();
    }
  }
}

const MOST_TRIES = 3;

async function compile(entries: readonly Entry[]): Promise<[string, Compiled][]> {
  const { metafile, outputFiles } = await build({
    entryPoints: [...entries],
    // Nothing is written: source maps start at the root, so that they hold wherever the modules will be.
    outdir: '/',
    write: false,
    sourceRoot: 'file:///',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['main'],
    conditions: ['node'],
    sourcemap: 'linked',
    metafile: true,
    logLevel: 'silent',
    define: {
      'import.meta.url': '__forkline_url',
      'import.meta.dirname': '__forkline_folder',
      'import.meta.filename': '__forkline_file',
      __dirname: '__forkline_folder',
      __filename: '__forkline_file',
    },
    banner: {
      js: "import { createRequire as __forkline_require } from 'node:module'; const require = __forkline_require(import.meta.url);",
    },
    plugins: [forkline],
  });
  const made = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  return entries.map((entry) => {
    const module = `${entry.out}.mjs`;
    const outputs = outputFiles
      .map(({ path, contents }) => ({ name: basename(path), contents }))
      .filter(({ name }) => name.startsWith(`${entry.out}.`));
    const { exports = [], entryPoint = '' } = made.get(module) ?? {};
    const isOpen = metafile.inputs[entryPoint]?.format === 'cjs' || passesOn(outputs, module);
    return [entry.in, { module, outputs, exports: isOpen ? null : exports }];
  });
}

/** Whether a module exports all that another one does, of which nothing is known before it runs. */
function passesOn(outputs: readonly Output[], module: string): boolean {
  const text = Buffer.from(outputs.find(({ name }) => name === module)?.contents ?? []);
  return text.includes('export *') || text.includes('__reExport');
}

const forkline: Plugin = {
  name: 'forkline',
  setup(builder) {
    builder.onResolve({ filter: /^forkline$/ }, ({ kind }) => ({ path: external(home.sdk, kind), external: true }));
    builder.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true }));
    // Packages stay where they are: they are found from the source file, and loaded from there when it runs.
    builder.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === forkline || kind === 'entry-point') return undefined;
      const found = await builder.resolve(path, { kind, importer, resolveDir, pluginData: forkline });
      // Left to esbuild: it lets those pass that the program itself catches.
      if (found.errors.length > 0) return undefined;
      return { path: found.path === path ? path : external(found.path, kind), external: true };
    });
    builder.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const text = withoutShebang(await reading(() => readFile(path, 'utf8')));
      return {
        contents: asksForItself(text) ? `${selfOf(path)}${text}` : text,
        resolveDir: dirname(path),
        loader: loaderOf(path),
      };
    });
  },
};

/** Those that do not are left as they are, so that the columns of their first line stay, too. */
function asksForItself(text: string): boolean {
  return /\bmeta\b|\b__(?:dir|file)name\b/.test(text);
}

/** What a file knows of itself, on its first line so that line numbers stay. */
function selfOf(path: string): string {
  const url = JSON.stringify(pathToFileURL(path).href);
  return `const __forkline_url = ${url}, __forkline_file = ${JSON.stringify(path)}, __forkline_folder = ${JSON.stringify(dirname(path))};`;
}

function withoutShebang(text: string): string {
  return text.startsWith('#!') ? `//${text}` : text;
}

function loaderOf(path: string): Loader {
  if (/\.[cm]?ts$/.test(path)) return 'ts';
  return path.endsWith('.tsx') ? 'tsx' : path.endsWith('.jsx') ? 'jsx' : 'js';
}

function external(path: string, kind: string): string {
  return kind === 'require-call' || kind === 'require-resolve' ? path : pathToFileURL(path).href;
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error;
}

function describe({ text, location }: Message): string {
  if (location === null) return text;
  const { file, line, lineText } = location;
  // esbuild counts bytes, and what we put before the first line.
  const before = Buffer.from(lineText).subarray(0, location.column).toString();
  const self = selfOf(resolve(file));
  const ours = line === 1 && before.startsWith(self) ? self.length : 0;
  return `${file}:${line}:${before.length - ours + 1}: ${text}`;
}
