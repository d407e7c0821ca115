// What is found in pipelines, each finding at its line and column and nothing else: processes that would wait for each other for
// ever, through queues, slots and locks; and beside each what looks alike and is fine.
import { describe, expect, test } from 'vitest';
import { planned } from '../kit/planned.ts';

async function found(yaml: string): Promise<readonly string[]> {
  return (await planned(yaml)).findings;
}

describe('stream-deadlock', () => {
  test.each([
    [
      'through who reads to the end what the producer puts elsewhere',
      `queues: { q: { maxsize: 5 }, r: {} }
processes:
  p: { run: ls, puts: [q, r] }
  x: { run: ls, gets: r }
  c: { run: ls, gets: q, needs: x }`,
      [
        '5:23 error stream-deadlock `c` takes from queue `q` only after its producer `p` has ended, which waits when 5 items are in it',
      ],
    ],
    [
      'through who reads what it writes',
      `queues: { q: { maxsize: 5 } }
processes:
  p: { run: ls, puts: q }
  x: { run: cat, stdin: { process: p } }
  c: { run: ls, gets: q, needs: x }`,
      [
        '5:23 error stream-deadlock `c` takes from queue `q` only after its producer `p` has ended, which waits when 5 items are in it',
      ],
    ],
    [
      'through what starts together with the consumer',
      `queues: { q: { maxsize: 5 } }
processes:
  p: { run: ls, puts: q }
  c: { run: ls, gets: q }
  x: { run: cat, stdin: { process: c }, needs: p }`,
      [
        '4:23 error stream-deadlock `c` takes from queue `q` only after its producer `p` has ended, which waits when 5 items are in it',
      ],
    ],
    [
      'through a daemon that must be ready',
      `queues: { q: { maxsize: 5 } }
processes:
  p: { run: ls, puts: q }
  c: { run: ls, gets: q, needs: { d: ready } }
daemons:
  d: { run: ls, needs: { j: completed } }
joins:
  j: { processes: p }`,
      [
        '4:23 error stream-deadlock `c` takes from queue `q` only after its producer `p` has ended, which waits when 5 items are in it',
      ],
    ],
    [
      'crosswise',
      `queues: { q: { maxsize: 5 }, r: { maxsize: 5 } }
processes:
  a: { run: ls, puts: q }
  b: { run: ls, puts: r }
  c: { run: ls, gets: q, needs: b }
  d: { run: ls, gets: r, needs: a }`,
      [
        '5:23 error stream-deadlock `c` takes from queue `q` only after its producer `a` has ended, which waits when 5 items are in it',
        '6:23 error stream-deadlock `d` takes from queue `r` only after its producer `b` has ended, which waits when 5 items are in it',
      ],
    ],
    [
      'by its own bound in bytes, and although the runner would take what is left to nobody',
      `queues: { q: { max_bytes: 1KiB }, r: { maxsize: 1, to: { lines: x } } }
processes:
  p: { run: ls, puts: [q, r] }
  c: { run: ls, gets: q, needs: p }
  d: { run: ls, gets: r, needs: p }`,
      [
        '4:23 error stream-deadlock `c` takes from queue `q` only after its producer `p` has ended, which waits when as much as its `max_bytes` is in it',
        '5:23 error stream-deadlock `d` takes from queue `r` only after its producer `p` has ended, which waits when 1 item is in it',
      ],
    ],
    [
      'a producer that needs the end of who reads what its consumer writes',
      `queues: { q: {} }
processes:
  p: { run: ls, puts: q, needs: x }
  c: { run: ls, gets: q }
  x: { run: cat, stdin: { process: c } }`,
      ['3:23 error stream-deadlock `p` puts to queue `q` only after `c`, which takes from it, has ended'],
    ],
    [
      'a producer that needs the end of the loop it puts to, which all who put to it from outside come before',
      `queues: { q: {}, r: {} }
processes:
  seed: { run: ls, puts: q, needs: b }
  a: { run: ls, gets: q, puts: r }
  b: { run: ls, gets: r, puts: q }`,
      ['3:36 error stream-deadlock `seed` starts only after `b`, which waits for the end of what comes of `seed`'],
    ],
    [
      'one of a loop, which ends once all of it wait for more',
      `queues: { q: {}, r: {}, s: {} }
processes:
  seed: { run: ls, puts: r }
  a: { run: ls, gets: r, puts: q, needs: x }
  b: { run: ls, gets: q, puts: [r, s] }
  x: { run: ls, gets: s }`,
      ['4:32 error stream-deadlock `a` puts to queue `q` only after `b`, which takes from it, has ended'],
    ],
    [
      'one that makes room for one of a loop, and needs the end of another of it or of a join on it',
      `queues: { ask: { maxsize: 5 }, answer: {}, notes: { maxsize: 5 }, errors: { maxsize: 1 } }
processes:
  client: { run: ls, puts: ask, gets: answer }
  reader: { run: ls, gets: notes, needs: client }
  other: { run: ls, gets: notes, needs: all }
  last: { run: ls, gets: errors, needs: all }
daemons:
  server: { run: ls, gets: ask, puts: [answer, notes, errors] }
joins:
  all: { queues: ask }`,
      [
        '4:28 error stream-deadlock `reader` takes from queue `notes` only after the loop that its producer `server` is in has ended, which waits when 5 items are in it',
        '6:26 error stream-deadlock `last` takes from queue `errors` only after the loop that its producer `server` is in has ended, which waits when 1 item is in it',
      ],
    ],
    [
      'not where there is room, another consumer, or a loop that is over as soon as that',
      `queues: { q: {}, r: { maxsize: 5 }, ask: { maxsize: 5 }, answer: {}, notes: { maxsize: 5 }, errors: {}, more: {} }
processes:
  p: { run: ls, puts: [q, r] }
  x: { run: ls, gets: r }
  c: { run: ls, gets: [q, r], needs: p }
  client: { run: ls, puts: ask, gets: answer }
  server: { run: ls, gets: [ask, more], puts: [answer, notes, errors] }
  reader: { run: ls, gets: notes, needs: { client: started } }
  last: { run: ls, gets: errors, needs: client }
  late: { run: ls, puts: more, needs: asked }
joins:
  asked: { queues: ask }`,
      [],
    ],
  ])('%s', async (_promise, yaml, findings) => {
    expect(await found(yaml)).toEqual(findings);
  });
});

describe('bounded-loop', () => {
  test('a loop is bounded by bytes too', async () => {
    expect(
      await found(`queues: { q: { max_bytes: 1KiB } }
processes:
  a: { run: ls, gets: q, puts: q }
  b: { run: ls, puts: q }`),
    ).toEqual([
      '1:11 warning bounded-loop queue `q` is fed by those who take from it, and is bounded: when it is full, all of them may wait',
    ]);
  });
});

describe('slots-deadlock', () => {
  test('of thousands in a row that need each other it is told, too, and where there are slots for all of them nothing', async () => {
    const last = 2500;
    const inRow = (slots: number): string =>
      [
        `slots: ${slots}`,
        'queues:',
        ...Array.from({ length: last }, (_, at) => `  q${at}: { maxsize: 1 }`),
        'processes:',
        `  p0: { run: ls, puts: q0 }`,
        ...Array.from({ length: last - 1 }, (_, at) => `  p${at + 1}: { run: ls, gets: q${at}, puts: q${at + 1} }`),
        `  p${last}: { run: ls, gets: q${last - 1} }`,
      ].join('\n');
    expect((await planned(inRow(3))).findings).toEqual([
      expect.stringContaining('1:1 error slots-deadlock `p0`, `p1`'),
    ]);
    expect((await planned(inRow(last + 1))).findings).toEqual([]);
  });

  test.each([
    [
      'a chain of pipes',
      `slots: 2
processes:
  a: { run: ls }
  b: { run: cat, stdin: { process: a } }
  c: { run: cat, stdin: { process: b } }
  d: { run: ls }`,
      ['1:1 error slots-deadlock `a`, `b`, `c` are needed at once, which is 3 processes, and there are only 2 slots'],
    ],
    [
      'bounded queues from one to the next, and a two-way pipe',
      `slots: "\${{ 2 }}"
queues: { q: { maxsize: 1 }, r: { maxsize: 1 } }
pipes: { line: [c, d] }
processes:
  a: { run: ls, puts: q }
  b: { run: ls, gets: q, puts: r }
  c: { run: ls, gets: r }
  d: { run: ls }`,
      [
        '1:1 error slots-deadlock `a`, `b`, `c`, `d` are needed at once, which is 4 processes, and there are only 2 slots',
      ],
    ],
    [
      'one of many producers, its consumer, and one of the many that take from that',
      `slots: 2
queues: { q: { maxsize: 1 }, r: { maxsize: 1 } }
processes:
  a: { run: ls, puts: q, replicas: 5 }
  b: { run: ls, gets: q, puts: r }
  c: { run: ls, gets: r }
  d: { run: ls, gets: r }`,
      ['1:1 error slots-deadlock `a`, `b`, `c` are needed at once, which is 3 processes, and there are only 2 slots'],
    ],
    [
      'not more than are needed at once, queues without a bound, daemons',
      `slots: 2
queues: { q: { maxsize: 1 }, r: {}, s: { maxsize: 1 } }
processes:
  a: { run: ls, puts: q, replicas: 5 }
  b: { run: ls, gets: q, puts: [r, s] }
  c: { run: ls, gets: r }
  d: { run: ls, replicas: 100 }
daemons:
  e: { run: ls, gets: s }
joins:
  j: { queues: s }`,
      [],
    ],
    [
      'all of a loop of queues, which close once all of them wait, also where it goes through a daemon',
      `slots: 1
queues: { q: {}, r: {}, s: {} }
processes:
  a: { run: ls, puts: r, gets: s, replicas: 2 }
  b: { run: ls, puts: q, gets: q, replicas: 3 }
daemons:
  z: { run: ls, puts: s, gets: r }`,
      [
        '1:1 error slots-deadlock `a` is needed at once, which is 2 processes, and there is only 1 slot',
        '1:1 error slots-deadlock `b` is needed at once, which is 3 processes, and there is only 1 slot',
        '2:18 warning unjoined-queue only daemons take from queue `r`, and nothing waits until it is empty',
      ],
    ],
    [
      'who takes what a daemon makes of a bounded stream, and who feeds that daemon',
      `slots: 1
queues: { q: { maxsize: 2 }, r: { maxsize: 1 } }
processes:
  a: { run: ls, puts: q, replicas: 2 }
  c: { run: ls, gets: r, replicas: 2 }
daemons:
  z: { run: ls, gets: q, puts: r }`,
      [
        '1:1 error slots-deadlock `a`, `c` are needed at once, which is 2 processes, and there is only 1 slot',
        '2:11 warning unjoined-queue only daemons take from queue `q`, and nothing waits until it is empty',
      ],
    ],
    [
      'each of two producers in its turn, with what it needs',
      `slots: 3
queues: { q: { maxsize: 1 }, r: { maxsize: 1 }, s: { maxsize: 1 } }
processes:
  a: { run: ls, puts: [q, r] }
  b: { run: ls, puts: [q, s] }
  c: { run: ls, gets: q }
  d: { run: ls, gets: r }
  e: { run: ls, gets: s }`,
      [],
    ],
  ])('%s', async (_promise, yaml, findings) => {
    expect(await found(yaml)).toEqual(findings);
  });

  test('a bound that ties them is named as what may be taken off', async () => {
    const { hints } = await planned(`slots: 1
queues: { q: { maxsize: 1 } }
processes:
  a: { run: ls, puts: q }
  b: { run: ls, gets: q }`);
    expect(hints).toContain('set `slots` to 2 or more, or take `maxsize` off a queue between them');
  });

  test('says how many are needed, and who', async () => {
    const { hints, related } = await planned(`slots: 1
processes:
  a: { run: ls }
  b: { run: cat, stdin: { process: a } }`);
    expect(hints).toContain('set `slots` to 2 or more');
    expect(related).toEqual(['3:3 `a` is one of them', '4:3 `b` is one of them']);
  });
});

describe('lock-order', () => {
  test.each([
    [
      'a daemon holds it while the run lasts',
      `locks: { l: {} }
processes:
  p: { run: ls, holds: l, needs: d }
daemons:
  d: { run: ls, holds: l }`,
      ['3:24 error lock-order `p` can never hold lock `l`: `d` holds it, and cannot end before this one has had it'],
    ],
    [
      'a daemon holds what a program takes, or items hold',
      `locks: { l: {} }
queues: { q: { from: [1] } }
processes:
  p: { run: ls, locks: l }
  e: { run: ls, holds: l, each: q, needs: d }
daemons:
  d: { run: ls, holds: l }`,
      [
        '4:24 error lock-order `p` can never take lock `l`: `d` holds it, and daemons hold theirs until all else has ended',
        '5:24 error lock-order `e` can never hold lock `l`: `d` holds it, and cannot end before this one has had it',
      ],
    ],
    [
      'a daemon comes in between two items, but not where it starts after the last one',
      `locks: { l: {}, m: {}, n: { permits: 2 } }
queues: { q: { from: [1] } }
processes:
  e: { run: ls, holds: [l, m, n], each: q }
daemons:
  d: { run: ls, holds: [l, n] }
  f: { run: ls, holds: m, needs: e }`,
      [
        '4:25 error lock-order `e` can never hold lock `l`: `d` holds it, and daemons hold theirs until all else has ended',
      ],
    ],
    [
      'as many daemons as it has permits, and more daemons than that',
      `locks: { l: { permits: 2 }, m: { permits: 2 } }
processes:
  p: { run: ls, holds: l, needs: [d, e] }
daemons:
  d: { run: ls, holds: l }
  e: { run: ls, holds: [l, m] }
  f: { run: ls, holds: m, replicas: 2 }`,
      [
        '3:24 error lock-order `p` can never hold lock `l`: `d`, `e` hold it, and cannot end before this one has had it',
        '7:24 error lock-order `f` can never hold lock `m`: `e` holds it, and daemons hold theirs until all else has ended',
      ],
    ],
    [
      'who waits for items of one that waits for the lock',
      `locks: { l: {} }
queues: { q: {} }
processes:
  c: { run: ls, gets: q, holds: l }
  p: { run: ls, puts: q, holds: l, needs: { c: started } }`,
      ['5:33 error lock-order `p` can never hold lock `l`: `c` holds it, and cannot end before this one has had it'],
    ],
    [
      'a producer and the one who makes room for it',
      `locks: { l: {} }
queues: { q: { maxsize: 1 } }
processes:
  p: { run: ls, puts: q, holds: l }
  c: { run: ls, gets: q, holds: l }`,
      [
        '5:33 error lock-order `c` can never hold lock `l`: `p` holds it, and neither of them can end before the other has run',
      ],
    ],
    [
      'two that start together',
      `locks: { l: {} }
processes:
  a: { run: ls, holds: l }
  b: { run: cat, stdin: { process: a }, holds: l }`,
      [
        '4:48 error lock-order `b` can never hold lock `l`: `a` holds it, and those start together with it, joined by pipes',
      ],
    ],
    [
      'not one after the other, where there are permits enough, or other locks',
      `locks: { l: {}, m: { permits: 2 }, n: {}, o: {} }
queues: { q: {} }
processes:
  a: { run: ls, holds: [l, m] }
  b: { run: ls, holds: [l, m], needs: a }
  c: { run: ls, holds: l, needs: { a: started } }
  p: { run: ls, puts: q, holds: n }
  t: { run: ls, gets: q, holds: [n, m], needs: d }
  u: { run: cat, stdin: { process: b }, holds: m }
daemons:
  d: { run: ls, holds: [m, o] }`,
      [],
    ],
  ])('%s', async (_promise, yaml, findings) => {
    expect(await found(yaml)).toEqual(findings);
  });
});

describe('duplicate-name', () => {
  const holding = (taker: string) => `locks: { a-b: {}, a_b: {} }
processes:
  p: { run: ls, holds: [a-b, a_b] }
  other: { run: ls, ${taker} }`;

  test('what a process is told of two locks that it holds has two names', async () => {
    const { findings } = await planned(holding('locks: [a-b, a_b]'));
    expect(findings).toEqual([
      '3:24 error duplicate-name `p` is told of locks `a-b` and `a_b` by one variable, `FORKLINE_FENCE_A_B`',
    ]);
  });

  test('where it is told nothing of them they may be alike', async () => {
    expect((await planned(holding('holds: a-b'))).findings).toEqual([]);
  });
});
