// One scenario, played: the real binary in a folder, a cgroup and an environment of its own, with an innocent beside it. What must hold in
// every scenario is looked at here: nothing is left of it, the innocent lives, and what was written down is whole and agrees.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  lchownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { allPids, isAlive, kill, marked, proc, statOf } from './processes-of.mjs';

export const NOBODY = 65534;
const hostile = fileURLToPath(new URL('hostile.pl', import.meta.url));
const unified = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) => existsSync(join(path, 'cgroup.procs')));

export class Scene {
  faults = [];
  notes = {};
  #innocents = [];
  #runners = [];
  #cgroup = null;

  constructor({ home, user, tier, id }) {
    this.home = home;
    this.user = user;
    this.tier = tier;
    // Short, for a socket's address is.
    this.folder = mkdtempSync('/tmp/fs-');
    this.mark = `FORKLINE_SCENARIO=${id}-${this.folder.slice(8)}`;
    for (const name of ['tmp', 'work']) mkdirSync(this.at(name));
    this.#give(this.folder, this.at('tmp'), this.at('work'));
    this.registry = this.at('registry');
    writeFileSync(this.registry, '');
    this.#give(this.registry);
    if (unified !== undefined && process.getuid() === 0) {
      this.#cgroup = join(unified, `scenario-${process.pid}-${this.folder.slice(8)}`);
      mkdirSync(this.#cgroup);
    }
  }

  at(...names) {
    return join(this.folder, ...names);
  }

  /** In the folder that the pipeline is in. */
  write(name, contents, mode) {
    const path = this.at('work', name);
    writeFileSync(path, contents);
    this.#give(path);
    if (mode !== undefined) chmodSync(path, mode);
    return path;
  }

  read(...names) {
    try {
      return readFileSync(this.at(...names), 'utf8');
    } catch {
      return '';
    }
  }

  /** An argv of the program that does not want to be found. */
  hostile(ways) {
    return ['perl', hostile, this.registry, ways];
  }

  expect(holds, fault) {
    if (!holds) this.faults.push(fault);
  }

  equal(found, expected, what) {
    const [a, b] = [found, expected].map((value) => JSON.stringify(value));
    this.expect(a === b, `${what}: ${a}, and not ${b}`);
  }

  /** Of the same user, with the same first argument, in a session of its own: nobody may touch it. */
  innocent(argv = ['perl', '-e', 'sleep 600']) {
    const child = spawn(argv[0], argv.slice(1), {
      ...this.#as(),
      env: { PATH: process.env.PATH },
      detached: true,
      stdio: 'ignore',
    });
    this.#innocents.push({ child, started: statOf(child.pid)?.started });
    return child;
  }

  /** `wrap` is put before the argv, `tty` is for what is started through another program; `raw` is the environment, all of it. */
  run(
    pipeline,
    { args = [], env = {}, wrap = [], name = 'run', stdin = 'ignore', stdout = 'pipe', unwatched = false } = {},
  ) {
    if (pipeline !== null) this.write('pipeline.yaml', typeof pipeline === 'string' ? pipeline : yamlOf(pipeline));
    const argv = [
      ...wrap,
      process.execPath,
      join(this.home, 'bin/run.js'),
      'run',
      this.at('work', 'pipeline.yaml'),
      '--run-dir',
      this.at('work', name),
      ...args,
    ];
    const [file, ...rest] = this.#inside(argv);
    const child = spawn(file, rest, {
      cwd: this.at('work'),
      env: this.environment(env),
      stdio: [stdin, stdout, 'pipe'],
      detached: true,
    });
    const runner = new Runner(child, name, this);
    if (!unwatched) this.#runners.push(runner);
    return runner;
  }

  environment(env = {}) {
    const { LANG } = process.env;
    // What root has in his own folders is not for others.
    const PATH = this.user === 'nobody' ? '/usr/local/bin:/usr/bin:/bin' : process.env.PATH;
    const [name, value] = this.mark.split('=');
    return {
      PATH,
      HOME: this.at('work'),
      ...(LANG && { LANG }),
      TMPDIR: this.at('tmp'),
      ...(this.tier && { FORKLINE_CONTAINMENT: this.tier }),
      [name]: value,
      ...env,
    };
  }

  /** Waits until something is so; false where it does not become so. */
  async until(holds, patienceMs = 20_000) {
    for (let waited = 0; waited < patienceMs; waited += 10) {
      if (await holds()) return true;
      await pause(10);
    }
    return false;
  }

  /** The processes that registered themselves, and how many of them live. */
  registered() {
    const lines = this.read('registry').split('\n').filter(Boolean);
    return lines
      .map((line) => line.split(' '))
      .map(([pid, started]) => ({ pid: Number(pid), alive: isAlive(Number(pid), started) }));
  }

  /** Who of this scene lives, by whatever he can be known. */
  living() {
    const inside = this.#cgroup === null ? [] : membersOf(this.#cgroup);
    const known = this.registered()
      .filter(({ alive }) => alive)
      .map(({ pid }) => pid);
    const speaking = allPids().filter((pid) => proc(pid, 'cmdline').includes(this.folder) && isAlive(pid));
    return [...new Set([...marked(this.mark), ...speaking, ...inside.filter((pid) => isAlive(pid)), ...known])];
  }

  /** What must hold of every scenario, `patienceMs` after its end. */
  async end({ patienceMs = 2_000, mayLeaveFolder = false } = {}) {
    const began = Date.now();
    // Who forks on and on is between two pids at some looks.
    for (let empty = 0; empty < 5 && Date.now() - began < patienceMs; await pause(10)) {
      const isEmpty = this.living().length === 0;
      empty = isEmpty ? empty + 1 : 0;
      if (!isEmpty) this.notes.settledMs = Date.now() - began;
    }
    for (const pid of this.living()) {
      this.faults.push(
        `process ${pid} was left behind: ${proc(pid, 'cmdline').replaceAll('\0', ' ').trim() || proc(pid, 'comm')}`,
      );
      kill(pid);
    }
    if (!mayLeaveFolder)
      for (const name of readdirSync(this.at('tmp')))
        this.faults.push(`${name} was left in the folder for temporary files`);
    if (this.#cgroup !== null)
      for (const name of foldersIn(this.#cgroup)) this.faults.push(`the cgroup ${name} was left behind`);
    for (const runner of this.#runners) this.faults.push(...runner.faults());
    for (const { child, started } of this.#innocents) {
      if (!isAlive(child.pid, started)) this.faults.push('an innocent process was killed');
      kill(child.pid);
    }
    return this.faults;
  }

  /** Takes all of it away, whatever came of it. */
  async forget({ keep = false } = {}) {
    for (const { child } of this.#innocents) kill(child.pid);
    for (let n = 0; n < 100 && this.living().length > 0; n++) {
      for (const pid of this.living()) kill(pid);
      await pause(10);
    }
    if (this.#cgroup !== null) removeCgroup(this.#cgroup);
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  /** What was made in the folder since is the user's. */
  ownAll() {
    for (const name of readdirSync(this.at('work'), { recursive: true })) this.#give(this.at('work', name));
  }

  #as() {
    return this.user === 'nobody' ? { uid: NOBODY, gid: NOBODY } : {};
  }

  #give(...paths) {
    if (this.user === 'nobody' && process.getuid() === 0) for (const path of paths) lchownSync(path, NOBODY, NOBODY);
  }

  #inside(argv) {
    const other = this.user === 'nobody' && process.getuid() === 0;
    const as = other ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...argv] : argv;
    if (this.#cgroup === null) return as;
    return ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', this.#cgroup, ...as];
  }
}

/** A `forkline run`, and what it said. */
export class Runner {
  stdout = '';
  stderr = '';
  #zombies = new Map();

  constructor(child, name, scene) {
    this.child = child;
    this.pid = child.pid;
    this.name = name;
    this.scene = scene;
    this.startedAt = Date.now();
    child.stdout?.on('data', (bytes) => (this.stdout += bytes.toString('latin1')));
    child.stderr?.on('data', (bytes) => (this.stderr += bytes));
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve((this.rc = code ?? signal))));
    this.ended = new Promise((resolve) => child.once('close', () => resolve(this.rc)));
    void this.#watch();
  }

  signal(name) {
    return kill(this.pid, name);
  }

  /** How it ended; a run that does not end in time is one fault, and is killed. */
  async end(longestMs = 30_000) {
    const over = await Promise.race([this.ended.then(() => true), pause(longestMs, false, { ref: false })]);
    this.endedAfterMs = Date.now() - this.startedAt;
    if (!over) {
      this.scene.faults.push(`the run hangs: it is there after ${longestMs} ms`);
      this.killed = true;
      kill(this.pid);
      await this.exited;
    }
    return this.rc;
  }

  killHard() {
    this.killed = true;
    kill(this.pid);
    return this.exited;
  }

  events() {
    const lines = this.scene.read('work', this.name, 'events.ndjson').split('\n');
    return lines.filter(Boolean).flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return this.killed && line === lines.at(-1) ? [] : [{ type: 'torn' }];
      }
    });
  }

  started(node) {
    return this.events().find((event) => event.type === 'node.started' && event.node === node);
  }

  endOf(node) {
    return this.events().findLast((event) => event.type === 'node.ended' && event.node === node);
  }

  summary() {
    const text = this.scene.read('work', this.name, 'summary.json');
    return text === '' ? null : JSON.parse(text);
  }

  log(node) {
    try {
      return readFileSync(this.scene.at('work', this.name, 'logs', `${node}.log`));
    } catch {
      return Buffer.alloc(0);
    }
  }

  /** What its files and its exit code say is whole, and is one story. */
  faults() {
    const faults = [...this.#zombies]
      .filter(([, { seen }]) => seen >= OLD_ZOMBIE)
      .map(([pid]) => `process ${pid} was not reaped`);
    if (/\n {4}at .*\.[cm]?[jt]s:\d+|Internal error|TypeError|UnhandledPromise/.test(this.stderr))
      faults.push(`a mistake of Forkline's own: ${this.stderr.slice(0, 400)}`);
    const events = this.events();
    if (this.killed || this.rc === 2 || (events.length === 0 && this.notStarted)) return faults;
    if (events.some(({ type }) => type === 'torn')) faults.push('a line of events.ndjson is torn');
    if (events[0]?.type !== 'run.started') faults.push('the first event is not the start of the run');
    const last = events.at(-1);
    if (last?.type !== 'run.ended') return [...faults, `the last event is not the end of the run, but ${last?.type}`];
    if (last.exitCode !== this.rc) faults.push(`the events say exit code ${last.exitCode}, and it was ${this.rc}`);
    const summary = this.summary();
    if (summary === null) return [...faults, 'there is no summary'];
    if (summary.exitCode !== this.rc)
      faults.push(`the summary says exit code ${summary.exitCode}, and it was ${this.rc}`);
    const ends = new Map(events.filter(({ type }) => type === 'node.ended').map((event) => [event.node, event]));
    const starts = new Set(
      events.filter(({ type, pid }) => type === 'node.started' && pid !== null).map(({ node }) => node),
    );
    for (const { id } of events[0].plan?.nodes ?? []) {
      if (!ends.has(id)) faults.push(`\`${id}\` has no end`);
      else if (summary.nodes[id]?.outcome !== ends.get(id).outcome)
        faults.push(`the summary says of \`${id}\` what no event does`);
    }
    for (const node of starts)
      if (!ends.has(node) && !/[.]w\d+$/.test(node)) faults.push(`\`${node}\` started and has no end`);
    const bad = [...ends.values()].filter(({ outcome }) => ['failed', 'timed_out'].includes(outcome));
    const ignored = new Set(
      (events[0].plan?.nodes ?? []).filter(({ onFailure }) => onFailure === 'ignore').map(({ id }) => id),
    );
    if (this.rc === 0 && bad.some(({ node }) => !ignored.has(node)))
      faults.push('the run succeeded, and a process failed');
    return faults;
  }

  #isKeeper(pid) {
    const words = proc(pid, 'cmdline');
    return words.includes('keeper.pl') && words.includes(this.scene.folder);
  }

  /** Looks for children of the runner, and of who starts processes for it, that stay dead. */
  async #watch() {
    while (this.rc === undefined) {
      const dead = new Set();
      for (const pid of allPids()) {
        const stat = statOf(pid);
        if (stat?.state === 'Z' && (stat.parent === this.pid || this.#isKeeper(stat.parent))) dead.add(pid);
      }
      for (const pid of this.#zombies.keys())
        if (!dead.has(pid) && this.#zombies.get(pid).seen < OLD_ZOMBIE) this.#zombies.delete(pid);
      for (const pid of dead) this.#zombies.set(pid, { seen: (this.#zombies.get(pid)?.seen ?? 0) + 1 });
      await pause(100, undefined, { ref: false });
    }
  }
}

/** JSON is YAML, but for characters that may not stand in it as they are. */
function yamlOf(value) {
  return JSON.stringify(value).replace(
    /[\u007f-\u00a0\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Looks, 100 ms apart, in which a dead child is still there: more than a busy machine takes to come to it. */
const OLD_ZOMBIE = 20;

function foldersIn(path) {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

function membersOf(cgroup) {
  try {
    const own = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    return [...own, ...foldersIn(cgroup).flatMap((name) => membersOf(join(cgroup, name)))];
  } catch {
    return [];
  }
}

function removeCgroup(path) {
  try {
    for (const name of foldersIn(path)) removeCgroup(join(path, name));
    rmdirSync(path);
  } catch {
    // Something in it lives still.
  }
}
