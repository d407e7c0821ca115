// The putting end of a direct lane: what waits for room while the lane is closed is put once, in its order, through the broker.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Queue } from '../../src/sdk/queue.ts';
import { queueChannel, type ScriptedSession, scriptedBroker } from '../kit/scripted-broker.ts';
import type { Meaning } from '../wire/meaning.ts';
import { client, counted, room } from './kit.ts';

// By itself a lane on which nothing is put for a while is closed.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** A queue of texts of which this process puts over a lane, at whose other end is `taker`; and room for `count` to begin with. */
async function overLane(count: number): Promise<{ broker: ScriptedSession; taker: ScriptedSession; queue: Queue }> {
  const { broker, queue } = await client(queueChannel({ encoding: 'text' }));
  const first = queue().put('first');
  await broker.until('WANT');
  broker.send(room(count + 1, 100 * MIB));
  await first;
  const lane = await scriptedBroker();
  broker.send({ type: 'LANE', flags: 0, channel: 1, json: { path: lane.socket, key: 'k' } });
  const taker = await lane.session();
  await broker.until('LANE_READY');
  return { broker, taker, queue: queue() };
}

/** All items that the broker hears of, handed over or put, until everything is there that was put. */
async function allItems({ broker, queue }: { broker: ScriptedSession; queue: Queue }): Promise<string[]> {
  const flushed = queue.flush();
  const items: string[] = [];
  for (;;) {
    const frame = await broker.next();
    items.push(...nameOf(frame));
    if (frame.type !== 'FLUSH') continue;
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: frame.request as number });
    await flushed;
    return items;
  }
}

/** By their first letters: they may be long. */
function nameOf({ items = [] }: Meaning): string[] {
  return items.map((item) => item.slice(0, 1));
}

test('an item that is too large for the lane waits for room, and closes it', async () => {
  const { broker, taker, queue } = await overLane(1);
  const puts = ['a', 'b'.repeat(2 * MIB), 'c', 'd'].map((item) => queue.put(item));
  expect(await taker.until('PUT')).toMatchObject({ items: ['a'] });
  taker.send(counted('TAKEN', 10));
  await Promise.all(puts);
  expect(await allItems({ broker, queue })).toEqual(['a', 'b', 'c', 'd']);
});

test('a lane that breaks while what waits is put to it', async () => {
  const { broker, taker, queue } = await overLane(1);
  const puts = ['a', 'b', 'c', 'd', 'e'].map((name) => queue.put(name.repeat(100_000)));
  await taker.until('PUT');
  taker.send(counted('TAKEN', 10));
  taker.hangUp();
  await Promise.all(puts);
  expect(await allItems({ broker, queue })).toEqual(['a', 'b', 'c', 'd', 'e']);
});

const MIB = 2 ** 20;
