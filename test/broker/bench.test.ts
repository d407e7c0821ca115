// The bench starts a broker without a plan: the channels that it makes must be such as a plan would have.
import { expect, test } from 'vitest';
import { lockOf, queueOf } from './kit.ts';

const channels = new URL('../bench/channels.mjs', import.meta.url).href;

test('the channels of the bench say all that those of a plan say', async () => {
  const { mutex, queue } = (await import(channels)) as Record<'mutex' | 'queue', (name: string, of: object) => object>;
  expect(Object.keys(queue('items', {})).sort()).toEqual(Object.keys(queueOf('items')).sort());
  expect(Object.keys(mutex('lock', {})).sort()).toEqual(Object.keys(lockOf('lock', [])).sort());
});
