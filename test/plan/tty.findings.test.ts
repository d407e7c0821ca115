// What is found in pipelines, each finding at its line and column and nothing else: who may have the terminal, and what does not go with it.
import { expect, test } from 'vitest';
import { planned, processOf } from '../kit/planned.ts';

test('a `tty` stands in the Plan, and several may have it one after the other', async () => {
  const { plan, findings } = await planned(`processes:
  login: { run: ssh-add, tty: true }
  build: { run: make, needs: login }
  sign: { run: gpg, tty: true, needs: build }
  quiet: { run: ls, tty: false }
`);
  expect(findings).toEqual([]);
  expect(processOf(plan, 'sign').tty).toBe(true);
  expect(processOf(plan, 'quiet').tty).toBeUndefined();
});

test.each([
  [
    'another one at the same time',
    'a: { run: x, tty: true }\n  b: { run: y, tty: true }',
    '3:16 error tty-conflict `a` and `b` may want the terminal at once',
  ],
  [
    'instances',
    'a: { run: x, tty: true, replicas: 2 }',
    '2:16 error tty-conflict the 2 instances of `a` would want the terminal at once',
  ],
  [
    'a wired stdin',
    'a: { run: x, tty: true, stdin: { file: f } }',
    '2:27 error tty-conflict with `tty`, `stdin` is the terminal',
  ],
  [
    'a wired stdout',
    'a: { run: x, tty: true, stdout: { file: f } }',
    '2:27 error tty-conflict with `tty`, `stdout` is the terminal',
  ],
  [
    'a wired stderr',
    'a: { run: x, tty: true, stderr: null }',
    '2:27 error tty-conflict with `tty`, `stderr` is the terminal',
  ],
  [
    'one that reads it',
    'a: { run: x, tty: true }\n  b: { run: y, stdin: { process: a } }',
    '2:16 error tty-conflict with `tty`, `stdout` is the terminal',
  ],
  [
    'a probe of its log',
    'a: { run: x, tty: true, ready: { log: up } }',
    '2:27 error tty-conflict what a process with `tty` prints is in no log',
  ],
])('`tty` does not go with %s', async (_, processes, finding) => {
  const { plan, findings } = await planned(`processes:\n  ${processes}\n`);
  expect(findings.map((each) => each.slice(0, finding.length))).toEqual([finding]);
  expect(plan).toBeNull();
});

test('`tty` is not for daemons, nor for a process for every item', async () => {
  const { findings } = await planned(`queues: { q: { from: [1] } }
processes:
  a: { run: x, tty: true, each: q }
daemons:
  d: { run: y, tty: true }
`);
  expect(findings.map((finding) => finding.split('\n')[0])).toEqual(
    expect.arrayContaining([
      expect.stringContaining('3:16 error tty-conflict `a` runs once for every item'),
      expect.stringContaining('5:16 error tty-conflict daemon `d` would have the terminal as long as the run lasts'),
    ]),
  );
});
