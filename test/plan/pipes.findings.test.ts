// Pipes in a plan: who has which end, and what of that cannot be, in one finding with its place and how to mend it.
import { describe, expect, test } from 'vitest';
import { draw } from '../../src/plan/draw.ts';
import { planned, processOf, soundPlan } from '../kit/planned.ts';

test('an end is granted to the one instance that is named, in the directions that the pipe has', async () => {
  const plan = await soundPlan(`
pipes:
  line: [alice, bob.2]
  news: { between: [bob.1, alice], duplex: false, encoding: bytes }
processes:
  alice: { run: ls }
  bob: { run: ls, replicas: 2 }`);
  expect(plan.channels).toEqual([
    {
      kind: 'pipe',
      name: 'line',
      at: { line: 3, column: 3 },
      encoding: 'json',
      duplex: true,
      ends: ['alice', 'bob.2'],
    },
    {
      kind: 'pipe',
      name: 'news',
      at: { line: 4, column: 3 },
      encoding: 'bytes',
      duplex: false,
      ends: ['bob.1', 'alice'],
    },
  ]);
  expect(processOf(plan, 'alice').grants).toEqual([
    { channel: 'line', role: 'send' },
    { channel: 'line', role: 'receive' },
    { channel: 'news', role: 'receive' },
  ]);
  expect(processOf(plan, 'bob.1').grants).toEqual([{ channel: 'news', role: 'send' }]);
  expect(processOf(plan, 'bob.2').grants).toEqual([
    { channel: 'line', role: 'send' },
    { channel: 'line', role: 'receive' },
  ]);
});

test('the one instance of a process that could have more needs no number, and a daemon may have an end', async () => {
  const { plan, findings } = await planned(
    'pipes: { line: [a, d] }\nprocesses: { a: { run: ls, replicas: 1 } }\ndaemons: { d: { run: ls } }',
  );
  expect(findings).toEqual([]);
  expect(plan?.channels).toMatchObject([{ ends: ['a.1', 'd'] }]);
});

test('every drawing shows the ends', async () => {
  const plan = await soundPlan(`name: talk
pipes: { line: [alice, bob.2], news: { between: [alice, bob.1], duplex: false } }
processes:
  alice: { run: ls }
  bob: { run: ls, replicas: 2 }`);
  expect(draw(plan, 'tree')).toBe(`talk
├─ process alice  ls
│     talks by line
│     sends by news
├─ process bob ×2  ls
│     talks by line (bob.2)
│     receives by news (bob.1)
├─ pipe line
│     between alice, bob ×2 (bob.2)
└─ pipe news
      from alice
      to bob ×2 (bob.1)`);
  expect(draw(plan, 'mermaid')).toContain('n2[["line"]]');
  expect(draw(plan, 'mermaid')).toContain('n1 <==>|"bob.2"| n2');
  expect(draw(plan, 'dot')).toContain(
    '"node alice" -> "pipe line" [style=bold, dir=both]\n  "node bob" -> "pipe line" [style=bold, dir=both, label="bob.2"]',
  );
});

const two = 'processes:\n  a: { run: ls }\n  b: { run: ls, replicas: 3 }';

describe('what is found', () => {
  test.each([
    ['a name that is none', `pipes: { line: [a, c] }\n${two}`, '1:20 error unknown-name there is no process `c`'],
    [
      'a number that no instance has',
      `pipes: { line: [a, b.4] }\n${two}`,
      '1:20 error unknown-name there is no `b.4`',
      '`b` has 3 instances',
    ],
    [
      'several instances at one end',
      `pipes: { line: [a, b] }\n${two}`,
      '1:20 error pipe-ends `b` has 3 instances, and an end of a pipe is for one',
      'name one of them, such as `b.1`',
    ],
    [
      'nobody at one end',
      'pipes: { line: [a, b] }\nprocesses: { a: { run: ls }, b: { run: ls, replicas: 0 } }',
      '1:20 error pipe-ends `b` has no instances, so nobody would have this end',
    ],
    [
      'one process at both ends',
      `pipes: { line: { between: [b.2, b.2] } }\n${two}`,
      '1:33 error pipe-ends both ends of pipe `line` are given to `b.2`',
      'a pipe is between two different processes',
    ],
    [
      'a process that may be started again',
      'pipes: { line: [a, d] }\nprocesses: { a: { run: ls } }\ndaemons: { d: { run: ls, restart: always } }',
      '1:20 error pipe-ends `d` may be started again (`retry`, `restart`), and its end of the pipe is gone when it ends',
    ],
    [
      'one that starts only when the other has ended',
      'pipes: { line: [a, c] }\nprocesses: { a: { run: ls }, b: { run: ls, needs: a }, c: { run: ls, needs: b } }',
      '1:20 error pipe-ends `c` starts only after `a` has ended, so that they cannot talk by pipe `line`',
    ],
    [
      'a join at one end',
      'pipes: { line: [a, j] }\nprocesses: { a: { run: ls } }\njoins: { j: { processes: a } }',
      '1:20 error unknown-name `j` is a join, not a process',
    ],
    [
      'one end only',
      `pipes: { line: [a] }\n${two}`,
      '1:16 error schema `line` cannot be a list of 1, expected a list of 2',
    ],
    [
      'a key that is none',
      `pipes: { line: { between: [a, b.1], duplx: true } }\n${two}`,
      '1:37 error schema unknown key `duplx` in a pipe',
      'did you mean `duplex`?',
    ],
    [
      'a value that is none',
      `pipes: { line: { between: [a, b.1], encoding: xml } }\n${two}`,
      '1:47 error schema `encoding` cannot be `xml`, expected `json`, `text`, `bytes` or `pickle`',
    ],
    [
      'no map and no list',
      `pipes: { line: alice }\n${two}`,
      '1:16 error schema `line` cannot be `alice`, expected a list or a map',
    ],
  ])('%s', async (_case, yaml, finding, hint?: string) => {
    const { findings, hints } = await planned(yaml);
    expect(findings).toEqual([finding]);
    if (hint !== undefined) expect(hints).toContain(hint);
  });

  test('it is enough that the other has started', async () => {
    const yaml = 'pipes: { line: [a, c] }\nprocesses: { a: { run: ls }, c: { run: ls, needs: { a: started } } }';
    expect((await planned(yaml)).findings).toEqual([]);
  });
});
