// What is found in pipelines, each finding at its line and column and nothing else: names.
import { expect, test } from 'vitest';
import { planned } from '../kit/planned.ts';

const files = { 'some.env': 'X=1', 'cook.rb': '', 'a.py': '' };

test.each([
  [
    'a process may not need a name that nothing has',
    `processes:
  bill: { run: ls, needs: serve }
joins:
  served: { processes: bill }`,
    ['2:27 error unknown-name there is no process, daemon or join `serve`'],
  ],
  [
    'what is needed may be misspelt in all three forms',
    `processes:
  chef: { run: ls }
  a: { run: ls, needs: chaf }
  b: { run: ls, needs: [chef, chaf] }
  c: { run: ls, needs: { chaf: completed } }`,
    [
      '3:24 error unknown-name there is no process, daemon or join `chaf`',
      '4:31 error unknown-name there is no process, daemon or join `chaf`',
      '5:26 error unknown-name there is no process, daemon or join `chaf`',
    ],
  ],
  [
    'a queue cannot be needed, a join on it can',
    `queues: { dishes: {} }
processes:
  chef: { run: ls, puts: dishes }
  eater: { run: ls, gets: dishes }
  bill: { run: ls, needs: dishes }`,
    ['5:27 error unknown-name there is no process, daemon or join `dishes`'],
  ],
  [
    'queues, locks and joined processes are looked up, wherever they are named',
    `queues: { dishes: {} }
locks: { till: {} }
processes:
  chef: { run: ls, puts: dishs, locks: [till, tell], stdout: { queue: dishes } }
  eater: { run: ls, gets: [dishes, plates], stdin: { queue: dishess } }
joins:
  served: { processes: [chef, cheff], queues: dishs }`,
    [
      '4:26 error unknown-name there is no queue `dishs`',
      '4:47 error unknown-name there is no lock `tell`',
      '5:36 error unknown-name there is no queue `plates`',
      '5:61 error unknown-name there is no queue `dishess`',
      '7:31 error unknown-name there is no process `cheff`',
      '7:47 error unknown-name there is no queue `dishs`',
    ],
  ],
  [
    'an instance that is not there is no name',
    `processes:
  chef: { run: ls, replicas: 2 }
  bill: { run: ls, needs: [chef.2, chef.3] }
  tip: { run: ls, needs: bill.1 }`,
    ['3:36 error unknown-name there is no `chef.3`', '4:26 error unknown-name there is no `bill.1`'],
  ],
  [
    'a name cannot be an expression',
    `processes:
  chef: { run: ls, matrix: { n: [1] } }
  bill: { run: ls, needs: "\${{ params.who }}" }`,
    ['3:27 error bad-expression a name cannot be an expression'],
  ],
  [
    'processes, daemons and joins share one namespace, without case',
    `processes:
  chef: { run: ls }
daemons:
  Chef: { run: ls }
joins:
  chef: { processes: chef }`,
    [
      '4:3 error duplicate-name `Chef` differs from `chef` only in case',
      '6:3 error duplicate-name `chef` is declared twice',
    ],
  ],
  [
    'names of queues are their own namespace',
    `queues: { chef: {}, Chef: {} }
processes:
  chef: { run: ls, puts: chef, gets: Chef }`,
    [
      '1:11 warning queue-without-consumer nothing takes from queue `chef`',
      '1:21 error duplicate-name `Chef` differs from `chef` only in case',
      '1:21 error queue-without-producer nothing puts to queue `Chef`, so its end would come at once',
    ],
  ],
  [
    'params and matrix keys compare without case',
    `params: { a: 1, A: 2 }
processes:
  chef: { command: [ls, "\${{ params.a }}\${{ matrix.x }}"], matrix: { x: [1], X: [2] } }`,
    [
      '1:17 error duplicate-name param `A` differs from `a` only in case',
      '3:78 error duplicate-name `X` differs from `x` only in case',
    ],
  ],
  [
    'a daemon has no end to join or to need',
    `processes:
  a: { run: ls, needs: { radio: succeeded } }
  b: { run: ls, needs: { radio: ready } }
daemons:
  radio: { run: ls }
joins:
  j: { processes: radio }`,
    [
      '2:33 error needs-unreachable `radio` can never be `succeeded`: it is a daemon, which has no end',
      '7:19 error daemon-joined `radio` is a daemon, which has no end to wait for',
    ],
  ],
  [
    'a condition must be one that can come true',
    `processes:
  a: { run: ls, on_failure: ignore }
  none: { run: ls, replicas: 0 }
  b: { run: ls, needs: { a: failed } }
  c: { run: ls, needs: { a: ready } }
  d: { run: ls, needs: { a: passed } }
  e: { run: ls, needs: { j: failed } }
  f: { run: ls, needs: { none: failed } }
joins:
  j: { processes: a }`,
    [
      '4:29 error needs-unreachable `a` can never be `failed`: its failures are ignored',
      '5:29 error needs-unreachable `a` can never be `ready`: it has no `ready`',
      '6:29 error needs-unreachable `a` can never be `passed`: it is a process',
      '7:29 error needs-unreachable `j` can never be `failed`: it is a join',
      '8:26 error needs-unreachable `none` can never be `failed`: it has no instances',
    ],
  ],
  [
    'a join of some counts instances',
    `processes:
  a: { run: ls, replicas: 2 }
joins:
  two: { processes: a, mode: 2 }
  three: { processes: a, mode: 3 }`,
    ['5:26 error needs-unreachable `three` waits for 3 to succeed, but there are only 2'],
  ],
  [
    'a join cannot wait for itself, or for a join',
    `processes:
  a: { run: ls }
joins:
  j: { processes: [a, j] }
  k: { processes: a, needs: k }
  l: { processes: [a, j] }`,
    [
      '4:23 error self-join join `j` waits for itself',
      '5:29 error self-join join `k` waits for itself',
      '6:23 error unknown-name `j` is a join, not a process',
    ],
  ],
  [
    'what a misspelt name means is not said to be used nowhere, besides',
    `queues:
  dishes: { dead_letter: bad }
  bads:
  other:
locks: { ledger: {} }
processes:
  a: { run: ls, puts: dishs, locks: leger }
  b: { run: ls, gets: dishes }`,
    [
      '2:26 error unknown-name there is no queue `bad`',
      '4:3 warning unused queue `other` is used nowhere',
      '7:23 error unknown-name there is no queue `dishs`',
      '7:37 error unknown-name there is no lock `leger`',
    ],
  ],
  [
    'a broken process is still a known name',
    `processes:
  a: { rn: ls }
  b: { run: ls, needs: a }`,
    [
      '2:3 error schema `a` lacks one of `run`, `command`, `uses` or `target`',
      '2:8 error schema unknown key `rn` in a process',
    ],
  ],
])('%s', async (_promise, yaml, findings) => {
  expect((await planned(yaml, { files })).findings).toEqual(findings);
});

test.each([
  ['one that is like it is named', 'needs: bil', ['did you mean `bill`?']],
  ['where none is, all are, if they are few', 'needs: zz', ['there are `bill`, `cook`']],
  ['so is the only one', 'puts: zz', ['there is only `q`']],
  ['and that there is none', 'locks: zz', ['there is none']],
])('of a name that nothing has the hint says what there is: %s', async (_, use, expected) => {
  const { hints } = await planned(`queues: { q: { from: [1] } }
processes:
  bill: { run: ls, gets: q }
  cook: { run: ls, ${use} }`);
  expect(hints).toEqual(expected);
});

const valueOf = (name: string): string => `"\${{ ${name} }}"`;

test.each([
  ['params', `params: 3.5\nprocesses:\n  a: { command: [echo, ${valueOf('params.x')}] }`],
  ['env', `env: true\nprocesses:\n  a: { command: [echo, ${valueOf('env.X')}] }`],
  ['queues', 'queues: 3.5\nprocesses:\n  a: { command: [cat], stdin: { queue: q } }'],
  ['locks', 'locks: 3.5\nprocesses:\n  a: { run: ls, holds: l }'],
  ['processes', 'queues: { q: {} }\nprocesses: 3.5'],
  ['daemons', 'daemons: 3.5\nprocesses:\n  a: { run: ls, needs: d }'],
  ['joins', 'joins: 3.5\nprocesses:\n  a: { run: ls, needs: j }'],
  ['a queue', 'queues: { q: 3.5 }\nprocesses:\n  a: { command: [cat], stdin: { queue: q } }'],
  [
    'a process',
    `queues: { q: {} }\nprocesses:\n  b: 3.5\n  a: { command: [echo, ${valueOf('processes.b.outputs.x')}], needs: b, stdin: { queue: q } }`,
  ],
  [
    'outputs',
    `processes:\n  b: { run: ls, outputs: 3.5 }\n  a: { command: [echo, ${valueOf('processes.b.outputs.x')}], needs: b }`,
  ],
  ['matrix', `processes:\n  a: { matrix: 3.5, command: [echo, ${valueOf('matrix.x')}] }`],
  ['each', `processes:\n  a: { each: 3.5, command: [echo, ${valueOf('item')}] }`],
  ['puts', 'queues: { q: {} }\nprocesses:\n  b: { run: ls, puts: 3.5 }\n  a: { command: [cat], stdin: { queue: q } }'],
])('what names nothing where %s should stand is one finding', async (_, text) => {
  const { findings } = await planned(text);
  expect(findings).toEqual([expect.stringMatching(/^\S+ error schema `.*` cannot be `(3\.5|true)`/)]);
});
