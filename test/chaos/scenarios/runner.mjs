// One `forkline run` of a scenario: how to hurt it, what it said and wrote down, and whether that is whole and one story.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { allPids, kill, proc, statOf } from './processes-of.mjs';

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
    return /keeper\.pl|forkline-keeper/.test(words) && words.includes(this.scene.folder);
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

/** Looks, 100 ms apart, in which a dead child is still there: more than a busy machine takes to come to it. */
const OLD_ZOMBIE = 20;
