import { setImmediate as nextRound } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import type { Guard } from '../../src/sdk/lock.ts';
import type { WelcomeLock } from '../../src/wire/message.ts';
import type { Meaning } from '../wire/meaning.ts';
import { lockChannel } from '../kit/scripted-broker.ts';
import { client, failure, stranger, holdTime } from './kit.ts';

holdTime();

const mutex: WelcomeLock = lockChannel();
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

test('`release` gives back what has been held longest', async () => {
  const { broker, lock } = await client(mutex);
  const acquire = async (fence: number) => {
    const acquired = lock().acquire();
    broker.send(granted((await broker.next()).request, fence));
    return acquired;
  };
  const released = async () => {
    await lock().release();
    const { type, fence } = await broker.next();
    return { type, fence };
  };
  const first = await acquire(1);
  await acquire(2);
  await first.release();
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 1 });
  const third = await acquire(3);
  await acquire(4);
  expect(await released()).toEqual({ type: 'RELEASE', fence: 2 });
  expect(await released()).toEqual({ type: 'RELEASE', fence: 3 });
  expect(await failure(third.release())).toBe('LockError');
  await acquire(5);
  expect(await released()).toEqual({ type: 'RELEASE', fence: 4 });
  expect(await released()).toEqual({ type: 'RELEASE', fence: 5 });
  expect(await failure(lock().release())).toBe('LockError');
});

test('a timeout withdraws, and rejects when the broker has heard it', async () => {
  const { broker, lock } = await client(mutex);
  const acquired = failure(lock().acquire({ timeout: 30 }));
  const { request } = await broker.next();
  vi.advanceTimersByTime(29);
  const other = failure(lock().acquire({ block: false }));
  const asked = await broker.next();
  expect(asked.type).toBe('ACQUIRE');
  vi.advanceTimersByTime(1);
  expect(await broker.next()).toEqual({ type: 'CANCEL', flags: 0, channel: 3, request });
  broker.send({ type: 'REFUSED', flags: 0, channel: 3, request: asked.request as number });
  expect(await other).toBe('LockTimeout');
  broker.send({ type: 'REPLY', flags: 0, channel: 3, request: request as number });
  expect(await acquired).toBe('LockTimeout');
});

test('a lock that was granted in the last moment is held', async () => {
  const { broker, lock } = await client(mutex);
  const acquired = lock().acquire({ timeout: 100 });
  await broker.until('ACQUIRE');
  vi.advanceTimersByTime(100);
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
  const acquired = failure(lock().acquire({ timeout: 1 }));
  vi.advanceTimersByTime(1);
  expect(await acquired).toBe('LockTimeout');
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

test('a lock of kind `rw` is taken to read by a flag, and any other is not taken to read', async () => {
  const { broker, lock } = await client(lockChannel({ lock: 'rw' }), lockChannel({ id: 4, name: 'till' }));
  const reading = lock().acquire({ mode: 'read' });
  const { request, flags } = await broker.next();
  expect(flags).toBe(2);
  broker.send(granted(request, 1));
  await (await reading).release();
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 1 });
  expect(await failure(lock('till').acquire({ mode: 'read' }))).toBe('LockError');
});

test('a mode that there is not is refused where it was written', async () => {
  const { lock } = await client(mutex);
  expect(await failure(lock().acquire({ mode: 'reed' as 'read' }))).toBe('TypeError');
});

test('a reentrant lock is taken again without asking, and given back when it was released as often', async () => {
  const { broker, lock } = await client(lockChannel({ reentrant: true }));
  const first = lock().acquire();
  broker.send(granted((await broker.next()).request, 8, 1));
  const guards = [await first, await lock().acquire(), await lock().acquire({ block: false })];
  expect(guards.map(({ fence, abandoned }) => [fence, abandoned])).toEqual([8, 8, 8].map((fence) => [fence, true]));
  await guards[0]?.release();
  await lock().release();
  expect(await failure((guards[0] as (typeof guards)[0]).release())).toBe('LockError');
  await lock().release();
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 8 });
  expect(await failure(lock().release())).toBe('LockError');
});

test('calls that wait for a reentrant lock have it when one of them has it', async () => {
  const { broker, lock } = await client(lockChannel({ reentrant: true }));
  const calls = [lock().acquire(), lock().acquire({ timeout: '1h' })];
  const asked = [await broker.next(), await broker.next()];
  broker.send(granted(asked[0]?.request, 3));
  const guards = await Promise.all(calls);
  expect(await broker.next()).toMatchObject({ type: 'CANCEL', request: asked[1]?.request });
  broker.send({ type: 'REPLY', flags: 0, channel: 3, request: asked[1]?.request as number });
  for (const guard of guards) await guard.release();
  expect(await broker.next()).toMatchObject({ type: 'RELEASE', fence: 3 });
});

test('a lock that nobody owns is given back by a process that does not hold it, which hears whether anybody did', async () => {
  const { broker, lock } = await client(lockChannel({ owned: false }));
  const released = lock().release();
  const { request, ...ask } = await broker.next();
  expect(ask).toEqual({ type: 'RELEASE', flags: 0, channel: 3, fence: 0 });
  broker.send({ type: 'REPLY', flags: 0, channel: 3, request: request as number });
  await released;
  const again = failure(lock().release());
  broker.send({
    type: 'ERROR',
    flags: 0,
    channel: 3,
    json: { code: 'not-held', message: 'nobody holds this lock', request: (await broker.next()).request },
  });
  expect(await again).toBe('LockError');
});

/** Grants whatever is asked for, and lends where it can be; notes what came. */
async function lend({ broker }: Awaited<ReturnType<typeof client>>, seen: Meaning[]): Promise<void> {
  for (;;) {
    const frame = await broker.next();
    seen.push(frame);
    const last = seen.findLast(({ type }) => type === 'RELEASE')?.fence ?? 0;
    if (frame.type === 'ACQUIRE') broker.send(granted(frame.request, last + 1, frame.flags === 4 ? 2 : 0));
  }
}

test('a lock that is lent is taken again without asking, each time with the next fence, and goes back by the last', async () => {
  const met = await client(mutex);
  const seen: Meaning[] = [];
  void lend(met, seen);
  const fences: number[] = [];
  // Only now and then its millisecond is over at once.
  while (fences.length < seen.filter(({ type }) => type === 'ACQUIRE').length + 10) {
    const guard = await met.lock().acquire();
    fences.push(guard.fence);
    await guard.release();
  }
  expect(fences).toEqual(fences.map((_, index) => index + 1));
  const guard = await met.lock('mutex').acquire();
  await guard.release();
  while (seen.findLast(({ type }) => type === 'RELEASE')?.fence !== guard.fence) await nextRound();
});

test('a lock that is lent is taken again at once, while nobody has it and the turn has not ended', async () => {
  const met = await client(mutex);
  void lend(met, []);
  expect(met.lock().retake()).toBe(null);
  for (;;) {
    const guard = await met.lock().acquire();
    await guard.release();
    const again = met.lock().retake();
    if (again === null) continue;
    expect(again.fence).toBe(guard.fence + 1);
    expect(met.lock().retake()).toBe(null);
    void again.release();
    break;
  }
  await nextRound();
  expect(met.lock().retake()).toBe(null);
});

test.each<[string, (guard: Guard) => unknown, string]>([
  ['gives something', () => 'done', 'done'],
  ['gives it back itself, late', (guard) => nextRound().then(() => guard.release()), 'undefined'],
  [
    'does so with a promise from elsewhere',
    (guard) => ForeignPromise.resolve(nextRound()).then(() => guard.release()),
    'undefined',
  ],
  ['throws', () => failNow(), 'RangeError'],
  ['fails later', () => nextRound().then(failNow), 'RangeError'],
])('a lent lock is held while a function %s, and no longer', async (_what, act, expected) => {
  const met = await client(mutex);
  const seen: Meaning[] = [];
  void lend(met, seen);
  const asked = () => seen.filter(({ type }) => type === 'ACQUIRE').length;
  // Until it was taken without asking often enough.
  for (let turns = 0; 2 * turns < asked() + 10; turns += 1) {
    await (await met.lock().acquire()).release();
    const given = met.lock().with((guard) => act(guard) as Promise<unknown>);
    expect(await given.then(String, ({ name }: Error) => name)).toBe(expected);
    expect(await failure(met.lock().release())).toBe('LockError');
  }
});

/** The class of promises as scripts of `node:vm` have it. */
const ForeignPromise = runInNewContext('Promise') as PromiseConstructor;

function failNow(): never {
  throw new RangeError('burnt');
}

test('a lent lock is given back while its program is busy, and is not taken again without asking then', async () => {
  const met = await client(mutex);
  const seen: Meaning[] = [];
  void lend(met, seen);
  for (;;) {
    const guard = await met.lock().acquire();
    await guard.release();
    if (seen.findLast(({ type }) => type === 'ACQUIRE')?.flags !== 4) continue;
    const before = seen.length;
    // So that the thread that gives it back has all the time it needs.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    const again = await met.lock().acquire();
    expect(again.fence).toBe(guard.fence + 1);
    expect(seen.slice(before).map(({ type }) => type)).toContain('ACQUIRE');
    break;
  }
});
