// Builds dist/ from src/: one bundle for each way in, so that starting means reading a few files and not hundreds.
// What several of them share is split off by esbuild. `npm run build`; tests and bin/run.js use what it makes.
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compileKeeper } from './compile-keeper.mjs';

const { load } = createRequire(import.meta.url)('../bin/load.cjs');
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const final = join(root, 'dist');
/** Made beside the one that is in use, and put in its place when it is whole: a run that goes on meanwhile never misses a file. */
const dist = join(root, `dist.${process.pid}`);

/** dist/<name>.js ← src/<file>. src/home.ts tells the program where these are. */
const entries = {
  engine: 'engine.ts',
  sdk: 'sdk/index.ts',
  launch: 'sdk/launch.ts',
};

/** dist/<name>.cjs ← src/<file>: those that bin/load.cjs can load with code made beforehand. */
const programs = {
  main: 'commands/main.ts',
  broker: 'broker/main.ts',
};

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  sourcesContent: false,
  // Starting is mostly reading: less to read is sooner started. Names stay, so that a stack can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 300,
  legalComments: 'linked',
  // esbuild is a program of its own, with a binary beside it. ajv is CommonJS that is imported only when needed, and
  // a bundle in ES modules would give such an import no names.
  external: ['esbuild', 'ajv'],
  logLevel: 'warning',
};

try {
  await Promise.all([bundle(), bundlePrograms(), bundleVerbs(), bundleForCommonJs(), copyPython(), copyKeeper()]);
  declare();
  await writeHelp();
  await keepCode();
  await chmod(join(root, 'bin/run.js'), 0o755);
  await replace();
} finally {
  await rm(dist, { recursive: true, force: true });
}

async function replace() {
  const old = `${dist}.old`;
  await rename(final, old).catch(() => {});
  await rename(dist, final);
  await rm(old, { recursive: true, force: true });
}

async function bundle() {
  await build({
    ...common,
    entryPoints: entryPoints(entries),
    outdir: dist,
    splitting: true,
    format: 'esm',
    chunkNames: 'chunks/[name]-[hash]',
    // CommonJS dependencies inside an ES module still call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    },
  });
}

function entryPoints(named) {
  return Object.fromEntries(Object.entries(named).map(([name, file]) => [name, join('src', file)]));
}

/** The command line and the broker: one file each. */
async function bundlePrograms() {
  await build({
    ...common,
    entryPoints: entryPoints(programs),
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '$url' },
    banner: { js: "const $url = require('node:url').pathToFileURL(__filename).href;" },
  });
}

/** dist/verbs.cjs: what scripts inside a run call again and again, and so as little as can be. */
async function bundleVerbs() {
  await build({
    ...common,
    entryPoints: { verbs: 'src/verbs/main.ts' },
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    footer: { js: 'if (require.main === module) void module.exports.main(process.argv.slice(2));' },
  });
}

/** `require('forkline')`: NODE_PATH=dist/modules finds it as a package. */
async function bundleForCommonJs() {
  const folder = join(dist, 'modules/forkline');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "name": "forkline", "main": "index.js", "type": "commonjs" }\n');
  await build({
    ...common,
    entryPoints: { index: join('src', entries.sdk) },
    outdir: folder,
    format: 'cjs',
  });
}

/** Python's half of the SDK is found by PYTHONPATH=dist/python. */
async function copyPython() {
  await cp(join(root, 'src/sdk/python/forkline_launch.py'), join(dist, 'python/forkline_launch.py'));
  await cp(join(root, 'src/sdk/python/forkline'), join(dist, 'python/forkline'), {
    recursive: true,
    filter: (source) => !source.includes('__pycache__'),
  });
}

/** The one in Perl is run as it stands; the one in C is there too where it can be compiled. */
async function copyKeeper() {
  await cp(join(root, 'src/keeper'), join(dist, 'keeper'), {
    recursive: true,
    filter: (source) => !/(?:\.ts|\.md|\/native)$/.test(source),
  });
  const reason = compileKeeper(join(dist, 'keeper/forkline-keeper'));
  if (reason !== null) console.log(`The keeper in C was not compiled, and the one in Perl will be used: ${reason}`);
}

/** bin/run.js answers `--help` from these. */
async function writeHelp() {
  const { names, helpFor } = load(dist, 'main');
  await mkdir(join(dist, 'help'));
  for (const name of ['', ...names]) {
    await writeFile(join(dist, 'help', `${name || 'forkline'}.txt`), helpFor(name));
  }
}

/** dist/main.code, dist/broker.code: what V8 has compiled of them once a short run is over. */
async function keepCode() {
  const nothing = 'processes:\n  once: { run: "true" }\n';
  await keepCodeOf('main', { 'pipeline.yaml': nothing });
  await keepCodeOf('broker', await shortTraffic());
}

/** A pipeline in which something goes through each kind of channel. */
async function shortTraffic() {
  const folder = join(root, 'scripts/short-traffic');
  const files = (await readdir(folder)).map(async (name) => [name, await readFile(join(folder, name))]);
  return Object.fromEntries(await Promise.all(files));
}

async function keepCodeOf(name, files) {
  const folder = await mkdtemp(join(tmpdir(), 'forkline-build-'));
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
  const keeps = `--require ${JSON.stringify(join(root, 'scripts/keep-code.cjs'))}`;
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/short-run.cjs'), dist], {
    cwd: folder,
    stdio: 'inherit',
    env: {
      ...process.env,
      FORKLINE_KEEP_CODE: name,
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${keeps}`,
    },
  });
  await rm(folder, { recursive: true });
  if (status !== 0) throw new Error(`the short run that the build makes ended with exit code ${status}`);
}

/** Types for those who import `forkline` and `forkline/engine`. Whether they are right is for `npm run types` to say. */
function declare() {
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc');
  spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(dist, 'types')]);
}
