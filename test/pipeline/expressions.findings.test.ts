// What is found in pipelines, each finding at its line and column and nothing else: expressions.
import { expect, test } from 'vitest';
import { planned } from '../kit/planned.ts';

const files = { 'some.env': 'X=1', 'cook.rb': '', 'a.py': '' };

test.each([
  [
    'an expression cannot stand in a script',
    `params: { dir: . }
processes:
  a:
    run: |
      cd "\${{ params.dir }}"
      ls \${{ params.dir }}`,
    [
      '5:11 error unsafe-interpolation an expression cannot stand in a script, where it could become code',
      '6:10 error unsafe-interpolation an expression cannot stand in a script, where it could become code',
    ],
  ],
  [
    'names in expressions are found before anything is evaluated',
    `params: { count: 1 }
processes:
  a:
    replicas: 0
    command: [ls, "\${{ params.cuont }}", "\${{ parms.count }}", "x\${{ matrix.y }}", "\${{ env.NOPE }}", "\${{ run.what }}", "\${{ params.count }}"]`,
    [
      '5:31 error unknown-name there is no `cuont` in `params`',
      '5:47 error unknown-name there is no `parms` in expressions',
      '5:70 error unknown-name `matrix` is known only inside a process that has one',
      '5:93 error unknown-name there is no `NOPE` in `env`',
      '5:112 error unknown-name there is no `what` in `run`',
    ],
  ],
  [
    'matrix keys are known in their process only',
    `processes:
  a:
    matrix: { dish: [1] }
    args: ["\${{ matrix.dsh }}", "\${{ matrix['dish'] }}", "\${{ MATRIX.Dish }}"]
    target: a.py#b
  b: { command: [ls, "\${{ matrix.dish }}", "\${{ replica }}"] }`,
    [
      '4:24 error unknown-name there is no `dsh` in `matrix`',
      '6:27 error unknown-name `matrix` is known only inside a process that has one',
    ],
  ],
  [
    'a quote in an expression that is not closed, at the quote',
    `processes:
  a:
    command:
      - "\${{ params.n == 'a }}"
      - "\${{ 'a' == 'b }} and \${{ 'c' }}"
      - "\${{ 'it''s"
      - "\${{ 'it''s'"`,
    [
      '4:26 error bad-expression the quote is never closed',
      '5:21 error bad-expression the quote is never closed',
      '6:14 error bad-expression the quote is never closed',
      '7:10 error bad-expression `${{` is never closed',
    ],
  ],
  [
    'expressions that cannot be parsed',
    `processes:
  a:
    command: [ls, "\${{ 1 + 2 }}", "\${{ \\"x\\" }}", "\${{ params.x", "\${{ }}", "\${{ success() }}", "\${{ contins('a', 'b') }}", "\${{ params.厨师 }}", "\${{ (1 }}", "\${{ contains('a') }}"]`,
    [
      '3:26 error bad-expression unexpected symbol `+`',
      '3:35 error bad-expression unexpected symbol `"x"`',
      '3:52 error bad-expression `${{` is never closed',
      '3:71 error bad-expression the expression is empty',
      '3:82 error bad-expression there is no function `success`',
      '3:102 error bad-expression there is no function `contins`',
      '3:137 error bad-expression unexpected symbol `厨师`',
      '3:151 error bad-expression the expression is not complete',
      '3:163 error bad-expression `contains` is given too few arguments',
    ],
  ],
  [
    'expressions that have no value',
    `processes:
  a: { command: [ls, "\${{ fromJSON('{') }}", "\${{ format('{1}', 'a') }}", "x\${{ fromJSON('[1]') }}"] }`,
    [
      '2:26 error bad-expression the expression has no value: `fromJSON` was given what is not JSON: "{"',
      '2:50 error bad-expression the expression has no value: the following format string references more arguments than were supplied: {1}',
      '2:80 error bad-expression a list or a map cannot stand inside a text; use `join` or `toJSON`',
    ],
  ],
  [
    'an if is one expression',
    `processes:
  a: { run: ls, if: "\${{ true }} && false" }
  b: { run: ls, if: "1 == = 2" }`,
    ['2:22 error bad-expression `if` is one expression', '3:27 error bad-expression unexpected symbol `=`'],
  ],
  [
    'what is read when the plan is made cannot use the run',
    `processes:
  a: { run: ls, timeout: "\${{ run.id }}" }
  b: { run: ls, replicas: "\${{ run.id }}" }`,
    [
      '2:31 error bad-expression `run` is known only once the run has started, and this is read when the plan is made',
      '3:32 error bad-expression `run` is known only once the run has started, and this is read when the plan is made',
    ],
  ],
  [
    'variables of one env cannot use each other',
    `env: { A: a, B: "\${{ env.A }}" }
processes:
  a: { run: ls, env: { C: "\${{ env.A }}", D: "\${{ env.C }}" } }`,
    ['1:26 error unknown-name there is no `A` in `env`', '3:55 error unknown-name there is no `C` in `env`'],
  ],
  [
    'outputs are read by those who need them',
    `processes:
  a: { run: ls, outputs: [x] }
  b: { command: [ls, "\${{ processes.a.outputs.x }}"] }
  c: { command: [ls, "\${{ processes.a.outputs.y }}", "\${{ processes.z.outputs.y }}", "\${{ processes.a }}"], needs: a }
  d: { run: ls, timeout: "\${{ processes.a.outputs.x }}", needs: a, env: { X: "\${{ processes.a.outputs.x }}" } }`,
    [
      '3:37 error missing-needs `b` reads an output of `a`, which it does not need',
      '4:47 error unknown-name `a` has no output `y`',
      '4:69 error unknown-name there is no process `z`',
      '4:101 error bad-expression an output is read as `processes.NAME.outputs.KEY`',
      '5:31 error bad-expression an output is known only once the run has started, and this is read when the plan is made',
    ],
  ],
])('%s', async (_promise, yaml, findings) => {
  expect((await planned(yaml, { files })).findings).toEqual(findings);
});
