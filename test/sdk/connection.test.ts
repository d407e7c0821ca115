// The socket of the SDK, with a reader in a thread of its own: what a program that lets its loop run for nothing still gets rid of.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Connection } from '../../src/sdk/connection.ts';
import { FrameWriter } from '../../src/wire/writer.ts';

/** Listens, reads all it is sent once it is told to, and says the hash of that at its end. */
const READER = `
  const { createHash } = require('node:crypto');
  const { parentPort, workerData } = require('node:worker_threads');
  const hash = createHash('sha256');
  require('node:net').createServer((socket) => {
    parentPort.once('message', () => socket.on('data', (chunk) => hash.update(chunk)));
    socket.on('close', () => parentPort.postMessage(hash.digest('hex')));
    socket.on('error', () => {});
  }).listen(workerData, () => parentPort.postMessage('listening'));
`;

async function someReader(): Promise<{ readonly path: string; readonly worker: Worker }> {
  const folder = mkdtempSync(join(tmpdir(), 'connection-'));
  const path = join(folder, 's');
  const worker = new Worker(READER, { eval: true, workerData: path });
  onTestFinished(async () => {
    await worker.terminate();
    rmSync(folder, { recursive: true });
  });
  await once(worker, 'message');
  return { path, worker };
}

test('a turn that does not end gets rid of what the system did not take at once, and says when it may go on', async () => {
  const { path, worker } = await someReader();
  const sent = createHash('sha256');
  let drained = 0;
  const connection = await new Promise<Connection>((resolve) => {
    const opening: Connection = new Connection(path, {
      onConnected: () => resolve(opening),
      onFrame: () => {},
      beforeSend: () => {},
      onDrained: () => (drained += 1),
      onLost: (reason) => expect.unreachable(reason),
      keeps: (pieces) => {
        for (const piece of pieces) sent.update(piece);
      },
    });
  });
  connection.hold();
  let turned = false;
  void setImmediate().then(() => {
    turned = true;
  });
  for (let number = 0; number < 1000 && !connection.congested; number += 1) {
    connection.writer.putText(1, 'x'.repeat(20_000), 100_000);
    connection.wroteItem(20_000);
  }
  worker.postMessage('read', []);
  while (connection.stalled) connection.flush();
  expect({ drained, turned, congested: connection.congested }).toEqual({ drained: 1, turned: false, congested: false });
  connection.finish();
  connection.cut();
  const [read] = await once(worker, 'message');
  expect(read).toBe(sent.digest('hex'));
});

test('what is flushed while what rides is written leaves in its order, and its memory stays as it is', async () => {
  const { path, worker } = await someReader();
  const items = Array.from({ length: 100 }, (_, number) => `${number}`.padEnd(20_000, 'x'));
  const expected = createHash('sha256');
  const { promise: opened, resolve } = withResolvers();
  let late = false;
  const connection: Connection = new Connection(path, {
    onConnected: resolve,
    onFrame: () => {},
    // As a rider that has something to say does where the last write was a while ago.
    beforeSend: () => {
      if (!late) return;
      late = false;
      connection.flush();
    },
    onDrained: () => {},
    onLost: (reason) => expect.unreachable(reason),
  });
  connection.hold();
  await opened;
  const put = (item: string) => {
    const frame = new FrameWriter();
    frame.putBytes(1, Buffer.from(item));
    for (const piece of frame.take()) {
      expected.update(piece);
      connection.writer.raw(piece);
    }
  };
  for (const item of [...items, 'small']) put(item);
  late = true;
  connection.flush();
  // Into the memory of what is still on its way, where that is taken to be sent.
  for (let number = 0; number < 200; number += 1) put(`small ${number}`);
  worker.postMessage('read', []);
  while (connection.stalled) await setImmediate();
  connection.flush();
  connection.finish();
  connection.cut();
  const [read] = await once(worker, 'message');
  expect(read).toBe(expected.digest('hex'));
});

test('a broker that is too busy to accept is asked again', async () => {
  const { path, accept } = await busyBroker();
  const { lost, settled } = dial(path);
  // The first time was refused at once.
  accept();
  await settled;
  expect(lost).toEqual([]);
});

test('a connection that is given up between two attempts makes no other', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { path } = await busyBroker();
  const { connection } = dial(path);
  while (vi.getTimerCount() === 0) await setImmediate();
  connection.cut();
  expect(vi.getTimerCount()).toBe(0);
});

/** Refuses every connection until it is told to accept. */
async function busyBroker() {
  const folder = mkdtempSync(join(tmpdir(), 'connection-'));
  const [path, before, after] = [join(folder, 's'), join(folder, 'before'), join(folder, 'after')];
  // Where nobody listens any more a connection is refused as by one who is busy.
  const gone = createServer().listen(before);
  await once(gone, 'listening');
  renameSync(before, path);
  await new Promise((resolve) => gone.close(resolve));
  const server = createServer().listen(after);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { path, accept: () => renameSync(after, path) };
}

function dial(path: string) {
  const lost: string[] = [];
  const { promise: settled, resolve } = withResolvers();
  const connection = new Connection(path, {
    onConnected: resolve,
    onFrame: () => {},
    beforeSend: () => {},
    onDrained: () => {},
    onLost: (reason) => {
      lost.push(reason);
      resolve();
    },
    keeps: () => {},
  });
  connection.hold();
  onTestFinished(() => void connection.cut());
  return { connection, lost, settled };
}

function withResolvers() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
