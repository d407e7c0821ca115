// Drawings of a plan: what each box and arrow says, and that a thousand instances are one box.
import { expect, test } from 'vitest';
import { draw } from '../../src/plan/draw.ts';
import { soundPlan } from '../kit/planned.ts';

const yaml = `
name: dumpling-house
queues:
  dishes: { maxsize: 5 }
  notes: { encoding: text }
locks: { till: {} }
processes:
  chef: { target: ./kitchen.ts#cook, matrix: { dish: [1, 2, 3] }, puts: dishes, locks: till }
  bill: { command: [echo, "all served", '"<b>"'], needs: { served: completed, chef.2: started } }
  scribe: { run: "cat\\ncat", gets: notes, puts: notes }
daemons:
  eater: { target: ./kitchen.py#eat, replicas: 1000, gets: dishes, needs: { chef.1: started } }
joins:
  served: { processes: [chef.1, chef.2], queues: dishes, timeout: 90s, on_timeout: continue }
  race: { processes: [chef, bill], mode: any }
`;

async function drawn(drawing: Parameters<typeof draw>[1]): Promise<string> {
  return draw(await soundPlan(yaml, { files: { 'kitchen.ts': '', 'kitchen.py': '' } }), drawing);
}

test('a tree to read', async () => {
  expect(await drawn('tree')).toBe(`dumpling-house
├─ process chef ×3  kitchen.ts#cook
│     puts dishes
│     locks till
├─ process scribe  cat…
│     gets notes
│     puts notes
├─ daemon eater ×1000  kitchen.py#eat
│     needs chef (chef.1 started)
│     gets dishes
├─ join served  within 90s, else continue
│     waits for chef (2 of 3), queue dishes
├─ process bill  echo 'all served' '"<b>"'
│     needs served (completed), chef (chef.2 started)
├─ join race  the first to succeed
│     waits for chef, bill
├─ queue dishes  maxsize 5
│     from chef ×3
│     to eater ×1000
├─ queue notes  text, feeds back
│     from scribe
│     to scribe
└─ lock till
      used by chef ×3`);
});

test('a flowchart for Mermaid, in which no text is taken for markup', async () => {
  expect(await drawn('mermaid')).toBe(`flowchart LR
  n0["chef ×3<br/>kitchen.ts#35;cook"]
  n1["scribe<br/>cat…"]
  n2(["eater ×1000<br/>kitchen.py#35;eat"])
  n3{{"served<br/>within 90s, else continue"}}
  n4["bill<br/>echo 'all served' '#34;#60;b#62;#34;'"]
  n5{{"race<br/>the first to succeed"}}
  n6[("dishes<br/>maxsize 5")]
  n7[("notes<br/>text, feeds back")]
  n8>"till"]
  n0 ==> n6
  n0 -.- n8
  n1 ==> n7
  n7 ==> n1
  n0 -->|"chef.1 started"| n2
  n6 ==> n2
  n0 -.->|"2 of 3"| n3
  n6 -.-> n3
  n3 -->|"completed"| n4
  n0 -->|"chef.2 started"| n4
  n0 -.-> n5
  n4 -.-> n5`);
});

test('a graph for Graphviz', async () => {
  const lines = (await drawn('dot')).split('\n');
  expect(lines[0]).toBe('digraph "dumpling-house" {');
  expect(lines).toContain('  "node bill" [label="bill\\necho \'all served\' \'\\"<b>\\"\'", shape=box]');
  expect(lines).toContain('  "node chef" -> "queue dishes" [style=bold]');
  expect(lines).toContain('  "node chef" -> "node bill" [style=solid, label="chef.2 started"]');
  expect(lines.at(-1)).toBe('}');
});

test('pipes from one process to another', async () => {
  const plan = await soundPlan(`name: p
processes:
  a: { run: ls }
  b: { run: cat, stdin: { process: a } }`);
  expect(draw(plan, 'tree')).toBe(`p
├─ process a  ls
│     read by b
└─ process b  cat
      reads a`);
  expect(draw(plan, 'mermaid')).toContain('n0 ==> n1');
  expect(draw(plan, 'dot')).toContain('"node a" -> "node b" [style=bold]');
});

test('where dead letters go, and how queues and locks are set', async () => {
  const plan = await soundPlan(`name: p
queues:
  work: { order: priority, maxsize: 3, overflow: drop_oldest, dead_letter: dead }
  dead: {}
locks:
  seats: { permits: 3 }
  page: { kind: rw }
processes:
  a: { run: ls, puts: work, locks: [seats, page] }
  b: { run: ls, each: work, workers: 3 }
  c: { run: ls, gets: dead }`);
  expect(draw(plan, 'tree')).toBe(`p
├─ process a  ls
│     puts work
│     locks seats, page
├─ process b  ls
│     gets work (a process for each, 3 at a time)
├─ process c  ls
│     gets dead
├─ queue work  priority, maxsize 3, drop_oldest
│     from a
│     to b (a process for each, 3 at a time)
│     dead letters to dead
├─ queue dead
│     to c
│     dead letters of work
├─ lock seats  3 permits
│     used by a
└─ lock page  many readers or one writer
      used by a`);
  expect(draw(plan, 'mermaid')).toContain('n3 -.->|"dead letters"| n4');
  expect(draw(plan, 'dot')).toContain('"queue work" -> "queue dead" [style=dotted, label="dead letters"]');
});

test('the whole plan as JSON', async () => {
  expect(JSON.parse(await drawn('json'))).toMatchObject({ version: 1, name: 'dumpling-house' });
});

test('what else is worth knowing of a node stands in the tree', async () => {
  const plan = await soundPlan(
    `processes:
  shrink: { run: "echo hello", replicas: 2, retry: 2, timeout: 30s, outputs: size }
  judge: { run: "true", controls: [shrink, server], if: run.name, on_failure: continue }
  sub: { uses: part.yaml, with: { n: 3 }, timeout: 5m }
daemons:
  server: { run: sleep 9, ready: { tcp: "127.0.0.1:80" }, restart: always }`,
    { files: { 'part.yaml': 'params: { n: 1 }\nprocesses: { p: { run: ls, replicas: "${{ params.n }}" } }' } },
  );
  expect(draw(plan, 'tree')).toBe(`pipeline
├─ process shrink ×2  echo hello
│     tried again, up to 2 times
│     within 30s
│     sets size
├─ process judge  true
│     if \${{ run.name }}
│     its failure: continue
│     controls shrink, server
├─ pipeline sub  part.yaml
│     with n: 3
│     within 5m
│  └─ process p ×3  ls
└─ daemon server  sleep 9
      ready by 127.0.0.1:80, within 60s
      restarted always`);
  expect(draw(plan, 'mermaid')).toContain('n1 -.-> n0');
});
