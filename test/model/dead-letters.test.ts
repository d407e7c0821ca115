// Random histories of three queues of which each takes the dead of the one before: takers that take, finish and die, until all have
// ended. Nothing is lost between two queues, and each of them ends.
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { SessionEffect } from '../../src/broker/effect.ts';
import { Queue } from '../../src/broker/queue.ts';
import { QueueView } from '../../src/broker/queue-view.ts';
import type { Party } from '../../src/broker/party.ts';
import type { News } from '../../src/broker/news.ts';
import { Switchboard } from '../../src/broker/switchboard.ts';
import { eachItem, itemsOf } from '../../src/wire/items.ts';
import { queueOf } from '../broker/kit.ts';

const names = ['work', 'dead', 'deader'];

function history(attempts: number, items: number, choices: readonly number[]) {
  const news: News[] = [];
  const takers = choices.map((_, index) => `t${index}`);
  const channels = names.map((name, index) =>
    queueOf(name, {
      attempts,
      deadLetter: names[index + 1] ?? null,
      producers: index === 0 ? ['p'] : [],
      consumers: takers,
      leftover: 'ignore',
    }),
  );
  const board = new Switchboard({ runId: 'run', channels, judges: new Map() }, (one) => news.push(one));
  const given = new Map<string, string[]>();
  const partyOf = (instance: string): Party => {
    const party = {
      session: board.nextSession(),
      instance,
      perform: (channel: number, effect: SessionEffect) => {
        if (effect.type !== 'deliver') return;
        const texts = [...eachItem(effect.batch.items)].map(String);
        given.set(`${instance} ${channel}`, [...(given.get(`${instance} ${channel}`) ?? []), ...texts]);
        const { death } = effect.batch;
        if (channel > 1 && (death?.queue !== names[channel - 2] || death?.attempts !== attempts)) {
          throw new Error(`an item of ${names[channel - 1]} is told to come from ${death?.queue}`);
        }
      },
      flush: () => {},
    };
    board.enter(party);
    return party;
  };
  const producer = partyOf('p');
  const list = Array.from({ length: items }, (_, index) => Buffer.from(String(index)));
  board.queue(producer, 1, 'put').want(producer.session, items, 8 * items, false);
  board.turns.takeNow();
  if (items > 0) board.put(producer, 1, itemsOf(list), {});
  board.turns.takeNow();
  board.leave(producer.session, 'p', 'goodbye');
  board.settle('p', { held: 'done', stream: 'end', succeeded: true });
  for (const [index, choice] of choices.entries()) {
    const taker = partyOf(takers[index] as string);
    const channel = 1 + (choice % 3);
    const queue = board.queue(taker, channel, 'get');
    queue.get(taker.session, 1 + ((choice >>> 2) % 4), true);
    board.turns.takeNow();
    const count = given.get(`${taker.instance} ${channel}`)?.length ?? 0;
    if (count > 0) queue.taken(taker.session, count);
    const dies = (choice >>> 4) % 3 > 0;
    if (!dies && count > 0) queue.done(taker.session, 0, count);
    board.turns.takeNow();
    board.leave(taker.session, taker.instance, dies ? 'lost' : 'goodbye');
    board.settle(taker.instance, { held: dies ? 'back' : 'done', stream: 'end', succeeded: !dies, how: 'died' });
    board.turns.takeNow();
  }
  board.stop();
  return { news, counts: board.queues.map(({ machine }) => machine.view.counts) };
}

const choices = fc.array(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 40 });

const property = fc.property(fc.constantFrom(1, 2, 3), fc.nat(12), choices, (attempts, items, which) => {
  const { news, counts } = history(attempts, items, which);
  for (const [index, { put, done, dead_lettered, dropped, left_over }] of counts.entries()) {
    if (put !== done + dead_lettered + dropped + left_over)
      throw new Error(`not all of ${names[index]} is accounted for`);
    const came = index === 0 ? items : counts[index - 1]?.dead_lettered;
    if (put !== came) throw new Error(`${came} came to ${names[index]}, and ${put} are there`);
  }
  const closed = news.flatMap((one) => (one.type === 'closed' ? [one.channel] : []));
  if (closed.join() !== names.join()) throw new Error(`closed are ${closed.join()}`);
});

test('what is put is done, dead, dropped or left, and what is dead in one queue is put to the next', () => {
  fc.assert(property, { numRuns: 1000 });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const { bury } = Queue.prototype;

const faults: Record<string, () => void> = {
  'loses the dead on their way': () => {
    vi.spyOn(Queue.prototype, 'bury').mockImplementation(() => {});
  },
  'buries one twice': () => {
    vi.spyOn(Queue.prototype, 'bury').mockImplementation(function (this: Queue, items, death) {
      bury.call(this, items, death);
      bury.call(this, items, death);
    });
  },
  'closes a grave too early': () => {
    vi.spyOn(QueueView.prototype, 'outlived', 'get').mockReturnValue(true);
  },
  'never closes a grave': () => {
    vi.spyOn(QueueView.prototype, 'outlived', 'get').mockReturnValue(false);
  },
  'forgets where they come from': () => {
    vi.spyOn(Queue.prototype, 'bury').mockImplementation(function (this: Queue, items, death) {
      bury.call(this, items, { ...death, queue: 'elsewhere' });
    });
  },
};

test.each(Object.keys(faults))('a broker that %s is caught', (name) => {
  faults[name]?.();
  expect(fc.check(property, { numRuns: 1000, endOnFailure: true }).failed).toBe(true);
});
