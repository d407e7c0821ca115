// What processes ask of the run itself: who may, how much of it, and that the answer comes to who asked.
import { expect, onTestFinished, test } from 'vitest';
import { readJson, readReply } from '../../src/wire/body.ts';
import { Flag, Type } from '../../src/wire/message.ts';
import type { FrameWriter } from '../../src/wire/writer.ts';
import { bytesOf, type Client, queueOf, type Running, runningWith } from './kit.ts';

const speakers = [
  { node: 'p', outputs: ['x', 'y'], controls: [] },
  { node: 'c', outputs: [], controls: ['p', 'w'] },
];

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
  const welcome = readJson(await other.next(Type.WELCOME));
  expect(welcome).not.toHaveProperty('outputs');
  expect(welcome).toMatchObject({ controls: ['p', 'w'] });
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

test('an output that is not UTF-8 is refused, for what was read of it would be something else', async () => {
  const run = await start();
  const client = await run.client('p');
  const frame = bytesOf((to) => to.ask(Type.OUTPUT, 4, { name: 'x', value: '?' }));
  frame[frame.indexOf('?')] = 0xff;
  client.socket.write(frame);
  expect(await client.error()).toBe('protocol');
  expect(run.notices).toEqual([{ type: 'offence', node: 'p', reason: expect.any(String) }]);
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

test('outputs of which the end never comes take only so much memory', async () => {
  const run = await start();
  const large = (to: FrameWriter) => to.ask(Type.OUTPUT, 1, { name: 'x', value: 'a'.repeat(1024 * 1024 - 23) });
  const clients = await Promise.all(Array.from({ length: 16 }, () => run.client('p')));
  for (const { socket } of clients) socket.write(bytesOf(large).subarray(0, 5000));
  const refused = await Promise.any(clients.map((client) => client.next(Type.ERROR)));
  expect(readJson(refused)).toMatchObject({ code: 'limit' });
  const modest = await run.client('p');
  set(modest, 1, 'x', 'a'.repeat(5000));
  await modest.settled();
  expect(run.notices.filter(({ type }) => type === 'output')).toHaveLength(1);
  // Of those that are gone nothing is kept, as soon as the broker knows of it.
  for (const { socket } of clients) socket.destroy();
  for (let isIn = false; !isIn; ) {
    const client = await run.client('p');
    client.say(large);
    isIn = await client.settled().then(
      () => true,
      () => false,
    );
  }
});

test('who asks for more than can be answered is cut off', async () => {
  const run = await start();
  const client = await run.client('p');
  for (let request = 1; request <= 1025; request += 1) set(client, request, 'x', request);
  expect(readJson(await client.next(Type.ERROR))).toMatchObject({ code: 'limit' });
  expect(run.notices.filter(({ type }) => type === 'output')).toHaveLength(1024);
});

function watch(client: Client, request: number, process: string, flags = 0): void {
  client.say((to) => to.ask(Type.WATCH, request, { process }, flags));
}

async function answer(client: Client): Promise<unknown> {
  const { request, value } = readReply(await client.next(Type.REPLY));
  return [request, value];
}

test('how another stands is told: before it starts, while it runs, and once it has ended', async () => {
  const run = await start();
  const client = await run.client('c');
  watch(client, 1, 'w');
  expect(await answer(client)).toEqual([1, { pid: null, alive: false, exitcode: null }]);
  run.broker.started({ type: 'started', node: 'w', pid: 70 });
  run.broker.started({ type: 'started', node: 'w', pid: 71 });
  watch(client, 2, 'w');
  expect(await answer(client)).toEqual([2, { pid: 71, alive: true, exitcode: null }]);
  run.broker.ended({ type: 'ended', node: 'w', exitcode: -15 });
  watch(client, 3, 'w');
  expect(await answer(client)).toEqual([3, { pid: 71, alive: false, exitcode: -15 }]);
});

test('the end of another is told to all who wait for it, once it has come, and afterwards at once', async () => {
  const run = await start();
  const [one, two] = [await run.client('c'), await run.client('c')];
  watch(one, 1, 'w', Flag.WAIT);
  watch(one, 2, 'w', Flag.WAIT);
  watch(two, 1, 'w', Flag.WAIT);
  await Promise.all([one.settled(), two.settled()]);
  expect([...one.heard, ...two.heard]).toEqual([]);
  run.broker.ended({ type: 'ended', node: 'w', exitcode: null });
  const state = { pid: null, alive: false, exitcode: null };
  expect([await answer(one), await answer(one), await answer(two)]).toEqual([
    [1, state],
    [2, state],
    [1, state],
  ]);
  watch(two, 3, 'w', Flag.WAIT);
  expect(await answer(two)).toEqual([3, state]);
});

test('who waits no more is answered that, and hears of the end no more', async () => {
  const run = await start();
  const client = await run.client('c');
  watch(client, 1, 'w', Flag.WAIT);
  watch(client, 2, 'w', Flag.WAIT);
  client.say((to) => to.number(Type.CANCEL, 0, 1));
  expect(await answer(client)).toEqual([1, undefined]);
  client.say((to) => to.number(Type.CANCEL, 0, 1));
  run.broker.ended({ type: 'ended', node: 'w', exitcode: 0 });
  expect(await answer(client)).toEqual([2, { pid: null, alive: false, exitcode: 0 }]);
  await client.settled();
  expect(client.heard).toEqual([]);
});

test('one that waits and leaves is no burden', async () => {
  const run = await start();
  const client = await run.client('c');
  watch(client, 1, 'w', Flag.WAIT);
  await client.settled();
  client.socket.destroy();
  await client.closed;
  const next = await run.client('c');
  watch(next, 1, 'w', Flag.WAIT);
  await next.settled();
  run.broker.ended({ type: 'ended', node: 'w', exitcode: 0 });
  expect(await answer(next)).toMatchObject([1, { exitcode: 0 }]);
});

test('the runner is told whom to stop, and how, and by whose wish', async () => {
  const run = await start();
  const client = await run.client('c');
  client.say((to) => to.ask(Type.TERMINATE, 1, { process: 'w' }));
  client.say((to) => to.ask(Type.TERMINATE, 2, { process: 'p' }, Flag.KILL));
  await client.settled();
  expect(run.notices).toEqual([
    { type: 'terminate', errand: 1, by: 'c', node: 'w', atOnce: false },
    { type: 'terminate', errand: 2, by: 'c', node: 'p', atOnce: true },
  ]);
  run.broker.done({ type: 'done', errand: 2 });
  expect(await answer(client)).toEqual([2, undefined]);
});

test('nobody controls another without being let', async () => {
  const run = await start();
  const client = await run.client('p');
  watch(client, 1, 'c');
  client.say((to) => to.ask(Type.TERMINATE, 2, { process: 'w' }));
  for (const request of [1, 2])
    expect(readJson(await client.next(Type.ERROR))).toMatchObject({ code: 'not-granted', request });
  const other = await run.client('c');
  watch(other, 3, 'c', Flag.WAIT);
  expect(readJson(await other.next(Type.ERROR))).toMatchObject({ code: 'not-granted', request: 3 });
  expect(run.notices).toEqual([]);
});

test.each([
  ['a request that is in use', 2],
  ['too many that wait', 16_385],
])('%s ends the session', async (what, count) => {
  const run = await start();
  const client = await run.client('c');
  for (let request = 1; request <= count; request += 1)
    watch(client, what.includes('in use') ? 1 : request, 'w', Flag.WAIT);
  expect(readJson(await client.next(Type.ERROR))).toMatchObject({ code: count === 2 ? 'protocol' : 'limit' });
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}
