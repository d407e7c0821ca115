// Builds dist/ from src/: one bundle for each way in, so that starting means reading a few files and not hundreds.
// What several of them share is split off by esbuild. `npm run build`; tests and bin/run.js use what it makes.
import { execFileSync } from 'node:child_process';
import { chmod, cp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

/** dist/<name>.js ← src/<file>. src/home.ts tells the program where these are. */
const entries = {
  main: 'commands/main.ts',
  engine: 'engine.ts',
  sdk: 'sdk/index.ts',
  launch: 'sdk/launch.ts',
  broker: 'broker/main.ts',
};

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
await rm(dist, { recursive: true, force: true });
await Promise.all([bundle(), copyPython()]);
declare();
await chmod(join(root, 'bin/run.js'), 0o755);

async function bundle() {
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join('src', file)])),
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    sourcesContent: false,
    minifySyntax: true,
    legalComments: 'linked',
    chunkNames: 'chunks/[name]-[hash]',
    // A program of its own, with a binary beside it.
    external: ['esbuild'],
    define: { FORKLINE_VERSION: JSON.stringify(version) },
    // CommonJS dependencies inside an ES module still call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

/** Python's half of the SDK is found by PYTHONPATH=dist/python. */
async function copyPython() {
  await cp(join(root, 'src/sdk/python/forkline'), join(dist, 'python/forkline'), {
    recursive: true,
    filter: (source) => !source.includes('__pycache__'),
  });
}

/** Types for those who import `forkline` and `forkline/engine`. */
function declare() {
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
}
