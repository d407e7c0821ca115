// A fast producer and a slow consumer that write down the time of all they do.
import { setTimeout as sleep } from 'node:timers/promises';
import { queue, QueueClosed } from 'forkline';

export async function produce(name: string, count: number): Promise<void> {
  const items = queue<number>(name);
  for (let number = 0; number < count; number++) {
    await items.put(number);
    console.log(`put ${process.hrtime.bigint()}`);
  }
}

export async function consume(name: string): Promise<void> {
  const items = queue<number>(name);
  try {
    for (;;) {
      const called = process.hrtime.bigint();
      await items.get();
      console.log(`get ${called} ${process.hrtime.bigint()}`);
      await sleep(3);
      items.taskDone();
    }
  } catch (error) {
    if (!(error instanceof QueueClosed)) throw error;
  }
}
