import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { queueChannel, type ScriptedSession, scriptedBroker } from '../kit/scripted-broker.ts';
import { sdkPrograms } from '../kit/sdk-program.ts';
import { Flag } from '../../src/wire/message.ts';
import { type Meaning, written } from '../wire/meaning.ts';
import { bare, deliver, put, range, room } from './kit.ts';

const programs = sdkPrograms();

describe('a program that puts, and then', () => {
  const first = `await queue('dishes').put(0);
    for (let n = 1; n < 1000; n += 1) void queue('dishes').put(n);`;

  test.each<[string, string, number]>([
    ['returns', '', 0],
    ['calls process.exit', 'process.exit(7);', 7],
    ['throws', `throw new Error('burnt');`, 1],
    ['rejects', `Promise.reject(new Error('burnt'));`, 1],
    ['sets its exit code', 'process.exitCode = 4;', 4],
  ])('%s has put everything and says goodbye', async (_ending, ending, exitCode) => {
    const broker = await scriptedBroker();
    const program = programs.run(`${first}\n${ending}`, broker.environment);
    const session = await greet(broker);
    const frames = await everything(session);
    expect((await program).exitCode).toBe(exitCode);
    expect(frames.flatMap(({ items }) => items ?? [])).toEqual(Array.from({ length: 1000 }, (_, n) => String(n)));
    expect(frames.at(-1)?.type).toBe('GOODBYE');
  });
});

test('who ends when the other end of its lane is gone tells the broker what came, and what it had taken and done', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lane-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const broker = await scriptedBroker();
  // While it reads its input it hears nothing.
  const program = programs.run(
    `const { readFileSync } = await import('node:fs');
     const dishes = queue('dishes');
     const first = await dishes.take();
     await dishes.take();
     const third = await dishes.take();
     third.done();
     first.done();
     setImmediate(() => {
       readFileSync(0);
       process.exit(3);
     });`,
    broker.environment,
  );
  const session = await broker.session();
  await session.welcome(queueChannel());
  await session.until('GET');
  const lane = { path: join(folder, 's'), key: 'k' };
  session.send({ type: 'LANE', flags: 1, channel: 1, json: lane });
  await session.until('LANE_READY');
  const producer = connect(lane.path);
  const heard = once(producer, 'data');
  producer.write(
    Buffer.concat([written({ type: 'LANE', flags: 0, channel: 1, json: lane }), written(put('1', '2', '3', '4'))]),
  );
  session.send(bare('LANE_GO'));
  await heard;
  await new Promise((resolve) => producer.end(written(put('5')), () => resolve(null)));
  producer.destroy();
  program.stdin.end();
  const frames = await everything(session);
  expect((await program).exitCode).toBe(3);
  const handed = frames.filter(({ type }) => type === 'HAND_OVER');
  expect(
    handed.flatMap(({ number, flags, items = [] }) => items.map((item, n) => [(number as number) + n, flags, item])),
  ).toEqual([
    [1, Flag.SENT | Flag.TAKEN, '2'],
    [3, Flag.SENT, '4'],
    [4, Flag.SENT, '5'],
  ]);
  expect(frames.slice(-3)).toEqual([
    onLane('LANE_CLOSED', { put: 5, sent: 5, taken: 3, done: 2, peak: 0 }),
    onLane('LANE_LEFT', {
      taken: 3,
      done: [
        [0, 1],
        [2, 1],
      ],
    }),
    { type: 'GOODBYE', flags: 0, channel: 0 },
  ]);
});

function onLane(type: Meaning['type'], json: object): Meaning {
  return { type, flags: 0, channel: 1, json: json as Meaning['json'] };
}

test('what the system does not take at once is written all the same before the program ends', async () => {
  const broker = await scriptedBroker();
  const program = programs.run(
    `const q = queue('dishes');
     await q.put('first');
     for (let n = 0; n < 9; n += 1) void q.put('x'.repeat(100_000));
     process.stdout.write('leaving', () => process.exit(0));`,
    broker.environment,
  );
  const session = await broker.session();
  await session.welcome(queueChannel());
  await session.until('WANT');
  session.send(room(1000, 100_000_000));
  session.stopReading();
  await new Promise((resolve) => program.stdout.once('data', resolve));
  session.goOnReading();
  const frames = await everything(session);
  expect((await program).exitCode).toBe(0);
  expect(frames.flatMap(({ items }) => items ?? []).map((item) => item.length)).toEqual([
    7,
    ...Array.from({ length: 9 }, () => 100_002),
  ]);
  expect(frames.at(-1)?.type).toBe('GOODBYE');
});

test('a program that computes and lets no turn of its loop end has said hello all the same', async () => {
  const broker = await scriptedBroker();
  const program = programs.run(
    `import { readSync } from 'node:fs';
     const q = queue('dishes');
     readSync(0, Buffer.alloc(1));
     await q.put('at last');`,
    broker.environment,
  );
  const session = await broker.session();
  await session.welcome(queueChannel());
  program.stdin?.end('x');
  await session.until('WANT');
  session.send(room(1));
  const frames = await everything(session);
  expect(frames.map(({ type, items }) => items ?? type)).toEqual([['"at last"'], 'GOODBYE']);
  expect((await program).exitCode).toBe(0);
});

test('a put that waits for room keeps its program until there is some', async () => {
  const broker = await scriptedBroker();
  const program = programs.run(`void queue('dishes').put('late');`, broker.environment);
  const session = await greet(broker);
  const frames = await everything(session);
  expect(frames.map(({ type, items }) => items ?? type)).toEqual([['"late"'], 'GOODBYE']);
  expect((await program).exitCode).toBe(0);
});

test('a put that was abandoned does not', async () => {
  const broker = await scriptedBroker();
  const program = programs.run(
    `const q = queue('dishes'); await q.qsize(); void q.put('never'); q.abandon();`,
    broker.environment,
  );
  const session = await broker.session();
  await session.welcome(queueChannel());
  const { request } = await session.until('STAT');
  const json = { size: 0, room: 0, unfinished: 0, closed: false };
  session.send({ type: 'REPLY', flags: 0, channel: 1, request: request as number, json });
  const frames = await everything(session);
  expect(frames.map(({ type }) => type)).toEqual(['WANT', 'GOODBYE']);
  expect((await program).exitCode).toBe(0);
});

test('one that is made and awaited after others were abandoned does', async () => {
  const broker = await scriptedBroker();
  const program = programs.run(`const q = queue('dishes'); q.abandon(); await q.put('late');`, broker.environment);
  const session = await greet(broker);
  const frames = await everything(session);
  expect(frames.map(({ type, items }) => items ?? type)).toEqual([['"late"'], 'GOODBYE']);
  expect((await program).exitCode).toBe(0);
});

test('a program that only named its channels ends by itself', async () => {
  const broker = await scriptedBroker();
  expect((await programs.run(`queue('dishes'); lock('mutex');`, broker.environment)).exitCode).toBe(0);
});

test('what was read ahead and not taken goes back before goodbye; what was taken stays', async () => {
  const broker = await scriptedBroker();
  const program = programs.run(
    `for (let n = 0; n < 2; n += 1) console.log(await queue('dishes').get()); process.exit();`,
    broker.environment,
  );
  const session = await broker.session();
  await session.welcome(queueChannel());
  await session.until('GET');
  session.send(deliver('1', '2', '3', '4'));
  const frames = await everything(session);
  expect((await program).stdout).toBe('1\n2');
  expect(frames.slice(-2)).toEqual([range('GIVE_BACK', 2, 2), { type: 'GOODBYE', flags: 0, channel: 0 }]);
});

test('a program that exits while puts still wait has failed, and says so', async () => {
  const broker = await scriptedBroker();
  const program = await programs.run(
    `const q = queue('dishes'); void q.put(1); void q.put(2); process.exit(0);`,
    broker.environment,
  );
  expect(program).toMatchObject({
    exitCode: 1,
    stderr: 'forkline: the program ended while 2 puts still waited to be made: `await` each put before it ends',
  });
});

describe('a target that is told to stop', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s dies by it, though it waits for something else, with all it has put',
    async (signal) => {
      const broker = await scriptedBroker();
      const program = programs.launch(
        `export async function cook() {
           await queue('dishes').put('soup');
           console.log('cooking');
           await queue('dishes').get();
         }`,
        'cook',
        {},
        broker.environment,
      );
      const session = await greet(broker);
      await session.until('GET');
      program.kill(signal);
      const frames = await everything(session);
      expect(await program).toMatchObject({ signal, stdout: 'cooking' });
      expect(frames.at(-1)?.type).toBe('GOODBYE');
    },
  );

  test('does as it has said itself, if it has', async () => {
    const program = programs.launch(
      `export async function cook() {
         process.on('SIGTERM', () => process.exit(5));
         console.log('cooking');
         await new Promise((resolve) => setTimeout(resolve, 1e6));
       }`,
      'cook',
    );
    await new Promise((resolve) => program.stdout.once('data', resolve));
    program.kill('SIGTERM');
    expect((await program).exitCode).toBe(5);
  });
});

/** Welcomes the next session, and gives it room as soon as it wants some. */
async function greet(broker: Awaited<ReturnType<typeof scriptedBroker>>): Promise<ScriptedSession> {
  const session = await broker.session();
  await session.welcome(queueChannel());
  await session.until('WANT');
  session.send(room(1000));
  return session;
}

/** What comes until the client has gone. */
async function everything(session: ScriptedSession): Promise<readonly Meaning[]> {
  await session.closed;
  return session.unseen;
}
