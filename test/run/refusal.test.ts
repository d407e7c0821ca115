// What the system's errors mean where a process could not be started.
import { expect, test } from 'vitest';
import type { LaunchSpec } from '../../src/run/launcher.ts';
import { refusalOf } from '../../src/run/refusal.ts';

const spec: LaunchSpec = {
  name: 'a',
  argv: ['sh'],
  cwd: '/',
  env: { PATH: '/bin:/a/folder/that/may/not/be/entered' },
  stdin: { type: 'null' },
  stdout: { type: 'null' },
  stderr: { type: 'null' },
};

test('a program that is nowhere on PATH is not there, also where a folder of PATH may not be entered', () => {
  const refused = (program: string) => refusalOf({ step: 'program', code: 'EACCES' }, { ...spec, argv: [program] });
  expect(refused('no-such-program')).toBe('there is no program `no-such-program`');
  expect(refused('sh')).toBe('`sh` may not be executed');
  expect(refused('/no/such/program')).toBe('`/no/such/program` may not be executed');
});
