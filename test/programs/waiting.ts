// Waits on the broker: for an item that never comes, and for room that nobody makes.
import { queue } from 'forkline';

export async function hunger(): Promise<void> {
  console.log('ready');
  await queue('silent').get({ timeout: '10m' });
}

export async function crowd(): Promise<void> {
  const tight = queue<number>('tight');
  await tight.put(1);
  console.log('ready');
  await tight.put(2, { timeout: '10m' });
}
