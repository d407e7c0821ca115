// What is known only once the run has started is in the plan as an expression, and gone when a node is due.
import { expect, test } from 'vitest';
import { ExpressionFailure, resolveNode } from '../../src/plan/resolve.ts';
import type { Json } from '../../src/plan/plan.ts';
import { processNode } from '../kit/plan.ts';
import { processOf, soundPlan } from '../kit/planned.ts';

const context = {
  root: '/project',
  run: { id: 'r1', dir: '/runs/r1', name: 'soup' },
  outputsOf: () => ({}),
  secrets: ['TOKEN'],
  environment: { TOKEN: 'open ${{ sesame }}', OTHER: 'x' },
};

async function resolved(process: string, top = '') {
  const plan = await soundPlan(`${top}\nprocesses:\n  a: ${process}\n`, { files: { 'a.py': '' } });
  return resolveNode(processOf(plan, 'a'), context);
}

test('arguments keep their types, and texts are put together', async () => {
  const node = await resolved(
    `{ target: a.py#f, args: ["\${{ run.id == 'r1' }}", "\${{ run }}", ["\${{ run.name }}!"]], kwargs: { at: "\${{ run.dir }}/x" } }`,
  );
  expect(node.launch).toMatchObject({ args: [true, context.run, ['soup!']], kwargs: { at: '/runs/r1/x' } });
});

test('paths are absolute, from the folder of the pipeline', async () => {
  const node = await resolved(
    '{ run: ls, cwd: "${{ run.id }}/sub", stdin: { file: "${{ run.dir }}/in" }, stdout: { file: "../${{ run.name }}" }, stderr: { file: "e" } }',
  );
  expect(node).toMatchObject({
    cwd: '/project/r1/sub',
    stdin: { path: '/runs/r1/in' },
    stdout: { path: '/soup', append: false },
    stderr: { path: '/project/e' },
  });
});

test('variables may use each other through their layers', async () => {
  const node = await resolved(
    '{ command: [echo, "${{ env.OUT }}", "${{ env.FLAG }}"], env: { OUT: "${{ env.OUT }}/own", FLAG: "${{ run.id == \'r1\' }}" } }',
    'env: { OUT: "${{ run.dir }}/top" }',
  );
  expect(node.env).toEqual({ OUT: '/runs/r1/top/own', FLAG: 'true' });
  expect(node.launch).toEqual({ type: 'command', argv: ['echo', '/runs/r1/top/own', 'true'] });
});

test.each([
  ["run.id == 'r1'", true],
  ["${{ run.id != 'r1' }}", false],
  ['${{ run.name }}', true],
])('if %s', async (condition, expected) => {
  expect((await resolved(`{ run: ls, if: "${condition}" }`)).if).toBe(expected);
});

test("a script is the shell's, whatever stands in it", () => {
  const launch = { type: 'shell', shell: ['sh', '-c'], script: 'echo ${{ run.id }}' } as const;
  expect(resolveNode(processNode('a', {}, { launch }), context).launch).toEqual(launch);
});

test('what only looks like an expression is passed on as it is', async () => {
  const node = await resolved(
    '{ command: [echo, "${{ params.sly }}", "${{ params.sly }} ${{ run.id }}"] }',
    'params: { sly: "$${{ run.id }}" }',
  );
  expect(node.launch).toEqual({ type: 'command', argv: ['echo', '$${{ run.id }}', '$${{ run.id }} r1'] });
});

test('an expression without a value is a failure that names it', () => {
  const launch = { type: 'command', argv: ['${{ fromJSON(run.id) }}'] } as const;
  expect(() => resolveNode(processNode('a', {}, { launch }), context)).toThrow(
    new ExpressionFailure(
      '`${{ fromJSON(run.id) }}`: the expression has no value: `fromJSON` was given what is not JSON: "r1"',
    ),
  );
  const nameless = { type: 'command', argv: ['${{ run.nothing }}'] } as const;
  expect(() => resolveNode(processNode('a', {}, { launch: nameless }), context)).toThrow(
    new ExpressionFailure('`${{ run.nothing }}`: there is nothing of that name'),
  );
  const whole = { type: 'command', argv: ['${{ run }}'] } as const;
  expect(() => resolveNode(processNode('a', {}, { launch: whole }), context)).toThrow(
    'is a list or a map, where a text is needed',
  );
});

const outputs: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  build: { version: '1.2', sizes: [3, 4], none: null, nul: 'a\0b' },
  'build.2': { version: '2' },
};
const outputsOf = (process: string) => outputs[process] ?? {};

function withOutputs(...argv: string[]) {
  const launch = { type: 'target', language: 'python', file: '/a.py', export: 'f', args: argv, kwargs: {} } as const;
  return (resolveNode(processNode('a', {}, { launch }), { ...context, outputsOf }).launch as typeof launch).args;
}

test('outputs keep their types, and stand in texts', () => {
  expect(
    withOutputs(
      '${{ processes.build.outputs.sizes }}',
      'v${{ processes.build.outputs.version }}',
      "${{ processes['build.2'].outputs.version }}",
      '${{ processes.build.outputs.sizes[1] }}',
      '${{ processes.build.outputs.none }}',
      '${{ toJSON(processes.build.outputs.sizes) }}',
    ),
  ).toEqual([[3, 4], 'v1.2', '2', 4, null, '[\n  3,\n  4\n]']);
});

test('an output that was not set is null in an expression, which fails where that is all it comes to', () => {
  expect(
    withOutputs("${{ processes.build.outputs.tag || 'none' }}", '${{ processes.build.outputs.tag == null }}'),
  ).toEqual(['none', true]);
  for (const text of ['${{ processes.build.outputs.tag }}', 'v${{ processes.build.outputs.tag }}'])
    expect(() => withOutputs(text)).toThrow(
      new ExpressionFailure(`\`${text}\`: \`build\` has not set its output \`tag\``),
    );
  expect(() => withOutputs("${{ processes['build.3'].outputs.tag }}")).toThrow(
    '`build.3` has not set its output `tag`',
  );
});

test('an output that no program could be given is a failure', () => {
  const launch = { type: 'command', argv: ['${{ processes.build.outputs.nul }}'] } as const;
  expect(() => resolveNode(processNode('a', {}, { launch }), { ...context, outputsOf })).toThrow('holds a NUL');
});

test('a secret is in the plan by its name, and has its value only in what starts', async () => {
  const node = await resolved(
    `{ run: ls, env: { HEADER: "Bearer \${{ env.TOKEN }}" } }`,
    'secrets: [TOKEN]\nenv: { URL: "https://${{ env.token }}@host" }',
  );
  expect(node.env).toEqual({ HEADER: 'Bearer open ${{ sesame }}', URL: 'https://open ${{ sesame }}@host' });
  const made = { OWN: '<${{ env.TOKEN }}>', TOKEN: 'its ${{ run.id }}', HEADER: '${{ env.OWN }}' };
  const both = { ...context, secrets: ['OWN', 'TOKEN'] };
  expect(resolveNode(processNode('a', {}, { env: made }), both).env).toEqual({
    OWN: '<its r1>',
    TOKEN: 'its r1',
    HEADER: '<its r1>',
  });
  const env = { TOKEN: 'its own', HEADER: "Bearer ${{ env['TOKEN'] }}" };
  expect(resolveNode(processNode('a', {}, { env }), context).env).toEqual({ ...env, HEADER: 'Bearer its own' });
});
