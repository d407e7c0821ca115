// Items that no taker gets done: where they go, what is known of them there, and when that queue ends.
import { expect, test } from 'vitest';
import { readItems, readJson } from '../../src/wire/body.ts';
import { eachItem } from '../../src/wire/items.ts';
import { Type } from '../../src/wire/message.ts';
import { type Client, queueOf, type Running, running } from './kit.ts';

const WORK = 1;
const DEAD = 2;

function dying(attempts: number, consumers: string[] = ['c', 'd', 'e']) {
  return running(
    queueOf('work', { attempts, deadLetter: 'dead', consumers }),
    queueOf('dead', { producers: [], consumers: ['m'] }),
  );
}

function end(run: Running, node: string, how?: string): void {
  const succeeded = how === undefined;
  const held = succeeded ? 'done' : 'back';
  run.broker.settle({ type: 'settle', node, held, stream: 'end', succeeded, how });
}

/** Takes what there is and is killed. */
async function dieOf(run: Running, node: string): Promise<string[]> {
  const client = await run.client(node);
  const items = await client.get(WORK);
  client.say((to) => to.number(Type.TAKEN, WORK, items.length));
  await client.settled();
  await client.kill();
  end(run, node, 'was killed by SIGKILL');
  return items;
}

async function dead(client: Client): Promise<unknown[]> {
  const { queue, reason, attempts } = readJson(await client.next(Type.DEAD));
  const frame = await client.next(Type.DELIVER, Type.REDELIVER);
  return [queue, reason, attempts, ...[...eachItem(readItems(frame))].map(String)];
}

test('an item that was delivered as often as it may be goes to the dead letters, with the reason', async () => {
  await using run = await dying(2);
  await (await run.client('p')).put(WORK, 'a');
  expect(await dieOf(run, 'c')).toEqual(['a']);
  expect(await dieOf(run, 'd')).toEqual(['a']);
  expect(await run.notice('dead_lettered')).toEqual({
    type: 'dead_lettered',
    queue: 'work',
    node: 'd',
    count: 1,
    deadLetter: 'dead',
    reason: 'taken from `work` 2 times and never done: `d` was killed by SIGKILL',
  });
  const mourner = await run.client('m');
  mourner.say((to) => to.number(Type.GET, DEAD, 1, 1));
  expect(await dead(mourner)).toEqual([
    'work',
    'taken from `work` 2 times and never done: `d` was killed by SIGKILL',
    2,
    'a',
  ]);
  expect(run.broker.counts()).toMatchObject({
    work: { put: 1, taken: 2, done: 0, redelivered: 1, dead_lettered: 1, left_over: 0 },
    dead: { put: 1, dead_lettered: 0, left_over: 1 },
  });
});

test('what is given alone is charged though its taker holds something else, and dies before it says that it has taken it', async () => {
  await using run = await dying(3);
  await (await run.client('p')).put(WORK, 'held', 'bomb');
  const first = await run.client('c');
  expect(await first.get(WORK, 2)).toEqual(['held', 'bomb']);
  first.say((to) => to.number(Type.TAKEN, WORK, 2));
  await first.settled();
  await first.kill();
  end(run, 'c', 'was killed by SIGKILL');
  for (const node of ['d', 'e']) {
    const client = await run.client(node);
    expect(await client.getEach(WORK, 1)).toEqual(['held']);
    expect(await client.get(WORK)).toEqual(['bomb']);
    await client.kill();
    end(run, node, 'was killed by SIGKILL');
  }
  expect(run.broker.counts()).toMatchObject({ work: { dead_lettered: 2, left_over: 0 } });
});

test('where nothing is read ahead, what was given is charged though its taker holds something else', async () => {
  await using run = await running(
    queueOf('work', { order: 'priority', attempts: 1, deadLetter: 'dead', consumers: ['c', 'd'] }),
    queueOf('dead', { producers: [], consumers: ['m'] }),
  );
  await (await run.client('p')).put(WORK, 'held', 'bomb', 'other');
  const client = await run.client('c');
  expect(await client.getEach(WORK, 1)).toEqual(['held']);
  expect(await client.get(WORK)).toEqual(['bomb']);
  await client.kill();
  end(run, 'c', 'was killed by SIGKILL');
  expect(run.broker.counts()).toMatchObject({ work: { dead_lettered: 2, left_over: 1 } });
});

test('the dead letters end once the queue they come from has ended and all of it is done or dead', async () => {
  await using run = await dying(1);
  const producer = await run.client('p');
  await producer.put(WORK, 'a', 'b');
  const mourner = await run.client('m');
  mourner.say((to) => to.number(Type.GET, DEAD, 8, 1));
  await dieOf(run, 'c');
  expect((await dead(mourner)).slice(3)).toEqual(['a']);
  mourner.say((to) => to.range(Type.DONE, DEAD, 0, 1));
  mourner.say((to) => to.number(Type.GET, DEAD, 0, 1));
  await mourner.settled();
  await producer.goodbye();
  end(run, 'p');
  await mourner.settled();
  expect(mourner.heard.some(({ type }) => type === Type.END)).toBe(false);
  const worker = await run.client('d');
  expect(await worker.get(WORK)).toEqual(['b']);
  worker.say((to) => to.range(Type.DONE, WORK, 0, 1));
  expect((await mourner.next(Type.END)).flags).toBe(0);
  expect(run.notices.map(({ type, ...rest }) => ('queue' in rest ? `${rest.queue} ${type}` : type))).toEqual([
    'work dead_lettered',
    'work closed',
    'work drained',
    'dead closed',
    'dead drained',
  ]);
});

test('the dead letters end when nobody is left to die', async () => {
  await using run = await dying(3, ['c']);
  await (await run.client('p')).put(WORK, 'a', 'b');
  const mourner = await run.client('m');
  mourner.say((to) => to.number(Type.GET, DEAD, 8, 1));
  await dieOf(run, 'c');
  await mourner.next(Type.END);
  expect(run.broker.counts()).toMatchObject({ work: { dead_lettered: 0, left_over: 2 }, dead: { put: 0 } });
});

test('who waits in join waits no longer for what is dead', async () => {
  await using run = await dying(1);
  const producer = await run.client('p');
  await producer.put(WORK, 'a');
  producer.say((to) => to.number(Type.JOIN, WORK, 7));
  await dieOf(run, 'c');
  await producer.next(Type.REPLY);
});

test('a dead letter that is delivered again is still one, and may die again', async () => {
  await using run = await running(
    queueOf('work', { attempts: 1, deadLetter: 'dead', consumers: ['c'] }),
    queueOf('dead', { producers: [], consumers: ['m', 'n'], attempts: 2, deadLetter: 'hell' }),
    queueOf('hell', { producers: [], consumers: ['o'] }),
  );
  await (await run.client('p')).put(WORK, 'a');
  await dieOf(run, 'c');
  for (const node of ['m', 'n']) {
    const client = await run.client(node);
    client.say((to) => to.number(Type.GET, DEAD, 1, 1));
    expect((await dead(client)).slice(2)).toEqual([1, 'a']);
    client.say((to) => to.number(Type.TAKEN, DEAD, 1));
    await client.settled();
    await client.kill();
    end(run, node, 'failed with exit code 1');
  }
  const last = await run.client('o');
  last.say((to) => to.number(Type.GET, 3, 1, 1));
  expect(await dead(last)).toEqual([
    'dead',
    'taken from `dead` 2 times and never done: `n` failed with exit code 1',
    2,
    'a',
  ]);
});

test('a child that a program made for itself and that died is named as that', async () => {
  await using run = await dying(1);
  await (await run.client('p')).put(WORK, 'a');
  run.broker.started({ type: 'started', node: 'c', pid: 1 });
  const child = await run.client('c', 99);
  await child.get(WORK);
  child.say((to) => to.number(Type.TAKEN, WORK, 1));
  await child.settled();
  await child.kill();
  expect(await run.notice('dead_lettered')).toMatchObject({
    reason: 'taken from `work` once and never done: `c` made a process for it that ended',
  });
});
