// Ends of a pipe in programs, on the real broker over a real socket.
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { tokenFor } from '../../src/broker/token.ts';
import { Pipe } from '../../src/sdk/pipe.ts';
import { Session } from '../../src/sdk/session.ts';
import { pipeOf, type Running, running } from '../broker/kit.ts';

interface Here extends AsyncDisposable {
  readonly run: Running;
  readonly a: Pipe;
  readonly b: Pipe;
  /** The end's process is no more. */
  end(instance: 'a' | 'b'): Promise<void>;
}

async function here(settings: Parameters<typeof pipeOf>[1] = {}): Promise<Here> {
  const run = await running(pipeOf('line', settings));
  const sessions = new Map(['a', 'b'].map((instance) => [instance, sessionOf(run, instance)]));
  const endOf = (instance: string): Pipe => {
    const session = sessions.get(instance) as Session;
    return session.channel('pipe', 'line', () => new Pipe(session, 'line'));
  };
  return {
    run,
    a: endOf('a'),
    b: endOf('b'),
    async end(instance) {
      const session = sessions.get(instance) as Session;
      await session.confirm();
      session.leave('ended');
      await run.broker.gone({ type: 'gone', request: 1, node: instance, abandon: false });
      run.broker.settle({ type: 'settle', node: instance, held: 'back', stream: 'abort', succeeded: false });
    },
    [Symbol.asyncDispose]: () => run[Symbol.asyncDispose](),
  };
}

function sessionOf(run: Running, instance: string): Session {
  return new Session({
    FORKLINE_SOCKET: run.path,
    FORKLINE_TOKEN: tokenFor('00'.repeat(32), instance),
    FORKLINE_PROCESS: instance,
  });
}

function nameOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'nothing',
    (error: unknown) => (error as Error).name,
  );
}

/** What is sent before this process has heard of it is lost. */
async function untilBroken(end: Pipe): Promise<void> {
  let broken = 'nothing';
  while (broken === 'nothing') broken = await nameOf(end.send('nobody'));
  expect(broken).toBe('BrokenPipe');
}

test.each([
  ['json', [0, '', null, [], { a: [1, 'ä'] }, 'x'.repeat(3_000_000)]],
  ['text', ['', 'ä', 'x'.repeat(3_000_000)]],
  ['bytes', [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(3_000_000, 7)]],
] as const)('messages of %s arrive as they were sent, both ways', async (encoding, messages) => {
  await using it = await here({ encoding });
  for (const message of messages) {
    const [, received] = await Promise.all([it.a.send(message), it.b.recv()]);
    const [, back] = await Promise.all([it.b.send(received), it.a.recv()]);
    expect(isDeepStrictEqual(back, message)).toBe(true);
  }
});

test('bytes may be sent whatever the encoding, and a message be read as its bytes', async () => {
  await using it = await here();
  const bytes = Buffer.from([1, 2, 3]);
  const sent = it.a.sendBytes(bytes);
  bytes.fill(0);
  await sent;
  await it.a.sendBytes(new Uint8Array(0));
  await it.a.send({ a: 1 });
  expect(await it.b.recvBytes()).toEqual(Buffer.from([1, 2, 3]));
  expect(await it.b.recvBytes()).toEqual(Buffer.alloc(0));
  expect(String(await it.b.recvBytes())).toBe('{"a":1}');
  await it.a.sendBytes(Buffer.from('no json'));
  await expect(it.b.recv()).rejects.toThrow('an item is not JSON: "no json"');
  await expect(it.a.send(Number.NaN)).rejects.toThrow(TypeError);
  await expect(it.a.sendBytes('text' as unknown as Uint8Array)).rejects.toThrow(TypeError);
});

test('many small messages go both ways at once', async () => {
  await using it = await here();
  const count = 20_000;
  const send = async (end: Pipe) => {
    for (let number = 0; number < count; number += 1) await end.send(number);
  };
  const receive = async (end: Pipe) => {
    for (let number = 0; number < count; number += 1) if ((await end.recv()) !== number) return number;
    return 'all in order';
  };
  const results = await Promise.all([receive(it.a), receive(it.b), send(it.a), send(it.b)]);
  expect(results.slice(0, 2)).toEqual(['all in order', 'all in order']);
});

test('a send waits while more than the window is on its way', async () => {
  await using it = await here();
  const piece = 'x'.repeat(256 * 1024 - 2);
  for (let sent = 0; sent < 4; sent += 1) await it.a.send(piece);
  await expect(it.a.send(piece, { timeout: 20 })).rejects.toMatchObject({ name: 'Full' });
  const waiting = it.a.send('at last');
  for (let received = 0; received < 4; received += 1) await it.b.recv();
  await waiting;
  expect(await it.b.recv()).toBe('at last');
});

test('poll says whether there is something, and leaves it there', async () => {
  await using it = await here();
  expect(await it.b.poll()).toBe(false);
  expect(await it.b.poll(20)).toBe(false);
  const waiting = it.b.poll(Number.POSITIVE_INFINITY);
  await it.a.send('x');
  expect(await waiting).toBe(true);
  expect(await it.b.poll()).toBe(true);
  expect(await it.b.recv()).toBe('x');
  expect(await it.b.poll('10ms')).toBe(false);
  await it.a.close();
  expect(await it.b.poll()).toBe(true);
  expect(await nameOf(it.b.recv())).toBe('EndOfFile');
});

test('a wait that is given up takes nothing', async () => {
  await using it = await here();
  expect(await nameOf(it.b.recv({ timeout: 5 }))).toBe('Empty');
  const stop = new AbortController();
  const waiting = it.b.recv({ signal: stop.signal });
  const polling = it.b.poll(1000, { signal: stop.signal });
  stop.abort();
  expect(await nameOf(waiting)).toBe('AbortError');
  expect(await nameOf(polling)).toBe('AbortError');
  await it.a.send('x');
  expect(await it.b.recv()).toBe('x');
});

test('when the other end has ended, what it sent is received, then the end of file; sends break', async () => {
  await using it = await here();
  await it.a.send('first');
  await it.a.send('last');
  await it.end('a');
  expect([await it.b.recv(), await it.b.recv()]).toEqual(['first', 'last']);
  expect(await nameOf(it.b.recv())).toBe('EndOfFile');
  expect(await nameOf(it.b.recv())).toBe('EndOfFile');
  expect(await nameOf(it.b.send('nobody'))).toBe('BrokenPipe');
  expect(await nameOf(it.b.send('nobody'))).toBe('BrokenPipe');
});

test('who waits learns of the end of the other', async () => {
  await using it = await here();
  await it.b.send('x'.repeat(2 ** 20));
  const received = nameOf(it.b.recv());
  const polled = it.b.poll(Number.POSITIVE_INFINITY);
  const sent = nameOf(it.b.send('more than may be on its way'));
  await it.end('a');
  expect([await received, await polled, await sent]).toEqual(['EndOfFile', true, 'BrokenPipe']);
});

test('a closed end is of no use here, and is an end of file there', async () => {
  await using it = await here();
  const waiting = it.a.recv();
  await it.b.send('never received');
  await it.b.send('nor this');
  expect(await waiting).toBe('never received');
  const still = it.a.recv();
  expect(await still).toBe('nor this');
  const last = nameOf(it.a.recv());
  await it.a.send('last');
  await it.a.close();
  await it.a.close();
  expect(await last).toBe('PipeClosed');
  for (const call of [it.a.recv(), it.a.send(1), it.a.poll(), it.a.recv({ timeout: 1 }), it.a.sendBytes(Buffer.of(1))])
    expect(await nameOf(call)).toBe('PipeClosed');
  expect(await it.b.recv()).toBe('last');
  expect(await nameOf(it.b.recv())).toBe('EndOfFile');
  expect(await nameOf(it.b.send('nobody'))).toBe('BrokenPipe');
  await it.b.close();
  expect(it.run.notices).toEqual([]);
});

test('sends that wait when an end is closed are made first', async () => {
  await using it = await here();
  await it.a.send('x'.repeat(2 ** 20));
  const late = it.a.send('late');
  const closed = it.a.close();
  const received: unknown[] = [];
  for await (const message of it.b) received.push(message);
  await late;
  await closed;
  expect(received).toEqual(['x'.repeat(2 ** 20), 'late']);
});

test('an end may be closed before it was ever used', async () => {
  await using it = await here();
  await it.a.close();
  expect(await nameOf(it.b.recv())).toBe('EndOfFile');
  expect(it.run.notices).toEqual([]);
});

test('a pipe that goes one way refuses the other, and closes all the same', async () => {
  await using it = await here({ duplex: false });
  await it.a.send(1);
  expect(await it.b.recv()).toBe(1);
  expect(await nameOf(it.a.recv())).toBe('NotGranted');
  expect(await nameOf(it.a.poll())).toBe('NotGranted');
  expect(await nameOf(it.b.send(1))).toBe('NotGranted');
  await it.b.close();
  await untilBroken(it.a);
  await it.a.close();
  expect(it.run.notices).toEqual([]);
});

test('what was sent when a program ends in good order arrives', async () => {
  await using it = await here();
  for (let number = 0; number < 1000; number += 1) await it.a.send(number);
  await it.end('a');
  const received: unknown[] = [];
  for await (const message of it.b) received.push(message);
  expect(received).toEqual(Array.from({ length: 1000 }, (_, number) => number));
});
