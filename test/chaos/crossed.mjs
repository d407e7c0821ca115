// `node test/chaos/crossed.mjs [--times 20] [--at-once 4] [--only py:sleep]`: who is never to be taken for one in a deadlock, again and
// again, with the processor busy besides. Each of them ends by itself after three seconds, so every run has to succeed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = import.meta.dirname;
const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '20' },
    'at-once': { type: 'string', default: '4' },
    only: { type: 'string' },
    loads: { type: 'string', default: '2' },
    home: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
  },
});

/** What a third process does meanwhile, of which the runner only knows that it runs. */
const helps = {
  net: `target: ${here}/crossed.py#word`,
  net_select: `target: ${here}/crossed.py#word`,
  loop_net: `target: ${here}/crossed.py#word`,
  fifo: `run: 'while ! [ -p "$FORKLINE_RUN_DIR/fifo" ]; do sleep 0.1; done; sleep 3; echo > "$FORKLINE_RUN_DIR/fifo"'`,
  file_lock: `run: 'flock "$FORKLINE_RUN_DIR/flock" sleep 4'`,
  sigwait: `run: 'while ! [ -e "$FORKLINE_RUN_DIR/pid" ]; do sleep 0.1; done; sleep 3; kill -USR1 "$(cat "$FORKLINE_RUN_DIR/pid")"'`,
  'py:handler': `run: 'while ! [ -e "$FORKLINE_RUN_DIR/pid" ]; do sleep 0.1; done; sleep 3; kill -USR1 "$(cat "$FORKLINE_RUN_DIR/pid")"'`,
  'ts:handler': `run: 'while ! [ -e "$FORKLINE_RUN_DIR/pid" ]; do sleep 0.1; done; sleep 3; kill -USR2 "$(cat "$FORKLINE_RUN_DIR/pid")"'`,
  watching: `run: 'sleep 3; echo > "$FORKLINE_RUN_DIR/word"'`,
};
const names = (file, pattern) => [...readFileSync(join(here, file), 'utf8').matchAll(pattern)].map(([, name]) => name);
const python = [...names('crossed.py', /^def (\w+)\(\):/gm), 'handler', 'alarm'].filter(
  (name) => !['other', 'give_back', 'address', 'word'].includes(name),
);
const all = [
  ...python.map((name) => `py:${name}`),
  ...names('crossed.ts', /^ {2}(\w+): (?:async )?\(\) =>/gm).map((name) => `ts:${name}`),
].filter((name) => values.only === undefined || values.only.split(',').includes(name));

const loads = Array.from({ length: Number(values.loads) }, () => spawn(process.execPath, ['-e', 'for (;;);']));
const jobs = Array.from({ length: Number(values.times) }, (_, n) => all.map((name) => [name, n])).flat();
let bad = 0;
await Promise.all(
  Array.from({ length: Number(values['at-once']) }, async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await one(...job);
  }),
);
for (const load of loads) load.kill();
console.log(bad === 0 ? `none of ${all.length} was taken for a deadlock` : `${bad} were`);
process.exit(bad === 0 ? 0 : 1);

async function one(name, n) {
  const [language, how] = name.split(':');
  const folder = mkdtempSync('/tmp/fx-');
  const help = helps[name] ?? helps[how];
  const text = `
queues: { q: {}, none: { leftover: ignore }${how === 'stdin_of_queue' ? ', fed: { encoding: text }' : ''} }
locks: { l: {}, busy: {} }
processes:
  one:
    target: ${here}/crossed.${language}#crossed
    args: [${how}]
    gets: [q, none]
    locks: [l, busy]
    ${how === 'stdin' ? 'stdin: { process: fed }' : how === 'stdin_of_queue' ? 'stdin: { queue: fed }' : ''}
  two: { target: '${here}/crossed.${n % 2 === 0 ? 'py' : 'ts'}#other', puts: q, locks: l }

  ${how === 'stdin' ? `fed: { run: 'sleep 3' }` : ''}
  ${how === 'stdin_of_queue' ? `feeding: { run: 'sleep 3; forkline put fed x', puts: fed }` : ''}
  ${how === 'lock_for_a_while' ? `busy: { target: '${here}/../programs/puzzle.py#play', args: [lock busy, sleep 4000], locks: busy }` : ''}
  ${help === undefined ? '' : `help: { ${help} }`}
daemons: { third: { run: 'sleep 60', puts: none } }
`;
  writeFileSync(join(folder, 'p.yaml'), text);
  const began = Date.now();
  const runner = spawn(
    process.execPath,
    [join(values.home, 'bin/run.js'), 'run', join(folder, 'p.yaml'), '--run-dir', join(folder, 'run')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [runner.stdout, runner.stderr]) stream.on('data', (data) => (said += data));
  const code = await new Promise((resolve) => runner.once('close', resolve));
  if (code !== 0) bad++;
  if (code !== 0 || values.times === '1')
    console.log(`${name}: exit ${code}, ${Date.now() - began} ms${code === 0 ? '' : `\n${said.slice(-2500)}`}`);
  rmSync(folder, { recursive: true, force: true });
}
