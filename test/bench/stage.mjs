// Where the rows are played: builds the SDK and the broker from the sources as they are, starts a broker with the queues and locks of
// a row, and programs that wait until all are ready. Time runs from then until the last one has told its result.
import { fork, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

const here = import.meta.dirname;
const root = join(here, '..', '..');
export const folder = mkdtempSync(join(tmpdir(), 'forkline-bench-'));
const key = randomBytes(32).toString('hex');
/** No row takes nearly so long. */
const STANDSTILL_MS = 180_000;
/** The broker's answer to how many items there were. */
const COUNT = 2;
let brokers = 0;

await build({
  entryPoints: {
    forkline: join(here, 'programs/forkline.mjs'),
    broker: join(root, 'src/broker/main.ts'),
    channels: join(root, 'test/kit/channels.ts'),
    thrift: join(root, 'src/broker/thrift.ts'),
    writer: join(root, 'src/wire/writer.ts'),
  },
  alias: { forkline: join(root, 'src/sdk/index.ts') },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
});

const { FLAGS, MEMORY } = await import(join(folder, 'thrift.mjs'));
export const { lockOf, pipeOf, queueOf } = await import(join(folder, 'channels.mjs'));

export function cleanUp() {
  rmSync(folder, { recursive: true, force: true });
}

/** A program in TypeScript's SDK, in Python's SDK, and one of Python's own multiprocessing. */
export const typescript = (role, settings) => [
  process.execPath,
  join(folder, 'forkline.mjs'),
  role,
  JSON.stringify(settings),
];
export const python = (role, settings) => [
  'python3',
  join(here, 'programs/forkline_sdk.py'),
  role,
  JSON.stringify(settings),
];
export const multiprocessing = (role, settings) => [
  'python3',
  join(here, 'programs/plain_multiprocessing.py'),
  role,
  JSON.stringify(settings),
];

/**
 * Plays `programs` (instance → argv) on `channels`: seconds, what each one told, and what the broker counted in the end.
 * `servers`: who else works for them.
 */
export async function play(programs, channels, servers = []) {
  const broker = channels.length === 0 ? null : await startBroker(channels);
  try {
    const played = await run(programs, broker, broker === null ? servers : [broker.pid]);
    return { ...played, counts: await broker?.count() };
  } finally {
    broker?.stop();
  }
}

/** The same, and how many bytes the broker has grown by when all have told. */
export async function playGrowing(programs, channels) {
  const broker = await startBroker(channels);
  try {
    const before = residentBytes(broker.pid);
    await run(programs, broker, []);
    return residentBytes(broker.pid) - before;
  } finally {
    broker.stop();
  }
}

async function run(programs, broker, servers) {
  const actors = Object.entries(programs).map(([id, [command, ...args]]) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, PYTHONPATH: join(root, 'src/sdk/python'), ...broker?.environment(id) },
    });
    broker?.started(id, child.pid);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { id, child, lines, exit: once(child, 'exit').then(() => broker?.ended(id)) };
  });
  for (const { id, lines } of actors) expect((await lines.next()).value === 'ready', `${id} is not ready`);
  const pids = [...actors.map(({ child }) => child.pid), ...servers];
  const used = cpuSeconds(pids);
  const start = performance.now();
  for (const { child } of actors) child.stdin.write('go\n');
  const patience = setTimeout(() => unfreeze(actors, broker), STANDSTILL_MS);
  const told = await Promise.all(
    actors.map(async ({ id, lines }) => {
      const { value } = await lines.next();
      expect(value !== undefined, `${id} told nothing`);
      return [id, JSON.parse(value)];
    }),
  );
  clearTimeout(patience);
  const seconds = (performance.now() - start) / 1000;
  const cpu = told[0][1].cpu ?? cpuSeconds(pids) - used;
  for (const { child } of actors) child.stdin.end('bye\n');
  await Promise.all(actors.map(({ exit }) => exit));
  return { seconds, cpu, told: Object.fromEntries(told) };
}

/** Nobody may stand still: says where they do, and ends them. */
function unfreeze(actors, broker) {
  for (const { id, child } of [...actors, ...(broker === null ? [] : [{ id: 'broker', child: broker }])]) {
    const threads = readdirSync(`/proc/${child.pid}/task`).map((task) => {
      const read = (file) => readFileSync(`/proc/${child.pid}/task/${task}/${file}`, 'utf8').trim();
      return `${task} ${read('comm')}: ${read('wchan')}, ${read('syscall')}`;
    });
    console.error(`${id} (${child.pid}) stands still:\n  ${threads.join('\n  ')}`);
  }
  for (const { child } of actors) if (child.spawnargs[0] === 'python3') child.kill('SIGUSR1');
  setTimeout(() => {
    for (const { child } of actors) child.kill('SIGKILL');
  }, 1000);
}

export async function startBroker(channels) {
  brokers += 1;
  const socket = join(folder, `s${brokers}`);
  const process_ = fork(join(folder, 'broker.mjs'), { execArgv: FLAGS, env: { ...process.env, ...MEMORY } });
  const listening = new Promise((resolve) => {
    process_.on('message', ({ type, ...notice }) => {
      if (type === 'listening') resolve();
      else if (type === 'offence') console.error(`the broker says: ${JSON.stringify(notice)}`);
    });
  });
  process_.on('message', ({ type, request, value }) => {
    if (type === 'answer' && request === COUNT) counted(value);
  });
  let counted;
  process_.send({ type: 'open', socket, runId: 'bench', key, channels });
  await listening;
  return {
    pid: process_.pid,
    socket,
    environment: (id) => ({
      FORKLINE_SOCKET: socket,
      FORKLINE_TOKEN: createHmac('sha256', Buffer.from(key, 'hex')).update(id).digest('hex'),
      FORKLINE_PROCESS: id,
      FORKLINE_RUN_ID: 'bench',
      FORKLINE_RUN_DIR: folder,
    }),
    started: (node, pid) => process_.send({ type: 'started', node, pid }),
    ended(node) {
      process_.send({ type: 'gone', request: 1, node, abandon: false });
      process_.send({ type: 'settle', node, held: 'done', stream: 'end', succeeded: true });
    },
    count: () =>
      new Promise((resolve) => {
        counted = ({ queues }) => resolve(queues);
        process_.send({ type: 'count', request: COUNT });
      }),
    stop: () => process_.send({ type: 'close' }),
  };
}

/** What these processes have used of a processor, all their threads together; where the system says so. */
function cpuSeconds(pids) {
  let nanoseconds = 0;
  for (const pid of pids) {
    try {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
      }
    } catch {
      return Number.NaN;
    }
  }
  return nanoseconds / 1e9;
}

export function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

/** A row whose sides did not do the same work is worth nothing. */
export function expect(held, otherwise) {
  if (!held) throw new Error(otherwise);
}
