// What is found in pipelines, each finding at its line and column and nothing else: pipes from one process to another.
import { expect, test } from 'vitest';
import { planned, processOf } from '../kit/planned.ts';

test('a process reads the stdout of another, in chains of several', async () => {
  const { plan, findings } = await planned(`processes:
  c: { run: cat, stdin: { process: b } }
  a: { run: ls, needs: x }
  b: { run: cat, stdin: { process: a.1 }, needs: y }
  x: { run: ls }
  y: { run: ls }`);
  expect(findings).toEqual(['4:36 error unknown-name there is no `a.1`']);
  expect(plan).toBeNull();
  const whole = await planned(`processes:
  c: { run: cat, stdin: { process: b } }
  a: { run: ls, needs: x }
  b: { run: cat, stdin: { process: a }, replicas: 1, needs: y }
  x: { run: ls }
  y: { run: ls }`);
  expect(whole.findings).toEqual([]);
  expect(processOf(whole.plan, 'a').stdout).toEqual({ type: 'process', process: 'b.1' });
  expect(processOf(whole.plan, 'b.1').stdin).toEqual({ type: 'process', process: 'a' });
  expect(processOf(whole.plan, 'b.1').stdout).toEqual({ type: 'process', process: 'c' });
  expect(processOf(whole.plan, 'c').stdin).toEqual({ type: 'process', process: 'b.1' });
  // They start together, so each stands after what any of them needs.
  expect(whole.plan?.nodes.map(({ id }) => id)).toEqual(['x', 'y', 'c', 'a', 'b.1']);
});

test.each([
  [
    'a pipe has one reader',
    `processes:
  a: { run: ls }
  b: { run: cat, stdin: { process: a } }
  c: { run: cat, stdin: { process: a } }`,
    ['4:36 error pipe-ends `c` cannot read `a` too: a pipe has one reader'],
  ],
  [
    'and nothing else at the stdout of who writes to it',
    `queues: { q: {} }
processes:
  a: { run: ls, stdout: { file: x } }
  b: { run: cat, stdin: { process: a }, stdout: null }
  c: { run: cat, stdin: { process: b }, stdout: { queue: q } }
  d: { run: cat, stdin: { queue: q } }`,
    [
      '4:36 error pipe-ends `b` cannot read the stdout of `a`, which goes elsewhere',
      '5:36 error pipe-ends `c` cannot read the stdout of `b`, which goes elsewhere',
    ],
  ],
  [
    'it is between one process and another',
    `processes:
  a: { run: ls, replicas: 2 }
  b: { run: cat, stdin: { process: a } }
  c: { run: ls }
  d: { run: cat, stdin: { process: c }, matrix: { x: [1, 2, 3] } }
  e: { run: ls, replicas: 0 }
  f: { run: cat, stdin: { process: e } }
  g: { run: ls, replicas: 2 }
  h: { run: cat, stdin: { process: g.2 } }`,
    [
      '3:36 error pipe-ends `a` has 2 instances, and a pipe is between one process and another',
      '5:36 error pipe-ends `d` has 3 instances, and a pipe is between one process and another',
      '7:36 error pipe-ends `e` has 0 instances, and a pipe is between one process and another',
      '9:36 error pipe-ends `g` has 2 instances, and a pipe is between one process and another',
    ],
  ],
  [
    'what went through it cannot be had again',
    `processes:
  a: { run: ls, retry: 2 }
  b: { run: cat, stdin: { process: a } }`,
    ['3:36 error pipe-ends `a` would be started again, and what went through the pipe before is gone'],
  ],
  [
    'both ends are started together, so neither can need the other',
    `processes:
  a: { run: ls, needs: { c: started } }
  b: { run: cat, stdin: { process: a } }
  c: { run: cat, stdin: { process: b }, needs: a }`,
    [
      '2:26 error pipe-ends `a` cannot need `c`: processes that a pipe joins are started together',
      '4:48 error pipe-ends `c` cannot need `a`: processes that a pipe joins are started together',
    ],
  ],
  [
    'nor through others',
    `processes:
  a: { run: ls }
  b: { run: cat, stdin: { process: a }, needs: j }
  x: { run: ls, needs: { a: started } }
joins:
  j: { processes: x }`,
    ['2:3 error pipe-ends nothing of this can ever start: `a` starts together with `b` needs `j` joins `x` needs `a`'],
  ],
  [
    'nor through another chain',
    `processes:
  a: { run: ls, needs: { c: started } }
  b: { run: cat, stdin: { process: a } }
  c: { run: ls }
  d: { run: cat, stdin: { process: c }, needs: { b: started } }`,
    [
      '2:26 error pipe-ends nothing of this can ever start: `a` needs `c` starts together with `d` needs `b` starts together with `a`',
    ],
  ],
  [
    'pipes do not go round',
    `processes:
  a: { run: cat, stdin: { process: c } }
  b: { run: cat, stdin: { process: a } }
  c: { run: cat, stdin: { process: b } }
  d: { run: cat, stdin: { process: d } }`,
    [
      '2:36 error dependency-cycle nobody would ever write a first byte: `a` reads `c` reads `b` reads `a`',
      '5:36 error dependency-cycle nobody would ever write a first byte: `d` reads `d`',
    ],
  ],
  [
    'a daemon would be stopped before it has read all; one that is read has no end',
    `processes:
  a: { run: ls }
  b: { run: cat, stdin: { process: d } }
daemons:
  c: { run: cat, stdin: { process: a } }
  d: { run: ls }
  e: { run: ls }
  f: { run: cat, stdin: { process: e } }`,
    [
      '3:36 warning stream-never-ends `b` is never told an end: it reads daemon `d`, which goes on while the run lasts',
      '5:36 error pipe-ends `c` is a daemon, and would be stopped before it has read all that `a` writes',
    ],
  ],
  [
    'what is read is a process, and there is one of that name',
    `processes:
  a: { run: ls, stdin: { process: j } }
  b: { run: ls, stdin: { process: aa } }
joins:
  j: { processes: a }`,
    ['2:35 error unknown-name `j` is a join, not a process', '3:35 error unknown-name there is no process `aa`'],
  ],
  [
    'what goes round through a pipe and a queue would have no end',
    `queues: { q: {}, r: {} }
processes:
  seed: { run: ls, puts: q }
  a: { run: ls, gets: q }
  b: { run: cat, stdin: { process: a }, puts: [q, r] }
  c: { run: ls, gets: r }`,
    ['5:36 error stream-never-ends what `b` reads of `a` comes back through `q`: nobody could tell when that ends'],
  ],
  [
    'a producer cannot wait for its consumer by way of those that it starts together with',
    `queues: { q: {} }
processes:
  a: { run: ls, puts: q }
  b: { run: cat, stdin: { process: a }, needs: c }
  c: { run: ls, gets: q }`,
    ['3:23 error stream-deadlock `a` puts to queue `q` only after `c`, which takes from it, has ended'],
  ],
])('%s', async (_promise, yaml, findings) => {
  expect((await planned(yaml)).findings).toEqual(findings);
});

test('a pipeline of ten thousand piped processes is planned in no time', async () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, at) => `  p${at}: { run: cat${at === 0 ? '' : `, stdin: { process: p${at - 1} }`} }`,
  );
  const { plan, findings } = await planned(`processes:\n${lines.join('\n')}`);
  expect(findings).toEqual([]);
  expect(plan?.nodes).toHaveLength(10_000);
});
