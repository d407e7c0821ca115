// A fast producer, which writes down when each of its puts has returned, and a slow consumer, which does so before each of its gets: what
// was put by then and not yet asked for is in the queue for sure.
import { setTimeout as sleep } from 'node:timers/promises';
import { queue, ready } from 'forkline';

/** It is ready once the queue is full: of those who take from it none has started until then. */
export async function produce(name: string, maxsize: number, count: number): Promise<void> {
  const items = queue<number>(name);
  for (let number = 0; number < count; number++) {
    if (number === maxsize) {
      await items.flush();
      await ready();
    }
    await items.put(number);
    console.log(String(process.hrtime.bigint()));
  }
}

export async function consume(name: string, count: number): Promise<void> {
  const items = queue<number>(name);
  for (let number = 0; number < count; number++) {
    console.log(String(process.hrtime.bigint()));
    await items.get();
    await sleep(3);
    items.taskDone();
  }
}
