// `npm run explore`: plays the tests that try things at random with one fresh seed after another, until Ctrl-C, and prints what was
// found and how to play it again. `-- --seeds 20` stops after so many, `--from 7` counts up from a seed, and names of files narrow it down.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { globSync } from 'tinyglobby';

const { values, positionals } = parseArgs({
  options: { seeds: { type: 'string', default: 'Infinity' }, from: { type: 'string' } },
  allowPositionals: true,
});
const root = fileURLToPath(new URL('..', import.meta.url));
const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => readFileSync(`${root}/${file}`, 'utf8').includes("from 'fast-check'"))
  .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)));
if (files.length === 0) throw new Error('no file of that name tries anything at random');

const found = [];
let played = 0;
const enough = new AbortController();
process.once('SIGINT', () => enough.abort());
while (played < Number(values.seeds) && !enough.signal.aborted) {
  const seed = values.from === undefined ? randomInt(2 ** 31) : Number(values.from) + played;
  const { code, output } = await play(seed);
  if (enough.signal.aborted) break;
  played++;
  console.log(`seed ${seed}: ${code === 0 ? 'holds' : 'FOUND'}`);
  if (code === 0) continue;
  found.push(seed);
  console.log(`${output}\nto play it again: FORKLINE_SEED=${seed} npx vitest run <file>\n`);
}
console.log(`${played} seeds in ${files.length} files, ${found.length} found something: ${found.join(', ') || 'none'}`);
process.exitCode = found.length === 0 ? 0 : 1;

function play(seed) {
  return new Promise((resolve, reject) => {
    const tests = spawn('npx', ['vitest', 'run', '--reporter=dot', '--testTimeout=0', ...files], {
      cwd: root,
      env: { ...process.env, FORKLINE_SEED: String(seed), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const hear = (text) => (output += text);
    tests.stdout.setEncoding('utf8').on('data', hear);
    tests.stderr.setEncoding('utf8').on('data', hear);
    tests.on('error', reject);
    tests.on('close', (code) => resolve({ code, output }));
  });
}
