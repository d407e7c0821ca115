// What runs of a process's tree, as /proc shows it: who is asleep for good, and who may yet be woken by something of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Activity, lookAt } from '../../src/run/process-tree.ts';
import { workspace } from '../kit/forkline.ts';

interface Led {
  readonly leader: ChildProcess;
  readonly pid: number;
  /** Of the process that counts as stuck. */
  readonly stuck: number;
}

/** Leads a group that is there until the test is over; prints first which of its processes counts as stuck. */
async function leading(script: string): Promise<Led> {
  const leader = spawn('perl', ['-e', `$| = 1; ${script}`], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = leader.pid as number;
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'));
  const [data] = (await once(leader.stdout, 'data')) as [Buffer];
  leader.stdout.pause();
  return { leader, pid, stuck: Number.parseInt(data.toString(), 10) };
}

function activityOf({ pid, stuck }: Led): Activity | undefined {
  const tree = {
    node: 'a',
    leader: pid,
    marks: ['FORKLINE_RUN_ID=none'],
    stuck: [stuck],
    wiredTo: null,
    neighbours: [],
  };
  return lookAt([tree])[0]?.activity;
}

/** Until it is in one of these system calls, by their numbers on x64 and arm64. */
async function sleepsIn({ pid }: Led, calls: readonly number[]): Promise<void> {
  const call = () => Number(readFileSync(`/proc/${pid}/syscall`, 'utf8').split(' ')[0]);
  while (!calls.includes(call())) await new Promise((resolve) => setImmediate(resolve));
}

const WAIT = [61, 260];
const READ = [0, 63];
const WRITE = [1, 64];

test.each([
  ['only waits for it can do nothing', '', 'passive'],
  ['may be woken by an alarm can', '$SIG{ALRM} = sub { die }; alarm 600;', 'active'],
  ['others may call by a signal can', '$SIG{USR1} = sub { die };', 'active'],
  ['catches all that would end it can do nothing', '$SIG{$_} = sub { die } for qw(ALRM IO TERM VTALRM);', 'passive'],
])('beside one that is stuck, one that %s', async (_, before, activity) => {
  const led = await leading(`${before} $p = fork or sleep 600; print "$p\\n"; wait`);
  await sleepsIn(led, WAIT);
  await expect.poll(() => activityOf(led)).toBe(activity);
});

test('what writes into a full pipe that only another tree reads waits for that one, where it is known', async () => {
  const script = 'if (!$p) { setpgrp; close R; syswrite W, "x" x 1000000; exit }';
  const led = await leading(`pipe R, W; $p = fork; ${script} close W; print "$p\\n"; sleep 600`);
  await sleepsIn({ ...led, pid: led.stuck }, WRITE);
  const tree = { marks: ['FORKLINE_RUN_ID=none'], stuck: [], wiredTo: null };
  const writer = { ...tree, node: 'w', leader: led.stuck, neighbours: ['r'] };
  const reader = { ...tree, node: 'r', leader: led.pid, neighbours: ['w'] };
  expect(lookAt([writer, reader])[0]).toMatchObject({
    activity: 'passive',
    pipes: [{ does: 'write', neighbour: 'r' }],
  });
  expect(lookAt([writer])[0]?.activity).toBe('active');
  expect(lookAt([{ ...writer, neighbours: [] }, reader])[0]?.activity).toBe('active');
});

test('what writes into a full pipe that one reads who is stuck can do nothing, unless others read it, too', async () => {
  const led = await leading(`pipe R, W; $p = fork or sleep 600; close R; print "$p\\n"; syswrite W, "x" x 1000000`);
  await sleepsIn(led, WRITE);
  await expect.poll(() => activityOf(led)).toBe('passive');
  const read = await leading(`$p = fork or sleep 600; print "$p\\n"; syswrite STDOUT, "x" x 1000000`);
  await sleepsIn(read, WRITE);
  expect(activityOf(read)).toBe('active');
});

test('what reads a pipe that only its own tree has open can do nothing, unless that has a name by which others may open it', async () => {
  const nameless = await leading(`pipe R, W; $p = fork or sleep 600; print "$p\\n"; sysread R, $x, 1`);
  await sleepsIn(nameless, READ);
  await expect.poll(() => activityOf(nameless)).toBe('passive');
  const fifo = join(workspace(), 'fifo');
  const named = await leading(
    `require POSIX; POSIX::mkfifo("${fifo}", 0600); open R, "+<", "${fifo}"; $p = fork or sleep 600; print "$p\\n"; sysread R, $x, 1`,
  );
  await sleepsIn(named, READ);
  expect(activityOf(named)).toBe('active');
});

test('once its leader has ended, what it has left is about to be killed, and stuck no more', async () => {
  const led = await leading('$p = fork or sleep 600; print "$p\\n"; exit');
  if (led.leader.exitCode === null) await once(led.leader, 'exit');
  expect(activityOf(led)).toBe('active');
});
