// A fast producer and a slow consumer that write down when each of their calls has returned.
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
  for (let number = 0; number < count; number++) {
    await items.get();
    console.log(String(process.hrtime.bigint()));
    await sleep(3);
    items.taskDone();
  }
}
