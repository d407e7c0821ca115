// What is found in pipelines, each finding at its line and column and nothing else: what goes with `each`, and what does not.
import { expect, test } from 'vitest';
import { planned, processOf } from '../kit/planned.ts';

const queue = 'queues: { q: { from: [1] }, r: { from: [1] } }\n';
const rest = '\n  other: { run: cat, gets: r }';

test('an `each` stands in the Plan with its queue and its workers, and its item is its stdin', async () => {
  const { plan, findings } = await planned(
    `params: { n: 3 }
queues: { q: { from: [1] } }
processes:
  a: { command: [echo, "\${{ item.x }}"], each: q, workers: "\${{ params.n }}", replicas: 2 }`,
  );
  expect(findings).toEqual([]);
  expect(processOf(plan, 'a.2')).toMatchObject({
    each: { queue: 'q', workers: 3 },
    stdin: { type: 'item' },
    launch: { argv: ['echo', '${{ item.x }}'] },
    grants: [{ channel: 'q', role: 'get' }],
  });
});

test.each([
  ['stdin', 'stdin: { file: x }', '3:25 error each-conflict `a` has its item on its stdin, and nothing else'],
  [
    'stdin from a queue',
    'stdin: { queue: q }',
    '3:25 error each-conflict `a` has its item on its stdin, and nothing else',
  ],
  ['gets', 'gets: q', '3:25 error each-conflict `a` is given its items, and takes none by itself'],
  ['a wrong number', 'workers: 0', '3:34 error schema `workers` cannot be `0`, expected at least 1'],
  ['no number', 'workers: many', '3:34 error schema `workers` cannot be `many`'],
  ['too many workers', 'workers: 1000000', '3:25 error too-many `a` would work on 1000000 items at once'],
  [
    'an item in what is read before',
    'timeout: "${{ item.x }}"',
    '3:39 error bad-expression `item` is known only once the run has started',
  ],
])('`each` does not go with %s', async (_, setting, finding) => {
  const { plan, findings } = await planned(`${queue}processes:
  a: { run: x, each: q, ${setting} }${rest}`);
  expect(findings.map((each) => each.slice(0, finding.length))).toEqual([finding]);
  expect(plan).toBeNull();
});

test.each([
  ['a daemon', 'daemons: { d: { run: x, each: q } }', '2:25 error schema unknown key `each` in a daemon'],
  [
    'workers without `each`',
    'processes: { d: { run: x, workers: 2 } }',
    '2:27 error schema `workers` goes with `each` only',
  ],
  [
    'a queue that is not there',
    'processes: { d: { run: x, each: p } }',
    '2:33 error unknown-name there is no queue `p`',
  ],
  [
    'an item without `each`',
    'processes: { d: { command: [x, "${{ item }}"] } }',
    '2:37 error unknown-name `item` is known only with `each`',
  ],
])('%s is found', async (_, declared, finding) => {
  const { plan, findings } = await planned(
    `queues: { q: { from: [1], leftover: ignore, to: { json: x } } }\n${declared}`,
  );
  expect(plan).toBeNull();
  expect(findings).toEqual([finding]);
});

test('a pipe is between one process and another, and not one for each item', async () => {
  const { findings } = await planned(`queues: { q: { from: [1] } }
processes:
  a: { run: x, each: q }
  b: { run: cat, stdin: { process: a } }`);
  expect(findings).toEqual([
    '4:36 error pipe-ends `a` is a process for each item, and a pipe is between one process and another',
  ]);
});

test('what Python pickles is no text', async () => {
  const { findings } = await planned(`queues: { q: { from: [1], encoding: pickle } }
processes: { a: { run: x, each: q } }`);
  expect(findings).toContain('2:33 error wrong-encoding queue `q` carries what Python pickles, which is no text');
});

test('an item that is done when it is taken is no dead letter', async () => {
  const { findings } = await planned(`queues:
  q: { from: [1], delivery: at-most-once, dead_letter: d }
  d: { to: { json: x } }
processes: { a: { run: x, each: q } }`);
  expect(findings).toEqual([
    '2:56 error dead-letter an item of queue `q` is done when it is taken, so none ever becomes a dead letter',
  ]);
});

test('a loop through the stdout of an `each` has an end', async () => {
  const { findings } = await planned(`queues: { q: { from: [1] } }
processes: { a: { run: x, each: q, stdout: { queue: q } } }`);
  expect(findings).toEqual([]);
});
