// A keeper by itself, without a run around it, that is told things which in a run come at another time.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Keeper, type Order } from '../../src/keeper/keeper.ts';
import type { Failure, Kept } from '../../src/keeper/kept.ts';
import type { KeeperProgram } from '../../src/keeper/programs.ts';
import { keepers, programOf } from '../kit/keepers.ts';

function keeperIn(folder: string, name: string): Keeper {
  return keeperOf(programOf(name), folder);
}

function keeperOf(program: KeeperProgram, folder: string): Keeper {
  const keeper = new Keeper({ program, runId: 'test', folder, allowed: 'subreaper', onLost: () => {} });
  onTestFinished(async () => void (await keeper.end()));
  return keeper;
}

function someFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function reader(folder: string, fifo: string): Order {
  return {
    name: fifo,
    cwd: folder,
    streams: [`<${join(folder, fifo)}`, '>/dev/null', '>/dev/null'],
    argv: ['cat'],
    env: {},
    terminal: false,
  };
}

function silent(folder: string): Order {
  return { ...reader(folder, ''), streams: ['', '>/dev/null', '>/dev/null'] };
}

async function ended(started: Kept | Failure): Promise<void> {
  if ('step' in started) throw new Error(`it failed: ${started.step}`);
  await started.exited;
  await started.emptied;
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function linesIn(folder: string, file: string): number {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

/** Of one that leaves a daemon behind and then kills whoever looks after it. */
async function whatIsLeft(keeper: Keeper, folder: string, round: string): Promise<string> {
  const script =
    'setsid sh -c "echo \\$\\$ > $0.pid; exec sleep 600" & until [ -s $0.pid ] && [ -e $0.go ]; do :; done; kill -9 $PPID; sleep 600';
  const streams = ['', '>/dev/null', '>/dev/null'] as const;
  const started = await keeper.start({ ...reader(folder, ''), streams, argv: ['sh', '-c', script, round] });
  if ('step' in started) return `it failed: ${started.step}`;
  writeFileSync(join(folder, `${round}.go`), '');
  await started.emptied;
  return lives(Number(readFileSync(join(folder, `${round}.pid`), 'utf8'))) ? 'its daemon' : 'nothing';
}

/** A zombie does not. */
function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
  } catch {
    return false;
  }
}

describe.runIf(process.platform === 'linux').each(keepers)('the %s keeper', (name) => {
  it('ends where it is told to before it has found out what it can do', async () => {
    await expect(keeperIn(someFolder(), name).end()).resolves.toBeDefined();
  });

  it('starts one that opens a file while many wait for that', async () => {
    const folder = someFolder();
    const keeper = keeperIn(folder, name);
    const fifos = Array.from({ length: 20 }, (_, at) => `fifo.${at}`);
    execFileSync('mkfifo', fifos, { cwd: folder });
    const readers = fifos.map((fifo) => keeper.start(reader(folder, fifo)));
    const argv = ['sh', '-c', `for fifo in ${fifos.join(' ')}; do : > $fifo; done`];
    const writer = await keeper.start({ ...reader(folder, ''), streams: ['', '>/dev/null', '>/dev/null'], argv });
    expect(writer).toHaveProperty('pid');
    expect((await Promise.all(readers)).filter((started) => 'step' in started)).toEqual([]);
  });

  it('starts many one after the other where it may not open enough for all at once', async () => {
    const folder = someFolder();
    const { file, args, ...rest } = programOf(name);
    const keeper = keeperOf({ ...rest, file: 'prlimit', args: ['--nofile=13:13', file, ...args] }, folder);
    await keeper.ready;
    const order: Order = { ...reader(folder, ''), streams: ['', '>/dev/null', '>/dev/null'], argv: ['true'] };
    const started = await Promise.all(Array.from({ length: 40 }, () => keeper.start(order)));
    expect(started.filter((one) => 'step' in one)).toEqual([]);
  });

  // The system counts the processes of a user, and root may have any number of them.
  it.runIf(process.getuid?.() === 0).each([1, 2, 3, 4])(
    'says that it lacks processes, and not that any got away, where it may have only %i',
    async (most) => {
      const folder = someFolder();
      chmodSync(folder, 0o777);
      const { file, args, ...rest } = programOf(name);
      const user = 100_000 + process.pid * 10 + most;
      const given = [`--reuid=${user}`, '--clear-groups', 'prlimit', `--nproc=${most}:${most}`, file, ...args];
      const keeper = keeperOf({ ...rest, file: 'setpriv', args: given }, folder);
      await expect(keeper.ready).rejects.toThrow('no canary could be forked: Resource temporarily unavailable');
    },
  );

  it('says that nothing is left of one that kills its warden only once nothing is', async () => {
    const seen = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const folder = someFolder();
        const keeper = keeperIn(folder, name);
        const ends: string[] = [];
        for (let round = 0; round < 10; round += 1) ends.push(await whatIsLeft(keeper, folder, `${round}`));
        return ends;
      }),
    );
    expect(new Set(seen.flat())).toEqual(new Set(['nothing']));
  });

  it('kills one that is wanted no more also where others have to start first', async () => {
    const folder = someFolder();
    const keeper = keeperIn(folder, name);
    execFileSync('mkfifo', ['fifo'], { cwd: folder });
    const started = Array.from({ length: 20 }, () => keeper.start(reader(folder, 'fifo'), AbortSignal.abort()));
    for (const one of await Promise.all(started)) if ('pid' in one) expect(await one.exited).toBe(9);
  });

  it('never starts what is wanted no more before it is its turn', async () => {
    const folder = someFolder();
    const keeper = keeperIn(folder, name);
    const order = { ...silent(folder), argv: ['sh', '-c', 'echo ran >> ran; exec sleep 600'] };
    const started = await Promise.all(Array.from({ length: 40 }, () => keeper.start(order, AbortSignal.abort())));
    const never = started.filter((one) => 'step' in one);
    expect(new Set(never.map(({ step }) => step))).toEqual(new Set(['cancel']));
    await keeper.end();
    expect(linesIn(folder, 'ran') + never.length).toBeLessThanOrEqual(40);
  });

  it('never starts what is wanted no more while the system lacks what it takes', async () => {
    const folder = someFolder();
    const keeper = keeperIn(folder, name);
    await keeper.ready;
    await ended(await keeper.start({ ...silent(folder), argv: ['true'] }));
    // Who kept that one waits for the next.
    const [warden = 0] = childrenOf(keeper.pid ?? 0);
    const may = (files: number): Buffer => execFileSync('prlimit', ['--pid', `${warden}`, `--nofile=${files}:64`]);
    may(3);
    const order: Order = { ...silent(folder), streams: ['', '*', '*'], argv: ['sh', '-c', 'echo ran > ran'] };
    const cancelled = keeper.start(order, AbortSignal.abort());
    const other = keeper.start({ ...order, argv: ['true'] });
    await ended(await other);
    may(64);
    expect(await cancelled).toEqual({ step: 'cancel', errno: 0 });
    await ended(await keeper.start({ ...order, argv: ['true'] }));
    expect(linesIn(folder, 'ran')).toBe(0);
  });
});

describe.runIf(process.platform === 'linux' && keepers.includes('perl'))('the perl keeper', () => {
  it('kills nobody else for a lost warden where the kernel lists no children', async () => {
    const folder = someFolder();
    const keeper = keeperOf(withoutListedChildren(folder), folder);
    const innocent = await keeper.start({ ...reader(folder, ''), argv: ['sleep', '600'], streams: ['', '', ''] });
    if ('step' in innocent) throw new Error(innocent.step);
    expect(await whatIsLeft(keeper, folder, 'hostile')).toBe('nothing');
    expect(lives(innocent.pid)).toBe(true);
  });
});

/** A copy of it that has never heard of the list. */
function withoutListedChildren(folder: string): KeeperProgram {
  const { args, ...rest } = programOf('perl');
  const copy = join(folder, 'keeper');
  cpSync(dirname(args[0] as string), copy, { recursive: true });
  const tree = join(copy, 'Tree.pm');
  const text = readFileSync(tree, 'utf8');
  writeFileSync(tree, text.replace('-e "/proc/$$/task/$$/children"', '0'));
  expect(readFileSync(tree, 'utf8')).not.toBe(text);
  return { ...rest, args: [join(copy, basename(args[0] as string))] };
}
