import { expect, test } from 'vitest';
import { current } from '../../src/sdk/identity.ts';
import { Queue } from '../../src/sdk/queue.ts';
import { sayReady } from '../../src/sdk/ready.ts';
import { Session } from '../../src/sdk/session.ts';
import { lockChannel, queueChannel, scriptedBroker } from '../kit/scripted-broker.ts';
import { bare, client, deliver, failure, stranger, holdTime } from './kit.ts';

holdTime();

test('the first thing a session says is who it is', async () => {
  const { broker } = await stranger();
  expect(await broker.welcome(queueChannel())).toMatchObject({
    type: 'HELLO',
    channel: 0,
    json: { protocol: 1, instance: 'chef.2', token: 'token', pid: process.pid },
  });
});

test('every call that waits rejects with `BrokerLost` when the connection ends, and every call after it', async () => {
  const { broker, queue, lock } = await client(queueChannel(), lockChannel());
  const calls = [
    queue().put(1),
    queue().get(),
    queue().take(),
    queue().join(),
    queue().qsize(),
    queue().flush(),
    queue().close(),
    lock().acquire(),
  ].map(failure);
  await broker.until('ACQUIRE');
  broker.hangUp();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['BrokerLost']));
  expect(await failure(queue().get())).toBe('BrokerLost');
  expect(await failure(queue('new').get())).toBe('BrokerLost');
});

test('an error without a request is the last thing that is heard, and its message comes through', async () => {
  const { broker, queue } = await stranger();
  const call = queue().get();
  broker.send({ type: 'ERROR', flags: 0, channel: 0, json: { code: 'identity', message: 'not `chef.2`' } });
  await expect(call).rejects.toThrow('the connection to the run is lost: not `chef.2`');
});

test('a frame that makes no sense ends the session', async () => {
  const { broker, queue } = await client();
  const call = queue().get();
  await broker.until('GET');
  broker.send({ ...deliver('1'), channel: 9 });
  await expect(call).rejects.toThrow('a frame for channel 9');
});

test('frames of a type that it does not know are passed over', async () => {
  const { broker, queue, lock } = await client(queueChannel(), lockChannel());
  const calls = [queue().get(), lock().acquire()];
  const { request } = await broker.until('ACQUIRE');
  for (const channel of [0, 1, 3, 9]) broker.sendUnknown(channel);
  broker.send(deliver('1'), { type: 'GRANTED', flags: 0, channel: 3, request: request as number, fence: 1 });
  expect(await calls[0]).toBe(1);
  await calls[1];
});

test('`ready` says so, and is fulfilled once the broker has heard it', async () => {
  const { broker, session } = await client();
  const said = sayReady(session);
  const { request } = await broker.until('READY');
  broker.send({ type: 'REPLY', flags: 0, channel: 0, request: request as number });
  await said;
});

test('a broker that is not there is lost', async () => {
  const session = new Session({ FORKLINE_SOCKET: '/nowhere/s', FORKLINE_TOKEN: 't', FORKLINE_PROCESS: 'p' });
  const queue = session.channel('queue', 'dishes', () => new Queue(session, 'dishes'));
  expect(await failure(queue.get())).toBe('BrokerLost');
});

test('one may only put, or only get, as the pipeline declares it', async () => {
  const { queue } = await client(queueChannel({ gets: false }), queueChannel({ id: 2, name: 'bills', puts: false }));
  await expect(queue('dishes').get()).rejects.toThrow('add `dishes` to `gets` of this process');
  await expect(queue('bills').put(1)).rejects.toThrow('add `bills` to `puts` of this process');
  expect(await failure(queue('bills').put(1))).toBe('NotGranted');
  await expect(queue('tips').put(1)).rejects.toThrow('it may use queue `dishes`, queue `bills`');
});

test('the error of a call names the line that called', async () => {
  const { broker, queue } = await client();
  const callerOfGet = async () => {
    await queue().get();
  };
  const stack = callerOfGet().catch((error: Error) => error.stack);
  await broker.until('GET');
  broker.send(bare('END'));
  expect(await stack).toContain('callerOfGet');
});

test('outside a run it says how to get into one', () => {
  expect(() => new Session({})).toThrow('start that with `forkline run');
  expect(() => current({})).toThrow('start that with `forkline run');
  expect(() => new Session({ FORKLINE_PROCESS: 'chef' })).toThrow('use no queue, pipe or lock');
});

test('a process knows its name, its replica and its run', async () => {
  const { environment } = await scriptedBroker();
  expect(current(environment)).toEqual({ name: 'chef.2', pid: process.pid, replica: 2, runId: 'run-1' });
  expect(current({ FORKLINE_PROCESS: 'chef', FORKLINE_RUN_ID: 'run-1' })).toEqual({
    name: 'chef',
    pid: process.pid,
    replica: 1,
    runId: 'run-1',
  });
});
