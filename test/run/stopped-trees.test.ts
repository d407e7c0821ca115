// Stopping the processes of a run where they are, with real ones.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { numbersIn, statAt, statOf } from '../../src/procfs.ts';
import { letGoOn, stopTrees } from '../../src/run/stopped-trees.ts';

/** Its first thread ends, so that /proc shows it as a zombie; another one goes on. */
const GOES_ON = `
import ctypes, threading, time
def work():
    while open('/proc/self/stat').read().rsplit(')')[1].split()[0] != 'Z': pass
    print('works', flush=True)
    while True: time.sleep(0.001)
threading.Thread(target=work).start()
ctypes.CDLL(None).pthread_exit(None)
`;

test.runIf(process.platform === 'linux')('a process whose first thread has ended is stopped, too', async () => {
  const child = spawn('python3', ['-c', GOES_ON], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const pid = child.pid as number;
  expect(statOf(pid).state).toBe('Z');
  const stopped = stopTrees([pid], 'a run of which this is the only process');
  expect(stopped.map((one) => one.pid)).toEqual([pid]);
  const states = (): string[] =>
    numbersIn(`/proc/${pid}/task`)
      .filter((thread) => thread !== pid)
      .map((thread) => statAt(`/proc/${pid}/task/${thread}/stat`).state);
  await expect.poll(states).toEqual(['T']);
  letGoOn(stopped);
  await expect.poll(states).not.toEqual(['T']);
});
