// What is found in pipelines, each finding at its line and column and nothing else: the graph.
import { expect, test } from 'vitest';
import { planned } from '../kit/planned.ts';

const files = { 'some.env': 'X=1', 'cook.rb': '', 'a.py': '' };

test.each([
  [
    'a cycle is named whole, once',
    `processes:
  a: { run: ls, needs: b }
  b: { run: ls, needs: c }
  c: { run: ls, needs: [d, a] }
  d: { run: ls }
  e: { run: ls, needs: e }`,
    [
      '2:24 error dependency-cycle nothing of this can ever start: `a` needs `b` needs `c` needs `a`',
      '6:24 error dependency-cycle nothing of this can ever start: `e` needs `e`',
    ],
  ],
  [
    'a cycle may go through a join',
    `processes:
  a: { run: ls, needs: j }
joins:
  j: { processes: a }`,
    ['2:24 error dependency-cycle nothing of this can ever start: `a` needs `j` joins `a`'],
  ],
  [
    'a target must be there',
    `processes:
  a: { target: "nowhere.ts#cook" }
  b: { target: "\${{ matrix.f }}.py#cook", matrix: { f: [a, b] } }`,
    [
      "2:16 error missing-file the target's file `/project/nowhere.ts` is not there",
      "3:16 error missing-file the target's file `/project/b.py` is not there",
    ],
  ],
  [
    'a target is JavaScript, TypeScript or Python',
    `processes:
  a: { target: "cook.rb#cook" }`,
    ['2:16 error schema a target is `FILE#EXPORT`, where FILE ends in .js, .mjs, .cjs, .ts, .mts or .py'],
  ],
  [
    'a plan has at most 100 000 instances',
    `processes:
  a: { run: ls, matrix: { x: [1, 2, 3], y: [1, 2] }, replicas: 50000 }`,
    ['2:17 error too-many `a` would have 3 × 2 × 50000 = 300 000 instances'],
  ],
  [
    'a plan has at most 100 000 instances in all',
    `processes:
  a: { run: ls, replicas: 60000 }
  b: { run: ls, replicas: 60000 }`,
    ['3:17 error too-many with the 60 000 of `b` there would be 120 000 instances'],
  ],
])('%s', async (_promise, yaml, findings) => {
  expect((await planned(yaml, { files })).findings).toEqual(findings);
});
