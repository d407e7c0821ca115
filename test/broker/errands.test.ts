// What processes ask of the run itself: who may, how much of it, and that the answer comes to who asked.
import { expect, onTestFinished, test } from 'vitest';
import { readJson, readReply } from '../../src/wire/body.ts';
import { Type } from '../../src/wire/message.ts';
import { type Client, queueOf, type Running, runningWith } from './kit.ts';

const speakers = [{ node: 'p', outputs: ['x', 'y'] }];

async function start(): Promise<Running> {
  const run = await runningWith({ speakers }, queueOf('q'));
  onTestFinished(() => run[Symbol.asyncDispose]());
  return run;
}

function set(client: Client, request: number, name: string, value: unknown): void {
  client.say((to) => to.ask(Type.OUTPUT, request, { name, value }));
}

test('an instance is told which outputs it may set, and others are told of none', async () => {
  const run = await start();
  const [setter, other] = [await run.stranger(), await run.stranger()];
  setter.hello('p');
  expect(readJson(await setter.next(Type.WELCOME))).toMatchObject({ outputs: ['x', 'y'] });
  other.hello('c');
  expect(readJson(await other.next(Type.WELCOME))).not.toHaveProperty('outputs');
});

test('an output is set once the runner has said so', async () => {
  const run = await start();
  const client = await run.client('p');
  set(client, 3, 'x', { deep: ['ä', 1.5, null] });
  expect(await run.notice('output')).toEqual({
    type: 'output',
    errand: 1,
    node: 'p',
    name: 'x',
    value: { deep: ['ä', 1.5, null] },
  });
  await client.settled();
  expect(client.heard).toEqual([]);
  run.broker.done({ type: 'done', errand: 1 });
  expect(readReply(await client.next(Type.REPLY))).toEqual({ request: 3, value: undefined });
});

test('an output that is not declared is refused, and the session goes on', async () => {
  const run = await start();
  const client = await run.client('p');
  set(client, 4, 'z', 1);
  expect(readJson(await client.next(Type.ERROR))).toMatchObject({ code: 'not-granted', request: 4 });
  await client.settled();
  const other = await run.client('c');
  set(other, 5, 'x', 1);
  expect(readJson(await other.next(Type.ERROR))).toMatchObject({ code: 'not-granted', request: 5 });
  expect(run.notices).toEqual([]);
});

test('an answer to one who has left harms nobody', async () => {
  const run = await start();
  const client = await run.client('p');
  set(client, 1, 'x', 1);
  await run.notice('output');
  client.socket.destroy();
  await client.closed;
  const next = await run.client('p');
  run.broker.done({ type: 'done', errand: 1 });
  run.broker.done({ type: 'done', errand: 1 });
  await next.settled();
});

test.each([
  ['a value that is nested too deep', { name: 'x', value: nested(501) }, 'protocol'],
  ['no value', { name: 'x' }, 'protocol'],
  ['no name', { value: 1 }, 'protocol'],
  ['a larger value than there may be', { name: 'x', value: 'a'.repeat(1024 * 1024) }, 'limit'],
])('%s ends the session', async (_, body, code) => {
  const run = await start();
  const client = await run.client('p');
  client.say((to) => to.ask(Type.OUTPUT, 1, body as { name: string; value: unknown }));
  expect(readJson(await client.next(Type.ERROR))).toMatchObject({ code });
});

test('a value that is as deep and as large as it may be is let in', async () => {
  const run = await start();
  const client = await run.client('p');
  set(client, 1, 'x', nested(500));
  set(client, 2, 'x', 'a'.repeat(1024 * 1024 - 23));
  await client.settled();
  expect(run.notices.map(({ type }) => type)).toEqual(['output', 'output']);
});

test('who asks for more than can be answered is cut off', async () => {
  const run = await start();
  const client = await run.client('p');
  for (let request = 1; request <= 1025; request += 1) set(client, request, 'x', request);
  expect(readJson(await client.next(Type.ERROR))).toMatchObject({ code: 'limit' });
  expect(run.notices.filter(({ type }) => type === 'output')).toHaveLength(1024);
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}
