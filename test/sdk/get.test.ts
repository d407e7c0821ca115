import { describe, expect, test, vi } from 'vitest';
import { queueChannel } from '../kit/scripted-broker.ts';
import { bare, type Client, client, counted, deliver, failure, range, holdTime } from './kit.ts';

holdTime();

const waiting = (count: number) => counted('GET', count, 1);

describe('a get', () => {
  test('asks for one item, and says that it was taken', async () => {
    const { broker, queue } = await client();
    const got = queue().get();
    expect(await broker.next()).toEqual(waiting(1));
    broker.send(deliver('{"name":"soup"}'));
    expect(await broker.next()).toEqual(counted('TAKEN', 1));
    expect(await got).toEqual({ name: 'soup' });
  });

  test('of a dead letter tells why it was never done, and how often it was delivered', async () => {
    const { broker, queue } = await client();
    const death = { queue: 'work', reason: 'taken from `work` once and never done: `a` timed out', attempts: 1 };
    const taken = [queue().take(), queue().take()];
    await broker.next();
    broker.send(
      { type: 'DEAD', flags: 0, channel: 1, json: death },
      { ...deliver('1'), type: 'REDELIVER', attempt: 2 },
    );
    expect(await taken[0]).toMatchObject({
      value: 1,
      attempt: 2,
      redelivered: true,
      reason: death.reason,
      attempts: 1,
    });
    broker.send(deliver('2'));
    expect(await taken[1]).toMatchObject({ value: 2, attempt: 1, redelivered: false, reason: null, attempts: null });
  });

  test('is known to have been taken by what the program asks for next', async () => {
    const { broker, queue } = await client();
    const got = queue().get();
    await broker.next();
    broker.send(deliver('1'));
    await got;
    void failure(queue().qsize());
    expect(await broker.next()).toEqual(counted('TAKEN', 1));
    expect(await broker.next()).toMatchObject({ type: 'STAT' });
  });

  test('is answered in the order of asking', async () => {
    const { broker, queue } = await client();
    const got = [queue().get(), queue().get(), queue().get()];
    expect(await broker.next()).toEqual(waiting(3));
    broker.send(deliver('1'), deliver('2', '3'));
    expect(await Promise.all(got)).toEqual([1, 2, 3]);
  });

  test('that still waits after others were served says so again', async () => {
    const { broker, queue } = await client();
    const first = queue().get();
    const second = queue().get();
    expect(await broker.next()).toEqual(waiting(2));
    broker.send(deliver('1'));
    await first;
    await broker.until('TAKEN');
    expect(await broker.next()).toEqual(counted('GET', 0, 1));
    broker.send(deliver('2'));
    expect(await second).toBe(2);
  });

  test('made before the broker has said hello is sent then', async () => {
    const { broker, queue } = await client();
    const got = queue().get();
    expect(await broker.next()).toEqual(waiting(1));
    broker.send(deliver('7'));
    expect(await got).toBe(7);
  });

  test('gives an item that is not what the encoding promises as an error, and the next one as it is', async () => {
    const { broker, queue } = await client();
    const got = [failure(queue().get()), queue().get()];
    await broker.next();
    broker.send(deliver('{"half', '2'));
    expect(await Promise.all(got)).toEqual(['Error', 2]);
  });
});

describe('a get that may not wait for ever', () => {
  test('rejects with `Empty` after its timeout, not before it, once the broker has nothing more for it', async () => {
    const { broker, queue } = await client();
    const got = failure(queue().get({ timeout: 30 }));
    expect(await broker.next()).toEqual(waiting(1));
    vi.advanceTimersByTime(29);
    void failure(queue().qsize());
    expect((await broker.next()).type).toBe('STAT');
    vi.advanceTimersByTime(1);
    expect(await broker.next()).toEqual(bare('UNGET'));
    broker.send(bare('WITHDRAWN'));
    expect(await got).toBe('Empty');
  });

  test('takes what came in the last moment', async () => {
    const { broker, queue } = await client();
    const got = queue().get({ timeout: 1 });
    await broker.until('GET');
    vi.advanceTimersByTime(1);
    await broker.until('UNGET');
    broker.send(deliver('1'), bare('WITHDRAWN'));
    expect(await got).toBe(1);
  });

  test('leaves the others waiting', async () => {
    const { broker, queue } = await client();
    const late = failure(queue().get({ timeout: 5 }));
    const patient = queue().get();
    expect(await broker.next()).toEqual(waiting(2));
    vi.advanceTimersByTime(5);
    expect(await broker.next()).toEqual(bare('UNGET'));
    expect(await broker.next()).toEqual(waiting(1));
    broker.send(bare('WITHDRAWN'), deliver('1'));
    expect(await late).toBe('Empty');
    expect(await patient).toBe(1);
  });

  test('asks once where it must not block, and takes the answer', async () => {
    const { broker, queue } = await client();
    const nothing = failure(queue().getNowait());
    // In one write: the broker must not take it to wait meanwhile.
    expect([await broker.next(), await broker.next()]).toEqual([waiting(1), bare('UNGET')]);
    broker.send(bare('WITHDRAWN'));
    expect(await nothing).toBe('Empty');

    const something = queue().get({ timeout: 0 });
    await broker.until('UNGET');
    broker.send(deliver('1'), bare('WITHDRAWN'));
    expect(await something).toBe(1);

    const end = failure(queue().getNowait());
    await broker.until('UNGET');
    broker.send(bare('END'), bare('WITHDRAWN'));
    expect(await end).toBe('QueueClosed');
  });

  test('is withdrawn by its signal, with its reason, and gives back what came too late', async () => {
    const { broker, queue } = await client();
    const controller = new AbortController();
    const got = failure(queue().get({ signal: controller.signal }));
    await broker.next();
    controller.abort(new RangeError('closing time'));
    expect(await got).toBe('RangeError');
    expect(await broker.next()).toEqual(bare('UNGET'));
    broker.send(deliver('1'), bare('WITHDRAWN'));
    expect(await broker.next()).toEqual(range('GIVE_BACK', 0, 1));
  });
});

describe('what was taken', () => {
  test('is held until taskDone says it is done, oldest first', async () => {
    const { broker, queue } = await client();
    await take(broker, queue(), '1', '2', '3');
    queue().taskDone();
    queue().taskDone();
    expect(await done(broker, 2)).toEqual([0, 1]);
    queue().taskDone();
    expect(await done(broker, 1)).toEqual([2]);
    expect(() => queue().taskDone()).toThrow('holds no item');
  });

  test('by `take` is done, or goes back, on its own, and once', async () => {
    const { broker, queue } = await client();
    const taken = [queue().take(), queue().take(), queue().take()];
    await broker.next();
    broker.send(deliver('1'), { type: 'REDELIVER', flags: 0, channel: 1, attempt: 2, items: ['2', '3'] });
    const [first, second, third] = await Promise.all(taken);
    expect(first).toMatchObject({ value: 1, attempt: 1, redelivered: false });
    expect(second).toMatchObject({ value: 2, attempt: 2, redelivered: true });
    third?.done();
    second?.giveBack();
    expect(() => second?.done()).toThrow('done or given back already');
    expect(() => queue().taskDone()).toThrow('holds no item');
    await broker.until('DONE');
    expect(await broker.until('GIVE_BACK')).toEqual(range('GIVE_BACK', 1, 1));
  });

  test('and is given back comes again before those behind it, so that what was read ahead goes back too', async () => {
    const { broker, queue } = await client();
    const taken = queue().take();
    await broker.next();
    broker.send(deliver('1', '2', '3'));
    (await taken).giveBack();
    expect(await broker.until('GIVE_BACK')).toEqual(range('GIVE_BACK', 0, 1));
    expect(await broker.until('GIVE_BACK')).toEqual(range('GIVE_BACK', 1, 2));
    const next = queue().get();
    await broker.until('GET');
    broker.send({ type: 'REDELIVER', flags: 0, channel: 1, attempt: 1, items: ['1'] });
    expect(await next).toBe(1);
  });

  test('from a queue that delivers at most once is told before the program has it, and never done', async () => {
    const { broker, queue } = await client(queueChannel({ delivery: 'at-most-once' }));
    const got = queue().get();
    await broker.next();
    broker.send(deliver('1'));
    expect(await broker.next()).toEqual(counted('TAKEN', 1));
    expect(await got).toBe(1);
    for await (const item of endingAfter(broker, queue(), ['2', '3'])) expect(item).toBeGreaterThan(1);
    expect(broker.unseen.filter(({ type }) => type === 'DONE')).toEqual([]);
  });
});

describe('an item of a queue that delivers at most once', () => {
  test('is done when it is taken: `done` changes nothing, and back it cannot go', async () => {
    const { broker, queue } = await client(queueChannel({ delivery: 'at-most-once' }));
    const taken = queue().take();
    await broker.next();
    broker.send(deliver('1'));
    const item = await taken;
    expect(() => item.giveBack()).toThrow('`dishes` has `delivery: at-most-once`: what was taken is done');
    item.done();
    expect(() => item.done()).toThrow('done or given back already');
    const flushed = queue().flush();
    expect(await broker.next()).toEqual(counted('TAKEN', 1));
    const flush = await broker.next();
    expect(flush.type).toBe('FLUSH');
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: flush.request as number });
    await flushed;
  });
});

describe('a loop over a queue', () => {
  test('says that an item is done when it moves on, and ends with the stream', async () => {
    const { broker, queue } = await client();
    const seen: unknown[] = [];
    const loop = (async () => {
      for await (const item of queue()) seen.push(item);
    })();
    await broker.next();
    broker.send(deliver('1', '2'));
    expect(await done(broker, 2)).toEqual([0, 1]);
    await broker.until('GET');
    broker.send(bare('END'));
    await loop;
    expect(seen).toEqual([1, 2]);
    expect(await failure(queue().get())).toBe('QueueClosed');
  });

  test('throws where the stream broke off', async () => {
    const { broker, queue } = await client();
    const loop = failure(
      (async () => {
        for await (const item of queue()) expect(item).toBe(1);
      })(),
    );
    await broker.next();
    broker.send(deliver('1'));
    await broker.until('GET');
    broker.send(bare('END', 1));
    expect(await loop).toBe('QueueAborted');
    expect(await failure(queue().get())).toBe('QueueAborted');
  });

  test('that is left holds the item it was left with, and gives back what was read ahead', async () => {
    const { broker, queue } = await client();
    const loop = (async () => {
      for await (const item of queue()) if (item === 2) break;
    })();
    await broker.next();
    broker.send(deliver('1', '2', '3', '4'));
    await loop;
    expect(await broker.until('GIVE_BACK')).toEqual(range('GIVE_BACK', 2, 2));
  });

  test('of batches gives what is there together, and says so of all of it', async () => {
    const { broker, queue } = await client();
    const seen: unknown[] = [];
    const loop = (async () => {
      for await (const batch of queue().batches()) seen.push(batch);
    })();
    await broker.next();
    broker.send(deliver('1', '2', '3'));
    expect(await done(broker, 3)).toEqual([0, 1, 2]);
    broker.send(bare('END'));
    await loop;
    expect(seen).toEqual([[1, 2, 3]]);
  });

  test('beside another one over the same queue gets its own items', async () => {
    const { broker, queue } = await client();
    const seen: unknown[] = [];
    const worker = async () => {
      for await (const item of queue()) seen.push(item);
    };
    const workers = Promise.all([worker(), worker()]);
    expect(await broker.next()).toEqual(waiting(2));
    broker.send(deliver('1', '2', '3'));
    expect(await done(broker, 3)).toEqual([0, 1, 2]);
    broker.send(bare('END'));
    await workers;
    expect(new Set(seen)).toEqual(new Set([1, 2, 3]));
  });
});

test('what was read ahead goes back when the broker asks for it', async () => {
  const { broker, queue } = await client();
  const got = queue().get();
  await broker.next();
  broker.send(deliver('1', '2', '3'), bare('RECALL'));
  expect(await got).toBe(1);
  expect(await broker.until('GIVE_BACK')).toEqual(range('GIVE_BACK', 1, 2));
  const next = queue().get();
  expect(await broker.next()).toEqual(waiting(1));
  broker.send(deliver('4'));
  expect(await next).toBe(4);
});

test('the counts are the broker`s', async () => {
  const { broker, queue } = await client();
  const asked = Promise.all([queue().qsize(), queue().empty(), queue().full(), queue().full()]);
  const stats = [
    { size: 3, room: 2, unfinished: 4, closed: false },
    { size: 0, room: 5, unfinished: 0, closed: false },
    { size: 5, room: 0, unfinished: 0, closed: false },
    { size: 5, room: -1, unfinished: 0, closed: false },
  ];
  for (const json of stats) {
    const { request } = await broker.until('STAT');
    broker.send({ type: 'REPLY', flags: 0, channel: 1, request: request as number, json });
  }
  expect(await asked).toEqual([3, true, true, false]);
});

describe('join', () => {
  test('is fulfilled when every item put so far is done', async () => {
    const { broker, queue } = await client();
    const joined = queue().join();
    const { request } = await broker.until('JOIN');
    broker.send({ type: 'REPLY', flags: 0, channel: 1, request: request as number });
    expect(await joined).toBeUndefined();
  });

  test('rejects where that can never be', async () => {
    const { broker, queue } = await client();
    const joined = failure(queue().join());
    const { request } = await broker.until('JOIN');
    broker.send({ type: 'ERROR', flags: 0, channel: 1, json: { code: 'broken', message: 'no consumer', request } });
    expect(await joined).toBe('BrokenQueue');
  });
});

/** Has the program get these items. */
async function take(broker: Client['broker'], queue: ReturnType<Client['queue']>, ...items: string[]): Promise<void> {
  const got = items.map(() => queue.get());
  await broker.until('GET');
  broker.send(deliver(...items));
  await Promise.all(got);
}

/** The tags that are done, as soon as there are so many. */
async function done(broker: Client['broker'], most: number): Promise<number[]> {
  const tags: number[] = [];
  while (tags.length < most) {
    const { tag, count } = await broker.until('DONE');
    for (let next = 0; next < (count as number); next += 1) tags.push((tag as number) + next);
  }
  return tags;
}

/** The queue, whose stream consists of these items alone. */
async function* endingAfter<T>(broker: Client['broker'], queue: AsyncIterable<T>, items: string[]): AsyncGenerator<T> {
  const script = (async () => {
    for (const item of items) {
      await broker.until('GET');
      broker.send(deliver(item));
    }
    await broker.until('GET');
    broker.send(bare('END'));
  })();
  yield* queue;
  await script;
}

test('nothing more is asked for before what went back is back', async () => {
  const { broker, queue } = await client();
  const quick = (async () => {
    for await (const item of queue()) if (item === 20) return;
  })();
  for (let item = 1; item <= 19; item += 1) {
    await broker.until('GET');
    broker.send(deliver(String(item)));
  }
  await broker.until('GET');
  broker.send(deliver('20', '21'), bare('RECALL'));
  await quick;
  expect(await broker.until('GIVE_BACK')).toEqual(range('GIVE_BACK', 20, 1));
  expect(await broker.next()).toEqual(bare('UNGET'));
  const next = queue().get();
  broker.send(deliver('22'));
  expect(await broker.next()).toEqual(range('GIVE_BACK', 21, 1));
  broker.send(bare('WITHDRAWN'));
  expect((await broker.next()).type).toBe('GET');
  broker.send(deliver('21'));
  expect(await next).toBe(21);
});

test('what comes behind an item that nobody waited for any more goes back too, and so is not taken before it', async () => {
  const { broker, queue } = await client(queueChannel({ overflow: 'drop_newest' }));
  await givenUp(broker, queue());
  await givenUp(broker, queue());
  broker.send(deliver('1'));
  expect(await broker.next()).toEqual(range('GIVE_BACK', 0, 1));
  const next = queue().get();
  broker.send(deliver('2'), bare('WITHDRAWN'), bare('WITHDRAWN'));
  expect(await broker.next()).toEqual(range('GIVE_BACK', 1, 1));
  expect(await broker.next()).toEqual(waiting(1));
  broker.send(deliver('1'));
  expect(await next).toBe(1);
});

test('a get that must not wait finds what is just going back', async () => {
  const { broker, queue } = await client(queueChannel({ overflow: 'drop_newest' }));
  await givenUp(broker, queue());
  await givenUp(broker, queue());
  broker.send(deliver('1'));
  expect(await broker.next()).toEqual(range('GIVE_BACK', 0, 1));
  const next = queue().getNowait();
  broker.send(deliver('2'), bare('WITHDRAWN'), bare('WITHDRAWN'));
  expect(await broker.next()).toEqual(range('GIVE_BACK', 1, 1));
  expect(await broker.next()).toEqual(waiting(1));
  expect(await broker.next()).toEqual(bare('UNGET'));
  broker.send(deliver('1'), bare('WITHDRAWN'));
  expect(await next).toBe(1);
});

/** A get that is given up once the broker knows of it. */
async function givenUp(broker: Client['broker'], queue: ReturnType<Client['queue']>): Promise<void> {
  const controller = new AbortController();
  const got = failure(queue.get({ signal: controller.signal }));
  expect(await broker.next()).toEqual(waiting(1));
  controller.abort(new RangeError('closing time'));
  await got;
  expect(await broker.next()).toEqual(bare('UNGET'));
}
