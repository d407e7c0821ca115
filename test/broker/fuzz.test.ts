// Connections that say anything at all: frames of every type with any body, and no frames.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tokenFor } from '../../src/broker/token.ts';
import { itemsOf } from '../../src/wire/items.ts';
import { Type } from '../../src/wire/message.ts';
import { bytesOf, lockOf, pipeOf, queueOf, runningWith } from './kit.ts';

const KEY = '00'.repeat(32);
const CHANNELS = 13;
const LOCK = 2;
const OWN = 3;
const DROPPING = 4;
const MANY = 10;
const READ = 11;
const PIPE = 12;
const LANE = 13;
const QUEUES = [1, 4, 5, 6, 7, 8];
const OPENING = {
  x: bytesOf((to) => {
    for (const queue of QUEUES) to.room(Type.WANT, queue, 2, 20);
    for (const queue of QUEUES) to.number(Type.GET, queue, 2);
    to.number(Type.ACQUIRE, MANY, 1);
    to.number(Type.ACQUIRE, READ, 1, 2);
  }),
  y: bytesOf((to) => {
    to.number(Type.GET, LANE, 100, 1);
    to.number(Type.GET, PIPE, 2, 1);
  }),
};

/** Numbers that are likely to mean something, and such as nobody should say. */
const number = fc.oneof(fc.nat({ max: 9 }), fc.constantFrom(0x7fffffff, 0xffffffff, 65_536));
const numbers = fc.array(number, { maxLength: 4 }).map((values) => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
});
/** After a priority, a request, a number on a lane, or nothing: items as they should be. */
const items = fc
  .record({
    before: fc.constantFrom(0, 6, 8, 12).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
    texts: fc.array(fc.oneof(fc.constantFrom('', '1', '"a"', '[[', '{"a":[1]}'), fc.string({ maxLength: 9 })), {
      maxLength: 3,
    }),
  })
  .map(({ before, texts }) => {
    const { bytes, count } = itemsOf(texts.map((text) => Buffer.from(text)));
    const counted = Buffer.alloc(4);
    counted.writeUInt32BE(count);
    return Buffer.concat([before, counted, bytes]);
  });
const range = fc.tuple(fc.nat({ max: 9 }), number).map(([tag, count]) => {
  const bytes = Buffer.alloc(10);
  bytes.writeUIntBE(tag, 0, 6);
  bytes.writeUInt32BE(count, 6);
  return bytes;
});
const lane = fc.record({ put: number, sent: number, taken: number, done: number, peak: number });
const json = fc.oneof(lane, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value)));

const frame = fc
  .record({
    type: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 26 }) },
      { weight: 1, arbitrary: fc.nat({ max: 255 }) },
    ),
    flags: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 7 }) }, { weight: 1, arbitrary: fc.nat({ max: 255 }) }),
    channel: fc.nat({ max: CHANNELS + 1 }),
    body: fc.oneof(fc.uint8Array({ maxLength: 40 }), numbers, items, range, json),
  })
  .map(({ type, flags, channel, body }) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(4 + body.length, 0);
    head.set([type, flags, 0, channel], 4);
    return Buffer.concat([head, body]);
  });
const speech = fc.oneof(
  { weight: 4, arbitrary: fc.array(frame, { minLength: 1, maxLength: 12 }).map((frames) => Buffer.concat(frames)) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);

const own = { maxsize: 5, producers: ['p', 'x'], consumers: ['c', 'x'], attempts: 1_000_000 };

test('whatever is said, the broker lives, and who speaks properly is served', async () => {
  await using run = await runningWith(
    { laneItems: 1 },
    queueOf('q', own),
    lockOf('l', ['p', 'x']),
    queueOf('own'),
    queueOf('first', { ...own, order: 'priority', overflow: 'drop_oldest' }),
    queueOf('ends', { ...own, order: 'deque', overflow: 'fail' }),
    queueOf('top', { ...own, order: 'lifo', overflow: 'drop_newest' }),
    queueOf('judged', { ...own, encoding: 'json', item: { type: ['number', 'array'] } }),
    queueOf('mortal', { ...own, attempts: 1, deadLetter: 'grave' }),
    queueOf('grave', { producers: [], consumers: ['x'] }),
    lockOf('many', ['x', 'y'], { lock: 'semaphore', permits: 3, owned: false }),
    lockOf('read', ['x', 'y'], { lock: 'rw' }),
    pipeOf('line', { ends: ['x', 'y'] }),
    queueOf('lane', { producers: ['x'], consumers: ['y'] }),
  );
  for (const node of ['x', 'y']) run.broker.started({ type: 'started', node, pid: 0 });
  const producer = await run.client('p');
  const consumer = await run.client('c');
  // Now and then it has been given something, has room, or is an end of a lane.
  const engaged = async (who: 'x' | 'y') => {
    const client = await run.stranger();
    client.say((to) =>
      to.hello({ protocol: 1, instance: who, token: tokenFor(KEY, who), pid: 1, sdk: '', lanes: true }),
    );
    client.socket.write(OPENING[who]);
    await client.settled();
    if (who === 'x') for (const queue of [DROPPING, LANE]) await client.send(queue, 'a', 'b', 'c');
    return client;
  };
  let last = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('nobody', 'x', 'both'), speech, speech, async (who, bytes, others) => {
      const hostile = who === 'nobody' ? [await run.stranger()] : [await engaged('x')];
      if (who === 'both') hostile.push(await engaged('y'));
      for (const [index, client] of hostile.entries()) client.socket.end(index === 0 ? bytes : others);
      for (const client of hostile) await client.closed;
      await producer.put(OWN, 'still here');
      expect(await consumer.get(OWN)).toEqual(['still here']);
      const { fence } = await producer.acquire(LOCK);
      expect(fence).toBeGreaterThan(last);
      last = fence;
      producer.say((to) => to.release(LOCK, fence, 1));
      await producer.next(Type.REPLY);
    }),
    { numRuns: 500 },
  );
});
