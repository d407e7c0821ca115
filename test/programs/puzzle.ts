// Plays what a pipeline writes down as steps, such as `put ab`, `get ba`, `lock left`: the pieces that deadlocks are made of.
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { LockTimeout, lock, pipe, queue } from 'forkline';

export async function play(...steps: string[]): Promise<void> {
  for (const step of steps) await take(step);
}

/** All at once. */
export async function together(...steps: string[]): Promise<void> {
  await Promise.all(steps.map(take));
}

async function take(step: string): Promise<void> {
  const [verb, name = '', count = ''] = step.split(' ');
  switch (verb) {
    case 'put':
      return queue(name).put(step.padEnd(Number(count)));
    case 'get':
      return void (await queue(name).get());
    case 'get-for':
      return void (await queue(name)
        .get({ timeout: count })
        .catch(() => {}));
    case 'get-until-aborted':
      return void (await queue(name)
        .get({ signal: AbortSignal.timeout(Number(count)) })
        .catch(() => {}));
    case 'loop':
      for await (const _ of queue(name));
      return;
    case 'join':
      return queue(name).join();
    case 'lock':
      return void (await lock(name).acquire());
    case 'read':
      return void (await lock(name).acquire({ mode: 'read' }));
    case 'read-until-refused':
      return readUntilRefused(name);
    case 'send':
      return pipe(name).send('x'.repeat(Number(count) || 1));
    case 'recv':
      return void (await pipe(name).recv());
    case 'lock-for':
      return void (await lock(name)
        .acquire({ timeout: count })
        .catch(() => {}));
    case 'unlock':
      return lock(name).release();
    case 'meet':
      return meet(name, Number(count));
    case 'sleep':
      return pause(Number(name));
    case 'spin':
      for (const until = Date.now() + Number(name); Date.now() < until; );
      return;
    case 'handler':
      return void process.once('SIGUSR2', () => process.exit(0));
    case 'call':
      return call(name);
    case 'timer':
      return void setTimeout(() => process.exit(0), Number(name));
    case 'server': {
      const server = createServer().listen(0);
      return void setTimeout(() => server.close(() => process.exit(0)), Number(name)).unref();
    }
    case 'worker': {
      const worker = new Worker(`setTimeout(() => {}, ${name})`, { eval: true });
      worker.unref();
      return void worker.once('exit', () => process.exit(0));
    }
    default:
      throw new Error(`there is no step \`${step}\``);
  }
}

/** Goes on once somebody waits to write. */
async function readUntilRefused(name: string): Promise<void> {
  try {
    for (;;) await (await lock(name).acquire({ mode: 'read', block: false })).release();
  } catch (error) {
    if (!(error instanceof LockTimeout)) throw error;
  }
}

/** Sends a signal to the one that has come to that place. */
async function call(place: string): Promise<void> {
  const folder = process.env['FORKLINE_RUN_DIR'] as string;
  const file = readdirSync(folder).find(
    (name) => name.startsWith(`${place}.`) && Number(name.split('.')[1]) !== process.pid,
  );
  process.kill(Number(file?.split('.')[1]), 'SIGUSR2');
}

/** Goes on once so many have come here. */
async function meet(place: string, count: number): Promise<void> {
  const folder = process.env['FORKLINE_RUN_DIR'] as string;
  writeFileSync(join(folder, `${place}.${process.pid}`), '');
  while (readdirSync(folder).filter((file) => file.startsWith(`${place}.`)).length < count) await pause(5);
}
