// Large items that go past the socket, as the broker has it: who is lent memory, who is sent to it, when it is free again, and that nobody who
// says what is not so harms another.
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readdirSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tokenFor } from '../../src/broker/token.ts';
import { type Place, readPlace, standInFor } from '../../src/wire/aside.ts';
import { readItems, readJson, readRoom } from '../../src/wire/body.ts';
import type { Frame } from '../../src/wire/frame.ts';
import { eachItem, itemsOf } from '../../src/wire/items.ts';
import { type AreaBody, Flag, Type } from '../../src/wire/message.ts';
import { type Client, pipeOf, queueOf, type Running, running } from './kit.ts';

const LARGE = 100_000;
const bytes = { encoding: 'bytes', producers: ['p', 'q'], consumers: ['c', 'd'] } as const;
const here = existsSync('/dev/shm');

async function visitor(broker: Running, instance: string): Promise<Client> {
  const client = await broker.stranger();
  const token = tokenFor('00'.repeat(32), instance);
  client.say((to) => to.hello({ protocol: 1, instance, token, pid: 1, sdk: 'test', areas: true }));
  await client.next(Type.WELCOME);
  return client;
}

/** Puts a large item as ever, and gives what is lent for the next. */
async function borrow(client: Client, channel = 1): Promise<Required<AreaBody>> {
  client.say((to) => to.room(Type.WANT, channel, 10, 10 * LARGE));
  for (let count = 0; count < 10; ) count += readRoom(await client.next(Type.ROOM)).count;
  client.say((to) => to.put(channel, itemsOf([Buffer.alloc(LARGE, 'a')])));
  const frame = await client.next(Type.AREA);
  expect([frame.flags, frame.channel]).toEqual([Flag.LENT_AREA, channel]);
  return readJson(frame) as unknown as Required<AreaBody>;
}

function layDown(client: Client, { area, path }: Required<AreaBody>, at: number, item: Buffer, channel = 1): Place {
  const place = { area, at, size: item.length };
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, item, 0, item.length, at);
  closeSync(descriptor);
  client.say((to) => to.put(channel, standInFor(place), Flag.ASIDE));
  return place;
}

const itemIn = (frame: Frame): Buffer => [...eachItem(readItems(frame))][0] as Buffer;
const ask = (client: Client, count = 1) => client.say((to) => to.number(Type.GET, 1, count, Flag.WAITING));
const finish = (client: Client, tag: number) => client.say((to) => to.range(Type.DONE, 1, tag, 1));

test.runIf(here)('who puts a large item is lent memory of its own, which never has a name', async () => {
  await using broker = await running(queueOf('q', bytes));
  const names = readdirSync('/dev/shm');
  const area = await borrow(await visitor(broker, 'p'));
  expect(readdirSync('/dev/shm').filter((name) => !names.includes(name))).toEqual([]);
  const descriptor = openSync(area.path, 'r+');
  const { ino, dev, nlink, mode } = fstatSync(descriptor);
  closeSync(descriptor);
  expect({ inode: ino, device: dev, nlink, mode: mode & 0o777 }).toEqual({
    inode: area.inode,
    device: area.device,
    nlink: 0,
    mode: 0o600,
  });
});

test.runIf(here)(
  'a taker that can read there is told of it, and once it has said so gets what stands for the item',
  async () => {
    await using broker = await running(queueOf('q', bytes));
    const [putter, taker] = [await visitor(broker, 'p'), await visitor(broker, 'c')];
    const area = await borrow(putter);
    layDown(putter, area, 0, Buffer.alloc(LARGE, 'b'));
    layDown(putter, area, 200_000, Buffer.alloc(LARGE, 'c'));
    await putter.settled();
    ask(taker, 2);
    expect(itemIn(await taker.next(Type.DELIVER)).every((byte) => byte === 0x61)).toBe(true);
    // Not heard of the area yet: so it gets the bytes.
    expect(itemIn(await taker.next(Type.DELIVER)).equals(Buffer.alloc(LARGE, 'b'))).toBe(true);
    const told = await taker.next(Type.AREA);
    const { path, device, inode } = area;
    expect([told.flags, told.channel, readJson(told)]).toEqual([0, 0, { area: area.area, path, device, inode }]);
    taker.say((to) => to.number(Type.AREA_READY, 0, area.area));
    ask(taker);
    const frame = await taker.next(Type.DELIVER);
    expect([frame.flags, readPlace(frame)]).toEqual([Flag.ASIDE, { area: area.area, at: 200_000, size: LARGE }]);
  },
);

test.runIf(here)('a place is free again when its item is done, and not when it is taken', async () => {
  await using broker = await running(queueOf('q', bytes));
  const [putter, taker] = [await visitor(broker, 'p'), await broker.client('c')];
  const area = await borrow(putter);
  layDown(putter, area, 4096, Buffer.alloc(LARGE, 'b'));
  await putter.settled();
  ask(taker, 2);
  await taker.next(Type.DELIVER);
  await taker.next(Type.DELIVER);
  taker.say((to) => to.number(Type.TAKEN, 1, 2));
  await taker.settled();
  await putter.settled();
  expect(putter.heard.filter(({ type }) => type === Type.FREED)).toEqual([]);
  finish(taker, 1);
  const { count, bytes: at } = readRoom(await putter.next(Type.FREED));
  expect([count, at]).toEqual([area.area, 4096]);
});

test.runIf(here)('a client that knows nothing of it is neither lent memory nor sent there', async () => {
  await using broker = await running(queueOf('q', bytes));
  const [putter, taker] = [await broker.client('p'), await broker.client('c')];
  await putter.put(1, 'x'.repeat(LARGE));
  expect(putter.heard.filter(({ type }) => type === Type.AREA)).toEqual([]);
  const modern = await visitor(broker, 'q');
  const area = await borrow(modern);
  layDown(modern, area, 0, Buffer.alloc(LARGE, 'b'));
  await modern.settled();
  ask(taker, 3);
  const items = [];
  for (let n = 0; n < 3; n += 1) items.push(itemIn(await taker.next(Type.DELIVER)).toString('latin1', 0, 1));
  expect(items).toEqual(['x', 'a', 'b']);
  expect(taker.heard.filter(({ type }) => type === Type.AREA)).toEqual([]);
});

test.runIf(here)('what a putter that was killed has laid down still comes, and then its memory is gone', async () => {
  await using broker = await running(queueOf('q', bytes));
  const [putter, taker] = [await visitor(broker, 'p'), await visitor(broker, 'c')];
  const area = await borrow(putter);
  layDown(putter, area, 0, Buffer.alloc(LARGE, 'b'));
  await putter.settled();
  await putter.kill();
  ask(taker, 2);
  await taker.next(Type.DELIVER);
  expect(itemIn(await taker.next(Type.DELIVER)).equals(Buffer.alloc(LARGE, 'b'))).toBe(true);
  await taker.next(Type.AREA);
  finish(taker, 1);
  const gone = await taker.next(Type.AREA);
  expect([gone.flags, readJson(gone)]).toEqual([Flag.GONE, { area: area.area }]);
});

test.runIf(here)('what a taker that was killed held comes to the next one, from where it lies', async () => {
  await using broker = await running(queueOf('q', bytes));
  const [putter, victim, heir] = [await visitor(broker, 'p'), await visitor(broker, 'c'), await broker.client('d')];
  const area = await borrow(putter);
  layDown(putter, area, 0, Buffer.alloc(LARGE, 'b'));
  await putter.settled();
  ask(victim, 2);
  await victim.next(Type.DELIVER);
  await victim.next(Type.DELIVER);
  victim.say((to) => to.number(Type.TAKEN, 1, 2));
  await victim.settled();
  await victim.kill();
  await broker.broker.gone({ type: 'gone', request: 1, node: 'c', abandon: false });
  broker.broker.settle({ type: 'settle', node: 'c', held: 'back', stream: 'abort', succeeded: false });
  ask(heir, 2);
  await heir.next(Type.REDELIVER);
  heir.say((to) => to.number(Type.TAKEN, 1, 1));
  ask(heir, 1);
  expect(itemIn(await heir.next(Type.REDELIVER)).equals(Buffer.alloc(LARGE, 'b'))).toBe(true);
  expect(putter.heard.filter(({ type }) => type === Type.FREED)).toEqual([]);
});

test.runIf(here)('what somebody has cut short is zeros where it is missing, and the broker goes on', async () => {
  await using broker = await running(queueOf('q', bytes));
  const [putter, taker] = [await visitor(broker, 'p'), await broker.client('c')];
  const area = await borrow(putter);
  layDown(putter, area, 0, Buffer.alloc(LARGE, 'b'));
  const descriptor = openSync(area.path, 'r+');
  ftruncateSync(descriptor, 1000);
  closeSync(descriptor);
  await putter.settled();
  ask(taker, 2);
  await taker.next(Type.DELIVER);
  const item = itemIn(await taker.next(Type.DELIVER));
  expect(item.equals(Buffer.concat([Buffer.alloc(1000, 'b'), Buffer.alloc(LARGE - 1000)]))).toBe(true);
});

test.runIf(here).each([
  ['another session’s area', ({ area }: Place) => ({ area, at: 0, size: LARGE }), 'q', 1],
  ['an area that there is not', () => ({ area: 77, at: 0, size: LARGE }), 'p', 1],
  ['its area, for another channel', ({ area }: Place) => ({ area, at: 0, size: LARGE }), 'p', 2],
  ['what begins within its area and ends beyond', ({ area }: Place) => ({ area, at: 2 ** 26, size: LARGE }), 'p', 1],
  ['a place where an item lies', ({ area }: Place) => ({ area, at: 8192, size: LARGE }), 'p', 1],
  ['a few bytes', ({ area }: Place) => ({ area, at: 0, size: 10 }), 'p', 1],
] as const)('who says that an item lies in %s is cut off, and nobody else', async (_, placeOf, liar, channel) => {
  await using broker = await running(queueOf('q', bytes), queueOf('r', bytes));
  const [honest, taker] = [await visitor(broker, 'p'), await broker.client('c')];
  const area = await borrow(honest);
  const place = layDown(honest, area, 8192, Buffer.alloc(LARGE, 'b'));
  await honest.settled();
  const hostile = liar === 'p' ? honest : await visitor(broker, liar);
  if (liar !== 'p' || channel !== 1) {
    hostile.say((to) => to.room(Type.WANT, channel, 1, LARGE));
    await hostile.next(Type.ROOM);
  }
  hostile.say((to) => to.put(channel, standInFor(placeOf(place)), Flag.ASIDE));
  expect(['protocol', 'limit']).toContain(await hostile.error());
  ask(taker, 2);
  await taker.next(Type.DELIVER);
  expect(itemIn(await taker.next(Type.DELIVER)).equals(Buffer.alloc(LARGE, 'b'))).toBe(true);
});

test.runIf(here)('who has no room may lay down nothing, and its place is not lost with it', async () => {
  await using broker = await running(queueOf('q', bytes));
  const putter = await visitor(broker, 'p');
  const area = await borrow(putter);
  for (let n = 0; n < 9; n += 1) layDown(putter, area, n * 200_000, Buffer.alloc(LARGE, 'b'));
  layDown(putter, area, 9 * 200_000, Buffer.alloc(80_000_000, 'c'));
  expect(await putter.error()).toBe('limit');
});

test.runIf(here)('an end of a pipe lays down what it sends, and a message is over when it is received', async () => {
  await using broker = await running(pipeOf('talk', { encoding: 'bytes' }));
  const [a, b] = [await visitor(broker, 'a'), await visitor(broker, 'b')];
  const area = await borrow(a);
  layDown(a, area, 0, Buffer.alloc(LARGE, 'b'));
  await a.settled();
  ask(b, 2);
  await b.next(Type.DELIVER);
  expect(itemIn(await b.next(Type.DELIVER)).equals(Buffer.alloc(LARGE, 'b'))).toBe(true);
  b.say((to) => to.number(Type.TAKEN, 1, 2));
  expect(readRoom(await a.next(Type.FREED))).toEqual({ count: area.area, bytes: 0 });
});
