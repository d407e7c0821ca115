// What is wrong with a target is a finding, told before anything starts; what only running it can tell is left to the run.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forkline, workspace } from '../kit/forkline.ts';

const wrong: [promise: string, files: Record<string, string>, target: string, message: string, hint: string][] = [
  [
    'a syntax error is at its line and column, counted in characters',
    { 'cook.ts': 'export const 菜 = "包子";\nconst é = "包"; const 1x;\n' },
    'cook.ts#cook',
    'the target cannot be compiled: cook.ts:2:23: Syntax error "x"',
    'mend the file: nothing starts before all targets can be compiled',
  ],
  [
    'the first line has its own columns, also where the file asks where it is',
    { 'cook.ts': 'const here = import.meta.url; const 1x;\n' },
    'cook.ts#cook',
    'the target cannot be compiled: cook.ts:1:38: Syntax error "x"',
    'mend the file: nothing starts before all targets can be compiled',
  ],
  [
    'a file that is imported must be there, by whatever file',
    {
      'cook.ts': 'import { pan } from "./shelf/pan.ts";\nexport const cook = pan;\n',
      'shelf/pan.ts': 'export { pan } from "./rack.ts"; console.log(__dirname);\n',
    },
    'cook.ts#cook',
    'the target cannot be compiled: shelf/pan.ts:1:21: Could not resolve "./rack.ts"',
    'an import is looked for from the folder of the file it stands in',
  ],
  [
    'a package that is imported must be there',
    { 'cook.mjs': 'import stove from "no-such-stove";\nexport const cook = () => stove();\n' },
    'cook.mjs#cook',
    'the target cannot be compiled: cook.mjs:1:19: Could not resolve "no-such-stove"',
    'install `no-such-stove` where that file finds it',
  ],
  [
    'a slip in the name of an export is answered with the one that is meant',
    { 'cook.ts': 'export function cook() {}\nexport class Menu {}\nexport interface Pan {}\n' },
    'cook.ts#coook',
    'the target has no export `coook`: it exports `Menu`, `cook`',
    'did you mean `cook`?',
  ],
  [
    'a file that exports nothing is told so',
    { 'cook.ts': 'function cook() {}\ncook();\n' },
    'cook.ts#cook',
    'the target has no export `cook`: it exports nothing',
    'export `cook`, or name what is exported',
  ],
];

test.each(wrong)('%s', async (_promise, files, target, message, hint) => {
  const pipeline = `processes:\n  first: { run: "touch started" }\n  a: { target: "./${target}", needs: first }\n`;
  const folder = workspace({ ...files, 'pipeline.yaml': pipeline });
  const run = await forkline(folder, ['run']);
  expect(run.stderr.split('\n')).toEqual([
    `error[bad-target] ${message}`,
    '  at pipeline.yaml:3:16',
    `  3 |   a: { target: "./${target}", needs: first }`,
    `    |                ${'^'.repeat(target.length + 4)}`,
    `  hint: ${hint}`,
    '',
    '1 error',
    '',
  ]);
  expect([run.stdout, run.exitCode]).toEqual(['', 2]);
  expect([existsSync(join(folder, 'started')), existsSync(join(folder, '.forkline'))]).toEqual([false, false]);
  for (const command of ['check', 'plan']) {
    const { stdout, stderr, exitCode } = await forkline(folder, [command]);
    expect(`${stdout}${stderr}`).toContain(`error[bad-target] ${message}\n`);
    expect(exitCode).toBe(2);
  }
});

test('a broken file that many start is told once, a good one beside it not at all', async () => {
  const folder = workspace({
    'broken.ts': 'export function cook {}\n',
    'good.ts': 'export function cook() {}\n',
    'pipeline.yaml': `processes:
  a: { target: "./broken.ts#cook", replicas: 3 }
  b: { target: "./good.ts#cook" }
  c: { target: "./broken.ts#fry" }
`,
  });
  const { stdout, exitCode } = await forkline(folder, ['check', '--format', 'json']);
  const found = JSON.parse(stdout) as { line: number; message: string; related: { line: number; message: string }[] }[];
  expect(found.map(({ line, message, related }) => [line, message, related.map((place) => place.line)])).toEqual([
    [2, 'the target cannot be compiled: broken.ts:1:22: Expected "(" but found "{"', [4]],
  ]);
  expect(exitCode).toBe(2);
});

const right: [promise: string, files: Record<string, string>, target: string, printed: string][] = [
  [
    'CommonJS, whose exports show only when it runs',
    { 'cook.cjs': 'exports["co" + "ok"] = (dish) => console.log(dish);\n' },
    'cook.cjs#cook',
    'cooked',
  ],
  [
    'what a module passes on of another, whatever that exports',
    { 'all.ts': 'export * from "node:console";\n' },
    'all.ts#log',
    'cooked',
  ],
  [
    'a package that the program can do without',
    {
      'cook.ts': `export async function cook() {
        try { await import("no-such-stove"); } catch { console.log("cold"); }
      }\n`,
    },
    'cook.ts#cook',
    'cold',
  ],
  [
    'a file that asks for its own name',
    { 'cook.ts': '#!/usr/bin/env node\nexport const cook = () => console.log(import.meta.filename === __filename);\n' },
    'cook.ts#cook',
    'true',
  ],
];

test.each(right)('%s is run', async (_promise, files, target, printed) => {
  const folder = workspace({
    ...files,
    'pipeline.yaml': `processes:\n  a: { target: "./${target}", args: [cooked] }\n`,
  });
  const { stdout, exitCode } = await forkline(folder, ['run']);
  expect([stdout, exitCode]).toEqual([`a | ${printed}\n`, 0]);
});

test('a stack names the line and column of the source, also on its first line', async () => {
  const folder = workspace({
    'cook.ts': 'export function cook() { throw new Error("burnt"); }\n',
    'pipeline.yaml': 'processes:\n  a: { target: "./cook.ts#cook" }\n',
  });
  await forkline(folder, ['run', '--run-dir', 'here']);
  expect(readFileSync(join(folder, 'here/logs/a.log'), 'utf8')).toContain(`at cook (${join(folder, 'cook.ts')}:1:32)`);
});

test.each(['numbers', 'queue', 'socket', 'forkline_launch'])(
  'a target may be in a file named as a module of Python: %s.py',
  async (name) => {
    const cwd = workspace({
      'pipeline.yaml': `queues: { q: { from: [1, 2] } }\nprocesses: { sum: { target: "./${name}.py#total", gets: q } }`,
      [`${name}.py`]: 'from forkline import queue\n\ndef total():\n    print(sum(queue("q")))\n',
    });
    const { stdout, exitCode } = await forkline(cwd, ['run', 'pipeline.yaml']);
    expect([stdout, exitCode]).toEqual(['sum | 3\n', 0]);
  },
);

test('arguments too long to be passed are written down, whatever the process is called and wherever it is', async () => {
  const long = 'x'.repeat(120_000);
  const processes = `processes:\n  plan: { target: "./cook.ts#cook", args: [${long}] }\n`;
  const folder = workspace({
    'cook.ts': 'export const cook = (dish: string) => console.log(dish.length);\n',
    'inner.yaml': processes,
    'pipeline.yaml': `${processes}  sub: { uses: ./inner.yaml }\n`,
  });
  const run = await forkline(folder, ['run', '--run-dir', 'files']);
  expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^plan +\| 120000$/m) });
  expect(run.stdout).toMatch(/^sub\/plan +\| 120000$/m);
  expect(JSON.parse(readFileSync(join(folder, 'files/plan.json'), 'utf8'))).toMatchObject({ name: 'pipeline' });
});
