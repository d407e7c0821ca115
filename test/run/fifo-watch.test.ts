// Who waits at a FIFO, among processes that are there, and what is told of them.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Clock } from '../../src/clock.ts';
import type { Stalled } from '../../src/run/event.ts';
import { waitsAtFifos } from '../../src/run/fifo-look.ts';
import { FifoWatch } from '../../src/run/fifo-watch.ts';
import type { ProcessRun } from '../../src/run/process-run.ts';
import { workspace } from '../kit/forkline.ts';

/** Is there until the test is over; answers its pid. */
function running(script: string, cwd: string, env: Record<string, string> = {}): number {
  const child = spawn('sh', ['-c', script], { cwd, env: { ...process.env, ...env }, detached: true, stdio: 'ignore' });
  const pid = child.pid as number;
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'));
  return pid;
}

function folderWith(...fifos: readonly string[]): string {
  const folder = workspace({ 'in/file': '' });
  execaSync('mkfifo', fifos, { cwd: folder });
  return folder;
}

describe.runIf(process.platform === 'linux')('of what waits', () => {
  test.each([
    ['to open one to read', 'exec cat one', 'open', 'one'],
    ['to open one to write', 'exec echo x > in/../one', 'open', 'in/../one'],
    ['to open one by its whole name', 'exec cat "$PWD/one"', 'open', 'one'],
    ['to read from one', 'exec 3<>one; read x <&3', 'read', 'one'],
    ['to write to one that is full', 'exec 3<>one; exec cat /dev/zero >&3', 'write', 'one'],
    ['in what a shell has started', 'cat one; :', 'open', 'one'],
  ])('%s the FIFO is known', async (_, script, does, name) => {
    const folder = folderWith('one');
    const pid = running(script, folder);
    const seen = () =>
      waitsAtFifos().flatMap((at) => (at.line.includes(pid) ? [{ does: at.does, file: at.file }] : []));
    await expect.poll(seen).toEqual([{ does, file: join(folder, '/').slice(0, -1) + `/${name}` }]);
  });

  test('it is told once it has waited for long, but not of a daemon, nor where somebody else has it open', async () => {
    const folder = folderWith('nobody', 'works', 'known', 'one', 'two');
    const clock = new Clock();
    const told: Stalled['waits'][] = [];
    const runs = Object.entries({
      alone: 'cat nobody',
      laid: '',
      daemon: 'cat works',
      reader: 'exec 3<>known; read x <&3',
      writer: 'exec 3<>known; exec sleep 600',
      left: 'exec 3<>one 4<>two; read x <&3',
      right: 'exec 3<>one 4<>two; read x <&4',
    }).map(([id, script]) => {
      const env = { FORKLINE_PROCESS: id, FORKLINE_RUN_ID: 'r' };
      const pid = script === '' ? null : running(script, folder, env);
      const stdin = script === '' ? { type: 'file', path: join(folder, 'known') } : { type: 'null' };
      const node = { id, kind: id === 'daemon' ? 'daemon' : 'process', stdin, stdout: stdin, stderr: stdin };
      return [id, { pid, node } as unknown as ProcessRun] as const;
    });
    const watch = new FifoWatch({
      runId: 'r',
      clock,
      running: new Map(runs),
      tell: (happening) => void (happening.type === 'stalled' && told.push(happening.waits)),
    });
    onTestFinished(() => watch.end());
    await expect.poll(() => waitsAtFifos().filter(({ file }) => file.startsWith(folder)).length).toBe(5);
    watch.begin();
    const facts = () => {
      clock.skip(-11_000);
      return told
        .flat()
        .map(({ node, does, file, on }) => `${node} ${does} ${file?.slice(folder.length + 1)} ${on.join()}`);
    };
    await expect
      .poll(facts, { timeout: 60_000, interval: 500 })
      .toEqual(expect.arrayContaining(['alone open nobody ', 'left read one right', 'right read two left']));
    expect(facts()).toHaveLength(3);
  }, 90_000);
});
