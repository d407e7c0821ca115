// Rows about starting processes alone: the same program many times, so many at once, its output captured. `true` costs next to nothing,
// so that what is seen is the starting.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { folder } from './stage.mjs';

const count = 1000;
const atOnce = 8;

const ours =
  (settings = {}) =>
  async () => {
    const told = JSON.stringify({ count, atOnce, tier: 'cgroup', ballast: 0, ...settings });
    const { stdout, stderr, status } = spawnSync(process.execPath, [await starter(), told], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the processes were not started: ${stderr}`);
    return JSON.parse(stdout);
  };

const peers = {
  'child_process.spawn': () => rated(process.execPath, ['-e', spawning(0)]),
  'make -j8': () => built('make', ['-sj8', '-f'], makefile()),
  ninja: () => built('ninja', ['-j8', '--quiet', '-f'], ninjafile()),
};

export const spawnRows = [
  { name: `start \`true\` ${atOnce} at a time, in cgroups`, ours: ours(), peers },
  { name: `start \`true\` ${atOnce} at a time, under wardens`, ours: ours({ tier: 'subreaper' }), peers },
  {
    name: 'start with 300 MB more in the runner',
    ours: ours({ ballast: 300 }),
    peers: {
      'the same without': ours(),
      'child_process.spawn with 300 MB': () => rated(process.execPath, ['-e', spawning(300)]),
    },
  },
  {
    name: 'how many processes are started in a second in which the runner is busy',
    ours: async () => ({ rate: 1000 / (await ours()()).busyMs }),
    peers: { 'child_process.spawn': () => ({ rate: 1000 / rated(process.execPath, ['-e', spawning(0)]).busyMs }) },
  },
];

let bundled = null;
/** A bundle of the sources as they are. */
function starter() {
  bundled ??= build({
    entryPoints: [join(import.meta.dirname, 'programs/starter.mjs')],
    outfile: join(folder, 'starter.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    define: { 'import.meta.url': JSON.stringify(import.meta.url) },
  });
  return bundled.then(() => join(folder, 'starter.mjs'));
}

const spawning = (ballast) => `
  const { spawn } = require('node:child_process');
  const { performance } = require('node:perf_hooks');
  const held = Array.from({ length: ${ballast} }, () => Buffer.alloc(1 << 20, 1));
  const before = performance.eventLoopUtilization(), from = performance.now();
  let left = ${count}, open = ${atOnce};
  const next = () => {
    if (left-- <= 0) return --open === 0 && tell();
    const child = spawn('true', { cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    child.on('close', next);
  };
  const tell = () => {
    const { active } = performance.eventLoopUtilization(before);
    console.log(JSON.stringify({ rate: ${count} / ((performance.now() - from) / 1000), busyMs: active / ${count}, held: held.length }));
  };
  for (let n = 0; n < ${atOnce}; n += 1) next();`;

function rated(program, words) {
  return JSON.parse(spawnSync(program, words, { encoding: 'utf8' }).stdout);
}

function built(program, words, text) {
  const place = mkdtempSync(join(tmpdir(), 'forkline-bench-'));
  const file = join(place, 'build');
  writeFileSync(file, text);
  const from = performance.now();
  const { status } = spawnSync(program, [...words, file], { cwd: place, stdio: 'ignore' });
  const seconds = (performance.now() - from) / 1000;
  rmSync(place, { recursive: true });
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
  return { rate: count / seconds };
}

function names() {
  return Array.from({ length: count }, (_, n) => `t${n}`);
}

function makefile() {
  return `all: ${names().join(' ')}\n${names()
    .map((name) => `${name}:\n\ttrue\n`)
    .join('')}.PHONY: all ${names().join(' ')}\n`;
}

function ninjafile() {
  return `rule once\n  command = true\n${names()
    .map((name) => `build ${name}: once\n`)
    .join('')}`;
}
