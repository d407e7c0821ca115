// The broker as a process of its own: it comes, answers, and leaves nothing behind.
import { ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Notice } from '../../src/broker/control.ts';
import { type BrokerHost, type BrokerOptions, startBroker } from '../../src/broker/host.ts';
import { Type } from '../../src/wire/message.ts';
import { Client, lockOf, queueOf } from './kit.ts';

vi.mock('node:child_process', { spy: true });

function start(options: Partial<BrokerOptions> = {}): Promise<BrokerHost> {
  return startBroker({
    runId: 'r',
    channels: [queueOf('q'), lockOf('l', ['p'])],
    deadlockMs: 1000,
    daemons: [],
    onNotice: () => {},
    onLost: () => {},
    ...options,
  });
}

async function client(host: BrokerHost, instance: string): Promise<Client> {
  const connected = new Client(
    await new Promise((resolve) => {
      const socket = connect(host.socket, () => resolve(socket));
    }),
  );
  connected.hello(instance, 1, host.tokenFor(instance));
  await connected.next(Type.WELCOME);
  return connected;
}

test('children are served by a process of its own, whose folder only this user can enter', async () => {
  const notices: Notice[] = [];
  const host = await start({ onNotice: (notice) => notices.push(notice) });
  expect(host.pid).not.toBe(process.pid);
  expect(statSync(dirname(host.socket)).mode & 0o777).toBe(0o700);
  const producer = await client(host, 'p');
  const consumer = await client(host, 'c');
  await producer.put(1, 'a');
  expect(await consumer.get(1)).toEqual(['a']);
  await producer.goodbye();
  expect(await host.gone('p', false)).toEqual({
    unflushed: false,
    inputBrokeOff: false,
    outputClosed: null,
    toldEnd: false,
    held: 0,
  });
  host.settle({ node: 'p', held: 'done', stream: 'end', succeeded: true });
  expect((await host.count()).queues['q']).toMatchObject({ put: 1, done: 0, left_over: 1, peak: 1 });
  expect(notices).toEqual([{ type: 'closed', queue: 'q', aborted: false }]);
  await host.close();
  expect(existsSync(dirname(host.socket))).toBe(false);
  expect(() => process.kill(host.pid, 0)).toThrow('ESRCH');
});

test('is started once the system has a process to spare, and not at all where it never has', async () => {
  const refused = (): ChildProcess => {
    const child = new ChildProcess();
    const error = Object.assign(new Error('spawn node EAGAIN'), { code: 'EAGAIN' });
    queueMicrotask(() => child.emit('error', error));
    return child;
  };
  vi.mocked(spawn).mockReset().mockImplementationOnce(refused).mockImplementationOnce(refused);
  const host = await start();
  expect(vi.mocked(spawn)).toHaveBeenCalledTimes(3);
  await host.close();
  vi.mocked(spawn).mockImplementation(refused);
  await expect(start()).rejects.toThrow('the broker could not be started: spawn node EAGAIN');
  vi.mocked(spawn).mockReset();
});

test('a FIFO that cannot be opened is told to who asked for it', async () => {
  const host = await start();
  const wiring = { node: 'c', queue: 'q', path: '/nowhere', format: 'lines', done: 'written' } as const;
  // With the system's own code: it is that process's failure, and no mistake of ours.
  await expect(host.feed(wiring)).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('ENOENT') });
  await host.close();
});

test('the signals of a terminal do not end it', async () => {
  const host = await start();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(host.pid, signal);
  expect((await host.count()).queues['q']).toMatchObject({ put: 0 });
  await host.close();
});

test('when it is killed, that is said, and nobody waits for an answer for ever', async () => {
  let lost: (reason: string) => void = () => {};
  const reason = new Promise<string>((resolve) => {
    lost = resolve;
  });
  const host = await start({ onLost: lost });
  const producer = await client(host, 'p');
  process.kill(host.pid, 'SIGKILL');
  expect(await reason).toBe('it ended with SIGKILL');
  await producer.closed;
  // The run goes on to its end with what is known.
  expect(await host.count()).toEqual({ queues: {}, pipes: {} });
  expect(await host.gone('p', false)).toMatchObject({ held: 0 });
  const wiring = { node: 'p', stream: 'stdout', queue: 'q', path: '/nowhere', format: 'lines' } as const;
  await expect(host.collect(wiring)).rejects.toThrow('the broker has ended');
  await host.close();
  expect(existsSync(dirname(host.socket))).toBe(false);
});

test('a folder whose path is too long for a socket is refused before anything is started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'long-'));
  const deep = join(folder, 'x'.repeat(100));
  await expect(start({ socketDir: deep })).rejects.toThrow('no folder for the broker’s socket');
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
