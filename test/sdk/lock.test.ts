import { expect, test } from 'vitest';
import type { WelcomeLock } from '../../src/wire/message.ts';
import type { Meaning } from '../wire/meaning.ts';
import { client, failure, stranger } from './kit.ts';

const mutex: WelcomeLock = { id: 3, name: 'mutex', kind: 'lock' };
const granted = (request: number | undefined, fence: number, flags = 0): Meaning => ({
  type: 'GRANTED',
  flags,
  channel: 3,
  request: request as number,
  fence,
});

test('a guard carries its fence and whether the last owner died, and gives the lock back once', async () => {
  const { broker, lock } = await client(mutex);
  const acquired = lock().acquire();
  const { request, ...ask } = await broker.next();
  expect(ask).toEqual({ type: 'ACQUIRE', flags: 0, channel: 3 });
  broker.send(granted(request, 41, 1));
  const guard = await acquired;
  expect(guard).toMatchObject({ fence: 41, abandoned: true });
  await guard.release();
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 41 });
  expect(await failure(guard.release())).toBe('LockError');
  await guard[Symbol.asyncDispose]();
  expect(await failure(lock().release())).toBe('LockError');
});

test('`with` holds the lock for as long as its function takes, and gives its result or its error', async () => {
  const { broker, lock } = await client(mutex);
  const result = lock().with(async (guard) => `fence ${guard.fence}`);
  broker.send(granted((await broker.next()).request, 1));
  expect(await result).toBe('fence 1');
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 1 });

  const failed = failure(
    lock().with(() => {
      throw new RangeError('burnt');
    }),
  );
  broker.send(granted((await broker.next()).request, 2));
  expect(await failed).toBe('RangeError');
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 2 });
});

test('`release` gives back what was acquired first', async () => {
  const { broker, lock } = await client(mutex);
  const guards = [lock().acquire(), lock().acquire()];
  broker.send(granted((await broker.next()).request, 1), granted((await broker.next()).request, 2));
  await Promise.all(guards);
  await lock().release();
  await lock().release();
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 1 });
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 2 });
});

test('a timeout withdraws, and rejects when the broker has heard it', async () => {
  const { broker, lock } = await client(mutex);
  const started = performance.now();
  const acquired = failure(lock().acquire({ timeout: 30 }));
  const { request } = await broker.next();
  expect(await broker.next()).toEqual({ type: 'CANCEL', flags: 0, channel: 3, request });
  expect(performance.now() - started).toBeGreaterThanOrEqual(30);
  broker.send({ type: 'REPLY', flags: 0, channel: 3, request: request as number });
  expect(await acquired).toBe('LockTimeout');
});

test('a lock that was granted in the last moment is held', async () => {
  const { broker, lock } = await client(mutex);
  const acquired = lock().acquire({ timeout: 1 });
  const { request } = await broker.until('CANCEL');
  broker.send(granted(request, 5));
  expect((await acquired).fence).toBe(5);
});

test('a lock that was granted after its signal is given back', async () => {
  const { broker, lock } = await client(mutex);
  const controller = new AbortController();
  const acquired = failure(lock().acquire({ signal: controller.signal }));
  await broker.until('ACQUIRE');
  controller.abort(new RangeError('closing time'));
  const { request } = await broker.until('CANCEL');
  broker.send(granted(request, 6));
  expect(await acquired).toBe('RangeError');
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 6 });
});

test('an acquire that must not wait asks once, and takes the answer', async () => {
  const { broker, lock } = await client(mutex);
  const acquired = failure(lock().acquire({ block: false }));
  const { request, flags } = await broker.next();
  expect(flags).toBe(1);
  broker.send({ type: 'REFUSED', flags: 0, channel: 3, request: request as number });
  expect(await acquired).toBe('LockTimeout');
});

test('an acquire that was given up before the broker said hello is never asked for', async () => {
  const { broker, lock } = await stranger();
  expect(await failure(lock().acquire({ timeout: 1 }))).toBe('LockTimeout');
  const later = lock().acquire();
  await broker.welcome(mutex);
  broker.send(granted((await broker.next()).request, 1));
  expect((await later).fence).toBe(1);
  expect(broker.unseen).toEqual([]);
});

test('a lock the pipeline does not declare is not granted', async () => {
  const { broker, lock, queue } = await stranger();
  const asked = [lock('deploy').acquire(), lock('dishes').acquire(), queue('mutex').qsize()].map(failure);
  await broker.welcome(mutex);
  expect(await Promise.all(asked)).toEqual(['NotGranted', 'NotGranted', 'NotGranted']);
  expect(await failure(lock('deploy').acquire())).toBe('NotGranted');
});
