// A lock that several runs share, with real runs at once, and with `kill -9` of all that could hold it.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { binary } from '../kit/run-pipeline.ts';

const programs = fileURLToPath(new URL('../programs/', import.meta.url));
const locks = `/tmp/forkline-locks-${userInfo().uid}`;

test.runIf(process.platform === 'linux')(
  'of two runs at once one process holds it, and none waits for ever',
  async () => {
    const stage = prepare();
    writeFileSync(join(stage.folder, 'sum'), '0');
    const runs = [1, 2].map(() => stage.run({ ts: 'add', py: 'add' }, 12));
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(readFileSync(join(stage.folder, 'sum'), 'utf8')).toBe('48');
    expect(stage.journal().map(({ fence }) => fence)).toEqual(Array.from({ length: 48 }, (_, index) => index + 1));
    expect(stage.journal().some(({ abandoned }) => abandoned)).toBe(false);
  },
);

test.runIf(process.platform === 'linux').each(['the runner', 'the broker', 'the process'])(
  'kill -9 of %s that holds it frees it for another run, which is told',
  async (victim) => {
    const stage = prepare();
    const holder = stage.run({ py: 'hold' });
    const holding = await holder.said('holding');
    const holderPid = Number(/holding (\d+)/.exec(holding)?.[1]);
    const other = stage.run({ py: 'look' });
    await other.said('soon: False');
    if (victim === 'the process') process.kill(holderPid, 'SIGKILL');
    else process.kill(victim === 'the runner' ? holder.pid : brokerOf(holder.pid), 'SIGKILL');
    expect(await other.said('got it')).toContain('got it, abandoned');
    expect(await other.ended).toBe(0);
    await holder.ended;
    expect(stage.journal()).toMatchObject([
      { pid: holderPid, fence: 1, abandoned: false },
      { fence: 2, abandoned: true },
    ]);
    expect(isAlive(holderPid)).toBe(false);
  },
);

test.runIf(process.platform === 'linux')('who waits for it is told where it cannot be had', async () => {
  const stage = prepare();
  writeFileSync(join(stage.folder, 'flock'), '#!/bin/sh\necho out of order >&2; exit 66\n', { mode: 0o755 });
  const script = `const { lock } = require('forkline');
lock('${stage.name}').acquire().catch((error) => console.log('told:', error.message));`;
  const told = stage.start(
    { js: { command: [process.execPath, '-e', script] } },
    `${stage.folder}:${process.env['PATH']}`,
  );
  expect(await told.said('told: ')).toContain('`flock` of util-linux failed with 66: out of order');
  expect(await told.ended).toBe(0);
});

interface Note {
  readonly pid: number;
  readonly fence: number;
  readonly abandoned: boolean;
}

/** A lock with a name of its own, a folder for what is written, and a way to start runs. */
function prepare() {
  const name = `test-${randomUUID()}`;
  const folder = mkdtempSync(join(tmpdir(), 'forkline-host-lock-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
    rmSync(join(locks, name), { force: true });
  });
  let runs = 0;
  const start = (processes: Readonly<Record<string, object>>, path = process.env['PATH']) => {
    runs += 1;
    const file = join(folder, `${runs}.yaml`);
    const using = Object.entries(processes).map(([id, process]) => [id, { ...process, locks: name }]);
    const pipeline = { locks: { [name]: { scope: 'host' } }, processes: Object.fromEntries(using) };
    writeFileSync(file, JSON.stringify(pipeline));
    return startRun([binary, 'run', file, '--run-dir', join(folder, `run-${runs}`)], path);
  };
  const run = (roles: Readonly<Record<string, string>>, ...more: number[]) => {
    const processes = Object.entries(roles).map(([language, role]) => [
      language,
      { target: `${programs}host-lock.${language}#${role}`, args: [folder, name, ...more] },
    ]);
    return start(Object.fromEntries(processes));
  };
  const journal = () =>
    readFileSync(join(folder, 'journal'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((each) => JSON.parse(each) as Note);
  return { name, folder, start, run, journal };
}

function startRun(argv: readonly string[], path: string | undefined) {
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  });
  const lines: string[] = [];
  const heard = createInterface({ input: child.stdout });
  heard.on('line', (line) => lines.push(line));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  /** The first line with that text in it. */
  const said = async (text: string): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => line.includes(text));
      if (found !== undefined) return found;
      if (child.stdout.readableEnded) throw new Error(`it ended and never said ${text}`);
      await Promise.race([once(heard, 'line'), once(heard, 'close')]);
    }
  };
  return { pid: child.pid as number, ended, said };
}

/** The broker's process of a runner. */
function brokerOf(runner: number): number {
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
      if (Number(parent) === runner && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('broker'))
        return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`process ${runner} has no broker`);
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
