// Compiles JavaScript and TypeScript targets into modules that a plain Node runs at once. What a file says of itself stays true:
// `import.meta.url`, `__dirname`, relative imports, packages and stack traces are the source file's. `forkline` is always ours.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildFailure, type BuildOptions, build, type Loader, type Plugin, stop } from 'esbuild';
import pLimit from 'p-limit';
import { home } from '../home.ts';

type Compiled = { readonly module: string } | { readonly refused: string };

/** How many files are read at once. */
const reading = pLimit({ concurrency: 32, rejectOnClear: true });

export async function compileTargets(files: readonly string[], folder: string): Promise<Map<string, Compiled>> {
  const entries = files.map((file, index) => ({ in: file, out: `target-${index}` }));
  const moduleOf = (out: string): string => join(folder, `${out}.mjs`);
  try {
    await compile(entries, folder);
    return new Map(entries.map((entry) => [entry.in, { module: moduleOf(entry.out) }]));
  } catch {
    // One of them is broken: each alone, so that the others run and the broken one says why.
    const building = pLimit({ concurrency: 4, rejectOnClear: true });
    const each = entries.map((entry) =>
      building(async (): Promise<[string, Compiled]> => {
        try {
          await compile([entry], folder);
          return [entry.in, { module: moduleOf(entry.out) }];
        } catch (error) {
          return [entry.in, { refused: describe(error as BuildFailure) }];
        }
      }),
    );
    return new Map(await Promise.all(each));
  } finally {
    await stop();
  }
}

function compile(entryPoints: NonNullable<BuildOptions['entryPoints']>, folder: string): Promise<unknown> {
  return build({
    entryPoints: entryPoints as { in: string; out: string }[],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['main'],
    conditions: ['node'],
    sourcemap: 'linked',
    logLevel: 'silent',
    define: { 'import.meta.url': '__forkline_url', __dirname: '__forkline_folder', __filename: '__forkline_file' },
    banner: {
      js: "import { createRequire as __forkline_require } from 'node:module'; const require = __forkline_require(import.meta.url);",
    },
    plugins: [forkline],
  });
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
      if (found.errors.length > 0) return { errors: found.errors };
      return { path: found.path === path ? path : external(found.path, kind), external: true };
    });
    builder.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => ({
      contents: `${selfOf(path)}${withoutShebang(await reading(() => readFile(path, 'utf8')))}`,
      resolveDir: dirname(path),
      loader: loaderOf(path),
    }));
  },
};

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

function describe(failure: BuildFailure): string {
  const [first] = failure.errors;
  if (!first) return `its target could not be compiled: ${failure.message}`;
  const place = first.location ? `${first.location.file}:${first.location.line}:${first.location.column + 1}: ` : '';
  return `its target could not be compiled: ${place}${first.text}`;
}
