// A fast producer, which writes down when each of its puts has returned, and a slow consumer, which does so before each of its gets: what
// was put by then and not yet asked for is in the queue for sure.
import { setTimeout as sleep } from 'node:timers/promises';
import { queue } from 'forkline';

export async function produce(name: string, count: number): Promise<void> {
  const items = queue<number>(name);
  for (let number = 0; number < count; number++) {
    await items.put(number);
    console.log(String(process.hrtime.bigint()));
  }
}

export async function consume(name: string, count: number): Promise<void> {
  const items = queue<number>(name);
  while (!(await items.full())) await sleep(1);
  for (let number = 0; number < count; number++) {
    console.log(String(process.hrtime.bigint()));
    await items.get();
    await sleep(3);
    items.taskDone();
  }
}
