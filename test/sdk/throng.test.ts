// A program that makes thousands of calls at once: the broker hears of so many at a time as it keeps for one process.
import { expect, test } from 'vitest';
import { lockChannel, queueChannel, type ScriptedSession } from '../kit/scripted-broker.ts';
import { client, failure, holdTime } from './kit.ts';

holdTime();

/** The requests of that type that have come, once a `FLUSH` behind them has. */
async function requestsOf(
  broker: ScriptedSession,
  type: 'JOIN' | 'ACQUIRE',
  flushed: Promise<void>,
): Promise<number[]> {
  const requests: number[] = [];
  for (;;) {
    const frame = await broker.next();
    if (frame.type === type) requests.push(frame.request as number);
    if (frame.type !== 'FLUSH') continue;
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: frame.request as number });
    await flushed;
    return requests;
  }
}

test('the others are made in their order, one for each that is answered', async () => {
  const { broker, queue } = await client();
  const over: number[] = [];
  const calls = Array.from({ length: 600 }, async (_, index) => {
    await queue().join();
    over.push(index);
  });
  const asked = await requestsOf(broker, 'JOIN', queue().flush());
  expect(asked.length).toBe(256);
  const answer = (request: number | undefined) =>
    broker.send({ type: 'REPLY', flags: 0, channel: 1, request: request as number });
  for (let made = 256; made < 600; made += 1) {
    answer(asked.shift());
    asked.push((await broker.until('JOIN')).request as number);
  }
  for (const request of asked) answer(request);
  await Promise.all(calls);
  expect(over).toEqual(Array.from({ length: 600 }, (_, index) => index));
});

test('who gives up meanwhile is never asked for, and does not hold up those behind', async () => {
  const { broker, queue, lock } = await client(queueChannel(), lockChannel());
  const first = Array.from({ length: 4096 }, () => lock().acquire());
  const given = new AbortController();
  const gone = Array.from({ length: 2000 }, () => failure(lock().acquire({ signal: given.signal })));
  const last = lock().acquire();
  const [oldest] = await requestsOf(broker, 'ACQUIRE', queue().flush());
  given.abort();
  expect(new Set(await Promise.all(gone))).toEqual(new Set(['AbortError']));
  broker.send({ type: 'GRANTED', flags: 0, channel: 3, request: oldest as number, fence: 1 });
  const { request } = await broker.until('ACQUIRE');
  broker.send({ type: 'GRANTED', flags: 0, channel: 3, request: request as number, fence: 2 });
  expect((await last).fence).toBe(2);
  expect((await first[0])?.fence).toBe(1);
  const rest = first.slice(1).map(failure);
  broker.hangUp();
  expect(new Set(await Promise.all(rest))).toEqual(new Set(['BrokerLost']));
});

test('one that must not wait is asked at once', async () => {
  const { broker, lock } = await client(queueChannel(), lockChannel());
  const waiting = Array.from({ length: 5000 }, () => failure(lock().acquire()));
  const tried = failure(lock().acquire({ block: false }));
  for (;;) {
    const { type, flags, request } = await broker.next();
    if (type !== 'ACQUIRE' || flags !== 1) continue;
    broker.send({ type: 'REFUSED', flags: 0, channel: 3, request: request as number });
    break;
  }
  expect(await tried).toBe('LockTimeout');
  broker.hangUp();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['BrokerLost']));
});

test('of a reentrant lock all have it when one of them has', async () => {
  const { broker, queue, lock } = await client(queueChannel(), lockChannel({ reentrant: true }));
  const waiting = Array.from({ length: 5000 }, () => lock().acquire());
  const asked = await requestsOf(broker, 'ACQUIRE', queue().flush());
  broker.send({ type: 'GRANTED', flags: 0, channel: 3, request: asked[0] as number, fence: 7 });
  const guards = await Promise.all(waiting);
  expect(new Set(guards.map(({ fence }) => fence))).toEqual(new Set([7]));
  for (const request of asked.slice(1)) broker.send({ type: 'REPLY', flags: 0, channel: 3, request });
  for (const guard of guards) await guard.release();
  expect(await broker.until('RELEASE')).toMatchObject({ fence: 7 });
});
