// Queues that look at their items: who puts what does not fit is told where and why, and nothing else happens.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judgesOf, words } from '../../src/broker/judge.ts';
import type { Json } from '../../src/plan/plan.ts';
import { readJson, readReply } from '../../src/wire/body.ts';
import { itemsOf } from '../../src/wire/items.ts';
import { Type } from '../../src/wire/message.ts';
import { type Client, queueOf, running } from './kit.ts';

async function verdict(item: Json, value: string | Buffer, encoding: 'json' | 'text' = 'json'): Promise<string> {
  const judge = (await judgesOf([queueOf('q', { encoding, item })])).get('q');
  const misfit = judge?.(Buffer.from(value as string)) ?? null;
  return misfit === null ? 'fits' : words(misfit).replace('does not fit `item`: ', '');
}

const dish = {
  type: 'object',
  properties: { name: { type: 'string', pattern: '^[A-Z]' }, portions: { type: 'integer', minimum: 1 } },
  required: ['name'],
  additionalProperties: false,
};

test.each([
  [dish, '{"name":"Soup","portions":1}', 'fits'],
  [dish, '{"name":"Soup","portions":0}', '`/portions` must be >= 1'],
  [dish, '{"name":"soup"}', '`/name` must match `^[A-Z]`'],
  [dish, '{}', 'it must have `name`'],
  [dish, '{"name":"Soup","a/b":1}', 'it must not have `a/b`'],
  [dish, '{"name":"Soup","__proto__":1}', 'it must not have `__proto__`'],
  [dish, '[]', 'it must be object'],
  [dish, '{"name":', 'it is not JSON'],
  [dish, Buffer.from([0x22, 0xff, 0x22]), 'it is not UTF-8'],
  [true, '9007199254740993', 'it holds `9007199254740993`, a number that JSON cannot carry'],
  [false, 'null', 'it must not be there'],
  [{ required: ['toString', '__proto__'] }, '{}', 'it must have `toString`'],
  [{ properties: { constructor: { type: 'string' } } }, '{}', 'fits'],
  [{ enum: [1, 'a'] }, '2', 'it must be one of 1,"a"'],
  [{ items: { const: 1 } }, '[1,2]', '`/1` must be 1'],
  [
    { anyOf: [{ type: 'string' }, { type: 'object', required: ['a'] }] },
    '{}',
    'it must fit one of `anyOf` (must be string; must have `a`)',
  ],
  [{ oneOf: [{ type: 'number' }, { minimum: 1 }] }, '2', 'it must fit only one of `oneOf`'],
  [{ uniqueItems: true }, '[{"a":1,"b":2},{"b":2,"a":1}]', 'it must not hold the same thing twice'],
  [{ uniqueItems: true }, '[1,"1",[1],{"entries":[]},{}]', 'fits'],
  [{ pattern: '^\\u0041\\p{Lu}$' }, '"AB"', 'fits'],
  [{ maxLength: 1 }, '"🥟"', 'fits'],
  [{ anyOf: [{ pattern: 'a' }, { pattern: 'b' }] }, '"b"', 'fits'],
] as const)('%j, of %s: %s', async (item, value, expected) => {
  expect(await verdict(item as Json, value as string)).toBe(expected);
});

test('on a queue of text, the text itself is looked at', async () => {
  expect(await verdict({ minLength: 2 }, 'a', 'text')).toBe('it must NOT have fewer than 2 characters');
  expect(await verdict({ type: 'string' }, '12', 'text')).toBe('fits');
});

test('nothing that is put can hold up the broker for long', async () => {
  const evil = `"${'a'.repeat(100_000)}b"`;
  expect(await verdict({ pattern: '^(a+)+$' }, evil)).toBe('it must match `^(a+)+$`');
  const many = `[${Array.from({ length: 100_000 }, (_, index) => `{"a":${index}}`).join()}]`;
  expect(await verdict({ uniqueItems: true }, many)).toBe('fits');
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
  expect(await verdict({ items: { $ref: '#' } }, deep)).toBe('it is nested too deeply to be looked at');
  expect(await verdict(true, Buffer.alloc(16 * 1024 * 1024 + 1, '1'))).toBe(
    'it has 16777217 bytes, and no more than 16 MiB are looked at',
  );
});

const positive = queueOf('q', { encoding: 'json', maxsize: 2, item: { type: 'integer', minimum: 1 } });

/** What it was answered, by request. */
async function answer(client: Client): Promise<string> {
  const frame = await client.next(Type.REPLY, Type.ERROR);
  if (frame.type === Type.REPLY) return `${readReply(frame).request} put`;
  const { code, request, path, reason } = readJson(frame);
  return `${String(request)} ${String(code)} ${String(path)}: ${String(reason)}`;
}

test('an item that does not fit is refused, and its room is free again', async () => {
  await using run = await running(positive);
  const producer = await run.client('p');
  const consumer = await run.client('c');
  for (let round = 0; round < 5; round += 1) {
    producer.say((to) => to.room(Type.WANT, 1, 1, 2));
    await producer.next(Type.ROOM);
    producer.say((to) => to.offer(1, round, 0, Buffer.from('-1')));
    expect(await answer(producer)).toBe(`${round} unfit : must be >= 1`);
  }
  expect(await producer.stat(1)).toEqual({ size: 0, room: 2, unfinished: 0, closed: false });
  expect(run.broker.counts()['q']).toMatchObject({ put: 0, dropped: 0, left_over: 0 });
  producer.say((to) => to.room(Type.WANT, 1, 1, 2));
  await producer.next(Type.ROOM);
  producer.say((to) => to.offer(1, 7, 0, Buffer.from('7')));
  expect(await answer(producer)).toBe('7 put');
  expect(await consumer.get(1)).toEqual(['7']);
});

test('many may be offered at once: they are answered in order, and those that fit keep theirs', async () => {
  await using run = await running(queueOf('q', { encoding: 'json', item: { maximum: 4 } }));
  const producer = await run.client('p');
  producer.say((to) => to.room(Type.WANT, 1, 8, 8));
  await producer.next(Type.ROOM);
  producer.say((to) => {
    for (let item = 0; item < 8; item += 1) to.offer(1, item, 0, Buffer.from(String(item)));
  });
  const answers = [];
  for (let item = 0; item < 8; item += 1) answers.push(await answer(producer));
  expect(answers.slice(0, 5)).toEqual(['0 put', '1 put', '2 put', '3 put', '4 put']);
  expect(answers.slice(5)).toEqual([5, 6, 7].map((item) => `${item} unfit : must be <= 4`));
  expect(await (await run.client('c')).get(1, 10)).toEqual(['0', '1', '2', '3', '4']);
});

test.each<[string, string, (client: Client) => void]>([
  ['goes round the judge', 'protocol', (client) => client.say((to) => to.put(1, itemsOf([Buffer.from('1')])))],
  ['has no room for what fits', 'limit', (client) => client.say((to) => to.offer(1, 1, 0, Buffer.from('12')))],
  ['has no room for what does not', 'limit', (client) => client.say((to) => to.offer(1, 1, 0, Buffer.from('-1')))],
])('a client that %s is cut off', async (_, code, say) => {
  await using run = await running({ ...positive, maxsize: 1 });
  const client = await run.client('p');
  client.say((to) => to.room(Type.WANT, 1, 1, 1));
  await client.next(Type.ROOM);
  if (code === 'limit') {
    client.say((to) => to.offer(1, 9, 0, Buffer.from('1')));
    await client.next(Type.REPLY);
  }
  say(client);
  expect(await client.error()).toBe(code);
});

test('a line that does not fit fails its process, and those before it are put', async () => {
  await using run = await running(positive);
  const path = join(run.folder, 'fifo');
  spawnSync('mkfifo', [path]);
  run.broker.collect({ type: 'collect', request: 1, node: 'p', stream: 'stdout', queue: 'q', path, format: 'json' });
  const fd = openSync(path, constants.O_WRONLY);
  writeSync(fd, '1\n2\n0\n3\n');
  closeSync(fd);
  await run.broker.gone({ type: 'gone', request: 1, node: 'p', abandon: false });
  expect(run.notices).toEqual([
    {
      type: 'miswired',
      node: 'p',
      reason: 'its stdout goes to the queue `q`, and line 3 does not fit `item`: it must be >= 1',
    },
  ]);
  expect(await (await run.client('c')).get(1, 10)).toEqual(['1', '2']);
});
