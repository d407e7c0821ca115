// The taking end of a direct lane, by itself: when it asks for the lane to be closed.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { LaneIn } from '../../src/sdk/lane-in.ts';
import { readItems, readJson } from '../../src/wire/body.ts';
import { FrameReader } from '../../src/wire/frame.ts';
import { Type } from '../../src/wire/message.ts';
import { FrameWriter } from '../../src/wire/writer.ts';

const CHANNEL = 1;
const LOOK_MS = 10;

test('a program that is found waiting whenever it is looked keeps its lane as long as items come', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const folder = mkdtempSync(join(tmpdir(), 'lane-'));
  const path = join(folder, 's');
  let came = () => {};
  let isReady = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  const lane = new LaneIn(
    { channel: CHANNEL, path, key: 'k', encoding: 'text', maxsize: 10, maxBytes: 1000 },
    {
      onLaneReady: () => isReady(),
      onLaneItems(items) {
        lane.receipts.taken += items.count;
        lane.report();
        came();
      },
      onLaneOver: () => {},
      waits: () => true,
      onLaneStill: () => {},
    },
  );
  try {
    await ready;
    const socket = connect(path);
    const heard: number[] = [];
    const reader = new FrameReader(({ type }) => heard.push(type));
    socket.on('data', (chunk: Buffer) => reader.read(chunk));
    await once(socket, 'connect');
    const writer = new FrameWriter();
    writer.json(Type.LANE, CHANNEL, { path, key: 'k' });
    lane.go();
    for (let n = 0; n < 30; n += 1) {
      const here = new Promise<void>((resolve) => {
        came = resolve;
      });
      writer.putText(CHANNEL, String(n), 100);
      for (const piece of writer.take()) socket.write(piece);
      await here;
      vi.advanceTimersByTime(LOOK_MS);
    }
    vi.advanceTimersByTime(20 * LOOK_MS);
    while (!heard.includes(Type.LANE_STOP)) await once(socket, 'data');
    expect(heard).toEqual([...Array.from({ length: 30 }, () => Type.TAKEN), Type.LANE_STOP]);
    socket.destroy();
  } finally {
    lane.destroy();
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  }
});

test('what there was no room for has not come: it is not counted among what is handed over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lane-'));
  const path = join(folder, 's');
  let isReady = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  let isOver = () => {};
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });
  const lane = new LaneIn(
    { channel: CHANNEL, path, key: 'k', encoding: 'text', maxsize: 2, maxBytes: 1000 },
    {
      onLaneReady: () => isReady(),
      onLaneItems: () => {},
      onLaneOver: () => isOver(),
      waits: () => false,
      onLaneStill: () => {},
    },
  );
  try {
    await ready;
    lane.go();
    const socket = connect(path);
    const writer = new FrameWriter();
    writer.json(Type.LANE, CHANNEL, { path, key: 'k' });
    socket.resume();
    for (const text of ['a', 'b', 'c']) {
      for (const piece of writer.take()) socket.write(piece);
      // In a frame of its own.
      writer.putText(CHANNEL, text, 100);
    }
    for (const piece of writer.take()) socket.write(piece);
    socket.on('error', () => {});
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
  } finally {
    lane.destroy();
    rmSync(folder, { recursive: true });
  }
});
