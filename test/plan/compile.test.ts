// What stands in a plan.
import { expect, test } from 'vitest';
import { nodeOf, planned, processOf, soundPlan } from '../kit/planned.ts';

const dumplings = `
name: dumpling-house
params:
  portions: { type: integer, default: 10, minimum: 1 }
queues:
  dishes: { maxsize: 5 }
processes:
  bill:
    run: echo "all served"
    needs: served
  chef:
    target: ./kitchen.ts#cook
    matrix: { dish: [包子, 骨头, 泔水] }
    args: ["\${{ matrix.dish }}", "\${{ params.portions }}"]
    puts: dishes
daemons:
  eater:
    target: ./kitchen.py#eat
    replicas: 2
    gets: dishes
joins:
  served:
    processes: chef
    queues: dishes
    timeout: 30s
`;
const files = { 'kitchen.ts': '', 'kitchen.py': '' };

test('each node stands after all it needs, and otherwise in the order of the file', async () => {
  const plan = await soundPlan(dumplings, { files });
  expect(plan.nodes.map(({ id }) => id)).toEqual([
    'chef.1',
    'chef.2',
    'chef.3',
    'eater.1',
    'eater.2',
    'served',
    'bill',
  ]);
});

test('instances know who they are, where they were declared and what they may use', async () => {
  const plan = await soundPlan(dumplings, { files, params: { portions: '3' } });
  expect(plan.params).toEqual({ portions: 3 });
  expect(nodeOf(plan, 'chef.2')).toEqual({
    kind: 'process',
    id: 'chef.2',
    name: 'chef',
    at: { line: 11, column: 3 },
    needs: [],
    replica: 1,
    matrix: { dish: '骨头' },
    launch: {
      type: 'target',
      language: 'javascript',
      file: '/project/kitchen.ts',
      export: 'cook',
      args: ['骨头', 3],
      kwargs: {},
    },
    cwd: '/project',
    env: {},
    if: true,
    each: null,
    stdin: { type: 'null' },
    stdout: { type: 'log' },
    stderr: { type: 'log' },
    grants: [{ channel: 'dishes', role: 'put' }],
    holds: [],
    timeoutMs: null,
    stop: { signal: 'SIGTERM', graceMs: 5000 },
    onFailure: 'stop',
    outputs: [],
    controls: [],
    successExitCodes: [0],
    ready: null,
    again: null,
  });
});

test('a join names the instances it waits for, and a queue those who use it', async () => {
  const plan = await soundPlan(dumplings, { files });
  expect(nodeOf(plan, 'served')).toMatchObject({
    processes: ['chef.1', 'chef.2', 'chef.3'],
    queues: ['dishes'],
    mode: 'all',
    timeoutMs: 30_000,
  });
  expect(nodeOf(plan, 'bill').needs).toEqual([{ name: 'served', instances: ['served'], condition: 'passed' }]);
  expect(plan.channels).toEqual([
    {
      kind: 'queue',
      name: 'dishes',
      at: { line: 6, column: 3 },
      order: 'fifo',
      maxsize: 5,
      maxBytes: 64 * 2 ** 20,
      overflow: 'block',
      encoding: 'json',
      item: null,
      confirm: false,
      delivery: 'at-least-once',
      attempts: 3,
      deadLetter: null,
      leftover: 'fail',
      from: null,
      to: null,
      producers: ['chef.1', 'chef.2', 'chef.3'],
      consumers: ['eater.1', 'eater.2'],
      group: null,
    },
  ]);
});

test('needs may be a name, a list or a map, of all instances or of one', async () => {
  const plan = await soundPlan(`
processes:
  a: { run: ls, replicas: 2 }
  b: { run: ls, needs: a }
  c: { run: ls, needs: [a.2, b] }
  d: { run: ls, needs: { a: completed, b: failed, radio: started } }
  e: { run: ls, needs: [radio, j] }
daemons: { radio: { run: ls } }
joins: { j: { processes: [a.1, b], mode: any } }
`);
  const all = { name: 'a', instances: ['a.1', 'a.2'] };
  const b = { name: 'b', instances: ['b'] };
  expect(nodeOf(plan, 'b').needs).toEqual([{ ...all, condition: 'succeeded' }]);
  expect(nodeOf(plan, 'c').needs).toEqual([
    { name: 'a.2', instances: ['a.2'], condition: 'succeeded' },
    { ...b, condition: 'succeeded' },
  ]);
  expect(nodeOf(plan, 'd').needs).toEqual([
    { ...all, condition: 'completed' },
    { ...b, condition: 'failed' },
    { name: 'radio', instances: ['radio'], condition: 'started' },
  ]);
  expect(nodeOf(plan, 'e').needs).toEqual([
    { name: 'radio', instances: ['radio'], condition: 'ready' },
    { name: 'j', instances: ['j'], condition: 'passed' },
  ]);
  expect(nodeOf(plan, 'j')).toMatchObject({ processes: ['a.1', 'b'], mode: 1 });
});

test('defaults are laid under every process, and under a daemon but for on_failure', async () => {
  const plan = await soundPlan(`
defaults:
  timeout: 5m
  shell: bash
  cwd: sub
  on_failure: continue
  retry: 2
  stop: { signal: SIGINT, grace: 1s }
  env: { A: default, B: default }
processes:
  a: { run: ls }
  b: { run: ls, timeout: 500ms, shell: [python3, -c], cwd: /x, on_failure: ignore, retry: 0, stop: { grace: 2 }, env: { A: own } }
daemons:
  d: { run: ls }
`);
  expect(processOf(plan, 'a')).toMatchObject({
    timeoutMs: 300_000,
    launch: { type: 'shell', shell: ['bash', '-euo', 'pipefail', '-c'], script: 'ls' },
    cwd: '/project/sub',
    onFailure: 'continue',
    stop: { signal: 'SIGINT', graceMs: 1000 },
    env: { A: 'default', B: 'default' },
  });
  expect(processOf(plan, 'b')).toMatchObject({
    timeoutMs: 500,
    launch: { shell: ['python3', '-c'] },
    cwd: '/x',
    onFailure: 'ignore',
    stop: { signal: 'SIGINT', graceMs: 2000 },
    env: { A: 'own', B: 'default' },
  });
  expect(processOf(plan, 'd')).toMatchObject({
    timeoutMs: 300_000,
    launch: { shell: ['bash', '-euo', 'pipefail', '-c'] },
    cwd: '/project/sub',
    onFailure: 'stop',
    stop: { signal: 'SIGINT', graceMs: 1000 },
    env: { A: 'default', B: 'default' },
  });
  expect(['a', 'b', 'd'].map((id) => processOf(plan, id).again?.attempts ?? null)).toEqual([2, null, 2]);
});

test('later layers of the environment win, and may use the ones under them', async () => {
  const plan = await soundPlan(
    `
env_file: top.env
env: { B: top, PATHS: "\${{ env.FROM_TOP }}:b" }
defaults: { env: { D: defaults, PATHS: "\${{ env.PATHS }}:c" } }
processes:
  a:
    run: ls
    env_file: [one.env, two.env]
    env: { E: own, N: 8080, T: true, PATHS: "\${{ env.PATHS }}:\${{ env.D }}" }
`,
    {
      files: {
        'top.env': 'FROM_TOP=f\nB=file\n',
        'one.env': 'C=one\nD=one\n# a comment\n',
        'two.env': 'D="two words"\nE=two\nRAW=\'${{ params.x }}\'\n',
      },
    },
  );
  expect(processOf(plan, 'a').env).toEqual({
    FROM_TOP: 'f',
    B: 'top',
    C: 'one',
    D: 'two words',
    E: 'own',
    N: '8080',
    T: 'true',
    // What only looks like an expression is written so that it stays what it is.
    RAW: "${{ '${{' }} params.x }}",
    PATHS: 'f:b:c:two words',
  });
});

test('streams are wired, and a queue named there counts as puts and gets', async () => {
  const plan = await soundPlan(`
queues: { words: { encoding: text, maxsize: 10 }, lines: { maxsize: "\${{ 5 }}", max_bytes: 1KiB } }
processes:
  a: { run: ls, stdin: { file: in.txt }, stdout: { queue: words }, stderr: { file: err.txt, append: true } }
  b: { run: cat, stdin: { queue: words, done: exit }, stdout: { queue: lines, format: json } }
  c: { run: cat, stdin: { queue: lines }, stdout: }
`);
  expect(processOf(plan, 'a')).toMatchObject({
    stdin: { type: 'file', path: '/project/in.txt' },
    stdout: { type: 'queue', queue: 'words', format: 'lines' },
    stderr: { type: 'file', path: '/project/err.txt', append: true },
    grants: [{ channel: 'words', role: 'put' }],
  });
  expect(processOf(plan, 'b')).toMatchObject({
    stdin: { type: 'queue', queue: 'words', format: 'lines', done: 'exit' },
    stdout: { type: 'queue', queue: 'lines', format: 'json' },
    grants: [
      { channel: 'lines', role: 'put' },
      { channel: 'words', role: 'get' },
    ],
  });
  expect(processOf(plan, 'c').stdout).toEqual({ type: 'null' });
  expect(plan.channels).toMatchObject([
    { name: 'words', encoding: 'text', maxsize: 10, producers: ['a'], consumers: ['b'] },
    { name: 'lines', maxsize: 5, maxBytes: 1024, producers: ['b'], consumers: ['c'] },
  ]);
});

test('a queue says its order, and what a put to it does where there is no room', async () => {
  const plan = await soundPlan(`
queues: { top: { order: lifo, overflow: drop_newest }, ends: { order: deque, overflow: fail } }
processes:
  a: { run: ls, puts: [top, ends] }
  b: { run: ls, gets: [top, ends] }`);
  expect(plan.channels).toMatchObject([
    { name: 'top', order: 'lifo', overflow: 'drop_newest' },
    { name: 'ends', order: 'deque', overflow: 'fail' },
  ]);
});

test('queues that feed back into each other close together', async () => {
  const plan = await soundPlan(`
queues: { seeds: {}, todo: {}, done: {}, own: {} }
processes:
  start: { run: ls, puts: seeds }
  fetch: { run: ls, gets: [seeds, todo], puts: done }
  parse: { run: ls, gets: done, puts: todo, replicas: 2 }
  alone: { run: ls, gets: own, puts: own }
`);
  const groups = plan.channels.map((channel) => [channel.name, channel.kind === 'queue' ? channel.group : null]);
  expect(groups).toEqual([
    ['seeds', null],
    ['todo', ['todo', 'done']],
    ['done', ['todo', 'done']],
    ['own', ['own']],
  ]);
});

test('a lock knows its users, and they are granted it', async () => {
  const plan = await soundPlan(`
locks: { till: {} }
processes:
  a: { run: ls, locks: till, replicas: 2 }
  b: { run: ls, locks: [till], success_exit_codes: [3, 0] }
`);
  expect(plan.channels).toEqual([
    {
      kind: 'lock',
      name: 'till',
      at: { line: 2, column: 10 },
      lock: 'mutex',
      permits: 1,
      reentrant: false,
      owned: true,
      scope: 'run',
      strict: false,
      users: ['a.1', 'a.2', 'b'],
    },
  ]);
  expect(processOf(plan, 'b')).toMatchObject({ grants: [{ channel: 'till', role: 'lock' }], successExitCodes: [0, 3] });
});

test('nothing to run leaves empty lists, which hold', async () => {
  const plan = await soundPlan(`
queues: { q: {} }
processes:
  a: { run: ls, replicas: 0, puts: q }
  b: { run: ls, needs: a, gets: q }
joins: { j: { processes: a, mode: any } }
`);
  expect(plan.nodes.map(({ id }) => id)).toEqual(['b', 'j']);
  expect(nodeOf(plan, 'b').needs).toEqual([{ name: 'a', instances: [], condition: 'succeeded' }]);
  expect(nodeOf(plan, 'j')).toMatchObject({ processes: [], mode: 'all' });
  expect(plan.channels).toMatchObject([{ producers: [], consumers: ['b'] }]);
});

test('a hundred thousand instances come from a few lines', async () => {
  const plan = await soundPlan(
    `
processes:
  a: { command: [echo, "\${{ matrix.x }}", "\${{ replica }}"], matrix: { x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, replicas: 4999 }
  b: { run: ls, replicas: 50000, needs: j }
joins: { j: { processes: a } }
`,
  );
  expect(plan.nodes.length).toBe(99_991);
  expect(processOf(plan, 'a.49990').launch).toEqual({ type: 'command', argv: ['echo', '10', '4999'] });
});

test('a plan too large to be written down is a finding, with a way around', async () => {
  const { findings, hints } = await planned(
    'processes:\n  a: { run: ls, replicas: 50000 }\n  b: { run: ls, replicas: 50000, needs: a }\n',
  );
  expect(findings).toEqual([
    '3:41 error too-many each instance of `b` would wait for each of `a`, which are 50 000 × 50 000 = 2 500 000 000 pairs',
  ]);
  expect(hints).toEqual(['let `b` need a join over `a` instead, which waits once for all']);
});

test('a file of ten thousand processes is planned', async () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, at) => `  p${at}: { run: ls${at === 0 ? '' : `, needs: [p${at - 1}, p${at >> 1}]`} }`,
  );
  const plan = await soundPlan(`processes:\n${lines.join('\n')}\n`);
  expect(plan.nodes.map(({ id }) => id)).toEqual(lines.map((_, at) => `p${at}`));
});

test('a mistake anywhere means no plan, and warnings do not', async () => {
  const yaml = 'queues: { q: {} }\nprocesses: { a: { run: ls } }\n';
  expect((await planned(yaml)).plan?.nodes.length).toBe(1);
  expect((await planned(`${yaml}joins: { j: { processes: b } }\n`)).plan).toBeNull();
});
