// The putting end of a direct lane: what waits for room while the lane is closed is put once, in its order, through the broker.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { LaneOut } from '../../src/sdk/lane-out.ts';
import type { Connection } from '../../src/sdk/connection.ts';
import { Outlet } from '../../src/sdk/outlet.ts';
import type { Queue } from '../../src/sdk/queue.ts';
import type { Session } from '../../src/sdk/session.ts';
import { FrameReader } from '../../src/wire/frame.ts';
import { Flag } from '../../src/wire/message.ts';
import { FrameWriter } from '../../src/wire/writer.ts';
import { queueChannel, type ScriptedSession, scriptedBroker } from '../kit/scripted-broker.ts';
import { type Meaning, meaningOf } from '../wire/meaning.ts';
import { client, counted, range, room } from './kit.ts';

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
  const { broker, taker, queue } = await overLane(3);
  const puts = ['a', 'b', 'c', 'd'.repeat(2 * MIB), 'e', 'f'].map((item) => queue.put(item));
  await allAt(taker, 3);
  taker.send(counted('TAKEN', 3));
  await Promise.all(puts);
  expect(await allItems({ broker, queue })).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

test('a lane that breaks while what waits is put to it', async () => {
  const { broker, taker, queue } = await overLane(3);
  const puts = ['a', 'b', 'c', 'd', 'e'].map((name) => queue.put(name.repeat(100_000)));
  await allAt(taker, 3);
  taker.send(counted('TAKEN', 3));
  taker.hangUp();
  await Promise.all(puts);
  expect(await allItems({ broker, queue })).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a lane whose other end is gone before anything could be said there is not taken for open after that', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lane-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 's');
  const server = createServer((socket) => socket.destroy()).listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const told: string[] = [];
  await new Promise<void>((resolve) => {
    const lane = new LaneOut(
      { channel: 1, path, key: 'k' },
      {
        onLaneOpen: () => void told.push('open'),
        onLaneRoom: () => {},
        onLaneTrouble() {
          told.push('trouble');
          lane.close(new FrameWriter());
          lane.destroy();
          resolve();
        },
      },
    );
  });
  expect(told).toEqual(['open', 'trouble']);
});

test('what is put as soon as a lane is open leaves with its first words, and is handed over', async () => {
  const taker = await scriptedBroker();
  const broker = new FrameWriter();
  const lane = await new Promise<LaneOut>((resolve) => {
    const lane: LaneOut = new LaneOut(
      { channel: 1, path: taker.socket, key: 'k' },
      {
        onLaneOpen() {
          lane.outlet.writer.putText(1, 'a', 100);
          lane.outlet.wroteItem(1);
          resolve(lane);
        },
        onLaneRoom: () => {},
        onLaneTrouble: () => {},
      },
    );
  });
  onTestFinished(() => lane.destroy());
  lane.close(broker);
  const told: Meaning[] = [];
  const reader = new FrameReader((frame) => told.push(meaningOf(frame, 'client')));
  for (const piece of broker.take()) reader.read(piece);
  expect(told).toMatchObject([
    { type: 'HAND_OVER', flags: Flag.SENT, items: ['a'] },
    { type: 'LANE_CLOSED', json: { put: 1, sent: 1 } },
  ]);
});

test('a lane that is found broken while the broker is told that it is open is put to no more', async () => {
  const taker = await scriptedBroker();
  const through = {} as Connection;
  const turns: Connection[] = [];
  await new Promise<void>((resolve) => {
    const session = {
      outlet: through,
      writer: new FrameWriter(),
      lanes: new Set(),
      // As where that leaves at once, and the first words on the lane before it.
      wrote: () => void (outlet.bypasses && outlet.leaveLane()),
    };
    const putter = {
      onRoom() {},
      onFreed() {},
      onTurn() {
        turns.push(outlet.way);
        if (turns.length === 2) resolve();
      },
    };
    const outlet = new Outlet(session as unknown as Session, putter);
    outlet.enterLane({ path: taker.socket, key: 'k' });
  });
  expect(turns).toEqual([through, through]);
});

test.each([
  ['more is taken than was put', [counted('TAKEN', 3)]],
  ['what was not taken is done', [range('DONE', 0, 1)]],
  ['what never was is done', [counted('TAKEN', 1), range('DONE', 1, 1)]],
  ['it is done twice', [counted('TAKEN', 2), range('DONE', 1, 1), range('DONE', 0, 2)]],
] as const)('where the taker says that %s, that is not believed, and the lane closed', async (_, lies) => {
  const { broker, taker, queue } = await overLane(2);
  await Promise.all([queue.put('a'), queue.put('b')]);
  await allAt(taker, 2);
  for (const lie of lies) taker.send(lie);
  const { json } = await broker.until('LANE_CLOSED');
  const { put, taken, done } = json as Record<'put' | 'taken' | 'done', number>;
  expect({ put, taken, done }).toEqual({ put: 2, ...BELIEVED[lies.length] });
});

/** By how much the taker says: what of it is true. */
const BELIEVED: Readonly<Record<number, object>> = {
  1: { taken: 0, done: 0 },
  2: { taken: 1, done: 0 },
  3: { taken: 2, done: 1 },
};

test.each([
  ['closed', (queue: Queue) => queue.flush(), { put: 2, sent: 2 }],
  // What the system did not take any more was not sent.
  ['found broken', (queue: Queue) => queue.put('c'), { put: 3, sent: 2 }],
] as const)(
  'what the taker said before it went counts, though the lane is %s before that is read',
  async (_, act, went) => {
    const { broker, taker, queue } = await overLane(3);
    await Promise.all([queue.put('a'), queue.put('b')]);
    await allAt(taker, 2);
    taker.send(counted('TAKEN', 2));
    taker.send(range('DONE', 0, 1));
    taker.hangUp();
    act(queue).catch(() => {});
    const { items, flags } = await broker.until('HAND_OVER');
    expect([items, flags]).toEqual([['b'], Flag.SENT | Flag.TAKEN]);
    expect((await broker.until('LANE_CLOSED')).json).toMatchObject({ ...went, taken: 2, done: 1 });
    // There is room for them in the place of those.
    await Promise.all([queue.put('d'), queue.put('e')]);
  },
);

test('what the taker says right behind its wish to have the lane closed counts', async () => {
  const { broker, taker, queue } = await overLane(2);
  await Promise.all([queue.put('a'), queue.put('b')]);
  await allAt(taker, 2);
  taker.send({ type: 'LANE_STOP', flags: 0, channel: 1 }, counted('TAKEN', 2), range('DONE', 0, 2));
  expect((await broker.until('LANE_CLOSED')).json).toMatchObject({ put: 2, taken: 2, done: 2 });
});

/** Until so many items have come over the lane. */
async function allAt(taker: ScriptedSession, count: number): Promise<void> {
  for (let came = 0; came < count; ) came += (await taker.until('PUT')).items?.length ?? 0;
}

const MIB = 2 ** 20;
