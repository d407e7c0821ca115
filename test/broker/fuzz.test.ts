// Connections that say anything at all: frames of every type with any body, and no frames.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Type } from '../../src/wire/message.ts';
import { lockOf, queueOf, running } from './kit.ts';

const frame = fc
  .record({
    type: fc.oneof(fc.integer({ min: 1, max: 19 }), fc.nat({ max: 255 })),
    flags: fc.nat({ max: 3 }),
    channel: fc.nat({ max: 6 }),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.nat({ max: 9 }), { maxLength: 4 }).map((numbers) => {
        const bytes = Buffer.alloc(4 * numbers.length);
        for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * index);
        return new Uint8Array(bytes);
      }),
    ),
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
  await using run = await running(
    queueOf('q', { maxsize: 5, producers: ['p', 'x'], consumers: ['c', 'x'], attempts: 1_000_000 }),
    lockOf('l', ['p', 'x']),
    queueOf('own'),
    queueOf('first', { ...own, order: 'priority', overflow: 'drop_oldest' }),
    queueOf('ends', { ...own, order: 'deque', overflow: 'fail' }),
    queueOf('top', { ...own, order: 'lifo', overflow: 'drop_newest' }),
  );
  run.broker.started({ type: 'started', node: 'x', pid: 0 });
  const producer = await run.client('p');
  const consumer = await run.client('c');
  let last = 0;
  await fc.assert(
    fc.asyncProperty(fc.boolean(), speech, async (known, bytes) => {
      const hostile = known ? await run.client('x') : await run.stranger();
      hostile.socket.end(bytes);
      await hostile.closed;
      await producer.put(3, 'still here');
      expect(await consumer.get(3)).toEqual(['still here']);
      const { fence } = await producer.acquire(2);
      expect(fence).toBeGreaterThan(last);
      last = fence;
      producer.say((to) => to.release(2, fence, 1));
      await producer.next(Type.REPLY);
    }),
    { numRuns: 500 },
  );
});
