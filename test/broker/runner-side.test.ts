// What the runner itself puts to queues and takes from them, `from` and `to`: through real files, and back out of them.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Origin, QueueChannel } from '../../src/plan/plan.ts';
import { Type } from '../../src/wire/message.ts';
import { queueOf, type Running, running } from './kit.ts';

const settle = (run: Running, node: string, end: 'end' | 'abort' = 'end', succeeded = end === 'end') =>
  run.broker.settle({ type: 'settle', node, held: succeeded ? 'done' : 'back', stream: end, succeeded });

/** A queue that nobody but the runner puts to. */
function filled(from: Origin, settings: Partial<QueueChannel> = {}): QueueChannel {
  return queueOf('q', { producers: [], from, ...settings });
}

test.each([
  ['json', [1, 'two', { three: [null] }], ['1', '"two"', '{"three":[null]}']],
  ['text', [1, 'two', { three: [null] }], ['1', 'two', '{"three":[null]}']],
  ['bytes', ['包子', true], ['包子', 'true']],
] as const)('a list of values in a queue of %s', async (encoding, values, items) => {
  await using run = await running(filled({ type: 'values', values }, { encoding }));
  await run.broker.runnerSide.begin();
  await run.notice('supplied');
  expect(await (await run.client('c')).get(1, 10)).toEqual(items);
  expect(run.notices).toEqual([
    { type: 'closed', queue: 'q', aborted: false },
    { type: 'supplied', queue: 'q', items: values.length, reason: null, fails: 'no' },
  ]);
});

test('the lines of a file: a CR is kept, an empty line too, and the last one needs no LF', async () => {
  await using run = await running(filled({ type: 'lines', path: '' }, { encoding: 'json' }));
  const path = join(run.folder, 'lines');
  writeFileSync(path, 'one\ntwo\r\n\n"four"');
  await using other = await running(filled({ type: 'lines', path }, { encoding: 'json' }));
  await other.broker.runnerSide.begin();
  await other.notice('supplied');
  expect(await (await other.client('c')).get(1, 10)).toEqual(['"one"', '"two\\r"', '""', '"\\"four\\""']);
});

test('without room nothing is read, `maxsize` holds, and the end comes after the last item', async () => {
  await using files = await running();
  const path = join(files.folder, 'lines');
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`);
  writeFileSync(path, lines.join('\n'));
  await using run = await running(filled({ type: 'lines', path }, { maxsize: 3 }));
  await run.broker.runnerSide.begin();
  const consumer = await run.client('c');
  for (let index = 0; index < lines.length; ) {
    const items = await consumer.get(1, 3);
    expect(items).toEqual(lines.slice(index, index + items.length));
    index += items.length;
    if (index < lines.length - 3) expect(run.notices).toEqual([]);
    consumer.say((to) => to.number(Type.TAKEN, 1, items.length));
  }
  consumer.say((to) => to.number(Type.GET, 1, 1, 1));
  await consumer.next(Type.END);
  expect(run.broker.counts()['q']).toMatchObject({ put: 20_000, taken: 20_000, peak: 3 });
});

test('the runner is one producer among others: the stream ends with the last of them', async () => {
  await using run = await running(filled({ type: 'values', values: ['a'] }, { producers: ['p'] }));
  await run.broker.runnerSide.begin();
  await run.notice('supplied');
  expect(run.notices.map(({ type }) => type)).toEqual(['supplied']);
  settle(run, 'p');
  await run.notice('closed');
});

test.each([
  ['json', '1\n2\nthree\n', ['1', '2'], 'line 3 is not JSON, and a file that is not one array is one value a line'],
  ['json', '[1,\n2 3]', ['1', '2'], 'a comma, or the end of the array, was expected at line 2, column 3'],
  ['lines', 'ok\n\xff\n', ['"ok"'], 'line 2 is not UTF-8, as an item of this queue must be'],
] as const)(
  'what cannot be an item breaks the stream, behind what was sound: %s',
  async (type, text, items, reason) => {
    await using files = await running();
    const path = join(files.folder, 'file');
    writeFileSync(path, Buffer.from(text, 'latin1'));
    await using run = await running(filled({ type, path }, { encoding: 'json' }));
    await run.broker.runnerSide.begin();
    expect(await run.notice('supplied')).toEqual({
      type: 'supplied',
      queue: 'q',
      items: items.length,
      reason: `\`${path}\`: ${reason}`,
      fails: 'now',
    });
    const consumer = await run.client('c');
    expect(await consumer.get(1, 10)).toEqual(items);
    consumer.say((to) => to.range(Type.DONE, 1, 0, items.length));
    consumer.say((to) => to.number(Type.GET, 1, 1, 1));
    expect((await consumer.next(Type.END)).flags).toBe(1);
  },
);

test('an item that does not fit the queue’s schema breaks the stream, and its place is told', async () => {
  await using run = await running(
    filled({ type: 'values', values: [1, 2, 'x'] }, { encoding: 'json', item: { type: 'integer' } }),
  );
  await run.broker.runnerSide.begin();
  expect(await run.notice('supplied')).toMatchObject({
    items: 2,
    reason: 'value 3 does not fit `item`: it must be integer',
    fails: 'now',
  });
});

test('a file that is not there, or becomes shorter while it is read, is told', async () => {
  await using files = await running();
  const path = join(files.folder, 'file');
  await using none = await running(filled({ type: 'lines', path }));
  await none.broker.runnerSide.begin();
  expect(await none.notice('supplied')).toMatchObject({ reason: `\`${path}\` is not there`, fails: 'now' });
  writeFileSync(path, 'a line\n'.repeat(100_000));
  await using run = await running(filled({ type: 'lines', path }, { maxsize: 10 }));
  await run.broker.runnerSide.begin();
  const consumer = await run.client('c');
  await consumer.get(1);
  truncateSync(path, 70_000);
  for (let taken = 1; taken < 10_000; taken += 1) {
    consumer.say((to) => to.number(Type.TAKEN, 1, 1));
    await consumer.get(1);
  }
  expect(await run.notice('supplied')).toMatchObject({
    reason: `\`${path}\` became shorter while it was read`,
    fails: 'now',
  });
});

test.each([
  ['fail', 'later'],
  ['warn', 'no'],
  ['ignore', 'no'],
] as const)('nobody is left to take what is still to come, with `leftover: %s`', async (leftover, fails) => {
  const values = Array.from({ length: 10 }, (_, index) => index);
  await using run = await running(filled({ type: 'values', values }, { leftover, maxsize: 2 }));
  await run.broker.runnerSide.begin();
  settle(run, 'c');
  expect(await run.notice('supplied')).toMatchObject({ reason: 'no process is left that takes from it', fails });
});

test('a run that is stopped puts no more, and what there was is no whole stream', async () => {
  const values = Array.from({ length: 10 }, (_, index) => index);
  await using run = await running(filled({ type: 'values', values }, { maxsize: 2 }));
  await run.broker.runnerSide.begin();
  const consumer = await run.client('c');
  await consumer.get(1);
  run.broker.runnerSide.abandon();
  await run.broker.runnerSide.finish(false);
  expect(run.notices).toContainEqual({ type: 'closed', queue: 'q', aborted: true });
  expect(await run.notice('supplied')).toMatchObject({ reason: 'the run was stopped', fails: 'no' });
});

test('what was never begun is finished at once', async () => {
  await using run = await running(
    filled({ type: 'values', values: [1] }, { to: { type: 'lines', path: '/nowhere/x' } }),
  );
  run.broker.runnerSide.abandon();
  await run.broker.runnerSide.begin();
  await run.broker.runnerSide.finish(false);
  expect(run.notices.map(({ type }) => type).sort()).toEqual(['closed', 'recorded', 'supplied']);
});

// ---- to ----

/** A queue that nobody but the runner takes from. */
async function recorded(
  items: readonly string[],
  { type = 'lines', ...settings }: Partial<QueueChannel> & { type?: 'lines' | 'json' },
  file = 'out',
): Promise<Running & { readonly file: string }> {
  const files = await running();
  const path = join(files.folder, file);
  const run = await running(queueOf('q', { consumers: [], to: { type, path }, ...settings }));
  await run.broker.runnerSide.begin();
  const producer = await run.client('p');
  if (items.length > 0) await producer.put(1, ...items);
  await producer.goodbye();
  const dispose = async () => {
    await run[Symbol.asyncDispose]();
    await files[Symbol.asyncDispose]();
  };
  return { ...run, file: path, [Symbol.asyncDispose]: dispose };
}

test.each([
  ['json', 'lines', ['"text"', '{"a":\n 1}', '[]'], 'text\n{"a":  1}\n[]\n'],
  ['json', 'json', ['"text"', '{"a":\n1}', '"a\\nb"'], '"text"\n{"a": 1}\n"a\\nb"\n'],
  ['text', 'lines', ['text', '', 'cr\r'], 'text\n\ncr\r\n'],
  ['text', 'json', ['te"xt', '', 'a\nb'], '"te\\"xt"\n""\n"a\\nb"\n'],
  ['bytes', 'lines', ['a', 'b'], 'a\nb\n'],
  ['json', 'lines', [], ''],
] as const)('a queue of %s is written as %s', async (encoding, type, items, text) => {
  await using run = await recorded(items, { encoding, type });
  expect(existsSync(run.file)).toBe(false);
  settle(run, 'p');
  expect(await run.notice('recorded')).toEqual({
    type: 'recorded',
    queue: 'q',
    path: run.file,
    items: items.length,
    reason: null,
    fails: 'no',
  });
  expect(readFileSync(run.file, 'utf8')).toBe(text);
  expect(existsSync(`${run.file}.partial`)).toBe(false);
  const count = items.length;
  expect(run.broker.counts()['q']).toMatchObject({ put: count, taken: count, done: count, left_over: 0 });
});

test('that all is done is told only when the file has its name', async () => {
  await using run = await recorded(['a'], {});
  settle(run, 'p');
  await run.notice('drained');
  expect(run.notices.map(({ type }) => type)).toEqual(['closed', 'recorded', 'drained']);
});

test('a stream that broke leaves what came as NAME.partial', async () => {
  await using run = await recorded(['a'], {});
  settle(run, 'p', 'abort');
  expect(await run.notice('recorded')).toMatchObject({
    items: 1,
    reason: 'its stream broke off before the end',
    fails: 'later',
  });
  expect(existsSync(run.file)).toBe(false);
  expect(readFileSync(`${run.file}.partial`, 'utf8')).toBe('a\n');
});

test.each([
  ['json', ['"a"', '"b\\nc"', '"d"']],
  ['text', ['a', 'b\nc', 'd']],
  ['bytes', ['a', 'b\nc', 'd']],
] as const)(
  'an item of %s that would be two lines is refused with its number, and is not done',
  async (encoding, items) => {
    await using run = await recorded(items, { encoding });
    expect(await run.notice('recorded')).toMatchObject({
      reason: 'it cannot take item 2, which holds a line break and would be several; say `to: {json: …}`',
      fails: 'now',
    });
    settle(run, 'p');
    expect(run.broker.counts()['q']).toMatchObject({ put: 3, done: 0, left_over: 3 });
  },
);

test('a disk that is full, and a folder that is not there, are told and lose nothing', async () => {
  await using none = await recorded([], {}, 'none/out');
  const reason = `its folder \`${dirname(none.file)}\` is not there`;
  expect(await none.notice('recorded')).toMatchObject({ reason, fails: 'now' });
  const files = await running();
  await using _ = files;
  const path = join(files.folder, 'out');
  symlinkSync('/dev/full', `${path}.partial`);
  await using run = await running(queueOf('q', { consumers: [], to: { type: 'lines', path } }));
  await run.broker.runnerSide.begin();
  const producer = await run.client('p');
  await producer.put(1, 'a', 'b');
  expect(await run.notice('recorded')).toMatchObject({
    items: 0,
    reason: expect.stringContaining('ENOSPC') as string,
    fails: 'now',
  });
  expect(run.broker.counts()['q']).toMatchObject({ put: 2, done: 0, left_over: 2 });
});

test('where a folder has the name, that is told before anything is written', async () => {
  await using run = await recorded([], {}, '.');
  expect(await run.notice('recorded')).toMatchObject({ reason: 'it is a folder', fails: 'now' });
});

test('what is no regular file is never replaced by one', async () => {
  await using files = await running();
  const path = join(files.folder, 'out');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  await using run = await running(queueOf('q', { consumers: [], to: { type: 'lines', path } }));
  await run.broker.runnerSide.begin();
  expect(await run.notice('recorded')).toMatchObject({
    reason: 'it is not a regular file; wire the stdin of a process to the queue, and its stdout to the file',
    fails: 'now',
  });
  expect(lstatSync(path).isFIFO()).toBe(true);
});

test.each(['there', 'missing'])('a link is followed to where its file is, or will be (%s)', async (target) => {
  await using files = await running();
  const [path, file] = ['out', target].map((name) => join(files.folder, name)) as [string, string];
  symlinkSync(target, path);
  if (target === 'there') writeFileSync(file, 'before\n');
  await using run = await running(queueOf('q', { consumers: [], to: { type: 'lines', path } }));
  await run.broker.runnerSide.begin();
  const producer = await run.client('p');
  await producer.put(1, 'a');
  await producer.goodbye();
  settle(run, 'p');
  expect(await run.notice('recorded')).toMatchObject({ path: file, items: 1, reason: null });
  expect([readFileSync(file, 'utf8'), lstatSync(path).isSymbolicLink()]).toEqual(['a\n', true]);
});

test('a file that replaces one can be read by nobody else', async () => {
  await using files = await running();
  const path = join(files.folder, 'out');
  writeFileSync(path, 'before\n', { mode: 0o600 });
  await using run = await running(queueOf('q', { producers: [], consumers: [], to: { type: 'lines', path } }));
  await run.broker.runnerSide.begin();
  await run.notice('recorded');
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['', 0o600]);
});

test('of two runs that write to one file at once, the one that began last has it, and the other says so', async () => {
  await using first = await recorded(['a'], {});
  await using second = await running(queueOf('q', { consumers: [], to: { type: 'lines', path: first.file } }));
  await second.broker.runnerSide.begin();
  const producer = await second.client('p');
  await producer.put(1, 'b');
  settle(first, 'p');
  expect(await first.notice('recorded')).toMatchObject({
    reason: 'another run writes to it, too, or has taken it away',
    fails: 'now',
  });
  await producer.goodbye();
  settle(second, 'p');
  expect(await second.notice('recorded')).toMatchObject({ items: 1, reason: null });
  expect(readFileSync(first.file, 'utf8')).toBe('b\n');
});

test('while others take from the queue, the runner does not; then it takes what they left', async () => {
  await using run = await recorded(['a', 'b', 'c'], { consumers: ['c'] });
  settle(run, 'p');
  const consumer = await run.client('c');
  expect(await consumer.get(1)).toEqual(['a']);
  consumer.say((to) => to.range(Type.DONE, 1, 0, 1));
  await consumer.goodbye();
  expect(readFileSync(`${run.file}.partial`, 'utf8')).toBe('');
  settle(run, 'c');
  await run.notice('recorded');
  expect(readFileSync(run.file, 'utf8')).toBe('b\nc\n');
  expect(run.broker.counts()['q']).toMatchObject({ put: 3, taken: 3, done: 3 });
});

test('what another had taken and not done when it was killed is in the file', async () => {
  await using run = await recorded(['a', 'b'], { consumers: ['c'] });
  settle(run, 'p');
  const consumer = await run.client('c');
  await consumer.get(1);
  consumer.say((to) => to.number(Type.TAKEN, 1, 1));
  await consumer.settled();
  await consumer.kill();
  settle(run, 'c', 'abort');
  await run.notice('recorded');
  expect(readFileSync(run.file, 'utf8')).toBe('a\nb\n');
});

test.each(['at-least-once', 'at-most-once'] as const)('from one file into another, %s', async (delivery) => {
  await using files = await running();
  const [here, there] = ['here', 'there'].map((name) => join(files.folder, name)) as [string, string];
  writeFileSync(here, Array.from({ length: 50_000 }, (_, index) => `line ${index}\n`).join(''));
  await using run = await running(
    filled(
      { type: 'lines', path: here },
      { consumers: [], to: { type: 'lines', path: there }, maxsize: 100, delivery },
    ),
  );
  await run.broker.runnerSide.begin();
  await run.broker.runnerSide.finish(false);
  expect(readFileSync(there).equals(readFileSync(here))).toBe(true);
  expect(run.broker.counts()['q']).toMatchObject({ put: 50_000, taken: 50_000, done: 50_000, left_over: 0 });
});
