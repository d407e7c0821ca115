// Compiles the keeper in C, where there is a compiler. The build does it, and so do tests, with faults planted in it, and whoever wants other
// flags: `node scripts/compile-keeper.mjs FILE [FOLDER [FLAG…]]`, with the folder of the sources.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const own = fileURLToPath(new URL('../src/keeper/native', import.meta.url));

const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', ...(process.env.CFLAGS ?? '').split(' ').filter(Boolean)];

/** Answers why there is none; null where there is one now. */
export function compileKeeper(file, { source = own, more = [] } = {}) {
  if (process.platform !== 'linux') return 'it is for Linux alone';
  const compiler = process.env.CC ?? 'cc';
  const sources = readdirSync(source).filter((name) => name.endsWith('.c'));
  mkdirSync(dirname(file), { recursive: true });
  // Without libraries to be loaded and mapped it starts and forks faster; not every system has what that takes.
  for (const linking of [['-static'], []]) {
    const words = [...flags, ...linking, ...more, '-o', file, ...sources.map((name) => join(source, name))];
    const { error, status, stderr } = spawnSync(compiler, words, { encoding: 'utf8' });
    if (error) return `there is no C compiler (\`${compiler}\`: ${error.code})`;
    if (status === 0) return null;
    if (linking.length === 0) return stderr.trim();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, source, ...more] = process.argv.slice(2);
  const reason = compileKeeper(file, { source, more });
  if (reason !== null) throw new Error(reason);
}
