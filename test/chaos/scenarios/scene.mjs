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
import { Runner } from './runner.mjs';

export const NOBODY = 65534;
const hostile = fileURLToPath(new URL('hostile.pl', import.meta.url));
const unified = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) => existsSync(join(path, 'cgroup.procs')));

export class Scene {
  faults = [];
  notes = {};
  #innocents = [];
  #runners = [];
  #cgroup = null;
  /** How long the registry was at the last look. */
  #entered = 0;

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
    const { LANG, FORKLINE_KEEPER } = process.env;
    // What root has in his own folders is not for others.
    const PATH = this.user === 'nobody' ? '/usr/local/bin:/usr/bin:/bin' : process.env.PATH;
    const [name, value] = this.mark.split('=');
    return {
      PATH,
      HOME: this.at('work'),
      ...(LANG && { LANG }),
      TMPDIR: this.at('tmp'),
      ...(this.tier && { FORKLINE_CONTAINMENT: this.tier }),
      ...(FORKLINE_KEEPER && { FORKLINE_KEEPER }),
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
    for (let empty = 0; empty < 5; await pause(10)) {
      const { lives, living } = this.#look();
      empty = lives ? 0 : empty + 1;
      if (!lives) continue;
      this.notes.settledMs = Date.now() - began;
      if (this.notes.settledMs < patienceMs) continue;
      this.faults.push(...living.map(leftBehind));
      if (living.length === 0) this.faults.push('a process was left behind that forks on and on');
      for (const pid of living) kill(pid);
      break;
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
    for (let empty = 0, n = 0; empty < 5 && n < 1000; n++, await pause(10)) {
      if (this.#cgroup !== null) killAll(this.#cgroup);
      const { lives, living } = this.#look();
      for (const pid of living) kill(pid);
      empty = lives ? 0 : empty + 1;
    }
    if (this.#cgroup !== null) removeCgroup(this.#cgroup);
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  /** What was made in the folder since is the user's. */
  ownAll() {
    for (const name of readdirSync(this.at('work'), { recursive: true })) this.#give(this.at('work', name));
  }

  /** Whether anything of it lives. Who forks on and on is between two pids at some looks, and seen by what it leaves in the registry. */
  #look() {
    const entered = this.read('registry').length;
    const living = this.living();
    const lives =
      living.length > 0 || entered !== this.#entered || (this.#cgroup !== null && isPopulated(this.#cgroup));
    this.#entered = entered;
    return { lives, living };
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

/** JSON is YAML, but for characters that may not stand in it as they are. */
function yamlOf(value) {
  return JSON.stringify(value).replace(
    /[\u007f-\u00a0\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

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

function isPopulated(cgroup) {
  return readFileSync(join(cgroup, 'cgroup.events'), 'utf8').includes('populated 1');
}

function killAll(cgroup) {
  try {
    writeFileSync(join(cgroup, 'cgroup.kill'), '1');
  } catch {
    // An older kernel has no such file.
  }
}

function leftBehind(pid) {
  return `process ${pid} was left behind: ${proc(pid, 'cmdline').replaceAll('\0', ' ').trim() || proc(pid, 'comm')}`;
}

function removeCgroup(path) {
  try {
    for (const name of foldersIn(path)) removeCgroup(join(path, name));
    rmdirSync(path);
  } catch {
    // Something in it lives still.
  }
}
