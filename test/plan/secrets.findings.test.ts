// What is found in pipelines that have secrets, each finding at its line and column and nothing else.
import { expect, test } from 'vitest';
import { planned, processOf } from '../kit/planned.ts';

const inArgv = (name: string) =>
  `error secret-in-argv \`${name}\` is a secret, and the arguments of a process can be read by everyone on the machine`;

test.each([
  ['its name is misspelt', 'secrets: $TOKEN', '1:10 error schema'],
  ['it has a value', 'secrets: [A, TOKEN=x]', '1:14 error schema'],
  ['it is a map', 'secrets: { TOKEN: x }', '1:10 error schema'],
])('a secret is the name of a variable: %s', async (_, line, place) => {
  const { findings } = await planned(`${line}\nprocesses: { a: { run: ls } }`);
  expect(findings).toEqual([expect.stringContaining(place)]);
});

test('a secret in what everyone can read is an error, by whatever way it gets there', async () => {
  const { findings, hints } = await planned(
    `secrets: [TOKEN, KEY]
env: { HEADER: "Bearer \${{ env.TOKEN }}", FINE: yes }
processes:
  a: { command: [curl, -H, "\${{ env.HEADER }}", "\${{ env.FINE }}"] }
  b: { command: [curl, "x\${{ env.token }}"] }
  c: { target: x.py#f, args: [[1, "\${{ env.KEY }}"]], kwargs: { all: "\${{ env['key'] || 1 }}" } }
  d: { run: 'curl -H "\${{ env.TOKEN }}"' }
  e: { run: ls, shell: [sh, -c, "\${{ env.KEY }}"] }
  f: { run: ls, env: { A: "\${{ env.HEADER }}" }, cwd: "x/\${{ env.KEY }}" }`,
    { files: { 'x.py': 'def f(): pass' } },
  );
  expect(findings).toEqual([
    `4:29 ${inArgv('TOKEN')}`,
    `5:26 ${inArgv('TOKEN')}`,
    `6:36 ${inArgv('KEY')}`,
    `6:71 ${inArgv('KEY')}`,
    `7:23 ${inArgv('TOKEN')}`,
    `8:34 ${inArgv('KEY')}`,
  ]);
  expect(hints[0]).toBe('every process has it in its environment: let the program read `TOKEN` there');
  expect(hints[4]).toBe('it is in the environment of the script: write `"$TOKEN"`');
});

test('what is read when the plan is made cannot be a secret', async () => {
  const { findings } = await planned(
    'secrets: N\nenv_file: n.env\nprocesses: { a: { run: ls, replicas: "${{ fromJSON(env.N) }}", timeout: "${{ env.N }}" } }',
    { files: { 'n.env': 'N=4444' } },
  );
  expect(findings).toEqual([
    '3:39 error bad-expression this is known only once the run has started, and it is read when the plan is made',
    '3:74 error bad-expression this is known only once the run has started, and it is read when the plan is made',
  ]);
});

test('`secrets` is no context of expressions', async () => {
  const { findings, hints } = await planned(
    'secrets: TOKEN\nprocesses: { a: { run: ls, env: { A: "${{ secrets.TOKEN }}" } } }',
  );
  expect(findings).toEqual(['2:43 error unknown-name there is no `secrets` in expressions']);
  expect(hints).toEqual(['what is named under `secrets` is in the environment of every process, and in `env` here']);
});

const pipeline = `secrets: [TOKEN, IN_FILE, IN_ALL]
env_file: some.env
processes:
  a: { run: ls, env: { IN_ALL: "abcd" } }
daemons:
  b: { run: ls, env: { IN_ALL: "efgh" } }`;
const files = { 'some.env': 'IN_FILE=12345678' };

test.each([
  ['is set', { TOKEN: 'abcd' }, []],
  ['is not set', {}, ['1:11 error bad-secret secret `TOKEN` is not set']],
  [
    'is not UTF-8',
    { TOKEN: 'ab\ufffdcd' },
    ['1:11 error bad-secret secret `TOKEN` is not UTF-8, and would not be recognised'],
  ],
  ['is empty', { TOKEN: '' }, ['1:11 error bad-secret secret `TOKEN` is set to nothing']],
  [
    'is short',
    { TOKEN: ' abc\n' },
    ['1:11 error bad-secret secret `TOKEN` has fewer than 4 characters, and would be found by chance in any output'],
  ],
])('before a run a secret %s', async (_, environment, expected) => {
  expect((await planned(pipeline, { files, environment })).findings).toEqual(expected);
});

test('`check` asks for no secret, and a plan that is written down has none', async () => {
  const { plan, findings } = await planned(pipeline, { files });
  expect(findings).toEqual([]);
  expect(plan?.secrets).toEqual(['TOKEN', 'IN_FILE', 'IN_ALL']);
  expect(processOf(plan, 'a').env).toEqual({
    IN_FILE: "${{ env['IN_FILE'] }}",
    IN_ALL: "${{ env['IN_ALL'] }}",
  });
});
