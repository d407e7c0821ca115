// A pipe as the broker keeps it: messages both ways, and what the one end sees of the end of the other.
import { expect, test } from 'vitest';
import { readJson } from '../../src/wire/body.ts';
import { itemsOf } from '../../src/wire/items.ts';
import { Type } from '../../src/wire/message.ts';
import { bytesOf, type Client, pipeOf, queueOf, type Running, running } from './kit.ts';

const line = 1;

function settle(run: Running, node: string): void {
  run.broker.settle({ type: 'settle', node, held: 'back', stream: 'abort', succeeded: false });
}

function waits(client: Client): void {
  client.say((to) => to.number(Type.GET, line, 1, 1));
}

test('each end is told what it may do with it, and nobody else of it', async () => {
  await using run = await running(pipeOf('line', { duplex: false }), queueOf('q'));
  const told = await Promise.all(
    ['a', 'b', 'p'].map(async (instance) => {
      const client = await run.stranger();
      client.hello(instance);
      return readJson(await client.next(Type.WELCOME))['channels'];
    }),
  );
  const end = {
    id: 1,
    name: 'line',
    kind: 'pipe',
    order: 'fifo',
    overflow: 'block',
    encoding: 'json',
    maxsize: 65536,
    maxBytes: 1048576,
    confirm: false,
    delivery: 'at-most-once',
    judged: false,
  };
  expect(told).toEqual([
    [{ ...end, puts: true, gets: false }],
    [{ ...end, puts: false, gets: true }],
    [expect.objectContaining({ name: 'q' })],
  ]);
});

test('messages go both ways at once, each in its order, and empty ones too', async () => {
  await using run = await running(pipeOf('line'));
  const [a, b] = [await run.client('a'), await run.client('b')];
  await Promise.all([a.put(line, '1', '', '2'), b.put(line, 'x', 'y')]);
  expect(await b.get(line, 9)).toEqual(['1', '', '2']);
  expect(await a.get(line, 9)).toEqual(['x', 'y']);
  a.say((to) => to.number(Type.TAKEN, line, 2));
  await a.settled();
  expect(run.broker.pipeCounts()).toEqual({ line: { a: { sent: 3, received: 0 }, b: { sent: 2, received: 2 } } });
  expect(run.broker.counts()).toEqual({});
});

test('a message a byte at a time arrives as one', async () => {
  await using run = await running(pipeOf('line'));
  const [a, b] = [await run.client('a'), await run.client('b')];
  const bytes = bytesOf((to) => {
    to.room(Type.WANT, line, 2, 5);
    to.number(Type.FLUSH, 0, 7);
  });
  for (const byte of bytes) a.socket.write(Buffer.of(byte));
  await a.next(Type.ROOM);
  const messages = bytesOf((to) => {
    to.put(line, itemsOf([Buffer.from('hello')]));
    to.put(line, itemsOf([Buffer.alloc(0)]));
    to.bare(Type.CLOSE, line);
    to.bare(Type.SHUT, line);
  });
  for (const byte of messages) a.socket.write(Buffer.of(byte));
  await a.settled();
  expect(await b.get(line, 2)).toEqual(['hello', '']);
});

test.each(Array.from({ length: 29 }, (_, cut) => cut))(
  'an end that is killed after %i bytes of a message: what was whole is received, and then the end of file',
  async (cut) => {
    await using run = await running(pipeOf('line'));
    const [a, b] = [await run.client('a'), await run.client('b')];
    await a.put(line, 'whole');
    a.say((to) => to.room(Type.WANT, line, 1, 13));
    await a.settled();
    a.socket.write(bytesOf((to) => to.put(line, itemsOf([Buffer.from('cut off, alas')]))).subarray(0, cut));
    await a.kill();
    await run.broker.gone({ type: 'gone', request: 1, node: 'a', abandon: false });
    settle(run, 'a');
    const got = await b.get(line, 9);
    expect(got).toEqual(cut < 29 ? ['whole'] : ['whole', 'cut off, alas']);
    b.say((to) => to.number(Type.TAKEN, line, got.length));
    waits(b);
    expect((await b.next(Type.END)).flags).toBe(0);
    b.say((to) => to.room(Type.WANT, line, 1, 1));
    await b.next(Type.BROKEN);
  },
);

test('an end that waits to receive, or to send, learns that the other is gone, however it ended', async () => {
  await using run = await running(pipeOf('line'));
  const [a, b] = [await run.client('a'), await run.client('b')];
  waits(a);
  await a.send(line, 'x'.repeat(1024 * 1024));
  a.say((to) => to.room(Type.WANT, line, 1, 10));
  await a.settled();
  await b.kill();
  settle(run, 'b');
  expect((await a.next(Type.END)).flags).toBe(0);
  await a.next(Type.BROKEN);
  expect(run.notices).toEqual([]);
});

test('an end whose process never starts is at its end at once', async () => {
  await using run = await running(pipeOf('line'));
  settle(run, 'b');
  const a = await run.client('a');
  waits(a);
  await a.next(Type.END);
  a.say((to) => to.room(Type.WANT, line, 1, 10));
  await a.next(Type.BROKEN);
});

test('an end whose process has not started yet is waited for', async () => {
  await using run = await running(pipeOf('line'));
  const a = await run.client('a');
  await a.put(line, 'early');
  waits(a);
  await a.settled();
  expect(a.heard.map(({ type }) => type)).not.toContain(Type.END);
  const b = await run.client('b');
  expect(await b.get(line)).toEqual(['early']);
});

test('a closed end: the other reads what was sent and then the end of file, and what it sends breaks', async () => {
  await using run = await running(pipeOf('line'));
  const [a, b] = [await run.client('a'), await run.client('b')];
  await b.put(line, 'never received');
  await a.put(line, 'last');
  a.say((to) => to.bare(Type.CLOSE, line));
  a.say((to) => to.bare(Type.SHUT, line));
  await a.settled();
  await b.next(Type.BROKEN);
  expect(await b.get(line)).toEqual(['last']);
  b.say((to) => to.number(Type.TAKEN, line, 1));
  waits(b);
  await b.next(Type.END);
  waits(a);
  expect(await a.error()).toBe('protocol');
});

test('one who only stops to receive may go on to send', async () => {
  await using run = await running(pipeOf('line'));
  const [a, b] = [await run.client('a'), await run.client('b')];
  await b.put(line, 'x');
  a.say((to) => to.bare(Type.SHUT, line));
  await b.next(Type.BROKEN);
  await a.put(line, 'still here');
  expect(await b.get(line)).toEqual(['still here']);
});

test('an end that several sessions use is closed when all have closed it or left', async () => {
  await using run = await running(pipeOf('line'));
  run.broker.started({ type: 'started', node: 'a', pid: 1 });
  const [parent, child, b] = [await run.client('a', 1), await run.client('a', 2), await run.client('b')];
  await child.put(line, 'from the child');
  waits(parent);
  parent.say((to) => to.bare(Type.CLOSE, line));
  parent.say((to) => to.bare(Type.SHUT, line));
  await parent.settled();
  expect(await b.get(line)).toEqual(['from the child']);
  b.say((to) => to.number(Type.TAKEN, line, 1));
  await b.put(line, 'to the child');
  expect(await child.get(line)).toEqual(['to the child']);
  waits(b);
  await b.settled();
  expect(b.heard.map(({ type }) => type)).not.toContain(Type.END);
  await child.kill();
  await b.next(Type.END);
});

test('so it is where the one that has closed it leaves before the others', async () => {
  await using run = await running(pipeOf('line'));
  const [one, two, b] = [await run.client('a'), await run.client('a'), await run.client('b')];
  await two.put(line, 'from the other');
  one.say((to) => to.bare(Type.CLOSE, line));
  one.say((to) => to.bare(Type.SHUT, line));
  await one.goodbye();
  expect(await b.get(line)).toEqual(['from the other']);
  b.say((to) => to.number(Type.TAKEN, line, 1));
  waits(b);
  await b.settled();
  expect(b.heard).toEqual([]);
  await two.goodbye();
  await b.next(Type.END);
});

test('what a session read ahead when it shut its end comes to the others of its instance', async () => {
  await using run = await running(pipeOf('line'));
  const [one, other, b] = [await run.client('a', 1), await run.client('a', 2), await run.client('b')];
  other.say((to) => to.number(Type.GET, line, 0));
  await b.put(line, '1', '2', '3');
  expect(await one.get(line, 3)).toEqual(['1', '2', '3']);
  one.say((to) => to.number(Type.TAKEN, line, 1));
  one.say((to) => to.bare(Type.SHUT, line));
  expect(await other.get(line, 3)).toEqual(['2', '3']);
});

test('what an end may not do ends its session', async () => {
  await using run = await running(pipeOf('line', { duplex: false }), queueOf('q'));
  const tries: [string, (client: Client) => void][] = [
    ['a', waits],
    ['b', (client) => client.say((to) => to.room(Type.WANT, line, 1, 1))],
    ['a', (client) => client.say((to) => to.bare(Type.SHUT, line))],
    ['a', (client) => client.say((to) => to.number(Type.JOIN, line, 1))],
    ['p', waits],
    ['p', (client) => client.say((to) => to.bare(Type.SHUT, 2))],
  ];
  for (const [instance, attempt] of tries) {
    const client = await run.client(instance);
    attempt(client);
    expect(await client.error()).toBe('not-granted');
  }
});

test('a client that does not read is not sent more, and the other end waits to send', async () => {
  await using run = await running(pipeOf('line'));
  const [a, b] = [await run.client('a'), await run.client('b')];
  b.socket.pause();
  b.say((to) => to.number(Type.GET, line, 1000, 1));
  const piece = 'x'.repeat(100 * 1024);
  for (let sent = 0; sent < 10; sent += 1) await a.put(line, piece);
  a.say((to) => to.room(Type.WANT, line, 1, 100 * 1024));
  await a.settled();
  expect(a.heard.filter(({ type }) => type === Type.ROOM)).toEqual([]);
  b.socket.resume();
  let received = 0;
  while (received < 10) {
    const messages = await b.delivered();
    received += messages.length;
    b.say((to) => to.number(Type.TAKEN, line, messages.length));
  }
  await a.next(Type.ROOM);
});

test('a daemon that was told the end of file has been told the end', async () => {
  await using run = await running(pipeOf('line'));
  const a = await run.client('a');
  settle(run, 'b');
  waits(a);
  await a.next(Type.END);
  await a.goodbye();
  expect(await run.broker.gone({ type: 'gone', request: 1, node: 'a', abandon: false })).toMatchObject({
    toldEnd: true,
  });
});
