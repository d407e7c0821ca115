// What a connection may say, and what becomes of one that says something else.
import { statSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { tokenFor } from '../../src/broker/token.ts';
import { readJson, readReply, readRoom } from '../../src/wire/body.ts';
import { itemsOf } from '../../src/wire/items.ts';
import { Type } from '../../src/wire/message.ts';
import type { FrameWriter } from '../../src/wire/writer.ts';
import { bytesOf, lockOf, queueOf, running } from './kit.ts';

test('an instance is told of the channels it may use, and of no others', async () => {
  await using run = await running(
    queueOf('q'),
    lockOf('l', ['c']),
    queueOf('r', { producers: ['x'], consumers: ['y'] }),
  );
  const client = await run.stranger();
  client.hello('c');
  const { channels } = readJson(await client.next(Type.WELCOME));
  expect(channels).toEqual([
    {
      id: 1,
      name: 'q',
      kind: 'queue',
      puts: false,
      gets: true,
      order: 'fifo',
      overflow: 'block',
      encoding: 'text',
      maxsize: 0,
      maxBytes: 64 * 1024 * 1024,
      confirm: false,
      delivery: 'at-least-once',
      judged: false,
    },
    { id: 2, name: 'l', kind: 'lock', lock: 'mutex', reentrant: false, owned: true },
  ]);
});

test('the socket is for nobody but its user', async () => {
  await using run = await running(queueOf('q'));
  expect(statSync(run.path).mode & 0o777).toBe(0o700);
});

test('what is put by one comes to the other, in order', async () => {
  await using run = await running(queueOf('q'));
  const producer = await run.client('p');
  const consumer = await run.client('c');
  await producer.put(1, 'a', 'b', '', 'd');
  expect(await consumer.get(1, 10)).toEqual(['a', 'b', '', 'd']);
});

test('frames may come a byte at a time, and many in one piece', async () => {
  await using run = await running(queueOf('q'));
  const producer = await run.client('p');
  producer.say((to) => to.room(Type.WANT, 1, 3, 3));
  await producer.next(Type.ROOM);
  const bytes = bytesOf((to) => {
    for (const text of ['a', 'b', 'c']) to.put(1, itemsOf([Buffer.from(text)]));
    to.number(Type.FLUSH, 0, 7);
  });
  for (const byte of bytes) {
    producer.socket.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  expect(readReply(await producer.next(Type.REPLY)).request).toBe(7);
  const consumer = await run.client('c');
  expect(await consumer.get(1, 3)).toEqual(['a', 'b', 'c']);
});

test('goodbye is answered once all before it is worked through, and what was read ahead goes to another', async () => {
  await using run = await running(queueOf('q', { consumers: ['c', 'd'] }));
  const producer = await run.client('p');
  await producer.put(1, 'a', 'b', 'c');
  const first = await run.client('c');
  expect(await first.get(1, 3)).toEqual(['a', 'b', 'c']);
  first.say((to) => to.number(Type.TAKEN, 1, 1));
  await first.goodbye();
  const second = await run.client('d');
  expect(await second.get(1, 3)).toEqual(['b', 'c']);
});

test.each([
  ['a wrong token', (token: string) => token.replace(/^./, (c) => (c === '0' ? '1' : '0'))],
  ['an empty token', () => ''],
  ['a token of another length', (token: string) => `${token}00`],
])('%s is refused, and the run is told without anybody being blamed', async (_, spoil) => {
  await using run = await running(queueOf('q'));
  const client = await run.stranger();
  client.hello('p', 1, spoil('0'.repeat(64)));
  expect(await client.error()).toBe('identity');
  await client.closed;
  expect(run.notices).toEqual([{ type: 'offence', node: null, reason: 'the token is not that of `p`' }]);
});

test('the token of one instance does not open the name of another, and the one that showed it is blamed', async () => {
  await using run = await running(queueOf('q'));
  const client = await run.stranger();
  client.hello('c', 1, tokenFor('00'.repeat(32), 'p'));
  expect(await client.error()).toBe('identity');
  await client.closed;
  expect(run.notices).toEqual([{ type: 'offence', node: 'p', reason: 'the token is not that of `c`' }]);
});

test('an instance that has ended is let in no more', async () => {
  await using run = await running(queueOf('q'));
  run.broker.settle({ type: 'settle', node: 'p', held: 'back', stream: 'end', succeeded: true });
  const client = await run.stranger();
  client.hello('p');
  expect(await client.error()).toBe('identity');
});

const offences: readonly (readonly [string, string, Buffer])[] = [
  ['protocol', 'a length of zero', Buffer.from('0000000001000000', 'hex')],
  ['limit', 'a length of 2^32-1', Buffer.from('ffffffff03000001', 'hex')],
  ['limit', 'a large frame that is no put', Buffer.from('0000ffff06000001', 'hex')],
  ['limit', 'a put without room', bytesOf((to) => to.put(1, itemsOf([Buffer.from('x')])))],
  ['protocol', 'an unknown type', Buffer.from('0000000463000001', 'hex')],
  ['protocol', 'what only the broker says', bytesOf((to) => to.room(Type.ROOM, 1, 1, 1))],
  ['protocol', 'hello again', bytesOf((to) => to.hello({ protocol: 1, instance: 'p', token: '', pid: 1, sdk: '' }))],
  ['protocol', 'a body of the wrong length', Buffer.from('0000000604000001aabb', 'hex')],
  ['not-granted', 'a get where it may only put', bytesOf((to) => to.number(Type.GET, 1, 1))],
  ['not-granted', 'a channel that is not there', bytesOf((to) => to.number(Type.STAT, 9, 1))],
  ['not-granted', 'a queue used as a lock', bytesOf((to) => to.number(Type.ACQUIRE, 1, 1))],
  ['not-held', 'room given back that it never had', bytesOf((to) => to.room(Type.GIVE_ROOM, 1, 1, 1))],
  ['limit', 'a want for an item of more than a gigabyte', bytesOf((to) => to.room(Type.WANT, 1, 1, 0x40000001))],
];

test.each(offences)('%s: %s cuts that connection off, and nobody else notices', async (code, _, bytes) => {
  await using run = await running(queueOf('q'));
  const other = await run.client('p');
  const client = await run.client('p');
  client.socket.write(bytes);
  expect(await client.error()).toBe(code);
  await client.closed;
  expect(run.notices).toEqual([{ type: 'offence', node: 'p', reason: expect.any(String) }]);
  await other.put(1, 'still here');
});

const word = Buffer.from('"as long as a word"');
test.each([
  ['limit', 'without room', 'there was room for', () => {}],
  ['protocol', 'after it has closed the queue', 'had closed the queue', (to: FrameWriter) => to.bare(Type.CLOSE, 1)],
])('%s: who puts %s is told so, however it puts', async (code, _, reason, before) => {
  for (const put of [
    (to: FrameWriter) => to.put(1, itemsOf([word])),
    (to: FrameWriter) => to.offer(1, 1, 0, word),
    (to: FrameWriter) => to.putPriority(1, 0, itemsOf([word])),
  ]) {
    await using run = await running(queueOf('q', { order: 'priority' }));
    const client = await run.client('p');
    client.say((to) => {
      before(to);
      put(to);
    });
    expect(await client.error()).toBe(code);
    expect(run.notices).toContainEqual({ type: 'offence', node: 'p', reason: expect.stringContaining(reason) });
  }
});

test.each([
  ['taken', (to: FrameWriter) => to.number(Type.TAKEN, 1, 1)],
  ['done', (to: FrameWriter) => to.range(Type.DONE, 1, 0, 1)],
  ['given back', (to: FrameWriter) => to.range(Type.GIVE_BACK, 1, 0, 1)],
])('an item of another that is said to be %s stays where it is', async (_, lie) => {
  await using run = await running(queueOf('q', { consumers: ['c', 'd'] }));
  await (await run.client('p')).put(1, 'a');
  const owner = await run.client('c');
  expect(await owner.get(1)).toEqual(['a']);
  const liar = await run.client('d');
  liar.say(lie);
  expect(await liar.error()).toBe('not-held');
  owner.say((to) => to.range(Type.DONE, 1, 0, 1));
  await owner.settled();
  expect(run.broker.counts()['q']).toMatchObject({ put: 1, done: 1, left_over: 0 });
});

test('a frame before hello ends the connection', async () => {
  await using run = await running(queueOf('q'));
  const client = await run.stranger();
  client.say((to) => to.number(Type.STAT, 1, 1));
  expect(await client.error()).toBe('protocol');
});

test('another version of the protocol is refused with words', async () => {
  await using run = await running(queueOf('q'));
  const client = await run.stranger();
  client.say((to) => to.hello({ protocol: 2, instance: 'p', token: '', pid: 1, sdk: '' }));
  expect(await client.error()).toBe('version');
});

test('half a frame and then the end harms nobody', async () => {
  await using run = await running(queueOf('q'));
  const client = await run.client('p');
  client.socket.end(bytesOf((to) => to.room(Type.WANT, 1, 1, 1)).subarray(0, 9));
  await client.closed;
  const other = await run.client('p');
  await other.put(1, 'a');
  expect(run.notices).toEqual([]);
});

test('what a client said before it was gone is heard, even where the broker has something to say to it first', async () => {
  await using run = await running(queueOf('q'));
  for (let round = 0; round < 50; round += 1) {
    const client = await run.client('p');
    client.say((to) => to.room(Type.WANT, 1, 20, 20_000));
    await client.next(Type.ROOM);
    // What the broker says to it, it does not read; so its end is reset, not only closed.
    client.socket.pause();
    client.socket.write(
      bytesOf((to) => {
        to.number(Type.STAT, 1, 1);
        for (let index = 0; index < 20; index += 1) to.put(1, itemsOf([Buffer.alloc(1000)]));
        to.bare(Type.GOODBYE, 0);
      }),
      () => client.socket.destroy(),
    );
    await client.closed;
  }
  await (await run.client('p')).goodbye();
  const gone = await run.broker.gone({ type: 'gone', request: 1, node: 'p', abandon: false });
  expect(gone.unflushed).toBe(false);
  expect(run.broker.counts()['q']).toMatchObject({ put: 1000 });
});

test('who asks without end and never reads the answers is cut off', async () => {
  await using run = await running(queueOf('q'));
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const client = await run.client('p');
  client.socket.pause();
  const flood = bytesOf((to) => {
    for (let index = 0; index < 10_000; index += 1) to.number(Type.STAT, 1, index);
  });
  while (run.notices.length === 0) {
    if (client.socket.writableLength < flood.length) client.socket.write(flood);
    await new Promise(setImmediate);
    vi.advanceTimersByTime(10);
  }
  expect(run.notices[0]).toMatchObject({ node: 'p', reason: 'it does not read its answers' });
});

test('who asks for a million items and never reads them does not make the broker grow', async () => {
  await using run = await running(queueOf('q', { maxBytes: 1024 * 1024 * 1024 }));
  const producer = await run.client('p');
  const sloth = await run.client('c');
  sloth.socket.pause();
  sloth.say((to) => to.number(Type.GET, 1, 1_000_000, 1));
  const text = 'x'.repeat(1000);
  for (let index = 0; index < 20; index += 1) await producer.put(1, ...Array.from({ length: 1000 }, () => text));
  const stat = (await producer.stat(1)) as { size: number };
  expect(stat.size).toBe(20_000);
  // What it has not read is in the queue still, for another to take.
  const other = await run.client('c');
  expect((await other.get(1, 1_000_000)).length).toBeGreaterThan(0);
});

test('a thousand connections at once are let in, and one more of the same instance is not', async () => {
  await using run = await running(queueOf('q'));
  const clients = await Promise.all(Array.from({ length: 1024 }, () => run.client('p')));
  const last = clients.at(-1);
  await last?.put(1, 'a');
  const extra = await run.stranger();
  extra.hello('p');
  expect(await extra.error()).toBe('limit');
});

test('room comes back with a goodbye', async () => {
  await using run = await running(queueOf('q', { maxsize: 1, producers: ['p', 'r'] }));
  const hoarder = await run.client('p');
  hoarder.say((to) => to.room(Type.WANT, 1, 1, 1));
  expect(readRoom(await hoarder.next(Type.ROOM))).toEqual({ count: 1, bytes: 1 });
  const other = await run.client('r');
  other.say((to) => to.room(Type.WANT, 1, 1, 1, 1));
  await other.next(Type.REFUSED);
  await hoarder.goodbye();
  await other.put(1, 'a');
});

test.each([
  ['a priority that is no number', 'priority', (to: FrameWriter) => to.putPriority(1, Number.NaN, itemsOf([]))],
  ['a priority on a fifo', 'fifo', (to: FrameWriter) => to.putPriority(1, 1, itemsOf([]))],
  ['the left end of a stack', 'lifo', (to: FrameWriter) => to.put(1, itemsOf([]), 1)],
] as const)('%s breaks the protocol', async (_, order, write) => {
  await using run = await running(queueOf('q', { order }));
  const producer = await run.client('p');
  producer.say(write);
  expect(await producer.error()).toBe('protocol');
});
