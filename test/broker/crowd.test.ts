// Many who wait for one lock, and half of them killed.
import { expect, test } from 'vitest';
import { Type } from '../../src/wire/message.ts';
import { lockOf, running } from './kit.ts';

test('of a thousand who wait half are killed, and the rest are served in the order in which they came', async () => {
  await using run = await running(lockOf('l', ['a']));
  const first = await run.client('a');
  const { fence } = await first.acquire(1);
  const waiters = [];
  for (let n = 0; n < 1000; n += 1) {
    const waiter = await run.client('a');
    waiter.say((to) => to.number(Type.ACQUIRE, 1, n));
    waiters.push({ waiter, n, killed: (n * 7919) % 1000 < 500 });
    await waiter.settled();
  }
  for (const { waiter, killed } of waiters) if (killed) await waiter.kill();
  let last = fence;
  first.say((to) => to.release(1, fence, 0, 1));
  for (const { waiter, killed } of waiters) {
    if (killed) continue;
    const granted = await waiter.granted();
    expect(granted).toEqual({ fence: last + 1, abandoned: false });
    last = granted.fence;
    waiter.say((to) => to.release(1, granted.fence, 0, 1));
  }
  expect(await first.acquire(1, 2)).toEqual({ fence: last + 1, abandoned: false });
  expect(last).toBe(fence + 500);
});
