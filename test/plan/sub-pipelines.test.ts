// What becomes of files that use each other: one flat plan, in which everything has a name of its own.
import { expect, test } from 'vitest';
import { draw } from '../../src/plan/draw.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { nodeOf, processOf, soundPlan } from '../kit/planned.ts';

const files = {
  'parts/line.yaml': `name: the-line
timeout: 90s
env: { LAYER: file, OWN: file }
params: { dish: { type: string }, cooks: 1 }
queues:
  raw: { maxsize: 2 }
  out: { external: true, encoding: text }
  waste: { encoding: text }
  buried: { dead_letter: waste, encoding: text }
  pile: { from: [1] }
locks: { stove: { external: true }, knife: {}, harbour: { scope: host } }
pipes: { shout: [chop, cook.1] }
processes:
  chop: { run: "echo chop", stdout: { queue: raw }, locks: [knife, harbour], cwd: ./board }
  cook:
    target: ./cook.py#cook
    replicas: "\${{ params.cooks }}"
    args: ["\${{ params.dish }}", "\${{ env.OWN }}"]
    env: { PLACE: "\${{ run.dir }}" }
    gets: raw
    puts: [out, buried]
    locks: stove
    needs: { chop: started }
  wipe: { run: cat, stdin: { process: mop }, needs: { cook.1: started } }
  mop: { run: ls }
  peel: { run: ls, each: pile, workers: 2, controls: [mop, cook] }
  rake: { run: cat, stdin: { queue: waste, done: exit } }
  taste: { run: cat, stdin: { queue: buried, done: exit }, stdout: { file: "\${{ run.id }}.txt" } }
daemons: { fan: { run: sleep 9 } }
joins: { cooked: { processes: [chop, cook], queues: raw } }
`,
  'parts/cook.py': '',
  'parts/board/x': '',
};

const outer = `env: { LAYER: outer, HOUSE: golden }
queues: { dishes: { encoding: text, maxsize: 3 }, scraps: { encoding: text, leftover: ignore } }
locks: { fire: {} }
processes:
  line:
    uses: ./parts/line.yaml
    matrix: { dish: [bao, soup] }
    with: { dish: "\${{ matrix.dish }}", cooks: 2 }
    connect: { out: dishes, waste: scraps, stove: fire }
    env: { SEAT: "\${{ matrix.dish }}" }
    timeout: 2m
    on_failure: continue
  eat: { run: cat, stdin: { queue: dishes } }
  bill: { run: ls, needs: [line, eat] }
`;

const plan: Plan = await soundPlan(outer, { files });

test('what is in it stands behind it, under its name', () => {
  expect(plan.nodes.map(({ id }) => id).filter((id) => !id.startsWith('line.2'))).toEqual([
    'line.1',
    'line.1/chop',
    'line.1/cook.1',
    'line.1/cook.2',
    'line.1/wipe',
    'line.1/mop',
    'line.1/peel',
    'line.1/rake',
    'line.1/taste',
    'line.1/fan',
    'line.1/cooked',
    'eat',
    'bill',
  ]);
  expect(nodeOf(plan, 'line.2')).toMatchObject({
    kind: 'pipeline',
    name: 'line',
    file: '/project/parts/line.yaml',
    params: { dish: 'soup', cooks: 2 },
    matrix: { dish: 'soup' },
    timeoutMs: 90_000,
    onFailure: 'continue',
  });
  expect(processOf(plan, 'line.2/cook.2')).toMatchObject({
    name: 'line/cook',
    within: 'line.2',
    at: { file: '/project/parts/line.yaml', line: 15, column: 3 },
    root: '/project/parts',
    needs: [{ name: 'line.2/chop', instances: ['line.2/chop'], condition: 'started' }],
    launch: { file: '/project/parts/cook.py', args: ['soup', 'file'] },
  });
  expect(nodeOf(plan, 'bill').needs[0]).toMatchObject({ name: 'line', instances: ['line.1', 'line.2'] });
});

test('its paths start at its file, and its environment lies over what is around it', () => {
  expect(processOf(plan, 'line.1/chop').cwd).toBe('/project/parts/board');
  expect(processOf(plan, 'line.1/taste').stdout).toMatchObject({ path: '${{ run.id }}.txt' });
  expect(processOf(plan, 'line.1/cook.1').env).toEqual({
    LAYER: 'file',
    OWN: 'file',
    HOUSE: 'golden',
    SEAT: 'bao',
    PLACE: '${{ run.dir }}',
  });
});

test('what is connected is the channel around it, and everything else is its own', () => {
  const channels = plan.channels.map(({ kind, name }) => `${kind} ${name}`);
  expect(channels.filter((name) => !name.includes('line.2'))).toEqual([
    'queue dishes',
    'queue scraps',
    'lock fire',
    'queue line.1/raw',
    'queue line.1/buried',
    'queue line.1/pile',
    'lock line.1/knife',
    'lock line.1/harbour',
    'pipe line.1/shout',
  ]);
  const channel = (name: string) => plan.channels.find((each) => each.name === name);
  expect(channel('dishes')).toMatchObject({
    maxsize: 3,
    producers: ['line.1/cook.1', 'line.1/cook.2', 'line.2/cook.1', 'line.2/cook.2'],
    consumers: ['eat'],
    called: { 'line.1': 'out', 'line.2': 'out' },
  });
  expect(channel('scraps')).toMatchObject({ producers: [], called: { 'line.1': 'waste', 'line.2': 'waste' } });
  expect(channel('line.1/buried')).toMatchObject({ deadLetter: 'scraps' });
  expect(channel('fire')).toMatchObject({
    users: ['line.1/cook.1', 'line.1/cook.2', 'line.2/cook.1', 'line.2/cook.2'],
  });
  expect(channel('line.2/harbour')).toMatchObject({ hostName: 'harbour' });
  expect(channel('line.2/shout')).toMatchObject({ ends: ['line.2/chop', 'line.2/cook.1'] });
});

test('queues feed back into themselves only where something really comes back', async () => {
  const through = (inside: string): Promise<Plan> =>
    soundPlan(
      `queues: { a: { from: [1], leftover: ignore }, b: { } }
processes:
  sub: { uses: part.yaml, connect: { in: a, out: b } }
  back: { run: ls, gets: b, puts: a }`,
      {
        files: {
          'part.yaml': `queues: { in: { external: true }, out: { external: true }, own: {} }\nprocesses:${inside}`,
        },
      },
    );
  const groupOf = ({ channels }: Plan) => channels.map((each) => (each.kind === 'queue' ? each.group : null));
  expect(
    groupOf(await through('\n  p: { run: ls, gets: in, puts: own }\n  q: { run: ls, gets: own, puts: out }')),
  ).toEqual([
    ['a', 'b', 'sub/own'],
    ['a', 'b', 'sub/own'],
    ['a', 'b', 'sub/own'],
  ]);
  expect(groupOf(await through('\n  p: { run: ls, gets: [in, own] }\n  q: { run: ls, puts: [out, own] }'))).toEqual([
    null,
    null,
    null,
  ]);
});

test('one within another is connected through both', async () => {
  const nested = await soundPlan(
    `queues: { top: { from: [1] } }\nprocesses:\n  a: { uses: mid.yaml, connect: { middle: top } }`,
    {
      files: {
        'mid.yaml':
          'queues: { middle: { external: true } }\nprocesses:\n  b: { uses: deep/leaf.yaml, replicas: 2, connect: { low: middle } }',
        'deep/leaf.yaml': 'queues: { low: { external: true } }\nprocesses:\n  c: { run: ls, gets: low }',
      },
    },
  );
  expect(nested.nodes.map(({ id, within }) => [id, within])).toEqual([
    ['a', undefined],
    ['a/b.1', 'a'],
    ['a/b.1/c', 'a/b.1'],
    ['a/b.2', 'a'],
    ['a/b.2/c', 'a/b.2'],
  ]);
  expect(nested.channels).toMatchObject([
    { name: 'top', consumers: ['a/b.1/c', 'a/b.2/c'], called: { a: 'middle', 'a/b.1': 'low', 'a/b.2': 'low' } },
  ]);
  expect(processOf(nested, 'a/b.2/c')).toMatchObject({
    root: '/project/deep',
    cwd: '/project/deep',
    grants: [{ channel: 'top', role: 'get' }],
  });
});

/** Every name that is declared in the file. */
const inside =
  /^(?:raw|out|waste|buried|stove|knife|shout|chop|cook|wipe|mop|peel|pile|rake|taste|fan|cooked)(?:\.\d+)?$/;

test('no name of its file is left in the plan as it is there', () => {
  const left: string[] = [];
  const look = (value: unknown, path: string): void => {
    if (typeof value === 'string' && inside.test(value)) left.push(`${path}: ${value}`);
    if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value))
        if (key !== 'called' && key !== 'export') look(each, `${path}.${key}`);
  };
  look(plan.nodes, 'nodes');
  look(plan.channels, 'channels');
  expect(left).toEqual([]);
});

test('a secret of either file is one of the whole, and stands in the written plan by its name', async () => {
  const { secrets, nodes } = await soundPlan(
    'secrets: OUTER\nprocesses:\n  sub: { uses: part.yaml, env: { OUTER: a, INNER: b, OPEN: c } }',
    { files: { 'part.yaml': 'secrets: INNER\nenv: { INNER: d }\nprocesses: { p: { run: ls } }' } },
  );
  expect(secrets).toEqual(['OUTER', 'INNER']);
  const [, inside] = nodes;
  expect(inside).toMatchObject({
    id: 'sub/p',
    env: { OUTER: "${{ env['OUTER'] }}", INNER: "${{ env['INNER'] }}", OPEN: 'c' },
  });
});

test('a thousand of them are compiled once and told apart', async () => {
  const many = await soundPlan(
    `queues: { dishes: { encoding: text }, scraps: { encoding: text } }
locks: { fire: {} }
processes:
  line: { uses: parts/line.yaml, replicas: 1000, with: { dish: x }, connect: { out: dishes, waste: scraps, stove: fire } }
  eat: { run: cat, stdin: { queue: dishes } }`,
    { files },
  );
  expect(many.nodes).toHaveLength(1000 * 10 + 1);
  expect(new Set(many.nodes.map(({ id }) => id)).size).toBe(many.nodes.length);
});

test('is drawn around what is in it', async () => {
  const small = await soundPlan(
    'queues: { b: {} }\nprocesses:\n  sub: { uses: part.yaml, replicas: 2, connect: { out: b } }\n  p: { run: ls, gets: b, needs: { sub: started } }',
    {
      files: {
        'part.yaml':
          'queues: { own: {}, out: { external: true } }\nprocesses:\n  a: { run: ls, puts: own }\n  b: { run: ls, gets: own, puts: out, needs: { a: started } }',
      },
    },
  );
  expect(draw(small, 'tree')).toBe(`pipeline
├─ pipeline sub ×2  part.yaml
│  ├─ process a ×2  ls
│  │     puts own
│  ├─ process b ×2  ls
│  │     needs a (started)
│  │     gets own
│  │     puts b
│  └─ queue own ×2
│        from a ×2
│        to b ×2
├─ process p  ls
│     needs sub (started)
│     gets b
└─ queue b
      from sub/b ×2
      to p`);
  expect(draw(small, 'mermaid')).toBe(`flowchart LR
  subgraph n0["sub ×2<br/>part.yaml"]
    n1["a ×2<br/>ls"]
    n2["b ×2<br/>ls"]
    n5[("own ×2")]
  end
  n3["p<br/>ls"]
  n4[("b")]
  n1 ==> n5
  n1 -->|"started"| n2
  n2 ==> n4
  n5 ==> n2
  n0 -->|"started"| n3
  n4 ==> n3`);
  expect(draw(small, 'dot')).toContain(`  subgraph "cluster node sub" {
    "node sub" [label="sub ×2\\npart.yaml", shape=folder]
    "node sub/a" [label="a ×2\\nls", shape=box]`);
});
