// Says one thing, and would say another a minute later.
import { setTimeout as sleep } from 'node:timers/promises';
import { queue } from 'forkline';

export async function talk(): Promise<void> {
  console.log('the first line');
  await queue<string>('words').put('hello');
  await sleep(60_000);
  console.log('the second line');
}
