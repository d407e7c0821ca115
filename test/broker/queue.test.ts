// The stories of a queue, told to the machine itself: what it is asked, and what it says then.
import { expect, test } from 'vitest';
import type { Manner } from '../../src/broker/backlog.ts';
import type { Effect } from '../../src/broker/effect.ts';
import { Queue, type QueueSettings } from '../../src/broker/queue.ts';
import { eachItem, itemsOf } from '../../src/wire/items.ts';

const defaults: QueueSettings = {
  name: 'q',
  order: 'fifo',
  maxsize: 0,
  maxBytes: 1000,
  overflow: 'block',
  delivery: 'at-least-once',
  attempts: 3,
  deadLetter: null,
  leftover: 'fail',
  producers: ['p'],
  consumers: ['c', 'd'],
};

/** A queue with sessions 1 and 2 of the producer `p`, 3 of `q`, 10 of `c`, 20 of `d`. */
function story(settings: Partial<QueueSettings> = {}) {
  const queue = new Queue({ ...defaults, ...settings });
  for (const [session, instance] of [
    [1, 'p'],
    [2, 'p'],
    [3, 'q'],
    [10, 'c'],
    [11, 'c'],
    [20, 'd'],
  ] as const) {
    queue.enter(session, instance);
  }
  let now = 0;
  return {
    queue,
    /** What it says, in words. */
    turn: (laterMs = 0) => {
      now += laterMs;
      return queue.turn(now).map(words);
    },
    put: (session: number, ...texts: string[]) => {
      const items = itemsOf(texts.map((text) => Buffer.from(text)));
      queue.want(session, items.count, items.size, false);
      queue.turn(now);
      queue.put(session, items);
    },
    /** Puts one item in some manner. */
    putSo: (text: string, manner: Manner) => {
      queue.want(1, 1, text.length, false);
      queue.turn(now);
      queue.put(1, itemsOf([Buffer.from(text)]), manner);
    },
    /** All that there is, as one program takes and finishes it. */
    all: (right = false) => {
      const texts: string[] = [];
      for (;;) {
        queue.get(10, 1, true, right);
        const said = queue.turn(now).find((effect) => effect.type === 'deliver');
        queue.unget(10);
        queue.turn(now);
        if (said === undefined) return texts.join(' ');
        texts.push([...eachItem(said.batch.items)].map(String).join(' '));
        queue.done(10, texts.length - 1, 1);
      }
    },
  };
}

function words(effect: Effect): string {
  switch (effect.type) {
    case 'deliver': {
      const texts = [...eachItem(effect.batch.items)].map(String).join(' ');
      const { seen, charges } = effect.batch;
      return `${effect.session}: ${seen ? `again (${charges}) ` : ''}${texts}`;
    }
    case 'room':
      return `${effect.session}: room ${effect.count}`;
    case 'end':
      return `${effect.session}: ${effect.aborted ? 'aborted' : 'end'}`;
    case 'refused':
      return `${effect.session}: ${effect.never ? 'never' : 'not now'}`;
    case 'recall':
      return `${effect.session}: recall ${effect.room ? 'room' : 'items'}`;
    case 'reply':
      return `${effect.session}: reply ${effect.request}${effect.stat ? ` ${JSON.stringify(effect.stat)}` : ''}`;
    case 'denied':
      return `${effect.session}: ${effect.code} ${effect.request}`;
    case 'redelivered':
      return `${effect.count} of ${effect.node} back`;
    case 'exhausted':
      return `exhausted by ${effect.node}`;
    case 'stranded':
      return `stranded: ${effect.reason}`;
    default:
      return 'session' in effect ? `${effect.session}: ${effect.type}` : effect.type;
  }
}

// ---- Room ----

test('a queue of five is full after five', () => {
  const { queue, put, turn } = story({ maxsize: 5 });
  for (const text of ['a', 'b', 'c', 'd', 'e']) put(1, text);
  turn();
  queue.want(1, 1, 1, true);
  expect(turn()).toEqual(['1: not now']);
  queue.stat(1, 7);
  expect(turn()).toEqual(['1: reply 7 {"size":5,"room":0,"unfinished":5,"closed":false}']);
});

test('what is read ahead counts as waiting, and what is held does not', () => {
  const { queue, put, turn } = story({ maxsize: 2 });
  put(1, 'a');
  put(1, 'b');
  queue.get(10, 2, true);
  queue.want(1, 1, 1, false);
  expect(turn()).toEqual(['10: a b']);
  queue.taken(10, 1);
  expect(turn()).toEqual(['1: room 1']);
});

test('the only producer is lent all places but one, so that another session of it is never kept waiting', () => {
  const { queue, turn } = story({ maxsize: 10 });
  queue.want(1, 1, 1, false);
  expect(turn()).toEqual(['1: room 9']);
  queue.want(2, 1, 1, false);
  expect(turn()).toEqual(['2: room 1']);
});

test('a queue of one lends nothing ahead', () => {
  const { queue, turn, put } = story({ maxsize: 1 });
  put(1, 'a');
  queue.get(10, 1, true);
  turn();
  queue.taken(10, 1);
  expect(turn()).toEqual([]);
});

test('several producers of whose pace nothing is known are lent an eighth ahead in all', () => {
  const { queue, turn } = story({ maxsize: 800, producers: ['p', 'q'] });
  queue.want(1, 1, 1, false);
  expect(turn()).toEqual(['1: room 100']);
  queue.want(3, 1, 1, false);
  expect(turn()).toEqual(['3: room 1']);
});

test('each of several producers that use up quickly what they are lent is lent a quarter ahead, and no more', () => {
  const { queue, turn } = story({ maxsize: 800, maxBytes: 1e6, producers: ['p', 'q', 'r'] });
  const useUp = (session: number, count: number, laterMs: number) => {
    queue.put(session, itemsOf(Array(count).fill(Buffer.from('x'))));
    queue.want(session, 1, 1, false);
    return turn(laterMs);
  };
  queue.want(1, 1, 1, false);
  queue.want(3, 1, 1, false);
  expect(turn(1000)).toEqual(['1: room 50', '3: room 50']);
  expect(useUp(1, 50, 100)).toEqual(['1: room 200']);
  expect(useUp(3, 50, 0)).toEqual(['3: room 200']);
  expect(useUp(1, 200, 101)).toEqual(['1: room 1']);
});

test('however many producers are quick, they are lent three quarters of the places at most', () => {
  const { queue, turn } = story({ maxsize: 800, maxBytes: 1e6, producers: ['p', 'q'] });
  for (let session = 100; session < 110; session += 1) queue.enter(session, 'p');
  const all = Array.from({ length: 10 }, (_, index) => 100 + index);
  for (const session of all) queue.want(session, 1, 1, false);
  expect(turn(1000)).toEqual(all.map((session) => `${session}: room 10`));
  for (const session of all) {
    queue.put(session, itemsOf(Array(10).fill(Buffer.from('x'))));
    queue.want(session, 1, 1, false);
  }
  expect(turn(10)).toEqual(all.map((session) => `${session}: room 60`));
});

test('several producers of a queue below 64 are lent nothing ahead', () => {
  const { queue, turn } = story({ maxsize: 63, producers: ['p', 'q'] });
  queue.want(1, 1, 1, false);
  expect(turn()).toEqual(['1: room 1']);
});

test('producers that wait are served in turns, oldest first', () => {
  const { queue, put, turn } = story({ maxsize: 1, producers: ['p', 'q'] });
  put(1, 'a');
  queue.want(3, 2, 2, false);
  queue.want(1, 2, 2, false);
  queue.get(10, 9, true);
  turn();
  queue.taken(10, 1);
  expect(turn()).toEqual(['3: room 1']);
  queue.put(3, itemsOf([Buffer.from('b')]));
  expect(turn()).toEqual(['10: b']);
  queue.taken(10, 1);
  expect(turn()).toEqual(['1: room 1']);
});

test('an item larger than the queue is let in alone', () => {
  const { queue, put, turn } = story({ maxBytes: 10 });
  put(1, 'small');
  queue.want(1, 1, 5000, false);
  expect(turn()).toEqual(['1: room 0']);
  queue.get(10, 2, true);
  turn();
  queue.taken(10, 1);
  expect(turn()).toEqual(['1: room 0']);
  queue.put(1, itemsOf([Buffer.alloc(5000, 'x')]));
  queue.want(2, 1, 1, true);
  expect(turn()).toEqual(['2: not now', `10: ${'x'.repeat(5000)}`]);
});

test('who sits on room that others wait for is asked to give it back, after a while', () => {
  const { queue, turn } = story({ maxsize: 2, producers: ['p', 'q'] });
  queue.want(1, 2, 2, false);
  expect(turn()).toEqual(['1: room 2']);
  queue.want(3, 1, 1, false);
  expect(turn()).toEqual([]);
  expect(turn(5)).toEqual(['1: recall room']);
  expect(turn(5)).toEqual([]);
  queue.giveRoom(1, 1, 1);
  expect(turn()).toEqual(['3: room 1']);
});

test('room that came too late for a put which gave up is the client’s still', () => {
  const { queue, turn } = story({ maxsize: 1 });
  queue.want(1, 1, 1, false);
  turn();
  queue.unwant(1);
  expect(turn()).toEqual(['1: withdrawn']);
  queue.put(1, itemsOf([Buffer.from('a')]));
  expect(queue.view.counts.put).toBe(1);
});

// ---- Taking ----

test('consumers that wait share what there is', () => {
  const { queue, put, turn } = story();
  queue.get(10, 100, true);
  queue.get(20, 100, true);
  put(1, 'a', 'b', 'c', 'd');
  expect(turn()).toEqual(['10: a b', '20: c d']);
});

test('who asks and withdraws in one breath gets what there is, or hears of the end', () => {
  const { queue, put, turn } = story();
  put(1, 'a');
  for (let round = 0; round < 2; round += 1) {
    queue.get(10, 1, true);
    queue.unget(10);
  }
  expect(turn()).toEqual(['10: a', '10: withdrawn', '10: withdrawn']);
  queue.done(10, 0, 1);
  queue.closeStream(false);
  queue.get(20, 1, true);
  queue.unget(20);
  expect(turn()).toEqual(['20: end', '20: withdrawn', 'drained']);
});

test('who waits is served before who only reads ahead', () => {
  const { queue, put, turn } = story();
  queue.get(10, 100, false);
  queue.get(20, 1, true);
  put(1, 'a');
  expect(turn()).toEqual(['20: a']);
});

test('what one reads ahead is asked back when another waits, and goes to that one unmarked', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b', 'c');
  queue.get(10, 3, true);
  turn();
  queue.taken(10, 1);
  queue.get(20, 1, true);
  expect(turn()).toEqual([]);
  expect(turn(5)).toEqual(['10: recall items']);
  queue.giveBack(10, 1, 2);
  expect(turn()).toEqual(['20: b']);
});

test('nothing is asked back from the only one who waits: what it has ahead is on its way to it', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b');
  queue.get(10, 2, true);
  turn();
  queue.get(10, 1, true);
  expect([turn(5), turn(10)]).toEqual([[], []]);
  queue.get(20, 1, true);
  expect(turn()).toEqual(['10: recall items']);
});

test('items that come back take their old place', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b', 'c', 'd');
  queue.get(10, 2, true);
  queue.get(20, 1, true);
  turn();
  queue.taken(10, 2);
  queue.taken(20, 1);
  queue.giveBack(20, 0, 1);
  queue.giveBack(10, 0, 1);
  queue.get(20, 3, true);
  expect(turn()).toEqual(['20: again (0) a', '20: again (0) c', '20: d']);
});

test('items may be done in any order', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b', 'c', 'd', 'e');
  queue.get(10, 5, true);
  turn();
  queue.done(10, 3, 2);
  queue.done(10, 1, 1);
  queue.leave(10, 'died');
  queue.get(20, 5, true);
  expect(turn()).toEqual(['2 of c back', '20: again (1) a']);
  queue.done(20, 0, 1);
  queue.get(20, 0, true);
  expect(turn()).toEqual(['20: again (1) c']);
});

test('an item cannot be done twice', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b');
  queue.get(10, 2, true);
  turn();
  queue.done(10, 0, 1);
  expect(() => queue.done(10, 0, 2)).toThrow('does not hold the 2 items from 0');
  expect(queue.view.counts).toMatchObject({ done: 1, left_over: 1 });
});

test('at most once: what is taken is done, and never comes back', () => {
  const { queue, put, turn } = story({ delivery: 'at-most-once' });
  put(1, 'a', 'b');
  queue.get(10, 2, true);
  turn();
  queue.taken(10, 1);
  queue.leave(10, 'died');
  queue.get(20, 2, true);
  expect(turn()).toEqual(['1 of c back', '20: again (1) b']);
  expect(queue.view.counts).toMatchObject({ done: 1, left_over: 1 });
});

// ---- Death ----

test('of a taker that dies, what it had taken is charged and the rest is not', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b', 'c');
  queue.get(10, 3, true);
  turn();
  queue.taken(10, 1);
  queue.leave(10, 'died');
  queue.get(20, 1, true);
  expect(turn()).toEqual(['3 of c back', '20: again (1) a']);
  queue.get(11, 1, true);
  expect(turn()).toEqual(['11: again (0) b']);
});

test('where nothing is known to be taken, the oldest item is charged', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b', 'c');
  queue.get(10, 3, true);
  turn();
  queue.leave(10, 'died');
  queue.get(20, 1, true);
  expect(turn()).toEqual(['3 of c back', '20: again (1) a']);
  queue.get(11, 1, true);
  expect(turn()).toEqual(['11: again (0) b']);
});

test('what came back is given one by one to who waits, and nothing besides before it is known to be done', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b');
  queue.get(10, 2, true);
  turn();
  put(1, 'c', 'd', 'e');
  queue.leave(10, 'died');
  queue.get(20, 5, false);
  expect(turn()).toEqual(['2 of c back']);
  queue.get(20, 0, true);
  expect(turn()).toEqual(['20: again (1) a']);
  // It was said before it had that.
  queue.get(20, 0, true);
  expect(turn()).toEqual([]);
  queue.taken(20, 1);
  expect(turn()).toEqual([]);
  queue.done(20, 0, 1);
  queue.get(20, 0, true);
  expect(turn()).toEqual(['20: again (0) b']);
  queue.taken(20, 1);
  expect(turn()).toEqual([]);
  queue.get(20, 0, true);
  expect(turn()).toEqual(['20: c d e']);
});

test('one that kills who takes it is charged each time once it has come back, however far is read ahead', () => {
  const { queue, put, turn } = story({ attempts: 2, deadLetter: 'dead' });
  put(1, 'a', 'poison', 'b');
  const die = (session: number) => {
    queue.leave(session, 'died');
    queue.enter(session, 'c');
  };
  queue.get(10, 9, true);
  turn();
  die(10);
  queue.get(10, 9, true);
  expect(turn()).toEqual(['3 of c back', '10: again (1) a']);
  // It is done, which is said before its program waits again.
  queue.done(10, 0, 1);
  queue.get(10, 0, true);
  expect(turn()).toEqual(['10: again (0) poison']);
  die(10);
  queue.get(10, 9, true);
  expect(turn()).toEqual(['1 of c back', '10: again (1) poison']);
  die(10);
  expect(turn()).toEqual(['dead']);
  queue.get(10, 9, true);
  expect(turn()).toEqual(['10: again (0) b']);
});

test('an item that kills every taker is exhausted after so many, and can never be done', () => {
  const { queue, put, turn } = story({ attempts: 2, producers: ['p'] });
  put(1, 'poison', 'b');
  queue.get(10, 1, true);
  turn();
  queue.leave(10, 'died');
  queue.get(20, 1, true);
  turn();
  queue.join(1, 5);
  queue.leave(20, 'died');
  expect(turn()).toEqual([
    'exhausted by d',
    'stranded: an item was delivered again and again and never done',
    '1: broken 5',
  ]);
  expect(queue.view.counts).toMatchObject({ put: 2, done: 0, left_over: 2 });
});

test('what a process held is done when it succeeds, and comes back when it does not', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b');
  queue.get(10, 1, true);
  queue.get(20, 1, true);
  turn();
  queue.taken(10, 1);
  queue.taken(20, 1);
  queue.leave(10, 'goodbye');
  queue.leave(20, 'lost');
  queue.settle('c', 'done', true);
  expect(queue.view.counts).toMatchObject({ done: 1, left_over: 1 });
  queue.enter(21, 'd');
  queue.get(21, 1, true);
  expect(turn()).toEqual([]);
  queue.leave(20, 'died');
  expect(turn()).toEqual(['1 of d back', '21: again (1) b']);
});

test('a goodbye gives back at once what was only read ahead, as if it had never been given', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b');
  queue.get(10, 2, true);
  turn();
  queue.leave(10, 'goodbye');
  queue.get(20, 2, true);
  expect(turn()).toEqual(['20: a b']);
});

test('items that come back may be more than the queue admits, and nothing new is let in before it is below again', () => {
  const { queue, put, turn } = story({ maxsize: 1 });
  put(1, 'a');
  queue.get(10, 1, true);
  turn();
  queue.taken(10, 1);
  put(1, 'b');
  queue.leave(10, 'died');
  queue.want(1, 1, 1, false);
  expect(turn()).toEqual(['1 of c back']);
  queue.get(20, 2, true);
  turn();
  queue.taken(20, 1);
  queue.get(20, 0, true);
  expect(turn()).toEqual(['20: b']);
  queue.taken(20, 1);
  expect(turn()).toEqual(['1: room 1']);
});

// ---- Ends ----

test('the end is told once nothing waits and all that hold something wait themselves', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b');
  queue.get(10, 1, true);
  queue.get(20, 1, true);
  turn();
  queue.taken(10, 1);
  queue.taken(20, 1);
  queue.closeStream(false);
  queue.get(10, 1, true);
  expect(turn()).toEqual([]);
  queue.get(20, 1, true);
  expect(turn()).toEqual(['10: end', '20: end']);
  queue.done(10, 0, 1);
  queue.done(20, 0, 1);
  expect(turn()).toEqual(['drained']);
  expect([queue.view.toldEnd('c'), queue.view.toldEnd('p')]).toEqual([true, null]);
});

test('what one says to have taken was on its way when it said that it waits: it does not, until it says so again', () => {
  const { queue, put, turn } = story();
  put(1, 'a');
  queue.get(10, 2, false);
  expect(turn()).toEqual(['10: a']);
  queue.get(10, 0, true);
  queue.taken(10, 1);
  queue.done(10, 0, 1);
  queue.closeStream(false);
  expect(turn()).toEqual(['drained']);
  queue.get(10, 0, true);
  expect(turn()).toEqual(['10: end']);
});

test('a stream that broke is never taken for a whole one', () => {
  const { queue, put, turn } = story();
  put(1, 'a');
  queue.abort();
  queue.closeStream(true);
  queue.get(10, 2, true);
  expect(turn()).toEqual(['stranded: a producer of it failed', '10: a']);
  queue.done(10, 0, 1);
  queue.get(10, 1, true);
  expect(turn()).toEqual(['10: aborted']);
});

test('a put to a queue that has ended for its process is refused for ever', () => {
  const { queue, turn } = story();
  queue.close(1);
  queue.silence('p', 0);
  queue.want(2, 1, 1, false);
  expect(turn()).toEqual(['2: never']);
});

test('when the last consumer has ended, puts fail and what is left is stranded', () => {
  const { queue, put, turn } = story({ maxsize: 1 });
  put(1, 'a');
  queue.want(1, 1, 1, false);
  turn();
  queue.settle('c', 'back', false);
  expect(turn()).toEqual([]);
  queue.settle('d', 'back', false);
  expect(turn()).toEqual(['1: broken', 'stranded: no consumer is left']);
  queue.want(2, 1, 1, false);
  expect(turn()).toEqual(['2: broken']);
});

test('where leftovers are ignored and the last consumer succeeded, what is put is dropped and counted', () => {
  const { queue, put, turn } = story({ leftover: 'ignore', maxsize: 1 });
  queue.settle('c', 'done', false);
  queue.settle('d', 'done', true);
  put(1, 'a', 'b', 'c');
  queue.closeStream(false);
  expect(turn()).toEqual(['drained']);
  expect(queue.view.counts).toMatchObject({ put: 3, dropped: 3, left_over: 0 });
});

test('where leftovers are ignored and the last consumer failed, puts fail', () => {
  const { queue, turn } = story({ leftover: 'ignore', consumers: ['c'] });
  queue.settle('c', 'back', false);
  queue.want(1, 1, 1, false);
  expect(turn()).toEqual(['1: broken']);
});

test('a join is answered when all that was put before it is done', () => {
  const { queue, put, turn } = story();
  put(1, 'a', 'b');
  queue.join(1, 5);
  put(1, 'c');
  queue.get(10, 3, true);
  turn();
  queue.done(10, 1, 2);
  expect(turn()).toEqual([]);
  queue.done(10, 0, 1);
  expect(turn()).toEqual(['1: reply 5']);
});

// ---- Orders ----

test('a stack gives what was put last', () => {
  const { put, all } = story({ order: 'lifo' });
  put(1, 'a', 'b');
  put(3, 'c');
  expect(all()).toBe('c b a');
});

test('a priority queue gives the lowest first, and equal ones in order of arrival', () => {
  const { putSo, put, all } = story({ order: 'priority' });
  const priorities = { a: 2, b: -1, c: 2, d: 0.5, e: -1, f: Number.POSITIVE_INFINITY, g: -0 };
  for (const [text, priority] of Object.entries(priorities)) putSo(text, { priority });
  put(3, 'plain');
  expect(all()).toBe('b e g plain d a c f');
});

test('a deque is put to and got from at either end', () => {
  const { put, putSo, all, queue, turn } = story({ order: 'deque' });
  put(1, 'c', 'd');
  putSo('b', { left: true });
  putSo('a', { left: true });
  put(1, 'e');
  queue.get(20, 1, true, true);
  expect(turn()).toEqual(['20: e']);
  expect(all()).toBe('a b c d');
  expect(all(true)).toBe('');
});

test('what comes back takes its old place: in a stack below what was put after it', () => {
  const { queue, put, turn, all } = story({ order: 'lifo' });
  put(1, 'a', 'b');
  queue.get(20, 1, true);
  expect(turn()).toEqual(['20: b']);
  queue.taken(20, 1);
  put(1, 'c');
  queue.leave(20, 'died');
  expect(turn()).toEqual(['1 of d back']);
  expect(all()).toBe('c b a');
});

test('what comes back takes its old place: among equal priorities before what is younger', () => {
  const { queue, putSo, turn, all } = story({ order: 'priority' });
  for (const text of ['a', 'b']) putSo(text, { priority: 1 });
  queue.get(20, 1, true);
  turn();
  putSo('urgent', { priority: 0 });
  queue.giveBack(20, 0, 1);
  expect(all()).toBe('urgent a b');
});

test('what comes back takes its old place: in a deque at the end it came from, behind what was put there since', () => {
  const { queue, put, putSo, turn, all } = story({ order: 'deque' });
  put(1, 'a', 'b');
  queue.get(20, 1, true);
  turn();
  putSo('new', { left: true });
  queue.giveBack(20, 0, 1);
  expect(all()).toBe('new a b');
});

test('the wrong manner for the order of a queue is a mistake', () => {
  expect(() => story().putSo('a', { priority: 1 })).toThrow(
    'the queue is a fifo, and something was put with a priority',
  );
  expect(() => story({ order: 'priority' }).putSo('a', { left: true })).toThrow('at its left end');
  expect(() => story({ order: 'lifo' }).queue.get(10, 1, true, true)).toThrow('has no right end');
});

// ---- Overflow ----

test('a full queue drops its oldest, and never the newest', () => {
  const { queue, put, all } = story({ maxsize: 2, overflow: 'drop_oldest' });
  put(1, 'a', 'b', 'c');
  put(1, 'd');
  expect(queue.view.counts).toMatchObject({ put: 4, dropped: 2, left_over: 2, peak: 2 });
  expect(all()).toBe('c d');
});

test.each(['lifo', 'priority', 'deque'] as const)('a full %s drops what was put first, wherever it stands', (order) => {
  const { put, all } = story({ order, maxsize: 2, overflow: 'drop_oldest' });
  put(1, 'a', 'b', 'c');
  expect(all()).toBe(order === 'lifo' ? 'c b' : 'b c');
});

test('a full queue drops what is put to it', () => {
  const { queue, put, all } = story({ maxsize: 2, overflow: 'drop_newest' });
  put(1, 'a', 'b', 'c');
  put(1, 'd');
  expect(queue.view.counts).toMatchObject({ put: 4, dropped: 2, left_over: 2 });
  expect(all()).toBe('a b');
});

test.each([
  ['drop_oldest', 'new', 1],
  ['drop_newest', 'old', 1],
] as const)('a queue of one keeps, with %s, the %s one', (overflow, kept, dropped) => {
  const { queue, put, all } = story({ maxsize: 1, overflow });
  put(1, 'old');
  put(1, 'new');
  expect(queue.view.counts).toMatchObject({ dropped });
  expect(all()).toBe(kept);
});

test('bytes are short as places are: as many of the oldest go as the newest needs', () => {
  const { queue, put, all } = story({ maxBytes: 6, overflow: 'drop_oldest' });
  put(1, 'aa', 'bb', 'cc');
  put(1, 'dddd');
  expect(queue.view.counts).toMatchObject({ dropped: 2 });
  expect(all()).toBe('cc dddd');
});

test('what is larger than all that may wait drops everything else and is let in alone', () => {
  const { queue, put, all } = story({ maxBytes: 3, overflow: 'drop_oldest' });
  put(1, 'a', 'b');
  put(1, 'larger');
  expect(queue.view.counts).toMatchObject({ dropped: 2 });
  expect(all()).toBe('larger');
});

test('what is larger than all that may wait is dropped where something waits', () => {
  const { queue, put, all } = story({ maxBytes: 3, overflow: 'drop_newest' });
  put(1, 'a', 'larger', 'b');
  expect(queue.view.counts).toMatchObject({ dropped: 1 });
  expect(all()).toBe('a b');
});

test('what was sent to somebody is not dropped any more, and has left its place', () => {
  const { queue, put, turn } = story({ maxsize: 1, overflow: 'drop_oldest' });
  put(1, 'a');
  queue.get(10, 1, true);
  expect(turn()).toEqual(['10: a']);
  put(1, 'b');
  queue.stat(1, 7);
  expect(turn()).toEqual(['1: reply 7 {"size":1,"room":0,"unfinished":2,"closed":false}']);
  expect(queue.view.counts.dropped).toBe(0);
});

test('what was dropped is over: joins and the end do not wait for it', () => {
  const { queue, put, turn } = story({ maxsize: 1, overflow: 'drop_oldest' });
  put(1, 'a');
  queue.join(1, 5);
  put(1, 'b');
  expect(turn()).toEqual(['1: reply 5']);
  queue.get(10, 1, true);
  queue.closeStream(false);
  turn();
  queue.done(10, 0, 1);
  expect(turn()).toEqual(['drained']);
});

test('where puts fail, none waits, and room that one has is none of another’s', () => {
  const { queue, put, turn } = story({ maxsize: 3, overflow: 'fail' });
  put(1, 'a');
  expect(turn()).toEqual([]);
  queue.want(3, 3, 3, false);
  expect(turn()).toEqual(['3: room 2', '3: not now']);
  queue.want(1, 1, 1, true);
  expect(turn()).toEqual(['1: not now']);
});

// ---- Size ----

test('a million tiny puts cost little more than their bytes', () => {
  const { queue, turn } = story({ maxBytes: 100_000_000 });
  const before = process.memoryUsage();
  const item = itemsOf([Buffer.from('0123456789')]);
  for (let round = 0; round < 1000; round += 1) {
    queue.want(1, 1000, 10_000, false);
    turn();
    for (let index = 0; index < 1000; index += 1) queue.put(1, item);
  }
  const after = process.memoryUsage();
  const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
  expect(queue.view.counts.put).toBe(1_000_000);
  // 14 MB of items and their sizes.
  expect(grown).toBeLessThan(40_000_000);
});

test('taking and finishing one by one from a large batch keeps every item', () => {
  const { queue, put, turn } = story({ maxBytes: 100_000_000 });
  put(1, ...Array.from({ length: 2000 }, (_, index) => String(index)));
  queue.get(10, 2000, true);
  turn();
  for (let tag = 1999; tag >= 0; tag -= 2) queue.done(10, tag, 1);
  queue.leave(10, 'died');
  queue.get(20, 2000, true);
  const texts: string[] = [];
  for (let tag = 0; tag < 1000; tag += 1) {
    texts.push((turn().at(-1) as string).replace('20: again (1) ', ''));
    queue.done(20, tag, 1);
    queue.get(20, 0, true);
  }
  expect(texts).toEqual(Array.from({ length: 1000 }, (_, index) => String(2 * index)));
});
