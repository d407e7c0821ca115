// Both ends of all channels.
import { lock, pipe, queue } from 'forkline';

export async function one() {
  for (let n = 0; n < 1000; n += 1) await queue('numbers').put(n);
  for (let n = 0; n < 10; n += 1) await queue('ranked').put(n, { priority: -n });
  await queue('numbers').close();
  await queue('ranked').close();
  await useLock();
  await pipe('talk').send('how are you');
  await pipe('talk').recv();
}

export async function other() {
  for await (const _ of queue('numbers'));
  for await (const _ of queue('ranked'));
  await useLock();
  await pipe('talk').send(await pipe('talk').recv());
}

async function useLock() {
  for (let n = 0; n < 10; n += 1) await (await lock('ledger').acquire()).release();
}
