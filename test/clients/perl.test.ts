// A third client, in Perl, written from docs/protocol.md alone, does all that the page describes, beside programs in TypeScript
// and Python. So the page says enough, and says what is so.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { workspace } from '../kit/forkline.ts';
import { type Ran, runPipeline } from '../kit/run-pipeline.ts';

const program = fileURLToPath(new URL('perl/program.pl', import.meta.url));
const peers = fileURLToPath(new URL('../programs/peers', import.meta.url));

const perl = (...words: readonly (string | number)[]): string =>
  `command: ${JSON.stringify(['perl', program, ...words.map(String)])}`;
const peer = (language: 'ts' | 'py', name: string, ...args: readonly unknown[]): string =>
  `target: "${peers}.${language}#${name}", args: ${JSON.stringify(args)}`;

function play(...lines: readonly string[]): Promise<Ran> {
  return runPipeline(join(workspace({ 'pipeline.yaml': lines.join('\n') }), 'pipeline.yaml'));
}

const saidBy = (ran: Ran, node: string): unknown[] => ran.lines(node).map((line) => JSON.parse(line) as unknown);

test('perl is there, and brings all that the client needs', () => {
  expect(
    execFileSync('perl', ['-e', 'use JSON::PP; use IO::Socket::UNIX; print pack("Q>", 1) eq "\\0" x 7 . "\\1"'], {
      encoding: 'utf8',
    }),
  ).toBe('1');
});

describe('queues', () => {
  test('each item comes once, in the order of who put it, to and from every language', async () => {
    const ran = await play(
      'queues: { a: { maxsize: 3 }, b: { maxsize: 100 }, c: {}, d: { confirm: true, maxsize: 4 } }',
      'processes:',
      `  ts: { ${peer('ts', 'count', 'a', 'ts', 500)}, puts: a }`,
      `  py: { ${peer('py', 'count', 'a', 'py', 500)}, puts: a }`,
      `  pl: { ${perl('count', 'a', 'pl', 500)}, puts: a }`,
      `  one: { ${perl('carry', 'a', 'b')}, gets: a, puts: b }`,
      `  ahead: { ${perl('carry', 'b', 'c', 16)}, gets: b, puts: c }`,
      `  confirms: { ${perl('carry', 'c', 'd')}, gets: c, puts: d }`,
      `  end: { ${peer('py', 'collect', 'd')}, gets: d }`,
    );
    expect(ran.summary.reason).toBe('everything succeeded');
    expect(saidBy(ran, 'end')).toEqual([{ came: { pl: 500, py: 500, ts: 500 }, wrong: [] }]);
    for (const queue of ['a', 'b', 'c', 'd']) {
      expect(ran.summary.queues[queue]).toMatchObject({
        put: 1500,
        taken: 1500,
        done: 1500,
        redelivered: 0,
        left_over: 0,
      });
    }
    expect(ran.summary.queues['a']?.peak).toBeLessThanOrEqual(3);
    expect(ran.left).toEqual([]);
  });

  test('several who take share what there is, whatever one reads ahead', async () => {
    const ran = await play(
      'queues: { q: {}, r: {} }',
      'processes:',
      `  put: { ${perl('count', 'q', 'pl', 900)}, puts: q }`,
      `  a: { ${perl('carry', 'q', 'r', 64)}, gets: q, puts: r }`,
      `  b: { ${perl('carry', 'q', 'r')}, gets: q, puts: r }`,
      `  c: { ${perl('until_end', 'r')}, gets: r }`,
    );
    expect(saidBy(ran, 'c')).toEqual([[900, 'ended']]);
  });

  test.each([
    ['json', 'exchange'],
    ['text', 'exchangeText'],
    ['bytes', 'exchangeBytes'],
  ])('what is put as %s comes back as it was', async (encoding, exchange) => {
    const ran = await play(
      `queues: { there: { encoding: ${encoding} }, back: { encoding: ${encoding} } }`,
      'processes:',
      `  ts: { ${peer('ts', exchange, 'there', 'back')}, puts: there, gets: back }`,
      `  pl: { ${perl('echo', 'there', 'back')}, gets: there, puts: back }`,
    );
    expect(ran.lines('ts')).toEqual(['the same']);
    expect(ran.summary.reason).toBe('everything succeeded');
  });

  test('gets and puts end in time, what is given back comes again, and join waits for what is done', async () => {
    const ran = await play(
      'queues: { q: { maxsize: 2 } }',
      `processes: { pl: { ${perl('waits', 'q')}, puts: q, gets: q } }`,
    );
    expect(saidBy(ran, 'pl')).toEqual([
      {
        said: ['room', 'room', 'full', 'full'],
        stat: { size: 2, room: 0, unfinished: 2, closed: false },
        came: [1, 2],
        none: null,
        late: null,
        again: [2, 1],
        unfinished: 1,
        end: { size: 0, room: 2, unfinished: 0, closed: false },
      },
    ]);
  });

  test('every order', async () => {
    const ran = await play(
      'queues: { stack: { order: lifo }, urgent: { order: priority }, train: { order: deque } }',
      `processes: { pl: { ${perl('orders')}, puts: [stack, urgent, train], gets: [stack, urgent, train] } }`,
    );
    expect(saidBy(ran, 'pl')).toEqual([
      [
        [3, 2, 1],
        ['first', 'zero', 'b', 'a', 'last'],
        ['right', 'left', 'middle'],
      ],
    ]);
  });

  test('every overflow', async () => {
    const two = (overflow: string) => `{ maxsize: 2, overflow: ${overflow} }`;
    const ran = await play(
      `queues: { strict: ${two('fail')}, newest: ${two('drop_newest')}, oldest: ${two('drop_oldest')} }`,
      `processes: { pl: { ${perl('overflow')}, puts: [strict, newest, oldest], gets: [strict, newest, oldest] } }`,
    );
    const stat = { size: 2, room: 0, unfinished: 2, closed: false };
    expect(saidBy(ran, 'pl')).toEqual([
      {
        fail: { put: [1, 1, 0, 0], stat, got: [1, 2] },
        drop_newest: { put: [1, 1, 1, 1], stat, got: [1, 2] },
        drop_oldest: { put: [1, 1, 1, 1], stat, got: [3, 4] },
      },
    ]);
  });

  test('an item that does not fit is refused, and those around it are in', async () => {
    const ran = await play(
      'queues: { dishes: { item: { properties: { dish: { type: string } } } } }',
      'processes:',
      `  put: { ${perl('judged')}, puts: dishes }`,
      `  get: { ${perl('until_end', 'dishes')}, gets: dishes }`,
    );
    expect(saidBy(ran, 'put')).toEqual([[1, { code: 'unfit', path: '/dish', reason: 'must be string' }, 1]]);
    expect(saidBy(ran, 'get')).toEqual([[2, 'ended']]);
  });

  test('what a killed process held is delivered again, and goes to the dead letters in the end', async () => {
    const ran = await play(
      'queues: { parcels: { attempts: 3, dead_letter: bombs, from: [tick], leftover: ignore }, bombs: {} }',
      'processes:',
      `  one: { ${perl('victim', 'parcels')}, gets: parcels, on_failure: continue }`,
      `  two: { ${perl('attempts_then_die', 'parcels')}, gets: parcels, on_failure: continue, needs: { one: completed } }`,
      `  three: { ${perl('victim', 'parcels')}, gets: parcels, on_failure: continue, needs: { two: completed } }`,
      `  letters: { ${perl('letters', 'bombs')}, gets: bombs }`,
    );
    expect(saidBy(ran, 'two')).toEqual([2]);
    expect(saidBy(ran, 'letters')).toEqual([
      {
        value: 'tick',
        queue: 'parcels',
        attempts: 3,
        reason: 'taken from `parcels` 3 times and never done: `three` was killed by SIGKILL',
      },
    ]);
  });

  test('a queue that feeds itself ends when all is done, also in processes that are forked', async () => {
    const ran = await play(
      'queues: { numbers: { from: [8] }, leaves: {} }',
      'processes:',
      `  pl: { ${perl('grow', 'numbers', 'leaves')}, gets: numbers, puts: [numbers, leaves] }`,
      `  forks: { ${perl('pool', 'numbers', 'leaves', 2)}, gets: numbers, puts: [numbers, leaves] }`,
      `  ts: { ${peer('ts', 'grow', 'numbers', 'leaves')}, gets: numbers, puts: [numbers, leaves] }`,
      `  py: { ${peer('py', 'grow', 'numbers', 'leaves')}, gets: numbers, puts: [numbers, leaves] }`,
      `  count: { ${perl('until_end', 'leaves')}, gets: leaves }`,
    );
    expect(saidBy(ran, 'count')).toEqual([[256, 'ended']]);
    expect(ran.summary.reason).toBe('everything succeeded');
  });

  test('who takes is told that the stream broke, and who puts that nobody takes', async () => {
    const ran = await play(
      'queues: { broken: {}, gone: { maxsize: 2, leftover: warn } }',
      'processes:',
      `  fails: { ${peer('ts', 'failing', 'broken')}, puts: broken, on_failure: continue }`,
      `  gets: { ${perl('until_end', 'broken')}, gets: broken }`,
      `  puts: { ${perl('until_broken', 'gone')}, puts: gone }`,
      '  leaves: { run: exit 0, gets: gone }',
    );
    expect(saidBy(ran, 'gets')).toEqual([[3, 'aborted: a producer of `broken` failed\n']]);
    expect(ran.lines('puts')).toEqual(['broken: nobody takes from `gone`']);
  });

  test('who puts and ends without a goodbye or a flush has failed', async () => {
    const ran = await play(
      'queues: { q: {} }',
      'processes:',
      `  silent: { ${perl('leave_silently', 'q')}, puts: q }`,
      `  gets: { ${perl('until_end', 'q')}, gets: q }`,
    );
    // Whether what it had put was taken before the run failed is a matter of who was sooner.
    expect(ran.summary.reason).toMatch(/^`silent` failed/);
    expect(ran.said).toContain('ended without flushing what it had put');
  });
});

describe('locks', () => {
  test('one at a time in every language, each with a larger fence', async () => {
    const file = join(workspace({ number: '0\n' }), 'number');
    const ran = await play(
      'locks: { ledger: {} }',
      'processes:',
      `  pl: { ${perl('add', 'ledger', file, 200)}, locks: ledger, replicas: 2 }`,
      `  ts: { ${peer('ts', 'add', 'ledger', file, 200)}, locks: ledger }`,
      `  py: { ${peer('py', 'add', 'ledger', file, 200)}, locks: ledger }`,
      `  sum: { command: [cat, "${file}"], needs: [pl, ts, py] }`,
    );
    expect(ran.lines('sum')).toEqual(['800']);
    expect(['pl.1', 'pl.2', 'ts', 'py'].map((node) => ran.lines(node))).toEqual([['0'], ['0'], ['0'], ['0']]);
  });

  test('every kind', async () => {
    const ran = await play(
      'locks: { seats: { permits: 2 }, page: { kind: rw }, diary: { reentrant: true }, gate: { owned: false }, ledger: {} }',
      `processes: { pl: { ${perl('locks')}, locks: [seats, page, diary, gate, ledger] } }`,
    );
    expect(saidBy(ran, 'pl')).toEqual([
      { seats: [2, null, null], page: [2, null], diary: 'the same', gate: 'not-held', ledger: 'not-held' },
    ]);
    expect(ran.summary.reason).toBe('everything succeeded');
  });

  test('the next owner is told that the last one died', async () => {
    const ran = await play(
      'locks: { ledger: {} }',
      'processes:',
      `  dies: { ${perl('die_holding', 'ledger')}, locks: ledger, on_failure: continue }`,
      `  next: { ${perl('next_owner', 'ledger')}, locks: ledger, needs: { dies: completed } }`,
    );
    expect(saidBy(ran, 'next')).toEqual([1]);
  });

  test('who breaks the protocol is told why, and has failed', async () => {
    const ran = await play(
      'locks: { ledger: {} }',
      `processes: { pl: { ${perl('misuse', 'ledger')}, locks: ledger } }`,
    );
    expect(ran.lines('pl')).toEqual(['protocol: only a lock of kind `rw` is taken to read']);
    expect(ran.summary.reason).toBe('`pl` failed');
  });
});

describe('pipes', () => {
  test.each(['ts', 'py'] as const)('messages of every size to and from %s, and the end of file', async (language) => {
    const sizes = [0, 5, 1024 * 1024, 16 * 1024 * 1024];
    const ran = await play(
      'pipes: { line: { between: [asks, answers], encoding: text }, back: { between: [pl, other], encoding: text } }',
      'processes:',
      `  asks: { ${peer(language, 'ask', 'line', ...sizes)} }`,
      `  answers: { ${perl('answer', 'line')} }`,
      `  pl: { ${perl('ask', 'back', 0, 7)} }`,
      `  other: { ${perl('answer', 'back')} }`,
    );
    expect(ran.lines('asks')).toEqual(sizes.map((size) => `the same ${size}`));
    expect(ran.lines('pl')).toEqual(['the same 0', 'the same 7']);
    expect([...saidBy(ran, 'answers'), ...saidBy(ran, 'other')]).toEqual(['ended', 'ended']);
    expect(ran.summary.reason).toBe('everything succeeded');
  });
});

describe('deadlocks', () => {
  test('a circle of two that answer the question ends the run', async () => {
    const ran = await play(
      'queues: { ready: {}, go1: {}, go2: {} }',
      'locks: { a: {}, b: {} }',
      'processes:',
      `  one: { ${perl('circle', 'a', 'b', 'ready', 'go1')}, puts: ready, gets: go1, locks: [a, b] }`,
      `  two: { ${perl('circle', 'b', 'a', 'ready', 'go2')}, puts: ready, gets: go2, locks: [a, b] }`,
      `  starts: { ${perl('starter')}, gets: ready, puts: [go1, go2] }`,
    );
    expect(ran.exitCode).toBe(3);
    expect(ran.summary.reason).toBe('deadlock: `one` and `two` wait for each other');
  });
});
