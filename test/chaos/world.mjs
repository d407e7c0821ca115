// Plays a round: starts the runner on the pipeline, hurts whom the plan names, waits for the end, and gathers what everybody wrote down and
// what is left behind.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';

/** A run that takes longer hangs. */
const LONGEST_MS = 240_000;

export async function play(round, { home, keep = false }) {
  // Short, for a socket's address is.
  const folder = mkdtempSync('/tmp/fc-');
  const at = (...names) => join(folder, ...names);
  for (const name of ['h', 't']) mkdirSync(at(name));
  for (const [name, text] of Object.entries(round.files)) writeFileSync(at(name), text);
  const pipeline = Object.fromEntries(Object.entries(round.pipeline).filter(([, map]) => Object.keys(map).length > 0));
  writeFileSync(at('pipeline.yaml'), stringify(pipeline, { aliasDuplicateObjects: false }));
  const loads = Array.from({ length: round.loads }, () => spawn(process.execPath, ['-e', 'for (;;);']));
  const mark = `CHAOS_DIR=${at('h')}`;
  const runner = spawn(
    process.execPath,
    [join(home, 'bin/run.js'), 'run', at('pipeline.yaml'), '--run-dir', at('run')],
    {
      env: { ...process.env, XDG_RUNTIME_DIR: '', CHAOS_DIR: at('h'), TMPDIR: at('t') },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  runner.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  let hung = false;
  let ended = false;
  const end = new Promise((resolve) => runner.once('close', (code, signal) => resolve(code ?? signal)));
  void end.then(() => (ended = true));
  const hurting = hurtAll(round, { folder, runner, mark, isOver: () => ended });
  const timer = setTimeout(() => {
    hung = true;
    writeFileSync(
      at('hung'),
      marked(mark)
        .map((pid) => `${pid} ${proc(pid, 'cmdline').replaceAll('\0', ' ')} ${proc(pid, 'wchan')}`)
        .join('\n'),
    );
    runner.kill('SIGKILL');
  }, LONGEST_MS);
  const exit = await end;
  clearTimeout(timer);
  const injuries = await hurting;
  const runnerKilled = hung || injuries.some(({ node, how }) => node === '*runner' && how === 'SIGKILL');
  for (const load of loads) load.kill('SIGKILL');
  if (runnerKilled) await endOrphans(mark);
  // Whoever was told by a signal that goes on its way may still be going.
  let left = marked(mark);
  for (let n = 0; left.length > 0 && n < 20; n++) {
    await sleep(20);
    left = marked(mark);
  }
  for (const pid of left) kill(pid, 'SIGKILL');
  const result = { round, exit, said, hung, injuries, folder, runnerKilled, ...gather(at) };
  result.left = [...left.map((pid) => `process ${pid}`), ...(runnerKilled ? [] : readdirSync(at('t')))];
  result.forget = () => keep || rmSync(folder, { recursive: true, force: true });
  return result;
}

async function endOrphans(mark) {
  await sleep(1500);
  for (let n = 0; n < 100; n++) {
    const pids = marked(mark);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid, 'SIGKILL');
    await sleep(20);
  }
}

/** Performs the injuries of the plan, and returns those that met somebody: with `pid`, `t`, and `until` for who was stopped. */
async function hurtAll(round, { folder, runner, mark, isOver }) {
  const done = [];
  const started = process.hrtime.bigint();
  const since = new Map();
  const waiting = round.injuries.map((injury) => ({ ...injury }));
  while (!isOver() && (waiting.length > 0 || done.some((one) => one.how === 'SIGSTOP' && one.until === undefined))) {
    const now = Number(process.hrtime.bigint());
    const pids = pidsByNode(folder);
    for (const node of ['*broker', '*runner']) pids.set(node, [runner.pid]);
    for (const injury of waiting.slice()) {
      const found = pids.get(injury.node) ?? [];
      if (found.length === 0) continue;
      if (!since.has(injury.node)) since.set(injury.node, injury.node.startsWith('*') ? Number(started) + 3e8 : now);
      if (now < since.get(injury.node) + injury.afterMs * 1e6) continue;
      waiting.splice(waiting.indexOf(injury), 1);
      const pid = injury.node === '*broker' ? brokerOf(mark) : found[(injury.which ?? 0) % found.length];
      const t = Number(process.hrtime.bigint());
      // Its number may be another's by now.
      if (pid !== undefined && proc(pid, 'environ').split('\0').includes(mark) && kill(pid, injury.how))
        done.push({ ...injury, pid, t, after: Number(process.hrtime.bigint()) });
    }
    for (const one of done) {
      if (one.how !== 'SIGSTOP' || one.until !== undefined || now < one.t + one.forMs * 1e6) continue;
      kill(one.pid, 'SIGCONT');
      one.until = Number(process.hrtime.bigint());
    }
    await sleep(2);
  }
  for (const one of done) if (one.how === 'SIGSTOP' && one.until === undefined) kill(one.pid, 'SIGCONT');
  return done;
}

/** Who belongs to which node: its leader, as the events say, and who else has written down something. */
function pidsByNode(folder) {
  const pids = new Map();
  const add = (node, pid) => pids.set(node, [...new Set([...(pids.get(node) ?? []), pid])]);
  for (const { type, node, pid } of lines(join(folder, 'run/events.ndjson')))
    if (type === 'node.started' && pid) add(node, pid);
  for (const file of readdirSync(join(folder, 'h'))) {
    const [node, pid] = file.split('.');
    if (pid !== undefined) add(node, Number(pid));
  }
  return pids;
}

function gather(at) {
  const read = (name) => {
    try {
      return JSON.parse(readFileSync(at('run', name), 'utf8'));
    } catch {
      return null;
    }
  };
  const histories = readdirSync(at('h')).map((file) => {
    const [node, pid] = file.split('.');
    return { node, pid: Number(pid), lines: lines(at('h', file)) };
  });
  return { summary: read('summary.json'), events: lines(at('run/events.ndjson')), histories };
}

function lines(file) {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

function marked(mark) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.map(Number).filter((pid) => proc(pid, 'environ').split('\0').includes(mark));
}

function brokerOf(mark) {
  return marked(mark).find((pid) => proc(pid, 'cmdline').includes('bin/broker.cjs'));
}

function proc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

function kill(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
