// The taking end of a direct lane, by itself: when it asks for the lane to be closed, and what it says to have come.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LaneIn, type LaneReader } from '../../src/sdk/lane-in.ts';
import { readItems, readJson } from '../../src/wire/body.ts';
import { FrameReader } from '../../src/wire/frame.ts';
import { Type } from '../../src/wire/message.ts';
import { FrameWriter } from '../../src/wire/writer.ts';

const CHANNEL = 1;
const LOOK_MS = 10;

/** A lane that items go over, and its other end, which has said who it is in `writer`. */
async function laneOf(maxsize: number, user: Omit<LaneReader, 'onLaneReady' | 'onLaneStill'>) {
  const folder = mkdtempSync(join(tmpdir(), 'lane-'));
  const path = join(folder, 's');
  const { lane } = await new Promise<{ lane: LaneIn }>((resolve) => {
    const lane: LaneIn = new LaneIn(
      { channel: CHANNEL, path, key: 'k', encoding: 'text', maxsize, maxBytes: 1000 },
      { ...user, onLaneReady: () => resolve({ lane }), onLaneStill: () => {} },
    );
    onTestFinished(() => {
      lane.destroy();
      rmSync(folder, { recursive: true });
    });
  });
  const socket = connect(path).on('error', () => {});
  await once(socket, 'connect');
  lane.go();
  const writer = new FrameWriter();
  writer.json(Type.LANE, CHANNEL, { path, key: 'k' });
  return { lane, socket, writer };
}

function send(socket: Socket, writer: FrameWriter): void {
  for (const piece of writer.take()) socket.write(piece);
}

test('a program that is found waiting whenever it is looked keeps its lane as long as items come', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let came = () => {};
  const { lane, socket, writer } = await laneOf(10, {
    onLaneItems(items) {
      lane.receipts.taken += items.count;
      lane.report();
      came();
    },
    onLaneOver: () => {},
    waits: () => true,
  });
  const heard: number[] = [];
  const reader = new FrameReader(({ type }) => heard.push(type));
  socket.on('data', (chunk: Buffer) => reader.read(chunk));
  for (let n = 0; n < 30; n += 1) {
    const here = new Promise<void>((resolve) => {
      came = resolve;
    });
    writer.putText(CHANNEL, String(n), 100);
    send(socket, writer);
    await here;
    vi.advanceTimersByTime(LOOK_MS);
  }
  vi.advanceTimersByTime(20 * LOOK_MS);
  while (!heard.includes(Type.LANE_STOP)) await once(socket, 'data');
  expect(heard).toEqual([...Array.from({ length: 30 }, () => Type.TAKEN), Type.LANE_STOP]);
  socket.destroy();
});

test('what there was no room for has not come: it is not counted among what is handed over', async () => {
  let isOver = () => {};
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });
  const { lane, socket, writer } = await laneOf(2, {
    onLaneItems: () => {},
    onLaneOver: () => isOver(),
    waits: () => false,
  });
  socket.resume();
  for (const text of ['a', 'b', 'c']) {
    send(socket, writer);
    // In a frame of its own.
    writer.putText(CHANNEL, text, 100);
  }
  send(socket, writer);
  await once(socket, 'close');
  lane.orphaned();
  await over;
  const told: unknown[] = [];
  const broker = new FrameWriter();
  lane.handOver(broker);
  const reader = new FrameReader((frame) =>
    told.push(frame.type === Type.HAND_OVER ? readItems(frame).count : readJson(frame)),
  );
  for (const piece of broker.take()) reader.read(piece);
  expect(told).toEqual([1, 1, { put: 2, sent: 2, taken: 0, done: 0, peak: 0 }]);
});

test('a lane to which the system let nobody connect is over, though the other end has written to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lane-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const told: string[] = [];
  const lane = await new Promise<LaneIn>((resolve) => {
    const lane: LaneIn = new LaneIn(
      { channel: CHANNEL, path: join(folder, 's'), key: 'k', encoding: 'text', maxsize: 0, maxBytes: 1000 },
      {
        onLaneReady: () => resolve(lane),
        onLaneItems: () => {},
        onLaneOver: () => void told.push('over'),
        onLaneStill: () => {},
        waits: () => true,
      },
    );
  });
  onTestFinished(() => lane.destroy());
  lane.go();
  lane.closed({ sent: 1, ranges: [[0, 1]] }, 0);
  expect(told).toEqual([]);
  for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
  expect(told).toEqual(['over']);
  expect(lane.broken).toBe(true);
});
