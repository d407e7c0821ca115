// `controls`: who may watch and terminate whom, and what is wrong with saying so.
import { expect, test } from 'vitest';
import { planned, processOf, soundPlan } from '../kit/planned.ts';

test('a name means all of its instances, but for the one that it is itself', async () => {
  const plan = await soundPlan(`processes:
  chef: { run: ls, replicas: 3, controls: [chef, boss, chef.2] }
  boss: { run: ls, controls: [chef.3, clock, chef.3] }
daemons:
  clock: { run: ls }`);
  expect(processOf(plan, 'chef.1').controls).toEqual(['chef.2', 'chef.3', 'boss']);
  expect(processOf(plan, 'chef.2').controls).toEqual(['chef.1', 'chef.3', 'boss']);
  expect(processOf(plan, 'boss').controls).toEqual(['chef.3', 'clock']);
  expect(processOf(plan, 'clock').controls).toEqual([]);
});

test('it is no order: who controls another may need it, or be needed by it', async () => {
  await soundPlan(`processes:
  a: { run: ls, controls: b, needs: { b: started } }
  b: { run: ls, controls: c }
  c: { run: ls, needs: b }`);
});

test.each([
  [
    'a misspelt name, a join, and an instance that there is not',
    `processes:
  chef: { run: ls, replicas: 2 }
  a: { run: ls, controls: [chfe, done, chef.3] }
joins: { done: { processes: chef } }`,
    [
      '3:28 error unknown-name there is no process `chfe`',
      '3:34 error unknown-name `done` is a join, not a process',
      '3:40 error unknown-name there is no `chef.3`',
    ],
    ['did you mean `chef`?', '', '`chef` has 2 instances'],
  ],
  [
    'itself',
    'processes: { a: { run: ls, controls: a } }',
    ['1:38 error self-join `a` cannot control itself'],
    ['take it out: to end, return or exit'],
  ],
])('%s', async (_, yaml, findings, hints) => {
  const found = await planned(yaml);
  expect(found.findings.toSorted()).toEqual(findings.toSorted());
  expect(found.hints.toSorted()).toEqual(hints.toSorted());
});
