// Nothing outlives the runner, however it ends, and nothing its process: through the real binary, with a program that does all it can to
// get away, and one of the same name beside it that is nobody's to kill.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { binary } from '../kit/run-pipeline.ts';
import { workspace } from '../kit/forkline.ts';

/** Forks twice, leads a session of its own, empties its environment, closes its files, ignores SIGTERM, and says its pid in a file. */
const daemonizer = `
use POSIX ();
exit if fork; POSIX::setsid(); exit if fork;
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

function start(folder: string, args: readonly string[] = []): ChildProcess {
  const runner = spawn(process.execPath, [binary, 'run', '--run-dir', 'run', ...args], {
    cwd: folder,
    stdio: 'ignore',
  });
  onTestFinished(() => void runner.kill('SIGKILL'));
  return runner;
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

async function pidIn(file: string): Promise<number> {
  await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true);
  return Number(readFileSync(file, 'utf8'));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function bystander(): number {
  const one = spawn('/bin/sleep', ['300'], { detached: true, stdio: 'ignore' });
  onTestFinished(() => void one.kill('SIGKILL'));
  return one.pid as number;
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  it('nothing is alive after the runner was killed, not even what hid itself', async () => {
    const folder = workspace({ 'pipeline.yaml': pipeline, 'daemonizer.pl': daemonizer });
    const innocent = bystander();
    const runner = start(folder);
    const hidden = [await pidIn(join(folder, 'long.pid')), await pidIn(join(folder, 'server.pid'))];
    const started = readFileSync(join(folder, 'run/events.ndjson'), 'utf8')
      .split('\n')
      .flatMap((line) => (line.includes('"node.started"') ? [(JSON.parse(line) as { pid: number }).pid] : []));
    expect(hidden.map(isAlive)).toEqual([true, true]);
    runner.kill('SIGKILL');
    await exitOf(runner);
    await expect.poll(() => [...hidden, ...started].filter(isAlive), { timeout: 10_000 }).toEqual([]);
    expect(isAlive(innocent)).toBe(true);
  });

  it('what a process left behind is dead before its end is told', async () => {
    const folder = workspace({
      'pipeline.yaml':
        'processes:\n  one: { run: perl daemonizer.pl hidden.pid; until test -e hidden.pid; do sleep 0.01; done }\n',
      'daemonizer.pl': daemonizer,
    });
    const runner = start(folder);
    expect(await exitOf(runner)).toBe(0);
    const hidden = await pidIn(join(folder, 'hidden.pid'));
    expect(isAlive(hidden)).toBe(false);
    const events = readFileSync(join(folder, 'run/events.ndjson'), 'utf8');
    expect(events).toContain(`"type":"node.leaked","node":"one","pids":[${hidden}]`);
  });
});
