// `node test/chaos/mutants.mjs [--rounds 15]`: builds brokers with a fault planted in each, and says which of them the checkers of run.mjs
// catch. A checker that catches none of its own is worth nothing.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, seed: { type: 'string', default: '1' } },
});

/** What is planted: in that file this text becomes that one. `only` is the part of plan.mjs that should meet it. */
const mutants = [
  {
    name: 'an acknowledgement is skipped',
    file: 'custody.ts',
    from: 'this.done += items.count;',
    to: 'this.done += items.count - 1;',
    only: 'queue',
  },
  {
    name: 'what comes back is not marked',
    file: 'custody.ts',
    from: 'charges, seen: true });\n      return',
    to: 'charges: 0, seen: false });\n      return',
    only: 'poison',
  },
  {
    name: 'what a dead taker held is forgotten',
    file: 'custody.ts',
    from: 'this.#restore({ ...batch, charges, seen: true });',
    to: 'void charges;',
    only: 'poison',
  },
  {
    name: 'one place too many',
    file: 'space.ts',
    from: 'this.waiting - this.lent)',
    to: 'this.waiting - this.lent + 1)',
    only: 'queue',
  },
  {
    name: 'fences stand still',
    file: 'lock.ts',
    from: 'this.#fence += 1;',
    to: 'if (this.#out.size > 0 || this.#fence < 9) this.#fence += 1;',
    only: 'lock',
  },
  {
    name: 'two are let in',
    file: 'lock.ts',
    from: 'alone ? this.#out.size === 0 :',
    to: 'alone ? this.#out.size <= 1 :',
    only: 'lock',
  },
  {
    name: 'one more than there are permits',
    file: 'lock.ts',
    from: 'this.#out.size < this.#most',
    to: 'this.#out.size <= this.#most',
    only: 'lock',
  },
  {
    name: 'nobody is told what was abandoned',
    file: 'lock.ts',
    from: 'this.#abandoned = true;',
    to: 'this.#abandoned = false;',
    only: 'lock',
  },
];

for (const mutant of mutants) {
  const home = mkdtempSync('/tmp/fm-');
  for (const name of ['bin', 'dist', 'schemas', 'package.json'])
    cpSync(join(root, name), join(home, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  const path = join(root, 'src/broker', mutant.file);
  const before = readFileSync(path, 'utf8');
  const after = before.replace(mutant.from, mutant.to);
  if (after === before) {
    console.log(`${mutant.name}: there is no place for it in ${mutant.file}`);
    process.exitCode = 1;
    continue;
  }
  await build({
    entryPoints: [join(root, 'src/broker/main.ts')],
    outfile: join(home, 'dist/broker.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['ajv'],
    logLevel: 'error',
    define: { 'import.meta.url': '$url' },
    banner: { js: "const $url = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [
      {
        name: 'plant',
        setup({ onLoad }) {
          onLoad({ filter: new RegExp(`${mutant.file}$`) }, ({ path: at }) =>
            at === path ? { contents: after, loader: 'ts', resolveDir: dirname(path) } : undefined,
          );
        },
      },
    ],
  });
  rmSync(join(home, 'dist/broker.code'), { force: true });
  const argv = [
    join(import.meta.dirname, 'run.mjs'),
    '--home',
    home,
    '--only',
    mutant.only,
    '--rounds',
    values.rounds,
    '--seed',
    values.seed,
  ];
  const { stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  const fault = stdout.split('\n').find((line) => line.includes('FAULT'));
  console.log(`${mutant.name}: ${fault === undefined ? 'NOT CAUGHT' : fault.trim()}`);
  if (fault === undefined) process.exitCode = 1;
  for (const [, folder] of stdout.matchAll(/(\/tmp\/fc-\w+) has everything/g))
    rmSync(folder, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
}
