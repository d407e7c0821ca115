// Who looks like one in a deadlock, and is not: holds the lock that the other waits for, and waits for what the other would put; but
// something else in the program, which takes three seconds, gives the lock back.
import { execFile } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, renameSync, watch, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { lock, queue } from 'forkline';

const LONG = 3000;
const { FORKLINE_RUN_DIR: folder = '' } = process.env;

export async function crossed(how: string): Promise<void> {
  const guard = await lock('l').acquire();
  const away = (ways[how] as () => Promise<unknown>)().then(() => guard.release());
  writeFileSync(`${folder}/pid.new`, String(process.pid));
  renameSync(`${folder}/pid.new`, `${folder}/pid`);
  await queue('q').get();
  await away;
}

/** The other one. */
export async function other(): Promise<void> {
  while (!existsSync(`${folder}/pid`)) await pause(5);
  await lock('l').acquire();
  await queue('q').put('x');
}

const ways: Record<string, () => Promise<unknown>> = {
  timer: () => pause(LONG),
  interval: async () => {
    for (let n = 0; n < 60; n++) await pause(LONG / 60);
  },
  turns: async () => {
    for (const until = Date.now() + LONG; Date.now() < until; ) await turn();
  },
  spin: async () => {
    await pause(100);
    for (const until = Date.now() + LONG; Date.now() < until; );
  },
  program: () => promisify(execFile)('sleep', ['3']),
  programs: () => promisify(execFile)('sh', ['-c', '(sleep 3; echo) | cat']),
  hashing: () => promisify(pbkdf2)('x', 'y', 6_000_000, 32, 'sha256'),
  worker: () => once(new Worker(`setTimeout(() => {}, ${LONG})`, { eval: true }), 'exit'),
  worker_spin: () => once(new Worker(`for (const t = Date.now() + ${LONG}; Date.now() < t;);`, { eval: true }), 'exit'),
  worker_sleeps: () =>
    once(new Worker(`Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${LONG})`, { eval: true }), 'exit'),
  worker_says: () => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads'); setTimeout(() => parentPort.postMessage(1), ${LONG})`,
      { eval: true },
    );
    return once(worker, 'message');
  },
  net: async () => {
    const server = createServer().listen(`${folder}/socket`);
    const [socket] = await once(server, 'connection');
    socket.destroy();
    server.close();
  },
  fifo: async () => {
    await promisify(execFile)('mkfifo', [`${folder}/fifo`]);
    return readFile(`${folder}/fifo`);
  },
  stdin: async () => {
    for await (const _ of process.stdin);
  },
  stdin_of_queue: async () => {
    for await (const _ of process.stdin);
  },
  watching: async () => {
    const watcher = watch(folder);
    for (;;) {
      const [, name] = await once(watcher, 'change');
      if (name === 'word') break;
    }
    watcher.close();
  },
  handler: () => once(process, 'SIGUSR2'),
  get_for_a_while: () =>
    queue('none')
      .get({ timeout: LONG })
      .catch(() => {}),
  get_until_aborted: () =>
    queue('none')
      .get({ signal: AbortSignal.timeout(LONG) })
      .catch(() => {}),
  lock_for_a_while: () =>
    lock('busy')
      .acquire({ timeout: LONG })
      .catch(() => {}),
  again_and_again: async () => {
    for (const until = Date.now() + LONG; Date.now() < until; )
      await queue('none')
        .get({ timeout: 400 })
        .catch(() => {});
  },
};
