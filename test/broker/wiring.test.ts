// A process's stdin and stdout as ends of queues, through real FIFOs.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readItems } from '../../src/wire/body.ts';
import { eachItem } from '../../src/wire/items.ts';
import { Type } from '../../src/wire/message.ts';
import { standStill } from '../kit/stand-still.ts';
import { queueOf, type Running, running } from './kit.ts';

/** The end of a stdout, as the runner would pass it to a child. */
function collected(run: Running, queue: string, format: 'lines' | 'json' = 'lines', node = 'p'): number {
  const path = fifo(run);
  run.broker.collect({ type: 'collect', request: 1, node, stream: 'stdout', queue, path, format });
  return openSync(path, constants.O_WRONLY);
}

/** The end of a stdin. */
function fed(
  run: Running,
  queue: string,
  format: 'lines' | 'json' = 'lines',
  done: 'written' | 'exit' = 'written',
): number {
  const path = fifo(run);
  const both = openSync(path, constants.O_RDWR);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  run.broker.feed({ type: 'feed', request: 1, node: 'c', queue, path, format, done });
  closeSync(both);
  return read;
}

let fifos = 0;

function fifo(run: Running): string {
  fifos += 1;
  const path = join(run.folder, `fifo-${fifos}`);
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  return path;
}

/** Reads until as much has come as is expected, or the end. */
async function read(fd: number, length = Number.POSITIVE_INFINITY): Promise<string> {
  const chunks: Buffer[] = [];
  const buffer = Buffer.alloc(64 * 1024);
  for (let got = 0; got < length; ) {
    await new Promise(setImmediate);
    let count = 0;
    try {
      count = readSync(fd, buffer);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') continue;
      throw error;
    }
    if (count === 0) break;
    chunks.push(Buffer.from(buffer.subarray(0, count)));
    got += count;
  }
  return Buffer.concat(chunks).toString();
}

const gone = (run: Running, node: string, abandon = false) =>
  run.broker.gone({ type: 'gone', request: 1, node, abandon });

test('each line is an item: a CR is kept, an empty line too, and the last one needs no LF', async () => {
  await using run = await running(queueOf('q'));
  const fd = collected(run, 'q');
  writeSync(fd, 'one\ntwo\r\n\nfour');
  closeSync(fd);
  await gone(run, 'p');
  const consumer = await run.client('c');
  expect(await consumer.get(1, 10)).toEqual(['one', 'two\r', '', 'four']);
});

test('a line may come in pieces, within a character even', async () => {
  await using run = await running(queueOf('q', { encoding: 'json' }));
  const fd = collected(run, 'q');
  const consumer = await run.client('c');
  for (const byte of Buffer.from('包子\n')) {
    writeSync(fd, Buffer.of(byte));
    await consumer.settled();
  }
  expect(await consumer.get(1)).toEqual(['"包子"']);
  closeSync(fd);
});

test('on a queue of JSON, lines are its strings', async () => {
  await using run = await running(queueOf('q', { encoding: 'json' }));
  const fd = collected(run, 'q');
  writeSync(fd, 'plain\nwith "quotes" and \\ and \t\n');
  closeSync(fd);
  await gone(run, 'p');
  expect(await (await run.client('c')).get(1, 10)).toEqual(['"plain"', '"with \\"quotes\\" and \\\\ and \\t"']);
});

test.each([
  ['json', 'lines', 'ok\n\xff\n', 'line 2 is not UTF-8, as an item of this queue must be'],
  ['text', 'lines', 'ok\n\xff\n', 'line 2 is not UTF-8, as an item of this queue must be'],
  ['json', 'json', '1\n{"a":2}\nthree\n', 'line 3 is not JSON'],
  ['json', 'json', '\n', 'line 1 is not JSON'],
  ['text', 'json', 'x', 'line 1 is not JSON'],
  [
    'json',
    'json',
    '1\n{"a":[9007199254740993]}\n',
    'line 2 holds `9007199254740993`, a number that JSON cannot carry: write it as a string',
  ],
  ['json', 'json', `${'['.repeat(501)}${']'.repeat(501)}`, 'line 1 is nested more than 500 levels deep'],
  ['json', 'json', '1e400', 'line 1 holds `1e400`, a number that JSON cannot carry: write it as a string'],
] as const)(
  'a queue of %s by %s: what cannot be an item is told with its line',
  async (encoding, format, text, reason) => {
    await using run = await running(queueOf('q', { encoding }));
    const fd = collected(run, 'q', format);
    writeSync(fd, Buffer.from(text, 'latin1'));
    closeSync(fd);
    await gone(run, 'p');
    expect(run.notices).toEqual([
      { type: 'miswired', node: 'p', reason: `its stdout goes to the queue \`q\`, and ${reason}` },
    ]);
  },
);

test('on a queue of bytes, a line is what it is', async () => {
  await using run = await running(queueOf('q', { encoding: 'bytes' }));
  const fd = collected(run, 'q');
  writeSync(fd, Buffer.from([0xff, 0x00, 0x0a, 0x0a, 0x80]));
  closeSync(fd);
  await gone(run, 'p');
  const consumer = await run.client('c');
  consumer.say((to) => to.number(Type.GET, 1, 10, 1));
  const items = [...eachItem(readItems(await consumer.next(Type.DELIVER)))];
  expect(items.map((item) => item.toString('hex'))).toEqual(['ff00', '', '80']);
});

test('the lines before one that cannot be an item are items', async () => {
  await using run = await running(queueOf('q', { encoding: 'json' }));
  const fd = collected(run, 'q', 'json');
  writeSync(fd, '1\n2\nthree\n4\n');
  closeSync(fd);
  await gone(run, 'p');
  expect(await (await run.client('c')).get(1, 10)).toEqual(['1', '2']);
});

test('on a queue of text, a number is its digits, however many', async () => {
  await using run = await running(queueOf('q', { encoding: 'text' }));
  const fd = collected(run, 'q', 'json');
  writeSync(fd, '9007199254740993\n');
  closeSync(fd);
  await gone(run, 'p');
  expect(await (await run.client('c')).get(1)).toEqual(['9007199254740993']);
});

test('a line of more than 16 MiB is told before more of it is read', async () => {
  await using run = await running(queueOf('q'));
  const path = fifo(run);
  run.broker.collect({ type: 'collect', request: 1, node: 'p', stream: 'stderr', queue: 'q', path, format: 'lines' });
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const chunk = Buffer.alloc(64 * 1024, 'x');
  while (run.notices.length === 0) {
    await new Promise(setImmediate);
    try {
      writeSync(fd, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
    }
  }
  closeSync(fd);
  expect(run.notices[0]).toMatchObject({
    reason: 'its stderr goes to the queue `q`, and line 1 is longer than 16 MiB',
  });
});

test('without room nothing is read: the writer waits, and `maxsize` holds', async () => {
  await using run = await running(queueOf('q', { maxsize: 3 }));
  const path = fifo(run);
  run.broker.collect({ type: 'collect', request: 1, node: 'p', stream: 'stdout', queue: 'q', path, format: 'lines' });
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`);
  const text = Buffer.from(lines.join(''));
  let written = 0;
  /** Writes what the pipe takes, and says whether it took any. */
  const write = () => {
    try {
      const before = written;
      written += writeSync(fd, text, written);
      return written > before;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      return false;
    }
  };
  // Until the pipe is full, and stays so.
  for (let refused = 0; refused < 1000; refused = write() ? 0 : refused + 1) await new Promise(setImmediate);
  expect(written).toBeLessThan(text.length);
  expect(run.broker.counts()['q']).toMatchObject({ put: 3, peak: 3 });
  const consumer = await run.client('c');
  for (let index = 0; index < lines.length; ) {
    if (written < text.length) write();
    const items = await consumer.get(1, 3);
    expect(items).toEqual(items.map((_, offset) => `line ${index + offset}`));
    index += items.length;
    consumer.say((to) => to.number(Type.TAKEN, 1, items.length));
  }
  closeSync(fd);
  await gone(run, 'p');
  expect(run.broker.counts()['q']).toMatchObject({ put: 20_000, taken: 20_000, peak: 3 });
});

test('an account waits until all that was written is in the queue, unless that is abandoned and no room comes', async () => {
  await using run = await running(queueOf('q', { maxsize: 1 }));
  const fd = collected(run, 'q');
  writeSync(fd, 'a\nb\nc\n');
  closeSync(fd);
  let accounted = false;
  const account = gone(run, 'p').then(() => {
    accounted = true;
  });
  const consumer = await run.client('c');
  expect(await consumer.get(1)).toEqual(['a']);
  expect(accounted).toBe(false);
  expect(await gone(run, 'p', true)).toMatchObject({ outputCutOff: 'q' });
  await account;
  expect(run.broker.counts()['q']).toMatchObject({ put: 1 });
});

test('what was written before it was abandoned is put, though nothing of it was read by then, as room comes', async () => {
  await using run = await running(queueOf('q', { maxsize: 2 }));
  const fd = collected(run, 'q');
  writeSync(fd, '1\n2\n3\n4\n5');
  closeSync(fd);
  const account = gone(run, 'p', true);
  const consumer = await run.client('c');
  const taken: string[] = [];
  while (taken.length < 5) {
    const got = await consumer.get(1, 5 - taken.length);
    taken.push(...got);
    consumer.say((to) => to.number(Type.TAKEN, 1, got.length));
  }
  expect(taken).toEqual(['1', '2', '3', '4', '5']);
  expect(await account).not.toHaveProperty('outputCutOff');
});

test('what was written is put, though the broker stood still for longer than it lingers', async () => {
  await using run = await running(queueOf('q'));
  const fd = collected(run, 'q');
  writeSync(fd, 'a\nb\n');
  const account = gone(run, 'p');
  // Its time is running: nothing of what follows lets go of the thread.
  await Promise.resolve();
  standStill(1_100);
  closeSync(fd);
  await account;
  expect(run.broker.counts()['q']).toMatchObject({ put: 2 });
});

test('the stream of a process that has not started yet does not end', async () => {
  await using run = await running(queueOf('q'));
  const path = fifo(run);
  run.broker.collect({ type: 'collect', request: 1, node: 'p', stream: 'stdout', queue: 'q', path, format: 'lines' });
  const early = openSync(path, constants.O_WRONLY);
  writeSync(early, 'from the runner');
  closeSync(early);
  const consumer = await run.client('c');
  await consumer.settled();
  const late = openSync(path, constants.O_WRONLY);
  run.broker.started({ type: 'started', node: 'p', pid: 1 });
  writeSync(late, ' and the child\n');
  expect(await consumer.get(1)).toEqual(['from the runner and the child']);
  closeSync(late);
});

test('a closed queue ends stdin', async () => {
  await using run = await running(queueOf('q'));
  const fd = fed(run, 'q');
  const producer = await run.client('p');
  await producer.put(1, 'a', 'b');
  await producer.goodbye();
  run.broker.settle({ type: 'settle', node: 'p', held: 'done', stream: 'end', succeeded: true });
  expect(await read(fd)).toBe('a\nb\n');
  expect(await gone(run, 'c')).toEqual({
    unflushed: false,
    inputBrokeOff: false,
    outputClosed: null,
    toldEnd: true,
    held: 0,
    fed: { queue: 'q', count: 2 },
  });
  expect(run.broker.counts()['q']).toMatchObject({ done: 2, left_over: 0 });
  closeSync(fd);
});

test('a stream that broke ends stdin too, and the account says so', async () => {
  await using run = await running(queueOf('q'));
  const fd = fed(run, 'q');
  const producer = await run.client('p');
  await producer.put(1, 'a');
  run.broker.settle({ type: 'settle', node: 'p', held: 'back', stream: 'abort', succeeded: false });
  expect(await read(fd)).toBe('a\n');
  expect(await gone(run, 'c')).toMatchObject({ inputBrokeOff: true });
  closeSync(fd);
});

test.each([
  ['json', 'lines', ['"text"', '"two\\nlines"', '{"a": 1}'], 'text\ntwo\nlines\n{"a": 1}\n'],
  ['json', 'json', ['"text"', '{"a":\n1}'], '"text"\n{"a": 1}\n'],
  ['text', 'lines', ['text', '"quoted"'], 'text\n"quoted"\n'],
  ['text', 'json', ['te"xt', ''], '"te\\"xt"\n""\n'],
] as const)('stdin from a queue of %s as %s', async (encoding, format, items, text) => {
  await using run = await running(queueOf('q', { encoding }));
  const fd = fed(run, 'q', format);
  const producer = await run.client('p');
  await producer.put(1, ...items);
  expect(await read(fd, text.length)).toBe(text);
  closeSync(fd);
});

test('what was written is held until the process has ended, where its wiring says so', async () => {
  await using run = await running(queueOf('q'));
  const fd = fed(run, 'q', 'lines', 'exit');
  const producer = await run.client('p');
  await producer.put(1, 'a', 'b');
  expect(await read(fd, 4)).toBe('a\nb\n');
  closeSync(fd);
  const account = await gone(run, 'c');
  expect(account).toMatchObject({ held: 2 });
  expect(account.fed).toBe(undefined);
  expect(run.broker.counts()['q']).toMatchObject({ done: 0 });
  run.broker.settle({ type: 'settle', node: 'c', held: 'done', stream: 'end', succeeded: true });
  expect(run.broker.counts()['q']).toMatchObject({ done: 2 });
});

test('when a process stops reading, what it has not got goes to another', async () => {
  await using run = await running(queueOf('q', { consumers: ['c', 'd'], maxBytes: 100_000_000 }));
  const fd = fed(run, 'q');
  const producer = await run.client('p');
  const line = 'x'.repeat(999);
  for (let round = 0; round < 5; round += 1) await producer.put(1, ...Array.from({ length: 100 }, () => line));
  expect(await read(fd, 1000)).toContain(line);
  closeSync(fd);
  const { fed: written } = await gone(run, 'c');
  const { done } = run.broker.counts()['q'] as { done: number };
  expect(written?.count ?? 0).toBe(done);
  const other = await run.client('d');
  let rest = 0;
  other.say((to) => to.number(Type.GET, 1, 500, 1));
  while (done + rest < 500) {
    rest += (await other.delivered()).length;
  }
  expect(done + rest).toBe(500);
  expect(done).toBeLessThan(500);
});

test('lines go through from one stdout to another stdin', async () => {
  await using run = await running(queueOf('q', { maxsize: 100 }));
  const out = collected(run, 'q');
  const into = fed(run, 'q');
  const text = Array.from({ length: 1000 }, (_, index) => `${index}\n`).join('');
  writeSync(out, text);
  closeSync(out);
  await gone(run, 'p');
  run.broker.settle({ type: 'settle', node: 'p', held: 'done', stream: 'end', succeeded: true });
  expect(await read(into)).toBe(text);
  closeSync(into);
});

test('when nobody is left to read, a wired stdout is closed', async () => {
  await using run = await running(queueOf('q', { leftover: 'ignore' }));
  const fd = collected(run, 'q');
  run.broker.started({ type: 'started', node: 'p', pid: 1 });
  run.broker.settle({ type: 'settle', node: 'c', held: 'done', stream: 'end', succeeded: true });
  writeSync(fd, 'a\n');
  await gone(run, 'p');
  expect(() => writeSync(fd, 'b\n')).toThrow('EPIPE');
  expect(run.broker.counts()['q']).toMatchObject({ put: 1, dropped: 1, left_over: 0 });
  closeSync(fd);
});

test('a stdout that is wired to a full queue goes on, where the queue drops what is oldest', async () => {
  await using run = await running(queueOf('q', { maxsize: 2, overflow: 'drop_oldest' }));
  const fd = collected(run, 'q');
  writeSync(fd, 'one\ntwo\nthree\nfour\n');
  closeSync(fd);
  await gone(run, 'p');
  expect(run.broker.counts()['q']).toMatchObject({ put: 4, dropped: 2, peak: 2 });
  const consumer = await run.client('c');
  expect(await consumer.get(1, 10)).toEqual(['three', 'four']);
});

test('a stdout that is wired to a queue where puts fail is told once it is full, and what fitted is in it', async () => {
  await using run = await running(queueOf('q', { maxsize: 2, overflow: 'fail' }));
  const fd = collected(run, 'q');
  writeSync(fd, 'one\ntwo\n');
  const consumer = await run.client('c');
  expect(await consumer.get(1)).toEqual(['one']);
  consumer.say((to) => to.number(Type.TAKEN, 1, 1));
  await consumer.settled();
  writeSync(fd, 'three\nfour\nfive\n');
  expect(await run.notice('miswired')).toEqual({
    type: 'miswired',
    node: 'p',
    reason: 'its stdout goes to the queue `q`, and that was full: with `overflow: fail` nothing waits for room',
  });
  closeSync(fd);
  await gone(run, 'p');
  expect([...(await consumer.get(1, 2)), ...(await consumer.get(1, 9))]).toEqual(['two', 'three']);
});

test('a stdin that is fed from a stack gets what is newest at the moment it can be written', async () => {
  await using run = await running(queueOf('q', { order: 'lifo' }));
  const producer = await run.client('p');
  await producer.put(1, 'one', 'two', 'three');
  const fd = fed(run, 'q');
  expect(await read(fd, 14)).toBe('three\ntwo\none\n');
  closeSync(fd);
});
