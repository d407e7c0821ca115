// Nothing outlives the runner, however it ends, and nothing its process: through the real binary, with a program that does all it can to
// get away, and one of the same name beside it that is nobody's to kill.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Event } from '../../src/run/event.ts';
import { ownWorld } from '../../src/run/private-folder.ts';
import type { Summary } from '../../src/run/summary.ts';
import { forkline, workspace } from '../kit/forkline.ts';
import { keepers } from '../kit/keepers.ts';
import { binary } from '../kit/run-pipeline.ts';

const root = join(import.meta.dirname, '..', '..');

/** Forks twice, leads a session of its own, empties its environment, closes its files, ignores SIGTERM, and says its pid in a file once
 * those that it was forked by are gone. */
const daemonizer = `
use POSIX ();
exit if fork; POSIX::setsid(); my $parent = $$; exit if fork;
select undef, undef, undef, 0.01 while getppid == $parent;
$SIG{TERM} = 'IGNORE';
open my $file, '>', "$ARGV[0].part"; print $file $$; close $file; rename "$ARGV[0].part", $ARGV[0];
POSIX::close($_) for 0 .. 63;
%ENV = (); exec '/bin/sleep', '300';
`;

const pipeline = `
processes:
  long: { run: "perl daemonizer.pl long.pid; echo up > up; sleep 300 & sleep 300" }
daemons:
  server: { run: "perl daemonizer.pl server.pid; sleep 300", needs: { long: started } }
`;
const leaving = `
processes:
  one: { run: perl daemonizer.pl hidden.pid; until test -e hidden.pid; do sleep 0.01; done }
`;

/** Its first thread ends, so that /proc shows it as a zombie; another one goes on. */
const headless = `
import ctypes, os, sys, threading, time
if os.fork() == 0:
    os.setsid()
    threading.Thread(target=time.sleep, args=(300,)).start()
    with open(sys.argv[1] + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(sys.argv[1] + ".part", sys.argv[1])
    ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)
until = lambda: open(f"/proc/{open(sys.argv[1]).read()}/stat").read().rpartition(") ")[2][0] == "Z"
while not (os.path.exists(sys.argv[1]) and until()):
    time.sleep(0.01)
`;

function folderWith(pipeline: string): string {
  return workspace({ 'pipeline.yaml': pipeline, 'daemonizer.pl': daemonizer, 'headless.py': headless });
}

interface Settings {
  readonly tier?: string;
  /** The only one that may be used. */
  readonly keeper?: string;
  /** Of a build of Forkline's that has a fault. */
  readonly home?: string;
}

function start(folder: string, { tier = '', keeper = '', home }: Settings = {}): ChildProcess {
  const program = home === undefined ? binary : join(home, 'bin/run.js');
  const runner = spawn(process.execPath, [program, 'run', '--run-dir', 'run'], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, FORKLINE_CONTAINMENT: tier, FORKLINE_KEEPER: keeper },
  });
  onTestFinished(() => void runner.kill('SIGKILL'));
  return runner;
}

type Fault = readonly [file: string, right: string, wrong: string];

/** What the whole of the build is, but for a place or two of a keeper. */
function withFaults(keeper: string, faults: readonly Fault[]): string {
  const home = copyOfBuild();
  const built = join(home, 'dist/keeper');
  const source = keeper === 'native' ? join(home, 'native') : built;
  if (keeper === 'native') cpSync(join(root, 'src/keeper/native'), source, { recursive: true });
  for (const [file, right, wrong] of faults) {
    const path = join(source, file);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(right);
    writeFileSync(path, text.replace(right, wrong));
  }
  if (keeper === 'native') compile(source, join(built, 'forkline-keeper'));
  return home;
}

function copyOfBuild(): string {
  const home = workspace();
  for (const part of ['bin', 'dist', 'package.json']) cpSync(join(root, part), join(home, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  return home;
}

function compile(source: string, file: string): void {
  execFileSync(process.execPath, [join(root, 'scripts/compile-keeper.mjs'), file, source, '-O0']);
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

async function pidIn(file: string): Promise<number> {
  await expect.poll(() => existsSync(file)).toBe(true);
  const pid = Number(readFileSync(file, 'utf8'));
  onTestFinished(() => kill(pid));
  return pid;
}

/** Where it is not supposed to be alive any more. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is not.
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const noneAlive = (pids: readonly number[]): Promise<void> => expect.poll(() => pids.filter(isAlive)).toEqual([]);

interface Left {
  readonly hidden: readonly number[];
  readonly others: readonly number[];
}

/** Leaves processes behind that are alive. Any run of this user may sweep them, as those of other tests: then it tries again. */
async function leftBehind(leave: () => Promise<Left>): Promise<Left> {
  let left = await leave();
  for (let tries = 1; tries < 5 && !left.hidden.every(isAlive); tries += 1) left = await leave();
  expect(left.hidden.filter(isAlive)).toEqual(left.hidden);
  return left;
}

/** Of the same name as what is to be killed. */
function bystander(): number {
  const one = spawn('/bin/sleep', ['300'], { detached: true, stdio: 'ignore' });
  onTestFinished(() => void one.kill('SIGKILL'));
  return one.pid as number;
}

function eventsIn(folder: string): Event[] {
  const text = readFileSync(join(folder, 'run/events.ndjson'), 'utf8');
  return text.split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Event] : []));
}

function startedIn(folder: string): number[] {
  return eventsIn(folder).flatMap((event) => (event.type === 'node.started' && event.pid !== null ? [event.pid] : []));
}

function tierOf(folder: string): string | undefined {
  return eventsIn(folder).find((event) => event.type === 'run.contained')?.tier;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

const isKeeper = (pid: number): boolean => /keeper\.pl|forkline-keeper/.test(commandOf(pid));

function keeperOf(runner: ChildProcess): number {
  return childrenOf(runner.pid as number).find(isKeeper) as number;
}

const notKilling: Readonly<Record<string, readonly Fault[]>> = {
  perl: [
    ['keeper.pl', 'Tree::kill_all($seconds);', ''],
    ['keeper.pl', 'Cgroup::kill_members($cgroup->path)', '0'],
  ],
  native: [['keeper.c', '    kill_all(seconds);', '    if (seconds > 0) return;']],
};
const forgetful: Readonly<Record<string, readonly Fault[]>> = {
  perl: [
    ['keeper.pl', '    kill_the_run(30);\n    remove($folder);\n', ''],
    ['keeper.pl', 'Tree::kill_all(30); Linux::exit_now(0)', 'Linux::exit_now(0)'],
  ],
  native: [
    ['keeper.c', '    kill_the_run(SECONDS_ALONE);\n    folder_remove(folder);\n', ''],
    ['warden.c', '    kill_all(30);\n', ''],
  ],
};

it.runIf(process.platform === 'linux')('the keeper in C was compiled, and is tried here', () => {
  const found = existsSync(join(root, 'dist/keeper/forkline-keeper')) ? 'one' : 'none: is there a C compiler?';
  expect(found).toBe('one');
});

describe.runIf(process.platform === 'linux').each(keepers)('on Linux, with the %s keeper', (keeper) => {
  describe.each(['', 'subreaper'])('and the tier `%s`', (tier) => {
    it('nothing is alive after the runner was killed, not even what hid itself', async () => {
      const folder = folderWith(pipeline);
      const innocent = bystander();
      const runner = start(folder, { tier, keeper });
      const hidden = [await pidIn(join(folder, 'long.pid')), await pidIn(join(folder, 'server.pid'))];
      expect(['cgroup', 'subreaper']).toContain(tierOf(folder));
      expect(hidden.filter(isAlive)).toEqual(hidden);
      runner.kill('SIGKILL');
      await exitOf(runner);
      await noneAlive([...hidden, ...startedIn(folder)]);
      expect(isAlive(innocent)).toBe(true);
    });

    it('what a process left behind is dead before its end is told', async () => {
      const folder = folderWith(leaving);
      expect(await exitOf(start(folder, { tier, keeper }))).toBe(0);
      const hidden = await pidIn(join(folder, 'hidden.pid'));
      expect(isAlive(hidden)).toBe(false);
      const leaked = eventsIn(folder).find((event) => event.type === 'node.leaked');
      expect(leaked).toMatchObject({ node: 'one', pids: [hidden] });
    });

    it('nor does it hide by ending its first thread only', async () => {
      const folder = folderWith('processes: { one: { command: [python3, headless.py, hidden.pid] } }');
      expect(await exitOf(start(folder, { tier, keeper }))).toBe(0);
      const hidden = await pidIn(join(folder, 'hidden.pid'));
      expect(existsSync(`/proc/${hidden}`)).toBe(false);
      const leaked = eventsIn(folder).find((event) => event.type === 'node.leaked');
      expect(leaked).toMatchObject({ node: 'one', pids: [hidden] });
    });

    it('nothing is alive after the keeper was killed, and the run says so', async () => {
      const folder = folderWith(pipeline);
      const innocent = bystander();
      const runner = start(folder, { tier, keeper });
      const hidden = [await pidIn(join(folder, 'long.pid')), await pidIn(join(folder, 'server.pid'))];
      process.kill(keeperOf(runner), 'SIGKILL');
      expect(await exitOf(runner)).toBe(70);
      expect([...hidden, ...startedIn(folder)].filter(isAlive)).toEqual([]);
      expect(eventsIn(folder).at(-1)).toMatchObject({
        reason: expect.stringMatching(/^the keeper was lost: .*SIGKILL/),
      });
      expect(isAlive(innocent)).toBe(true);
    });
  });

  it('who kills its warden has killed itself and what it started, and nobody else', async () => {
    const folder = folderWith(`
processes:
  hostile: { run: "perl daemonizer.pl hidden.pid; until test -e hidden.pid; do sleep 0.01; done; kill -9 $PPID; sleep 300", on_failure: continue }
  other: { run: "until test -e hidden.pid; do sleep 0.01; done; sleep 0.2; echo fine > fine" }
`);
    expect(await exitOf(start(folder, { tier: 'subreaper', keeper }))).toBe(1);
    expect(isAlive(await pidIn(join(folder, 'hidden.pid')))).toBe(false);
    expect(readFileSync(join(folder, 'fine'), 'utf8')).toBe('fine\n');
    const ended = eventsIn(folder).find((event) => event.type === 'node.ended' && event.node === 'hostile');
    expect(ended).toMatchObject({ outcome: 'failed', exitcode: -9 });
  });

  it('who stops its warden is stopped, timed and looked after as any other', async () => {
    const folder = folderWith(`
processes:
  ends: { run: "kill -STOP $PPID; echo up" }
  stays: { run: "kill -STOP $PPID; sleep 300", timeout: 200ms, on_failure: continue }
`);
    expect(await exitOf(start(folder, { keeper }))).toBe(1);
    const outcomes = eventsIn(folder).flatMap((event) => (event.type === 'node.ended' ? [event.outcome] : []));
    expect(outcomes.toSorted()).toEqual(['succeeded', 'timed_out']);
  });

  it.each([
    ['', ''],
    [', where there is no cgroup', 'subreaper'],
  ])('what was left by a runner and a keeper that were killed together is swept by the next run%s', async (_, tier) => {
    const innocent = bystander();
    const left = await leftBehind(async () => {
      const folder = folderWith(pipeline);
      const runner = start(folder, { keeper, tier });
      const hidden = [await pidIn(join(folder, 'long.pid')), await pidIn(join(folder, 'server.pid'))];
      // Those that would kill what they keep are stopped before they can.
      const kept = keeperOf(runner);
      const guards = [kept, ...childrenOf(kept).filter(isKeeper)];
      for (const guard of guards) process.kill(guard, 'SIGSTOP');
      runner.kill('SIGKILL');
      await exitOf(runner);
      process.kill(kept, 'SIGKILL');
      return { hidden, others: [...guards, ...startedIn(folder)] };
    });
    const next = folderWith('processes: { a: { run: "true" } }');
    expect(await exitOf(start(next, { keeper }))).toBe(0);
    expect([...left.hidden, ...left.others].filter(isAlive)).toEqual([]);
    expect(isAlive(innocent)).toBe(true);
  });

  it('a run that is alive is not swept by another', async () => {
    const folder = folderWith(pipeline);
    const runner = start(folder, { keeper });
    const hidden = await pidIn(join(folder, 'server.pid'));
    expect(await exitOf(start(folderWith('processes: { a: { run: "true" } }')))).toBe(0);
    expect(isAlive(hidden)).toBe(true);
    runner.kill('SIGKILL');
    await exitOf(runner);
    await noneAlive([hidden]);
  });

  it.runIf(process.getuid?.() === 0)(
    'as the first process of a container it leaves no zombie and nothing alive',
    async () => {
      const folder = folderWith(`
processes:
  first: { run: "perl daemonizer.pl hidden.pid; until test -e hidden.pid; do sleep 0.01; done" }
  second: { run: "ps -e -o stat= | grep -c Z || true", needs: first }
`);
      const container = spawn(
        'unshare',
        ['-p', '-f', '--mount-proc', process.execPath, binary, 'run', '--run-dir', 'run'],
        {
          cwd: folder,
          stdio: 'ignore',
          env: { ...process.env, FORKLINE_KEEPER: keeper },
        },
      );
      expect(await exitOf(container)).toBe(0);
      expect(readFileSync(join(folder, 'run/logs/second.log'), 'utf8')).toBe('0\n');
      expect(eventsIn(folder).find((event) => event.type === 'node.leaked')).toMatchObject({ node: 'first' });
    },
  );

  it('without a keeper a watchdog kills what can be found, and the run says how little that is', async () => {
    const folder = folderWith(`
processes:
  long: { run: "setsid sleep 300 & echo $! > moved.pid.part; mv moved.pid.part moved.pid; sleep 300" }
`);
    const runner = start(folder, { tier: 'scan' });
    const moved = await pidIn(join(folder, 'moved.pid'));
    expect(tierOf(folder)).toBe('scan');
    runner.kill('SIGKILL');
    await exitOf(runner);
    await noneAlive([moved, ...startedIn(folder)]);
  });

  it('without a keeper, who cannot be given a pipe fails by itself', async () => {
    const folder = workspace({
      'pipeline.yaml':
        'processes: { a: { run: "echo hi", on_failure: continue }, b: { run: "true", needs: { a: failed } } }',
    });
    writeFileSync(join(folder, 'mkfifo'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const env = { FORKLINE_CONTAINMENT: 'scan', PATH: `${folder}:${process.env['PATH']}` };
    const { exitCode, stderr } = await forkline(folder, ['run', '--run-dir', 'run'], '', env);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('`a` failed: its streams could not be laid (1)')]);
    expect(eventsIn(folder).at(-1)).toMatchObject({ type: 'run.ended', exitCode: 1 });
  });

  it('a keeper that does not kill is found out by its canary, and not used', async () => {
    const home = withFaults(keeper, notKilling[keeper] ?? []);
    const folder = folderWith('processes: { a: { run: "true" } }');
    expect(await exitOf(start(folder, { home, keeper }))).toBe(0);
    const contained = eventsIn(folder).find((event) => event.type === 'run.contained');
    expect(contained).toMatchObject({ tier: 'scan', run: false });
    expect(contained?.reasons.join()).toContain('the canary got away');
  });

  it('a keeper and wardens that forget to kill when the runner is gone are caught here, and the next run sweeps', async () => {
    const home = withFaults(keeper, forgetful[keeper] ?? []);
    const { others } = await leftBehind(async () => {
      const folder = folderWith(pipeline);
      const runner = start(folder, { home, keeper });
      const hidden = [await pidIn(join(folder, 'long.pid')), await pidIn(join(folder, 'server.pid'))];
      const kept = keeperOf(runner);
      runner.kill('SIGKILL');
      await exitOf(runner);
      await noneAlive([kept]);
      return { hidden, others: startedIn(folder) };
    });
    expect(await exitOf(start(folderWith('processes: { a: { run: "true" } }')))).toBe(0);
    for (const leader of others) kill(-leader);
  });
});

it.runIf(process.platform === 'linux')(
  'where the keeper in C cannot run, the one in Perl keeps the run, and it is said why',
  async () => {
    const home = copyOfBuild();
    writeFileSync(join(home, 'dist/keeper/forkline-keeper'), '#!/no/such/program\n', { mode: 0o755 });
    const folder = folderWith(leaving);
    expect(await exitOf(start(folder, { home }))).toBe(0);
    const contained = eventsIn(folder).find((event) => event.type === 'run.contained');
    expect(contained).toMatchObject({ run: true, process: true });
    expect(contained?.reasons[0]).toMatch(/^no native keeper: .*ENOENT/);
    expect(isAlive(await pidIn(join(folder, 'hidden.pid')))).toBe(false);
  },
);

it.runIf(process.platform === 'linux')(
  'what an earlier run left and cannot be taken away is in no later one’s way',
  (context) => {
    const { namespace, boot } = ownWorld();
    const left = `/tmp/forkline-runs-0/1.0.${namespace}.${boot}.abcdef`;
    // A folder of runs of its own, where it is nobody else's to sweep.
    const mount = 'mkdir -p /tmp/forkline-runs-0 && mount -t tmpfs -o mode=700 tmpfs /tmp/forkline-runs-0';
    const leave = `mkdir -p ${left}/disk && mount -t tmpfs tmpfs ${left}/disk`;
    const folder = folderWith('processes: { a: { run: "true" } }');
    const script = `${mount} && ${leave} || exit 99; node ${binary} run --quiet --run-dir run; code=$?; test -e ${left} && exit $code`;
    const ran = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (ran.error !== undefined || ran.status === 99 || ran.stderr.startsWith('unshare:'))
      context.skip('the system lets nobody have a user namespace, to mount a file system in');
    expect([ran.status, ran.stderr]).toEqual([0, '']);
  },
);

it('where less than full containment is to be had and full is required, nothing is started', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes: { a: { run: "echo > started" } }' });
  const less = { FORKLINE_CONTAINMENT: 'scan' };
  const { exitCode, stderr } = await forkline(folder, ['run', '--require-containment', 'full'], '', less);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('full containment was required, and only `scan` is to be had here');
  expect(existsSync(join(folder, 'started'))).toBe(false);
});

describe('a process whose stdin is a FIFO that nobody writes to', () => {
  it('is stopped with the run', async () => {
    const folder = workspace({
      'pipeline.yaml': `
processes:
  reader: { command: [cat], stdin: { file: ./fifo } }
  other: { run: exit 3 }
`,
    });
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    const { exitCode, stderr } = await forkline(folder, ['run', '--run-dir', 'run']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('`other` failed with exit code 3');
    const { nodes } = JSON.parse(readFileSync(join(folder, 'run/summary.json'), 'utf8')) as Summary;
    expect(nodes['reader']?.outcome).toBe('stopped');
  });

  it('times out like one that runs', async () => {
    const reader = '{ command: [cat], stdin: { file: ./fifo }, timeout: 200ms, retry: 1 }';
    const folder = workspace({ 'pipeline.yaml': `processes: { reader: ${reader} }` });
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    const { exitCode } = await forkline(folder, ['run', '--run-dir', 'run']);
    expect(exitCode).toBe(1);
    const { nodes } = JSON.parse(readFileSync(join(folder, 'run/summary.json'), 'utf8')) as Summary;
    expect(nodes['reader']).toMatchObject({ outcome: 'timed_out', attempts: 2 });
  });

  it('cannot be started where there is no keeper, which would wait for the other end', async () => {
    const folder = workspace({ 'pipeline.yaml': 'processes: { reader: { command: [cat], stdin: { file: ./fifo } } }' });
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    const env = { FORKLINE_CONTAINMENT: 'scan' };
    const { exitCode, stderr } = await forkline(folder, ['run', '--run-dir', 'run'], '', env);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is a FIFO, and without the keeper nobody can wait for its other end');
  });
});
