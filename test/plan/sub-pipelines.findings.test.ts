// What is found about files that use each other: each finding at its place in its own file, once.
import { expect, test } from 'vitest';
import { planned } from '../kit/planned.ts';

const inner = `params:
  dish: { type: string }
  portions: { type: integer, default: 1, minimum: 1 }
queues:
  orders: { external: true }
  done: { encoding: text }
  ranked: { order: priority }
  fed: { from: [1] }
locks: { till: {}, book: { kind: rw } }
pipes: { line: [cook, wash] }
processes:
  cook: { run: ls, env: { DISH: "\${{ params.dish }}", N: "\${{ params.portions }}" }, gets: [orders, ranked, fed], puts: done, locks: [till, book] }
  wash: { run: ls, gets: done, puts: ranked }
`;

const files = { 'parts/inner.yaml': inner };

test.each([
  [
    'what is used must be there, and inside of the project',
    `processes:
  a: { uses: nowhere.yaml }
  b: { uses: /etc/passwd }
  c: { uses: ../elsewhere.yaml }
  d: { uses: parts/link.yaml }
  e: { uses: "\${{ params.file }}" }
  f: { uses: parts }
  g: { uses: parts/broken.yaml }`,
    [
      '2:14 error missing-file `nowhere.yaml` is not there',
      '3:14 error bad-uses `uses` names a file by its way from this one',
      '4:14 error bad-uses `../elsewhere.yaml` is outside of the project',
      '5:14 error bad-uses `parts/link.yaml` is outside of the project',
      '6:14 error bad-expression the file that is used cannot be named by an expression',
      '7:14 error missing-file `parts` is no file',
      'parts/broken.yaml:1:12 error yaml-syntax this bracket is never closed, or not where its content ends',
    ],
    [],
  ],
  [
    'files that use each other in a circle',
    `processes:
  a: { uses: parts/x.yaml }`,
    [
      'parts/y.yaml:2:14 error dependency-cycle these files use each other without end: `/project/parts/x.yaml` uses `/project/parts/y.yaml` uses `/project/parts/x.yaml`',
    ],
    ['parts/x.yaml:2:14 `/project/parts/x.yaml` uses `/project/parts/y.yaml`'],
  ],
  [
    'a file that uses itself',
    `processes:
  a: { uses: pipeline.yaml }`,
    [
      '2:14 error dependency-cycle these files use each other without end: `/project/pipeline.yaml` uses `/project/pipeline.yaml`',
    ],
    [],
  ],
  [
    'params are given what fits them, with the places in both files',
    `queues: { orders: { from: [1] } }
processes:
  a: { uses: parts/inner.yaml, connect: { orders: orders } }
  b: { uses: parts/inner.yaml, connect: { orders: orders }, with: { dish: 1, portions: 0 } }
  c: { uses: parts/inner.yaml, connect: { orders: orders }, with: { dish: x, portion: 2 } }
  d: { uses: parts/inner.yaml, connect: { orders: orders }, with: { dish: "\${{ run.id }}" } }`,
    [
      '3:14 error bad-param param `dish` of `parts/inner.yaml` has no value',
      '4:75 error bad-param param `dish` of `parts/inner.yaml` cannot be `1`',
      '4:88 error bad-param param `portions` of `parts/inner.yaml` cannot be `0`',
      '5:78 error unknown-param there is no param `portion` in `parts/inner.yaml`',
      '6:80 error bad-expression `run` is known only once the run has started, and this is read when the plan is made',
    ],
    ['parts/inner.yaml:2:3 declared here', 'parts/inner.yaml:2:3 declared here', 'parts/inner.yaml:3:3 declared here'],
  ],
  [
    'what is connected must be there on both sides, and of one kind',
    `queues: { orders: { from: [1] }, more: { from: [1] } }
locks: { safe: {} }
processes:
  a:
    uses: parts/inner.yaml
    with: { dish: x }
    connect: { order: orders, line: orders, done: dones, till: more }`,
    [
      '1:34 warning queue-without-consumer nothing takes from queue `more`',
      '2:10 warning unused lock `safe` is used nowhere',
      '5:11 error not-connected queue `orders` of `parts/inner.yaml` is not connected',
      '7:16 error unknown-name there is no queue or lock `order` in `parts/inner.yaml`',
      '7:31 error bad-uses `line` is a pipe in `parts/inner.yaml`, and pipes are not connected',
      '7:51 error unknown-name there is no queue `dones`',
      '7:64 error unknown-name `till` is a lock in `parts/inner.yaml`, and `more` is a queue here',
    ],
    [
      'parts/inner.yaml:5:3 declared in that file',
      'parts/inner.yaml:6:3 declared in that file',
      'parts/inner.yaml:9:10 declared in that file',
    ],
  ],
  [
    'both sides agree on what is connected',
    `queues:
  orders: { from: [1], item: { type: integer } }
  done: {}
  ranked: {}
  fed: { to: { json: out.json } }
locks: { till: {}, book: {} }
processes:
  a:
    uses: parts/inner.yaml
    with: { dish: x }
    connect: { orders: orders, done: done, ranked: ranked, fed: fed, till: till, book: book }`,
    [
      '5:3 error queue-without-producer nothing puts to queue `fed`, so its end would come at once',
      '11:38 error wrong-encoding queue `done` has `encoding: text` in `parts/inner.yaml`, and `done` has `json`',
      '11:52 error connection-conflict queue `ranked` has `order: priority` in `parts/inner.yaml`, and `ranked` has `fifo`',
      '11:65 error connection-conflict queue `fed` has a `from` of its own in `parts/inner.yaml`, where `fed` is to take its place',
      '11:88 error connection-conflict lock `book` is another kind of lock in `parts/inner.yaml` than `book` here: `kind` differs',
    ],
    null,
  ],
  [
    'one of this file takes the place of one of that',
    `queues: { orders: {} }
processes:
  a: { uses: parts/two.yaml, connect: { one: orders, two: orders } }`,
    ['3:59 error connection-conflict `one` and `two` cannot both be queue `orders`'],
    ['3:46 connected here, too'],
  ],
  [
    'a daemon is none, and a sub-pipeline has no streams, no ends of pipes and no probe',
    `daemons:
  d: { uses: parts/two.yaml }
pipes: { line: [a, b] }
processes:
  a: { uses: parts/two.yaml, stdout: { file: x } }
  b: { run: ls, stdin: { process: a }, needs: { a: ready } }`,
    [
      '2:8 error daemon-children a daemon cannot be a sub-pipeline: it has no children',
      '3:17 error unknown-name `a` is a sub-pipeline, not a process of its own',
      '5:30 error schema `stdout` does not go with `uses`',
      '6:35 error unknown-name `a` is a sub-pipeline, not a process of its own',
      '6:52 error needs-unreachable `a` can never be `ready`: it is a sub-pipeline',
    ],
    [],
  ],
  [
    'what is wrong in a file is said once, in that file',
    `processes:
  a: { uses: parts/wrong.yaml, replicas: 3 }
  b: { uses: parts/wrong.yaml, with: { n: 0 } }
  c: { uses: parts/wrong.yaml, with: { n: 9 } }`,
    ['parts/wrong.yaml:3:24 error unknown-name there is no process, daemon or join `q`'],
    [],
  ],
])('%s', async (_, yaml, findings, related) => {
  const found = await planned(yaml, {
    files: {
      ...files,
      'pipeline.yaml': yaml,
      'parts/x.yaml': 'processes:\n  a: { uses: ./y.yaml }\n',
      'parts/y.yaml': 'processes:\n  b: { uses: ../parts/x.yaml }\n',
      'parts/link.yaml': '-> /etc/passwd',
      'parts/broken.yaml': 'processes: [',
      'parts/two.yaml':
        'queues: { one: {}, two: {} }\nprocesses: { p: { run: ls, puts: one, gets: [one, two] }, q: { run: ls, puts: two } }\n',
      'parts/wrong.yaml': 'params: { n: 1 }\nprocesses:\n  p: { run: ls, needs: q, replicas: "${{ params.n }}" }\n',
    },
  });
  expect({ findings: found.findings, related: related === null ? null : found.related }).toEqual({ findings, related });
});

test('what depends on the values that a file is given is found where that stands in it', async () => {
  const { findings } = await planned(
    `processes:
  a: { uses: part.yaml, with: { n: 3 } }
  b: { uses: part.yaml, matrix: { n: [-1, -2] }, with: { n: "\${{ matrix.n }}" } }`,
    { files: { 'part.yaml': 'params: { n: 1 }\nprocesses:\n  p: { run: ls, replicas: "${{ params.n }}" }\n' } },
  );
  expect(findings).toEqual([
    'part.yaml:3:28 error bad-expression expected a whole number, 0 or more, but this is `-1`',
  ]);
});

test('a file that uses others twice at every level comes to too many, and is not made', async () => {
  const level = (at: number): string => `processes:\n  a: { uses: l${at + 1}.yaml }\n  b: { uses: l${at + 1}.yaml }\n`;
  const levels = Array.from({ length: 13 }, (_, at) => [`l${at}.yaml`, level(at)] as const);
  const { findings } = await planned(`processes:\n  a: { uses: l0.yaml, replicas: 100 }`, {
    files: { ...Object.fromEntries(levels), 'l13.yaml': 'processes: { p: { run: ls } }' },
  });
  expect(findings).toEqual(['2:14 error too-many with what is in `a.5` there would be more than 100 000 instances']);
});

test('files that use each other are so many levels deep, and no deeper', async () => {
  const levels = Array.from({ length: 20 }, (_, at) => [`l${at}.yaml`, `processes: { a: { uses: l${at + 1}.yaml } }`]);
  const { findings } = await planned(`processes:\n  a: { uses: l0.yaml }`, { files: Object.fromEntries(levels) });
  expect(findings).toEqual(['l14.yaml:1:25 error too-many files that use each other are at most 16 levels deep']);
});

test('a file that others use is sound by itself, and cannot be run', async () => {
  const text = 'queues: { orders: { external: true } }\nprocesses: { p: { run: ls, gets: orders } }';
  expect((await planned(text, { asPart: true })).findings).toEqual([]);
  expect((await planned(text)).findings).toEqual([
    '1:21 error not-connected queue `orders` comes from a pipeline that uses this file, and here is none',
  ]);
});

test('a loop through several files by a stdin or a stdout, whose end nobody could tell', async () => {
  const through = (process: string) =>
    planned(
      `queues: { a: { from: [1] }, b: {} }
processes:
  back: { run: ls, gets: b, puts: a }
  sub: { uses: part.yaml, connect: { in: a, out: b } }`,
      {
        files: {
          'part.yaml': `queues: { in: { external: true }, out: { external: true } }\nprocesses: { p: { run: ls, ${process} } }`,
        },
      },
    );
  expect((await through('gets: in, puts: out')).findings).toEqual([]);
  expect((await through('stdin: { queue: in, done: exit }, puts: out')).findings).toEqual([
    '4:16 error stream-never-ends `sub/p` is in a loop of queues by its stdin, through `a`: nobody could tell when that ends',
  ]);
  expect((await through('gets: in, stdout: { queue: out }')).findings).toEqual([
    '4:16 error stream-never-ends `sub/p` is in a loop of queues by its stdout, through `b`: nobody could tell when that ends',
  ]);
});

test('`done: exit` of a queue that is connected to one whose items are done when they are taken', async () => {
  const { findings } = await planned(
    `queues: { a: { from: [1], delivery: at-most-once }, b: { from: [1] } }
processes:
  sub: { uses: part.yaml, connect: { q: a } }
  fine: { uses: part.yaml, connect: { q: b } }`,
    {
      files: {
        'part.yaml':
          'queues: { q: { external: true } }\nprocesses: { p: { run: cat, replicas: 2, stdin: { queue: q, done: exit } } }',
      },
    },
  );
  expect(findings).toEqual([
    '3:16 error connection-conflict `sub/p.1` says `done: exit`, and an item of queue `a` is done when it is taken, with its `delivery: at-most-once`',
  ]);
});

test('a file that several instances would write', async () => {
  const { findings } = await planned(
    'processes:\n  sub: { uses: part.yaml, replicas: 3 }\n  own: { uses: part.yaml, with: { out: other.txt } }',
    {
      files: {
        'part.yaml':
          'params: { out: all.txt }\nqueues: { q: { encoding: text, to: { lines: "${{ params.out }}" } } }\nprocesses: { p: { run: ls, puts: q } }',
      },
    },
  );
  expect(findings).toEqual([
    '2:16 error file-conflict queue `sub.2/q` cannot be written to `/project/all.txt`: queue `sub.1/q` is written to it',
  ]);
});

test('what is in a sub-pipeline and needed at once has slots enough', async () => {
  const { findings, related } = await planned('slots: 1\nprocesses:\n  sub: { uses: part.yaml }', {
    files: {
      'part.yaml':
        'queues: { q: { maxsize: 1, encoding: text } }\nprocesses: { a: { run: ls, stdout: { queue: q } }, b: { run: ls, stdin: { queue: q } } }',
    },
  });
  expect({ findings, related }).toEqual({
    findings: [
      '1:1 error slots-deadlock `sub/a`, `sub/b` are needed at once, which is 2 processes, and there is only 1 slot',
    ],
    related: ['3:16 `sub/a` is one of them', '3:16 `sub/b` is one of them'],
  });
});
