// `outputs`, and the expressions that read them: what is found before anything starts.
import { expect, test } from 'vitest';
import { planned, processOf, soundPlan } from '../kit/planned.ts';

const read = (name: string, key = 'x') => `command: [ls, "\${{ processes${name}.outputs.${key} }}"]`;

test.each([
  [
    'an output that is misspelt, or of a process that is',
    `processes:
  build: { run: ls, outputs: [version, checksum] }
  a: { ${read('.build', 'versoin')}, needs: build }
  b: { ${read('.biuld', 'version')}, needs: build }`,
    ['3:51 error unknown-name `build` has no output `versoin`', '4:37 error unknown-name there is no process `biuld`'],
    ['did you mean `version`?', 'did you mean `build`?'],
  ],
  [
    'what is needed in a roundabout way only',
    `processes:
  build: { run: ls, outputs: x }
  between: { run: ls, needs: build }
  a: { ${read('.build')}, needs: between }`,
    ['4:37 error missing-needs `a` reads an output of `build`, which it does not need'],
    ['add `build` to its `needs`; what is needed in a roundabout way does not do'],
  ],
  [
    'what is read before it can have been set',
    `processes:
  build: { run: ls, outputs: x }
  a: { ${read('.build')}, needs: { build: started } }`,
    ['3:37 error missing-needs `a` reads an output of `build`, of which it only needs that it has `started`'],
    ['nothing need have been set by then: need it `succeeded`, or `completed`'],
  ],
  [
    'an instance that is not the one that is needed',
    `processes:
  build: { run: ls, replicas: 3, outputs: x }
  a: { ${read("['build.2']")}, needs: build.1 }`,
    ['3:37 error missing-needs `a` reads an output of `build.2`, which it does not need'],
    ['add `build.2` to its `needs`; what is needed in a roundabout way does not do'],
  ],
  [
    'a process with several instances, and an instance that there is not',
    `processes:
  build: { run: ls, replicas: 3, outputs: x }
  one: { run: ls, outputs: x }
  a: { ${read('.build')}, needs: build }
  b: { ${read("['build.4']")}, needs: build }
  c: { ${read("['one.1']")}, needs: one }`,
    [
      '4:37 error unknown-name `build` has 3 instances, each with outputs of its own',
      '5:37 error unknown-name there is no `build.4`',
      '6:37 error unknown-name there is no `one.1`',
    ],
    [
      "name one: `processes['build.1'].outputs`",
      '`build` has 3 instances',
      'there is one `one` only, and it has no number',
    ],
  ],
  [
    'names that expressions could not tell apart',
    'processes: { build: { run: ls, outputs: [x, X] } }',
    ['1:41 error duplicate-name `build` has outputs `x` and `X`, which differ only in case'],
    ['expressions compare names without case'],
  ],
  [
    'outputs of a daemon, and a name that is none',
    `processes: { a: { run: ls, outputs: "a b" } }
daemons: { d: { run: ls, outputs: x } }`,
    ['1:37 error schema `outputs` cannot be `a b`', '2:26 error schema unknown key `outputs` in a daemon'],
    null,
  ],
])('%s', async (_, yaml, findings, hints) => {
  const found = await planned(yaml);
  expect(found.findings).toEqual(findings);
  if (hints !== null) expect(found.hints).toEqual(hints);
});

test.each(['succeeded', 'completed', 'failed'])(
  'an output may be read by who needs that its process has `%s`',
  async (condition) => {
    const plan = await soundPlan(`processes:
  build: { run: ls, outputs: [x, x] }
  a: { ${read('.build')}, needs: { build: ${condition} } }`);
    expect(processOf(plan, 'build').outputs).toEqual(['x']);
    expect(processOf(plan, 'a').launch).toEqual({ type: 'command', argv: ['ls', '${{ processes.build.outputs.x }}'] });
  },
);

test('a single instance is meant by its name as well as by its number', async () => {
  await soundPlan(`processes:
  build: { run: ls, replicas: 1, outputs: x }
  a: { ${read('.build')}, needs: build.1 }
  b: { ${read("['build.1']")}, needs: build }`);
});
