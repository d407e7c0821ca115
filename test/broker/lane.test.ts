// A direct lane as the queue sees it: what comes back of it counts at once, and as if it had been in the queue all along.
import { expect, test } from 'vitest';
import type { Effect } from '../../src/broker/effect.ts';
import { Queue } from '../../src/broker/queue.ts';
import { itemsOf } from '../../src/wire/items.ts';
import type { LaneLeft } from '../../src/wire/message.ts';

const [PUTTER, TAKER, NEXT_TAKER] = [1, 2, 3];

/** A queue whose lane is open and has been told to go; nothing is in it, and the taker would take ten. */
function withLane(): Queue {
  const queue = new Queue(
    {
      name: 'work',
      order: 'fifo',
      maxsize: 0,
      maxBytes: 1_000_000,
      overflow: 'block',
      delivery: 'at-least-once',
      attempts: 3,
      deadLetter: null,
      leftover: 'fail',
      producers: ['put'],
      consumers: ['get'],
    },
    1,
  );
  queue.enter(PUTTER, 'put', true);
  queue.enter(TAKER, 'get', true);
  queue.get(TAKER, 11, true);
  queue.want(PUTTER, 10, 100, false);
  queue.turn(0);
  queue.put(PUTTER, items('first'));
  const offers = [...queue.turn(1), ...queue.turn(2)];
  expect(offers).toContainEqual(expect.objectContaining({ type: 'lane', session: TAKER }));
  queue.taken(TAKER, 1);
  queue.done(TAKER, 0, 1);
  queue.bypass?.ready(TAKER, true);
  queue.turn(3);
  queue.bypass?.ready(PUTTER, true);
  expect(queue.turn(4)).toContainEqual({ type: 'lane-go', session: TAKER });
  return queue;
}

function items(...texts: readonly string[]) {
  return itemsOf(texts.map((text) => Buffer.from(text)));
}

const ARRIVED = { sent: true, taken: false };
const UNDER_WAY = { sent: false, taken: false };

function heard(effects: readonly Effect[]): readonly unknown[] {
  return effects.flatMap((effect): readonly unknown[] => {
    if (effect.type === 'lane-map') return [effect.map];
    return effect.type === 'deliver' ? [String(effect.batch.items.bytes.subarray(4))] : [];
  });
}

test('what never left comes after what had arrived, however it is cut when it is handed over', () => {
  const queue = withLane();
  queue.bypass?.handOver(PUTTER, 0, items('second', 'third'), ARRIVED);
  expect(heard(queue.turn(5))).toEqual([]);
  queue.bypass?.handOver(PUTTER, 2, items('fourth'), UNDER_WAY);
  expect(heard(queue.turn(6))).toEqual([]);
  queue.bypass?.close(PUTTER, { put: 3, sent: 2, taken: 0, done: 0, peak: 3 });
  expect(heard(queue.turn(7))).toEqual([{ sent: 2, ranges: [[0, 2]] }, 'fourth']);
});

/** The taker leaves in good order, and its process has failed. */
function leaveAndFail(queue: Queue): void {
  queue.leave(TAKER, 'goodbye');
  queue.recover('get', 'failed');
}

/** The taker leaves and has failed, with one item done, one in hand and one on its way to the program. */
function leaveAndClose(queue: Queue, closesFirst: boolean): void {
  const close = () => {
    queue.bypass?.handOver(PUTTER, 1, items('in hand'), { sent: true, taken: true });
    queue.bypass?.handOver(PUTTER, 2, items('next'), ARRIVED);
    queue.bypass?.close(PUTTER, { put: 3, sent: 3, taken: 2, done: 1, peak: 3 });
  };
  if (closesFirst) close();
  leaveAndFail(queue);
  queue.turn(5);
  if (!closesFirst) close();
}

test.each([
  ['before it is closed', false],
  ['after that, and before it has said what it took', true],
])('what one had taken that leaves in good order %s, and has failed, comes again as what was had', (_when, closed) => {
  const queue = withLane();
  leaveAndClose(queue, closed);
  queue.enter(NEXT_TAKER, 'get', true);
  queue.get(NEXT_TAKER, 2, true);
  expect(queue.turn(6)).toContainEqual(
    expect.objectContaining({ session: NEXT_TAKER, batch: expect.objectContaining({ charges: 1, seen: true }) }),
  );
  expect(queue.view.counts).toMatchObject({ put: 4, taken: 3, done: 2, redelivered: 1 });
});

test.each([
  ['before it is closed', false],
  ['after that', true],
])('what the taker says when it leaves %s counts, though the other end has not heard it', (_when, closed) => {
  const queue = withLane();
  const { bypass } = queue;
  const close = () => {
    bypass?.handOver(PUTTER, 0, items('done', 'in hand', 'never taken'), ARRIVED);
    bypass?.close(PUTTER, { put: 3, sent: 3, taken: 0, done: 0, peak: 3 });
  };
  if (closed) close();
  bypass?.told(TAKER, { taken: 2, done: [[0, 1]] });
  leaveAndFail(queue);
  if (!closed) close();
  queue.enter(NEXT_TAKER, 'get', true);
  const deliveries = ['in hand', 'never taken'].map((_, tag) => {
    queue.get(NEXT_TAKER, 1, true);
    const [delivered] = queue.turn(6 + tag).filter((effect) => effect.type === 'deliver');
    queue.done(NEXT_TAKER, tag, 1);
    return [String(delivered?.batch.items.bytes.subarray(4)), delivered?.batch.seen];
  });
  expect(deliveries).toEqual([
    ['in hand', true],
    ['never taken', false],
  ]);
  expect(queue.view.counts).toMatchObject({ put: 4, done: 4, redelivered: 1 });
});

test.each([
  ['is found dead after that', true],
  ['has closed it', false],
])('what a taker hands over that leaves counts where the putter %s, and only there', (_what, dead) => {
  const queue = withLane();
  const { bypass } = queue;
  const all = { put: 2, sent: 2, taken: 0, done: 0, peak: 2 };
  bypass?.handOver(TAKER, 0, items('second', 'third'), ARRIVED);
  bypass?.close(TAKER, all);
  leaveAndFail(queue);
  if (dead) queue.leave(PUTTER, 'lost');
  else {
    bypass?.handOver(PUTTER, 0, items('second', 'third'), ARRIVED);
    bypass?.close(PUTTER, all);
  }
  queue.enter(NEXT_TAKER, 'get', true);
  queue.get(NEXT_TAKER, 5, true);
  const delivered = queue.turn(6).filter((effect) => effect.type === 'deliver');
  expect(delivered.reduce((sum, { batch }) => sum + batch.items.count, 0)).toBe(2);
  expect(queue.view.counts).toMatchObject({ put: 3 });
});

test.each<[string, LaneLeft, string]>([
  ['that there is no such item', { taken: 2, done: [[-1, 1]] }, 'protocol'],
  ['no list of what is done', { taken: 2, done: 1 as never }, 'protocol'],
  [
    'that one is done twice',
    {
      taken: 2,
      done: [
        [0, 1],
        [0, 1],
      ],
    },
    'protocol',
  ],
])('a taker that says %s when it leaves is told so', (_what, left, code) => {
  const { bypass } = withLane();
  bypass?.handOver(PUTTER, 0, items('second', 'third'), ARRIVED);
  bypass?.close(PUTTER, { put: 2, sent: 2, taken: 0, done: 0, peak: 2 });
  expect(() => bypass?.told(TAKER, left)).toThrow(expect.objectContaining({ code }));
});

test('of one that dies while it hands over, the other end hands over all', () => {
  const queue = withLane();
  queue.bypass?.handOver(PUTTER, 0, items('second'), ARRIVED);
  queue.turn(5);
  queue.leave(PUTTER, 'lost');
  expect(queue.turn(6)).toContainEqual({ type: 'lane-stop', session: TAKER, orphaned: true });
  queue.bypass?.handOver(TAKER, 0, items('second', 'third'), ARRIVED);
  queue.bypass?.close(TAKER, { put: 2, sent: 2, taken: 0, done: 0, peak: 0 });
  expect(heard(queue.turn(7))).toEqual([{ sent: 2, ranges: [[0, 2]] }]);
  expect(queue.view.counts).toMatchObject({ put: 3, done: 1, left_over: 2 });
});

test.each([
  ['twice', [0, 0], {}],
  ['not by rising numbers', [1, 0], {}],
  ['that was never put', [0, 2], {}],
  ['as sent, of which it says that it was not', [0, 1], { sent: 1, taken: 1 }],
  ['as taken, of which it says that it was not', [0, 1], { taken: 1 }],
] as const)('who hands over an item %s is cut off, and the other end is not told', (_, numbers, lie) => {
  const queue = withLane();
  const { bypass } = queue;
  const taken = { sent: true, taken: true };
  expect(() => {
    for (const number of numbers) bypass?.handOver(PUTTER, number, items('second'), taken);
    bypass?.close(PUTTER, { put: 2, sent: 2, taken: 2, done: 0, peak: 2, ...lie });
  }).toThrow('does not add up');
  expect(heard(queue.turn(5))).toEqual([]);
  // It is gone, and the other end says what was there.
  queue.leave(PUTTER, 'lost');
  queue.bypass?.handOver(TAKER, 0, items('second', 'third'), ARRIVED);
  queue.bypass?.close(TAKER, { put: 2, sent: 2, taken: 0, done: 0, peak: 0 });
  expect(heard(queue.turn(6))).toEqual([{ sent: 2, ranges: [[0, 2]] }]);
});

test('what is handed over takes no memory without end, however small it is', () => {
  const { bypass } = withLane();
  const empty = { bytes: Buffer.from(new ArrayBuffer(4)), count: 1, size: 0 };
  expect(() => {
    for (let number = 0; number < 2 ** 20; number += 1) bypass?.handOver(PUTTER, 2 * number, empty, ARRIVED);
  }).toThrow('more is handed over than was ever on a lane');
});
