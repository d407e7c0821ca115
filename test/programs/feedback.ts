// Takes numbers and puts two smaller ones for each, until they are 0: who takes from and puts to the same queues.
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Empty, queue, QueueClosed } from 'forkline';

type Numbers = ReturnType<typeof queue<number>>;

/** With `gate`, it holds the first that it worked on until that file is there. */
export async function grow(from: string, to: string, gate = ''): Promise<void> {
  for await (const number of queue<number>(from)) {
    await split(number, queue<number>(to));
    if (gate !== '') await opening(gate);
  }
}

/** The broker has a turn between taking and putting, in which nothing waits and nothing is held. */
export async function ponder(from: string, to: string): Promise<void> {
  for await (const number of queue<number>(from)) {
    await queue<number>(from).qsize();
    await split(number, queue<number>(to));
  }
}

/** As many loops at once, all in this process. */
export async function crowd(from: string, to: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => grow(from, to)));
}

/** By hand: an item is done when that is said. */
export async function manual(from: string, to: string): Promise<void> {
  const numbers = queue<number>(from);
  try {
    for (;;) {
      await split(await numbers.get(), queue<number>(to));
      numbers.taskDone();
    }
  } catch (error) {
    if (!(error instanceof QueueClosed)) throw error;
  }
}

/** Looks three times whether there is anything, which is not to wait for it, and puts something after each. */
export async function glance(from: string, to: string): Promise<void> {
  const numbers = queue<number>(from);
  for (let count = 0; count < 3; count++) {
    const looked = await numbers.getNowait().catch((error: unknown) => error);
    if (!(looked instanceof Empty)) throw looked;
    await queue<number>(to).put(count);
    await queue<number>('leaves').put(await numbers.getNowait());
    numbers.taskDone();
  }
}

/** Works on some, takes three more at once, makes the file, and is killed. */
export async function victim(from: string, to: string, gate: string): Promise<void> {
  const numbers = queue<number>(from);
  for (let count = 0; count < 5; count++) {
    await split(await numbers.get(), queue<number>(to));
    numbers.taskDone();
  }
  for (let count = 0; count < 3; count++) await numbers.get();
  // That the others are done is known before it dies, or they would come again.
  await queue<number>(to).flush();
  writeFileSync(gate, '');
  process.kill(process.pid, 'SIGKILL');
}

/** From outside: puts again once all that came of the first is done. */
export async function late(to: string, number: number): Promise<void> {
  const numbers = queue<number>(to);
  await numbers.put(number);
  await numbers.join();
  await numbers.put(number);
}

export async function count(): Promise<void> {
  let leaves = 0;
  for await (const _ of queue<number>('leaves')) leaves++;
  console.log(leaves);
}

async function opening(gate: string): Promise<void> {
  while (!existsSync(gate)) await sleep(5);
}

async function split(number: number, to: Numbers): Promise<void> {
  if (number === 0) return queue<number>('leaves').put(0);
  await to.put(number - 1);
  await to.put(number - 1);
}
