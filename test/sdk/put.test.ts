import { describe, expect, test, vi } from 'vitest';
import { ItemRefused } from '../../src/sdk/errors.ts';
import { queueChannel } from '../kit/scripted-broker.ts';
import type { Meaning } from '../wire/meaning.ts';
import { bare, type Client, client, failure, put, room, stranger, holdTime } from './kit.ts';

holdTime();

describe('a put', () => {
  test('made before the broker has said hello is sent once there is room, as it was when it was put', async () => {
    const { broker, queue } = await stranger();
    const dish = { name: 'soup' };
    const first = queue().put(dish);
    const second = queue().put('bread');
    dish.name = 'changed';
    await broker.welcome(queueChannel());
    expect(await broker.next()).toEqual({ type: 'WANT', flags: 0, channel: 1, count: 2, bytes: 22 });
    broker.send(room(2));
    expect(await broker.next()).toEqual(put('{"name":"soup"}', '"bread"'));
    await first;
    await second;
  });

  test('of bytes is of those there are now, and of nothing else', async () => {
    const { broker, queue } = await client(queueChannel({ encoding: 'bytes' }));
    const bytes = new Uint8Array([0xff, 0, 1]);
    const first = queue().put(bytes);
    bytes[0] = 7;
    await broker.until('WANT');
    broker.send(room(8));
    await first;
    expect(await broker.until('PUT')).toMatchObject({ itemsHex: ['ff0001'] });
    for (const value of ['a', [1], new ArrayBuffer(1), null])
      expect(await failure(queue().put(value))).toBe('TypeError');
  });

  test('of more than 1 GiB is refused, and nothing is asked for it', async () => {
    const { broker, queue } = await client(queueChannel({ encoding: 'bytes' }));
    const words = 'the item has 1073741825 bytes, and the largest that is carried is 1 GiB';
    await expect(queue().put(new Uint8Array(2 ** 30 + 1))).rejects.toThrow(words);
    const next = queue().put(new Uint8Array(1));
    expect(await broker.next()).toMatchObject({ type: 'WANT', bytes: 1 });
    broker.send(room(1));
    await next;
  });

  test('to a queue of pickles is told to be Python’s, as every other call', async () => {
    const { queue } = await client(queueChannel({ encoding: 'pickle' }));
    const words = '`dishes` has `encoding: pickle`, which only Python reads and writes';
    await expect(queue().put(1)).rejects.toThrow(words);
    await expect(queue().get()).rejects.toThrow(words);
    await expect(queue().qsize()).rejects.toThrow(words);
  });

  test('to a queue that looks at its items is fulfilled once the broker has it', async () => {
    const { broker, queue } = await client(queueChannel({ judged: true, confirm: true }));
    const puts = [queue().put(1), queue().put('two'), queue().put(3, { confirm: true })];
    await broker.until('WANT');
    broker.send(room(3, 100));
    expect(await broker.next()).toEqual(offer(1, '1'));
    expect(await broker.next()).toEqual(offer(2, '"two"'));
    expect(await broker.next()).toEqual(offer(3, '3'));
    broker.send({ type: 'REPLY', flags: 0, channel: 1, request: 1 });
    await puts[0];
    broker.send({
      type: 'ERROR',
      flags: 0,
      channel: 1,
      json: { code: 'unfit', message: 'the item does not fit', request: 2, path: '/a', reason: 'must be number' },
    });
    const refused = await puts[1]?.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ItemRefused);
    expect(refused).toBeInstanceOf(TypeError);
    expect(refused).toMatchObject({ name: 'ItemRefused', path: '/a', reason: 'must be number' });
    broker.send({ type: 'REPLY', flags: 0, channel: 1, request: 3 });
    await puts[2];
  });

  test('waits for room, and those behind it wait too', async () => {
    const { broker, queue } = await client();
    const order: number[] = [];
    const puts = [1, 22, 333].map((value, index) =>
      queue()
        .put(value)
        .then(() => order.push(index)),
    );
    expect(await broker.next()).toEqual({ type: 'WANT', flags: 0, channel: 1, count: 3, bytes: 6 });
    broker.send(room(1, 100));
    expect(await broker.next()).toEqual(put('1'));
    expect(await broker.next()).toEqual({ type: 'WANT', flags: 0, channel: 1, count: 2, bytes: 5 });
    expect(order).toEqual([0]);
    broker.send(room(2, 0));
    expect(await broker.next()).toEqual(put('22', '333'));
    await Promise.all(puts);
    expect(order).toEqual([0, 1, 2]);
  });

  test('asks for bytes where only those are missing', async () => {
    const { broker, queue } = await client(queueChannel({ encoding: 'text' }));
    queue();
    broker.send(room(5, 4));
    const long = queue().put('five!');
    expect(await broker.next()).toEqual({ type: 'WANT', flags: 0, channel: 1, count: 1, bytes: 5 });
    broker.send(room(0, 1));
    expect(await broker.next()).toEqual(put('five!'));
    await long;
  });

  test('goes out in the order in which it was made, whichever queue it is for', async () => {
    const { broker, queue } = await client(queueChannel(), queueChannel({ id: 2, name: 'bills' }));
    const first = [queue().put(0), queue('bills').put(0)];
    broker.send(room(10), { ...room(10), channel: 2 });
    await Promise.all(first);
    await arrived(broker, 2);
    void queue().put(1);
    void queue('bills').put(2);
    void queue().put(3);
    expect(await arrived(broker, 3)).toEqual(['1 to 1', '2 to 2', '3 to 1']);
  });

  test('that finds room is fulfilled at once, and by one promise for all', async () => {
    const { broker, queue } = await client();
    const first = queue().put(1);
    broker.send(room(10));
    await first;
    expect(queue().put(2)).toBe(queue().put(3));
    expect(await arrived(broker, 3)).toEqual(['1 to 1', '2 to 1', '3 to 1']);
  });

  test('of a turn that does not end is not held back until it does', async () => {
    const { broker, queue } = await client(queueChannel({ encoding: 'text' }));
    const first = queue().put('warm');
    broker.send(room(1_000_000, 100_000_000));
    await first;
    let sent = 0;
    // Nothing but microtasks: the broker's end of the socket must have something to read after that.
    for (let ms = 0; ms < 50; ms += 1) {
      vi.advanceTimersByTime(1);
      for (const until = sent + 1000; sent < until; sent += 1) await queue().put('x');
    }
    await broker.until('PUT');
    const inTurn = (await broker.until('PUT')).items?.length ?? 0;
    expect(inTurn).toBeGreaterThan(0);
    expect(inTurn).toBeLessThan(sent);
  });

  test('of 20 MB arrives whole', async () => {
    const { broker, queue } = await client(queueChannel({ encoding: 'text' }));
    const text = 'größer'.repeat(3_000_000);
    const sent = queue<string>().put(text);
    expect(await broker.next()).toEqual({ type: 'WANT', flags: 0, channel: 1, count: 1, bytes: 24_000_000 });
    broker.send(room(1, 24_000_000));
    expect((await broker.next()).items?.[0] === text).toBe(true);
    await sent;
  });
});

describe('a put that may not wait for ever', () => {
  test('rejects with `Full` after its timeout, not before it, and says so to the broker', async () => {
    const { broker, queue } = await client();
    const late = failure(queue().put(1, { timeout: 40 }));
    await broker.until('WANT');
    vi.advanceTimersByTime(39);
    void failure(queue().qsize());
    expect((await broker.next()).type).toBe('STAT');
    vi.advanceTimersByTime(1);
    expect(await late).toBe('Full');
    expect(await broker.next()).toEqual(bare('UNWANT'));
  });

  test('gives back room that came too late', async () => {
    const { broker, queue } = await client();
    const late = failure(queue().put(1, { timeout: '1ms' }));
    await broker.until('WANT');
    vi.advanceTimersByTime(1);
    expect(await late).toBe('Full');
    await broker.until('UNWANT');
    broker.send(room(1, 50), bare('WITHDRAWN', 1));
    expect(await broker.next()).toEqual({ type: 'GIVE_ROOM', flags: 0, channel: 1, count: 1, bytes: 50 });
  });

  test('leaves its place to the one behind it', async () => {
    const { broker, queue } = await client();
    const late = failure(queue().put(1, { timeout: 5 }));
    const patient = queue().put(2);
    await broker.until('WANT');
    vi.advanceTimersByTime(5);
    expect(await late).toBe('Full');
    broker.send(room(1));
    await patient;
    expect(await broker.until('PUT')).toEqual(put('2'));
  });

  test('asks once where it must not block, and takes the answer', async () => {
    const { broker, queue } = await client();
    const refused = failure(queue().putNowait(1));
    expect(await broker.next()).toEqual({ type: 'WANT', flags: 1, channel: 1, count: 1, bytes: 1 });
    const { request } = await broker.next();
    broker.send(bare('REFUSED'), { type: 'REPLY', flags: 0, channel: 0, request: request as number });
    expect(await refused).toBe('Full');

    const admitted = queue().putNowait(2);
    await broker.until('WANT');
    const flush = await broker.next();
    broker.send(room(1), { type: 'REPLY', flags: 0, channel: 0, request: flush.request as number });
    await admitted;
    expect(await broker.next()).toEqual(put('2'));
  });

  test('does not pass those who wait', async () => {
    const { queue } = await client();
    void queue()
      .put(1)
      .catch(() => {});
    expect(await failure(queue().putNowait(2))).toBe('Full');
  });

  test('is withdrawn by its signal, with its reason', async () => {
    const { broker, queue } = await client();
    const controller = new AbortController();
    const waiting = queue().put(1, { signal: controller.signal });
    await broker.until('WANT');
    controller.abort(new RangeError('closing time'));
    expect(await failure(waiting)).toBe('RangeError');
    expect(await broker.next()).toEqual(bare('UNWANT'));
    expect(await failure(queue().put(1, { signal: controller.signal }))).toBe('RangeError');
  });

  test.each([-1, Number.NaN, '5 minutes', '', '10'])('refuses `%s` as a timeout', async (timeout) => {
    const { queue } = await client();
    expect(await failure(queue().put(1, { timeout }))).toBe('RangeError');
  });
});

describe('what was put', () => {
  test('is confirmed when the broker says so, by one answer for all that asked in a turn', async () => {
    const { broker, queue } = await client(queueChannel({ confirm: true }));
    let confirmed = 0;
    const puts = [1, 2].map((value) =>
      queue()
        .put(value)
        .then(() => (confirmed += 1)),
    );
    broker.send(room(2));
    const flush = await broker.until('FLUSH');
    expect(confirmed).toBe(0);
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: flush.request as number });
    await Promise.all(puts);
    expect(broker.unseen).toEqual([]);
  });

  test('is flushed behind puts that waited', async () => {
    const { broker, queue } = await client();
    void queue().put(1);
    const flushed = queue().flush();
    await broker.until('WANT');
    expect(broker.unseen).toEqual([]);
    broker.send(room(1));
    expect(await broker.next()).toEqual(put('1'));
    const flush = await broker.next();
    expect(flush.type).toBe('FLUSH');
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: flush.request as number });
    await flushed;
  });

  test('is flushed behind those that waited before, and not behind those that came after', async () => {
    const { broker, queue } = await client();
    const first = queue().put(1);
    const flushes = [queue().flush(), queue().flush()];
    const later = queue().put(2);
    const last = queue().flush();
    await broker.until('WANT');
    broker.send(room(1));
    await first;
    const flush = await broker.until('FLUSH');
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: flush.request as number });
    await Promise.all(flushes);
    broker.send(room(1));
    await later;
    const end = await broker.until('FLUSH');
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: end.request as number });
    await last;
  });

  test('where the pipeline does not allow it is not flushed either', async () => {
    const { broker, queue } = await client(queueChannel({ puts: false }));
    const flushed = failure(queue().flush());
    const flush = await broker.until('FLUSH');
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: flush.request as number });
    expect(await flushed).toBe('NotGranted');
  });

  test('comes before the end this process declares, and nothing after it', async () => {
    const { broker, queue } = await client();
    const sent = queue().put(1);
    const closed = queue().close();
    expect(await failure(queue().put(2))).toBe('QueueClosed');
    broker.send(room(5));
    await sent;
    expect(await arrived(broker, 1)).toEqual(['1 to 1']);
    expect(await broker.next()).toEqual(bare('CLOSE'));
    const flush = await broker.next();
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: flush.request as number });
    await closed;
    expect(await failure(queue().put(3))).toBe('QueueClosed');
  });
});

describe('a queue without consumers', () => {
  test('fails the puts that wait and those that come', async () => {
    const { broker, queue } = await client();
    const waiting = failure(queue().put(1));
    broker.send(bare('BROKEN'));
    expect(await waiting).toBe('BrokenQueue');
    expect(await failure(queue().put(2))).toBe('BrokenQueue');
  });
});

describe('room', () => {
  test('that is not needed goes back when the broker asks', async () => {
    const { broker, queue } = await client();
    const first = queue().put(1);
    broker.send(room(3, 100), bare('RECALL', 1));
    await first;
    expect(await broker.until('GIVE_ROOM')).toEqual({ type: 'GIVE_ROOM', flags: 0, channel: 1, count: 2, bytes: 99 });
  });

  test('that the broker asks for, or gives, while it hears that this process puts no more is its own again', async () => {
    const { broker, queue } = await client();
    const first = queue().put(1);
    broker.send(room(3, 100));
    await first;
    const closed = queue().close();
    const { request } = await broker.until('FLUSH');
    broker.send(bare('RECALL', 1), room(2, 50), bare('RECALL', 1));
    broker.send({ type: 'REPLY', flags: 0, channel: 0, request: request as number });
    await closed;
    const stat = queue().qsize();
    expect(await broker.next()).toMatchObject({ type: 'STAT' });
    broker.send({ type: 'REPLY', flags: 0, channel: 1, request: 2, json: { size: 0 } });
    await stat;
  });
});

/** The next so many items, each with its channel. */
async function arrived(broker: Client['broker'], count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const { items, channel } = await broker.until('PUT');
    for (const item of items ?? []) seen.push(`${item} to ${channel}`);
  }
  return seen;
}

function offer(request: number, ...items: string[]): Meaning {
  return { type: 'OFFER', flags: 0, channel: 1, request, priority: 0, items };
}
