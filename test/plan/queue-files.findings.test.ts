// What is found about the files that queues are filled from and written to, and what of that stands in the Plan.
import { expect, test } from 'vitest';
import { planned, soundPlan } from '../kit/planned.ts';

const files = { 'in.txt': 'a\n', 'in.json': '[]', 'folder/x': '' };
const process = `
processes:
  a: { run: ls }`;

test.each([
  [
    'a file that is not there',
    'q: { from: { lines: none.txt }, to: { json: x } }',
    ['1:31 error missing-file `/project/none.txt`, which the queue is filled from, is not there'],
  ],
  [
    'a folder is no file',
    'q: { from: { json: folder }, to: { json: x } }',
    ['1:30 error missing-file `/project/folder`, which the queue is filled from, is not a regular file'],
  ],
  [
    'a file in a folder that is not there, or is none',
    'q: { from: [1], to: { json: no/x } }, r: { from: [1], to: { json: in.txt/x } }',
    [
      '1:39 error missing-file `/project/no/x`, which the queue is written to, has no folder: `/project/no` is not there',
      '1:77 error missing-file `/project/in.txt/x`, which the queue is written to, has no folder: `/project/in.txt` is none',
    ],
  ],
  [
    'what cannot be replaced by a file',
    'q: { from: [1], to: { json: folder } }, r: { from: [1], to: { json: /dev/null } }',
    [
      '1:39 error missing-file `/project/folder`, which the queue is written to, is a folder',
      '1:79 error missing-file `/dev/null`, which the queue is written to, is not a regular file',
    ],
  ],
  [
    'two queues into one file',
    'q: { from: [1], to: { json: x } }, r: { from: [1], to: { lines: ./x } }',
    ['1:75 error file-conflict queue `r` cannot be written to `/project/x`: queue `q` is written to it'],
  ],
  [
    'a queue into the file it is filled from',
    'q: { from: { lines: in.txt }, to: { lines: in.txt } }',
    ['1:54 error file-conflict queue `q` cannot be written to `/project/in.txt`: queue `q` is filled from it'],
  ],
  [
    'what a file is called until it is whole',
    'q: { from: [1], to: { json: x } }, r: { from: [1], to: { lines: x.partial } }',
    ['1:75 error file-conflict queue `r` cannot be written to `/project/x.partial`: queue `q` is written to it'],
  ],
  [
    'a key that is none',
    'q: { from: { linse: in.txt }, to: { json: x } }',
    ['1:24 error schema unknown key `linse` in `from`'],
  ],
  [
    'a key that is none, in place of the one that must be there',
    'q: { from: [1], to: { csv: x } }',
    ['1:33 error schema unknown key `csv` in `to`'],
  ],
  [
    'two keys at once',
    'q: { from: { lines: in.txt, glob: x }, to: { json: x } }',
    ['1:39 error schema `glob` does not go with `lines`'],
  ],
  [
    'what is no list',
    'q: { from: "${{ params.n }}", to: { json: x } }',
    [
      '1:23 error bad-expression expected a list of values, `{lines: file}`, `{json: file}` or `{glob: pattern}`, but this is `7`',
    ],
  ],
  [
    'a path that is a number',
    'q: { from: [1], to: { json: "${{ params.n }}" } }',
    ['1:40 error bad-expression expected a path, but this is `7`'],
  ],
  [
    'what is known only later',
    'q: { from: [1], to: { json: "${{ run.dir }}/x" } }',
    ['1:44 error bad-expression `run` is known only once the run has started, and this is read when the plan is made'],
  ],
  [
    'what Python pickles',
    'q: { encoding: pickle, from: [1], to: { json: x } }',
    [
      '1:34 error wrong-encoding queue `q` carries what Python pickles, which `from` cannot',
      '1:45 error wrong-encoding queue `q` carries what Python pickles, which `to` cannot',
    ],
  ],
  [
    'bytes are no JSON',
    'q: { encoding: bytes, from: [1], to: { json: x } }',
    ['1:50 error wrong-encoding queue `q` carries bytes, which are no JSON'],
  ],
])('%s', async (_, queues, findings) => {
  const found = await planned(`queues: { ${queues} }\nparams: { n: 7 }${process}`, { files });
  const unused = /params/.test(queues) ? [] : ['2:11 warning unused param `n` is used nowhere'];
  expect(found.findings).toEqual([...findings, ...unused]);
});

test('`from` and `to` stand in the Plan with their expressions evaluated and their paths absolute', async () => {
  const plan = await soundPlan(
    `params: { list: { type: array, default: [1, "\${x"] }, name: in, from: { type: object, default: { json: in.json } } }
queues:
  a: { from: "\${{ params.list }}", to: { lines: out.txt } }
  b: { from: { lines: "\${{ params.name }}.txt" }, to: { json: /out.json } }
  c: { from: "\${{ params.from }}", to: { lines: c } }
  d: { from: { glob: "**/*.ts" }, to: { lines: d } }
  e: { from: [a, "\${{ params.name }}", { b: "x\${{ params.name }}" }], to: { lines: e } }${process}`,
    { files },
  );
  expect(plan.channels.map((channel) => channel.kind === 'queue' && [channel.from, channel.to?.path])).toEqual([
    [{ type: 'values', values: [1, '${x'] }, '/project/out.txt'],
    [{ type: 'lines', path: '/project/in.txt' }, '/out.json'],
    [{ type: 'json', path: '/project/in.json' }, '/project/c'],
    [{ type: 'glob', pattern: '**/*.ts', folder: '/project' }, '/project/d'],
    [{ type: 'values', values: ['a', 'in', { b: 'xin' }] }, '/project/e'],
  ]);
});

test('a bounded queue that is filled before its consumer starts is no deadlock', async () => {
  await soundPlan(`queues: { q: { maxsize: 2, from: [1, 2, 3] } }
processes:
  first: { run: ls }
  then: { run: cat, stdin: { queue: q }, needs: first }`);
});
