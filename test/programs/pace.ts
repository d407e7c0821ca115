// A fast producer and a slow consumer that write down when each call began and when it returned.
import { setTimeout as sleep } from 'node:timers/promises';
import { queue, QueueClosed } from 'forkline';

export async function produce(name: string, count: number): Promise<void> {
  const items = queue<number>(name);
  for (let number = 0; number < count; number++) await timed(() => items.put(number));
}

export async function consume(name: string): Promise<void> {
  const items = queue<number>(name);
  try {
    for (;;) {
      await timed(() => items.get());
      await sleep(3);
      items.taskDone();
    }
  } catch (error) {
    if (!(error instanceof QueueClosed)) throw error;
  }
}

async function timed(call: () => Promise<unknown>): Promise<void> {
  const called = process.hrtime.bigint();
  try {
    await call();
  } finally {
    console.log(`${called} ${process.hrtime.bigint()}`);
  }
}
