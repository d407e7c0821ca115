// What a person at a terminal sees of a run: Ctrl-C, Ctrl-Z and `fg`, through a real terminal and a real shell.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event } from '../../src/run/event.ts';
import { workspace } from '../kit/forkline.ts';
import { binary } from '../kit/run-pipeline.ts';
import { key, Terminal } from '../kit/terminal.ts';

const run = `node ${binary} run --run-dir here; echo "exit code $?"\n`;

function eventsIn(folder: string): Event[] {
  const text = readFileSync(join(folder, 'here/events.ndjson'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
}

function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}

const logger = `
const { appendFileSync } = require('node:fs');
const log = (word) => appendFileSync(process.argv[2], word + '\\n');
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(name, () => log(name));
console.log('up');
setInterval(() => {}, 1e6);
`;

test('one Ctrl-C reaches each process once, and a second kills at once', async () => {
  const names = ['a', 'b', 'c'];
  const folder = workspace({
    'logger.cjs': logger,
    'pipeline.yaml': `processes:\n${names
      .map((name) => `  ${name}: { command: [node, logger.cjs, ${name}.log], stop: { signal: SIGINT, grace: 10m } }\n`)
      .join('')}`,
  });
  const terminal = new Terminal(folder);
  terminal.type(run);
  for (const _ of names) await terminal.shows('| up');
  terminal.type(key.interrupt);
  await terminal.shows('stopping: the run was interrupted');
  const heard = (): string[] =>
    names.map((name) => (existsSync(join(folder, `${name}.log`)) ? read(`${name}.log`) : ''));
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  while (heard().includes('')) await new Promise(setImmediate);
  terminal.type(key.interrupt);
  expect(await terminal.shows(/exit code \d+/)).toBe('exit code 130');
  expect(heard()).toEqual(['SIGINT\n', 'SIGINT\n', 'SIGINT\n']);
});

test('Ctrl-Z stops every process where it is, and `fg` lets them go on; what was stopped before stays so', async () => {
  const folder = workspace({
    'pipeline.yaml': `processes:
  plain: { run: "echo up; while [ ! -e go ]; do sleep 0.05; done" }
  away: { run: "setsid sh -c 'echo $$ > away.pid; while [ ! -e go ]; do sleep 0.05; done' & while [ ! -s away.pid ]; do sleep 0.05; done; echo up; wait" }
  before: { run: "sh -c 'echo $$ > before.pid; kill -STOP $$; echo woken' & while [ ! -s before.pid ]; do sleep 0.05; done; echo up; wait" }
`,
  });
  const terminal = new Terminal(folder);
  terminal.type(run);
  for (const _ of ['plain', 'away', 'before']) await terminal.shows('| up');
  const pidIn = (file: string): number => Number(readFileSync(join(folder, file), 'utf8'));
  const before = pidIn('before.pid');
  while (stateOf(before) !== 'T') await new Promise(setImmediate);
  terminal.type(key.suspend);
  await terminal.shows('Stopped');
  const started = eventsIn(folder).flatMap((event) => (event.type === 'node.started' ? (event.pid ?? []) : []));
  expect([...started, pidIn('away.pid')].map(stateOf)).toEqual(['T', 'T', 'T', 'T']);
  terminal.type('fg\n');
  writeFileSync(join(folder, 'go'), '');
  await terminal.shows('fg');
  while (!eventsIn(folder).some((event) => event.type === 'node.ended' && event.node === 'away'))
    await new Promise(setImmediate);
  expect(stateOf(before)).toBe('T');
  process.kill(before, 'SIGCONT');
  await terminal.shows('everything succeeded');
  // And the summary is written.
  terminal.type('echo "ended with $?"\n');
  await terminal.shows('ended with 0');
  const types = eventsIn(folder).map(({ type }) => type);
  expect(types.filter((type) => type === 'run.paused' || type === 'run.resumed')).toEqual([
    'run.paused',
    'run.resumed',
  ]);
});

const closed = [
  { what: 'stops the run, which ends with 129', flag: '', exitCode: 129 },
  { what: 'is nothing to a run with `--ignore-hup`', flag: '--ignore-hup', exitCode: 0 },
];

test.each(closed)('a terminal that is closed $what', async ({ flag, exitCode }) => {
  const folder = workspace({
    'pipeline.yaml': `processes:\n  a: { run: "echo up; until [ -e go ]; do sleep 0.05; done; echo went on" }\n`,
  });
  const terminal = new Terminal(folder);
  terminal.type(
    `sh -c 'trap "" HUP; node ${binary} run --run-dir here ${flag}; echo $? > code.part; mv code.part code'\n`,
  );
  await terminal.shows('a | up');
  terminal.close();
  await terminal.closed;
  writeFileSync(join(folder, 'go'), '');
  const code = join(folder, 'code');
  await expect.poll(() => existsSync(code)).toBe(true);
  expect(readFileSync(code, 'utf8')).toBe(`${exitCode}\n`);
  expect(eventsIn(folder).at(-1)).toMatchObject({ type: 'run.ended', exitCode });
});

const pipelines = join(import.meta.dirname, '..', '..', 'pipelines');

test('a process with `tty` asks at the terminal, and the others are shown once it has ended', async () => {
  const folder = workspace();
  const terminal = new Terminal(folder);
  terminal.type(`node ${binary} run ${join(pipelines, 'terminal.yaml')} --run-dir here; echo "exit code $?"\n`);
  await terminal.shows('what is your name? ');
  while (!existsSync(join(folder, 'here/logs/count.log'))) await new Promise(setImmediate);
  terminal.type('Ada\n');
  await terminal.shows(/Ada\r?\n/);
  await terminal.shows('greet | hello Ada');
  expect(await terminal.shows(/exit code \d+/)).toBe('exit code 0');
  expect(readFileSync(join(folder, 'here/logs/ask.log'), 'utf8')).toBe('');
  // What came before it had the terminal may stand before that.
  expect(terminal.shown).toMatch(/what is your name\? Ada\r?\n/);
  for (const line of ['count | 1', 'count | 2', 'count | 3']) expect(terminal.shown).toContain(line);
});

test('Ctrl-C and Ctrl-Z are for the process that has the terminal, and how it echoes is set back', async () => {
  const folder = workspace({
    'pipeline.yaml': `processes:
  ask:
    run: |
      trap 'echo interrupted $((count = count + 1))' INT
      count=0
      stty -echo; echo ready
      until read -r word; do :; done
      echo "word $word"
    tty: true
`,
  });
  const terminal = new Terminal(folder);
  terminal.type(run);
  await terminal.shows('ready');
  // A shell that hears of it on its way into \`read\` tells nobody before a line comes.
  const asks = (): number[] =>
    eventsIn(folder).flatMap((event) => (event.type === 'node.started' ? (event.pid ?? []) : []));
  while (!asks().some((pid) => stateOf(pid) === 'S')) await new Promise(setImmediate);
  terminal.type(key.interrupt);
  await terminal.shows('interrupted 1');
  terminal.type(key.suspend);
  await terminal.shows('Stopped');
  terminal.type('fg\n');
  await terminal.shows(/run --run-dir here/);
  terminal.type('said\n');
  await terminal.shows('word said');
  await terminal.shows('everything succeeded');
  expect(terminal.shown).not.toContain('interrupted 2');
  terminal.type('stty -a\n');
  await terminal.shows(/ echo /);
});

test('without a terminal, and in the background, a process with `tty` fails and says why', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes:\n  ask: { run: "cat", tty: true }\n' });
  const alone = spawnSync('setsid', ['--wait', 'node', binary, 'run'], { cwd: folder, encoding: 'utf8' });
  expect(alone.stderr).toContain('`ask` failed: it is to have the terminal (`tty`), and there is none');
  expect(alone.status).toBe(1);
  const terminal = new Terminal(folder);
  terminal.type(`node ${binary} run --run-dir here & wait $!; echo "exit code $?"\n`);
  await terminal.shows('the run is in the background');
  expect(await terminal.shows(/exit code \d+/)).toBe('exit code 1');
});
