// Real processes, started and emptied as the runner does it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessNode } from '../../src/plan/plan.ts';
import { Child, startChild } from '../../src/run/child.ts';
import { DirectLauncher } from '../../src/run/direct-launcher.ts';
import { Fifos } from '../../src/run/kernel-pipe.ts';
import { KeptLauncher } from '../../src/run/kept-launcher.ts';
import { PipeOutput } from '../../src/run/logged-output.ts';
import { ProcessPipes } from '../../src/run/process-pipe.ts';
import { killUntilEmpty, marked } from '../../src/run/reaper.ts';
import { keepers, programOf } from '../kit/keepers.ts';
import { processNode } from '../kit/plan.ts';
import { standStill } from '../kit/stand-still.ts';

const folder = mkdtempSync(join(tmpdir(), 'forkline-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What each way of starting a process promises alike. */
const ways = [
  ...keepers.flatMap((keeper) =>
    (['cgroup', 'subreaper'] as const).map((allowed) => ({
      way: `by the ${keeper} keeper in its tier ${allowed}`,
      program: programOf(keeper),
      allowed,
    })),
  ),
  { way: 'directly', program: null, allowed: null },
];

describe.each(ways)('started $way,', ({ program, allowed }) => {
  const kept =
    program === null
      ? null
      : new KeptLauncher({
          program,
          runId: `test-${program.name}-${allowed}-${process.pid}`,
          folder,
          allowed,
          onLost: (reason) => {
            throw new Error(reason);
          },
        });
  const launcher = kept ?? new DirectLauncher(`test-${process.pid}`, mkdtempSync(join(folder, 'run-')));
  const fifos = new Fifos(mkdtempSync(join(folder, 'fifos-')), (paths) => launcher.makeFifos(paths));
  const pipes = new ProcessPipes(fifos);
  beforeAll(async () => {
    await kept?.keeper.ready;
  });
  afterAll(async () => {
    await launcher.end();
  });

  async function start(argv: readonly string[], settings: Partial<ProcessNode> = {}, env: Record<string, string> = {}) {
    const output = { stdout: '', stderr: '' };
    const node = processNode('a', {}, { cwd: folder, ...settings });
    const spec = { node, argv, env: { PATH: process.env.PATH ?? '', ...env } };
    const child = await startChild(spec, { launcher, fifos, pipes, broker: null }, (stream, bytes) => {
      output[stream] += bytes.toString();
    });
    if ('unwanted' in child) throw new Error('nobody had cancelled it');
    return { child, output };
  }

  /** Runs it to its end. */
  async function finish(argv: readonly string[], settings: Partial<ProcessNode> = {}) {
    const { child, output } = await start(argv, settings);
    if (!(child instanceof Child)) return { refused: child.refused, exit: null, leaked: [], ...output };
    const exit = await child.exited;
    const leaked = await child.empty();
    return { refused: null, exit, leaked, ...output };
  }

  /** A zombie, which only its parent can bury, is not alive. */
  function isAlive(pid: string): boolean {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid.trim()}/status`, 'utf8'));
    } catch {
      return false;
    }
  }

  const sh = (script: string): string[] => ['sh', '-c', script];

  describe('what a process writes', () => {
    it('arrives whole, from both streams, also without a last newline', async () => {
      const { stdout, stderr } = await finish(sh('printf a; printf b >&2; head -c 300000 /dev/zero | tr "\\0" x'));
      expect(stdout).toBe(`a${'x'.repeat(300_000)}`);
      expect(stderr).toBe('b');
    });

    it('may be written to /dev/stderr and /dev/stdout by name, as in a shell', async () => {
      const { exit, stdout, stderr } = await finish(sh('echo out >/dev/stdout; echo err >/dev/stderr'));
      expect({ exit, stdout, stderr }).toEqual({
        exit: { exitcode: 0, signal: null },
        stdout: 'out\n',
        stderr: 'err\n',
      });
    });

    it('goes to a file, anew or appended', async () => {
      const path = join(folder, 'out.txt');
      await finish(sh('echo one'), { stdout: { type: 'file', path, append: false } });
      await finish(sh('echo two'), { stdout: { type: 'file', path, append: true } });
      expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
      await finish(sh('cat'), {
        stdin: { type: 'file', path },
        stdout: { type: 'file', path: `${path}2`, append: false },
      });
      expect(readFileSync(`${path}2`, 'utf8')).toBe('one\ntwo\n');
    });
  });

  it('a process finds an empty stdin', async () => {
    expect(await finish(['cat'])).toMatchObject({ exit: { exitcode: 0 }, stdout: '' });
  });

  describe('how it ended', () => {
    it.each([
      ['exit 0', 0, null],
      ['exit 255', 255, null],
      ['exit 143', 143, null],
      ['kill -TERM $$', -15, 'SIGTERM'],
      ['kill -KILL $$', -9, 'SIGKILL'],
      ['kill -USR1 $$', -10, 'SIGUSR1'],
    ])('`%s` is told exactly', async (script, exitcode, signal) => {
      expect((await finish(sh(script))).exit).toEqual({ exitcode, signal });
    });
  });

  describe('what cannot be started is refused, and says why', () => {
    const script = join(folder, 'not-executable');
    writeFileSync(script, 'echo');
    const orphaned = join(folder, 'bad-interpreter');
    writeFileSync(orphaned, '#!/no/such/interpreter\n', { mode: 0o755 });
    it.each<[string, string[], Partial<ProcessNode>, string]>([
      ['no such program', ['no-such-program'], {}, 'there is no program `no-such-program`'],
      [
        'a missing interpreter',
        [orphaned],
        {},
        `\`${orphaned}\` cannot be executed: its interpreter \`/no/such/interpreter\` is missing`,
      ],
      ['a file that is not executable', [script], {}, `\`${script}\` may not be executed`],
      [
        'a missing folder',
        ['true'],
        { cwd: '/no/such' },
        'its working directory `/no/such` cannot be entered (ENOENT)',
      ],
      ['a folder that is a file', ['true'], { cwd: script }, `its working directory \`${script}\` is not a folder`],
      ['a NUL in an argument', ['echo', 'a\0b'], {}, 'an argument or an environment variable holds a NUL character'],
      [
        'too long an argument',
        ['echo', 'x'.repeat(3_000_000)],
        {},
        'its arguments and environment are too long for the system (E2BIG)',
      ],
      [
        'a missing folder for stdout',
        ['true'],
        { stdout: { type: 'file', path: '/no/such/x.txt', append: false } },
        'there is no folder `/no/such` for the file `/no/such/x.txt`',
      ],
      [
        'a missing folder for stderr that is added to',
        ['true'],
        { stderr: { type: 'file', path: '/no/such/x.txt', append: true } },
        'there is no folder `/no/such` for the file `/no/such/x.txt`',
      ],
      [
        'a folder in the place of stdout',
        ['true'],
        { stdout: { type: 'file', path: '/', append: false } },
        '`/` is a folder, and a file was expected',
      ],
      ['a missing stdin', ['cat'], { stdin: { type: 'file', path: '/no/such' } }, 'there is no file `/no/such`'],
    ])('%s', async (_, argv, settings, refused) => {
      expect(await finish(argv, settings)).toMatchObject({ refused });
    });
  });

  it('gets its arguments and variables as they are, byte for byte', async () => {
    const words = ['', ' ', '$(touch x)', '`id`', '"', "'", '\\', '\n', '*', 'ä 包子 🥟', '-n', '=', '\u001b[2J'];
    const { child, output } = await start(
      ['perl', '-e', 'print join "\\0", @ARGV, $ENV{ODD}', '--', ...words],
      {},
      { ODD: '\n=ä' },
    );
    if (!(child instanceof Child)) throw new Error(child.refused);
    await child.exited;
    await child.empty();
    expect(output.stdout.split('\0')).toEqual([...words, '\n=ä']);
  });

  // What only a keeper promises.
  const keepersHere = kept === null ? [] : [kept];

  it.each(keepersHere)(
    'begins with no signal ignored or blocked, and with no file open but its three streams',
    async () => {
      const { stdout } = await finish(sh('grep -E "^Sig(Blk|Ign)" /proc/self/status; exec ls /proc/self/fd'));
      // `ls` has opened the folder that it lists.
      const none = '0'.repeat(16);
      expect(stdout).toBe(`SigBlk:\t${none}\nSigIgn:\t${none}\n0\n1\n2\n3\n`);
    },
  );

  it.each(keepersHere)('is not run by a shell where it is neither a program nor a script', async () => {
    const text = join(folder, `no-shebang-${program?.name}-${allowed}`);
    writeFileSync(text, 'echo run by a shell\n', { mode: 0o755 });
    expect((await finish([text])).refused).toBe(
      `\`${text}\` is no program of this machine, and no script either: a script's first line names its interpreter, as \`#!/bin/sh\` does`,
    );
  });

  describe('its tree', () => {
    it('is killed and told where its leader has left something running', async () => {
      const { exit, leaked, stdout } = await finish(sh('sleep 1000 & echo $!'));
      expect(exit).toEqual({ exitcode: 0, signal: null });
      expect(leaked).toEqual([Number(stdout)]);
      expect(isAlive(stdout)).toBe(false);
    });

    it('may end by itself where there is patience with it, and is killed once there is none', async () => {
      const { child, output } = await start(
        sh('(trap "echo bye; exit" TERM; echo up; while :; do sleep 0.01; done) & wait'),
      );
      if (!(child instanceof Child)) throw new Error(child.refused);
      await expect.poll(() => output.stdout).toBe('up\n');
      child.signal('SIGTERM');
      await child.exited;
      expect(await child.empty(new AbortController().signal)).toEqual([]);
      expect(output.stdout).toBe('up\nbye\n');

      const { child: deaf, output: heard } = await start(
        sh('(trap "" TERM; echo $(exec sh -c "echo \\$PPID"); sleep 1000) & wait'),
      );
      if (!(deaf instanceof Child)) throw new Error(deaf.refused);
      await expect.poll(() => heard.stdout).toMatch(/\n/);
      deaf.signal('SIGTERM');
      await deaf.exited;
      const patience = new AbortController();
      const emptied = deaf.empty(patience.signal);
      patience.abort();
      expect((await emptied).length).toBeGreaterThan(0);
    });

    it('is signalled as a whole, also one that is stopped', async () => {
      const { child } = await start(sh('sleep 1000 & kill -STOP $$; wait'));
      if (!(child instanceof Child)) throw new Error(child.refused);
      child.signal('SIGTERM');
      expect(await child.exited).toEqual({ exitcode: -15, signal: 'SIGTERM' });
      await child.empty();
    });

    it.runIf(process.platform === 'linux')('is found where it has moved to a session of its own', async () => {
      const mark = `FORKLINE_TEST_MARK=${process.pid}`;
      const { child, output } = await start(
        sh('setsid sh -c "echo \\$\\$; exec sleep 1000" </dev/null 2>/dev/null & wait'),
        {},
        { FORKLINE_TEST_MARK: `${process.pid}` },
      );
      if (!(child instanceof Child)) throw new Error(child.refused);
      await expect.poll(() => output.stdout).toMatch(/^\d+\n$/);
      process.kill(child.pid, 'SIGKILL');
      await child.exited;
      const killed = program === null ? killUntilEmpty(() => marked(mark)) : child.empty();
      expect(await killed).toEqual([Number(output.stdout)]);
      expect(isAlive(output.stdout)).toBe(false);
      await child.empty();
    });
  });
});

it('what a process wrote is read, though the runner stood still for longer than it waits for the last bytes', async () => {
  const { pid, stdout } = spawn('sh', ['-c', 'head -c 50000 /dev/zero'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const running = {
    pid: pid as number,
    outputs: [new PipeOutput('stdout', stdout as Socket)],
    exited: Promise.resolve({ exitcode: 0, signal: null }),
    signal: () => {},
    foreground: () => {},
    empty: () => Promise.resolve([]),
  };
  let length = 0;
  const child = new Child(running, (_, bytes) => (length += bytes.length));
  const emptied = child.empty();
  // Its time is running: nothing of what follows lets go of the thread.
  await Promise.resolve();
  await Promise.resolve();
  while (!/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) standStill(10);
  standStill(600);
  await emptied;
  expect(length).toBe(50_000);
});
