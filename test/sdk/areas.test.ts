// Shared memory as a client has it, at a broker that only says what it is told to. Any file can be an area.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { queueChannel } from '../kit/scripted-broker.ts';
import type { Meaning } from '../wire/meaning.ts';
import { type Client, client, counted, failure, range, room } from './kit.ts';

/** Where a file has no room beyond so many bytes. */
const memory = vi.hoisted(() => ({ most: Number.POSITIVE_INFINITY }));

vi.mock(import('node:fs'), async (original) => {
  const fs = await original();
  const writeSync = (file: number, bytes: Uint8Array, from?: number, length = bytes.length, at?: number): number => {
    if (at === undefined) return fs.writeSync(file, bytes, from, length);
    if (at >= memory.most) throw new Error('ENOSPC');
    return fs.writeSync(file, bytes, from, Math.min(length, memory.most - at), at);
  };
  return { ...fs, writeSync: writeSync as typeof fs.writeSync };
});

const SIZE = 600_000;
const MEBIBYTE = 1024 * 1024;
const bytes = queueChannel({ encoding: 'bytes' });

interface Area {
  readonly path: string;
  readonly json: object;
}

function area(name: string): Area {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, '');
  const { dev: device, ino: inode } = statSync(path);
  return { path, json: { area: 1, path, device, inode } };
}

const lend = ({ json }: Area, size = MEBIBYTE): Meaning => ({
  type: 'AREA',
  flags: 1,
  channel: 1,
  json: { ...json, bytes: size },
});
const show = ({ json }: Area): Meaning => ({ type: 'AREA', flags: 0, channel: 0, json });
const free = (at: number): Meaning => ({ type: 'FREED', flags: 0, channel: 0, area: 1, at });
const deliver = (at: number, size: number): Meaning => ({
  type: 'DELIVER',
  flags: 4,
  channel: 1,
  place: [1, at, size],
});

/** Puts one item over the socket: what was sent before is heard by then. */
async function put({ broker, queue }: Client, item: Buffer): Promise<Meaning> {
  const done = queue().put(item);
  await broker.until('WANT');
  broker.send(room(1, item.length));
  await done;
  return broker.until('PUT');
}

test('a large item is laid down where the one before was, once that is over', async () => {
  const met = await client(bytes);
  const lent = area('lent');
  met.broker.send(lend(lent));
  await put(met, Buffer.from('small'));
  expect(await put(met, Buffer.alloc(SIZE, 'a'))).toMatchObject({ flags: 4, place: [1, 0, SIZE] });
  expect(readFileSync(lent.path).equals(Buffer.alloc(SIZE, 'a'))).toBe(true);
  // There is no place for another one.
  expect(await put(met, Buffer.alloc(SIZE, 'b'))).toMatchObject({ flags: 0 });
  met.broker.send(free(0));
  await put(met, Buffer.from('small'));
  expect(await put(met, Buffer.alloc(SIZE, 'c'))).toMatchObject({ flags: 4, place: [1, 0, SIZE] });
  expect(readFileSync(lent.path).equals(Buffer.alloc(SIZE, 'c'))).toBe(true);
});

test('a put that was given up leaves its place to the next one, which is as it was when it was put', async () => {
  const met = await client(bytes);
  met.broker.send(lend(area('lent')));
  await put(met, Buffer.from('small'));
  expect(await failure(met.queue().put(Buffer.alloc(SIZE, 'a'), { timeout: 1 }))).toBe('Full');
  const item = Buffer.alloc(SIZE, 'b');
  const done = met.queue().put(item);
  item.fill('c');
  await met.broker.until('WANT');
  met.broker.send(room(1, SIZE));
  await done;
  expect(await met.broker.until('PUT')).toMatchObject({ place: [1, 0, SIZE] });
});

test('memory that a rush has used is given back when nothing lies there any more', async () => {
  const met = await client(bytes);
  const lent = area('lent');
  met.broker.send(lend(lent, 8 * MEBIBYTE));
  await put(met, Buffer.from('small'));
  const places = [];
  for (let n = 0; n < 7; n += 1) places.push((await put(met, Buffer.alloc(MEBIBYTE, 'a'))).place);
  for (const [, at] of places as [number, number, number][]) met.broker.send(free(at));
  await put(met, Buffer.from('small'));
  expect(readFileSync(lent.path)).toHaveLength(4 * MEBIBYTE);
});

test('what there is no memory for is put as ever, and keeps none of it', async () => {
  onTestFinished(() => void (memory.most = Number.POSITIVE_INFINITY));
  const met = await client(bytes);
  const lent = area('lent');
  met.broker.send(lend(lent, 8 * MEBIBYTE));
  await put(met, Buffer.from('small'));
  memory.most = 5 * MEBIBYTE;
  expect(await put(met, Buffer.alloc(6 * MEBIBYTE, 'a'))).toMatchObject({ flags: 0 });
  expect(readFileSync(lent.path)).toHaveLength(4 * MEBIBYTE);
});

test('an item is read where it lies, and what is missing there is zeros', async () => {
  const { broker, queue } = await client(bytes);
  const read = area('read');
  writeFileSync(read.path, Buffer.concat([Buffer.alloc(4096), Buffer.alloc(SIZE, 'a')]));
  broker.send(show(read));
  expect(await broker.until('AREA_READY')).toMatchObject({ area: 1 });
  const first = queue().get();
  await broker.until('GET');
  broker.send(deliver(4096, SIZE));
  expect(((await first) as Buffer).equals(Buffer.alloc(SIZE, 'a'))).toBe(true);
  truncateSync(read.path, 4096 + 1000);
  const second = queue().get();
  await broker.until('GET');
  broker.send(deliver(4096, SIZE));
  const cut = Buffer.concat([Buffer.alloc(1000, 'a'), Buffer.alloc(SIZE - 1000)]);
  expect(((await second) as Buffer).equals(cut)).toBe(true);
});

test('texts are read one after the other, into memory that is used again', async () => {
  const { broker, queue } = await client(queueChannel({ encoding: 'text' }));
  const read = area('read');
  writeFileSync(read.path, 'a'.repeat(SIZE) + 'b'.repeat(SIZE));
  broker.send(show(read));
  await broker.until('AREA_READY');
  const got = [queue().get(), queue().get()];
  await broker.until('GET');
  broker.send(deliver(0, SIZE), deliver(SIZE, SIZE));
  expect(await Promise.all(got)).toEqual(['a'.repeat(SIZE), 'b'.repeat(SIZE)]);
});

test('who cannot open what it is lent says so, and puts as ever', async () => {
  const met = await client(bytes);
  const other = area('other');
  met.broker.send(lend({ ...other, json: { ...other.json, inode: 1 } }));
  expect(await met.broker.until('LEAVE_AREA')).toMatchObject({ area: 1 });
  expect(await put(met, Buffer.alloc(SIZE, 'a'))).toMatchObject({ flags: 0 });
});

test('what is no area is not waited for', async () => {
  const { broker } = await client(bytes);
  const other = area('fifo');
  rmSync(other.path);
  execFileSync('mkfifo', [other.path]);
  broker.send(show(other), lend(other));
  expect(await broker.until('LEAVE_AREA')).toMatchObject({ area: 1 });
});

test('who closes a queue leaves its area, whatever is offered still', async () => {
  const met = await client(bytes);
  met.broker.send(lend(area('lent')));
  await put(met, Buffer.from('small'));
  const closed = met.queue().close();
  expect(await met.broker.until('LEAVE_AREA')).toMatchObject({ area: 1 });
  const flush = await met.broker.until('FLUSH');
  met.broker.send({ type: 'REPLY', flags: 0, channel: 0, request: flush.request as number }, lend(area('again')));
  await closed;
  expect(await met.broker.until('LEAVE_AREA')).toMatchObject({ area: 1 });
});

test('an item that lies aside is done like any other', async () => {
  const { broker, queue } = await client(bytes);
  const read = area('read');
  writeFileSync(read.path, Buffer.alloc(SIZE, 'a'));
  broker.send(show(read));
  await broker.until('AREA_READY');
  const got = queue().get();
  await broker.until('GET');
  broker.send(deliver(0, SIZE));
  await got;
  queue().taskDone();
  expect(await broker.until('TAKEN')).toEqual(counted('TAKEN', 1));
  expect(await broker.until('DONE')).toEqual(range('DONE', 0, 1));
});
