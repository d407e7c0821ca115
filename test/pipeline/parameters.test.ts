// `--param k=v`: each text becomes a value of its param's type, or a finding that says what is allowed.
import fc from 'fast-check';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/pipeline/json.ts';
import { fitsOf } from '../../src/pipeline/parameter-schema.ts';
import { planned } from '../kit/planned.ts';

async function given(
  declaration: string,
  value: string,
): Promise<{ value: Json | undefined; findings: readonly string[]; hints: readonly string[] }> {
  const yaml = `params:\n  p: ${declaration}\nprocesses:\n  a: { target: a.py#f, args: ["\${{ params.p }}"] }\n`;
  const { plan, findings, hints } = await planned(yaml, { params: { p: value }, files: { 'a.py': '' } });
  return { value: plan?.params.p, findings, hints };
}

describe('a text becomes a value of the type', () => {
  test.each<[string, string, Json]>([
    ['{ type: string }', '10', '10'],
    ['{ type: integer }', '10', 10],
    ['{ type: number }', '1e3', 1000],
    ['{ type: boolean }', 'true', true],
    ['{ type: array }', '[1, "a"]', [1, 'a']],
    ['{ type: object }', '{"a": 1}', { a: 1 }],
    ['x', '10', '10'],
    ['5', '10', 10],
    ['false', 'true', true],
    ['[1]', '[2]', [2]],
    ['{ enum: [1, two] }', '1', 1],
    ['{ enum: [1, two] }', 'two', 'two'],
    ['{ enum: ["1"] }', '1', '1'],
    ['{ type: string, pattern: "^a+$" }', 'aa', 'aa'],
    ['{}', 'free', 'free'],
  ])('%s given as %s', async (declaration, text, value) => {
    expect(await given(declaration, text)).toMatchObject({ value, findings: [] });
  });
});

describe('a bad one is a finding with what is allowed', () => {
  test.each([
    ['{ type: integer, minimum: 1 }', '0', 'allowed is a whole number, at least 1'],
    ['{ type: integer }', '1.5', 'allowed is a whole number'],
    [
      '{ type: number, exclusiveMinimum: 0, exclusiveMaximum: 1 }',
      '1',
      'allowed is a number, more than 0, less than 1',
    ],
    ['{ enum: [small, large] }', 'medium', 'allowed are `small`, `large`'],
    ['{ const: 1 }', '2', 'allowed is `1`'],
    ['{ type: boolean }', 'yes', 'allowed is `true` or `false`'],
    [
      '{ type: string, minLength: 2, maxLength: 3 }',
      'a',
      'allowed is a text, of at least 2 characters, of at most 3 characters',
    ],
    [
      '{ type: object, properties: { a: { pattern: a }, b: { pattern: b } } }',
      '{"b":"a"}',
      'allowed is a map, as JSON',
    ],
    ['{ type: string, pattern: "^a+$" }', 'b', 'allowed is a text, that matches `^a+$`'],
    ['{ type: integer, multipleOf: 5 }', '7', 'allowed is a whole number, a multiple of 5'],
    ['{ type: array, items: { type: integer } }', '["a"]', 'allowed is a list, as JSON'],
    ['5', 'five', 'allowed is a number'],
  ])('%s given as %s', async (declaration, text, hint) => {
    expect(await given(declaration, text)).toEqual({
      value: undefined,
      findings: [`2:3 error bad-param param \`p\` cannot be \`${text}\``],
      hints: [hint],
    });
  });
});

test('one that was never declared is a finding with the one that may be meant', async () => {
  const yaml =
    'params: { portions: 1, dish: x }\nprocesses: { a: { command: [ls, "${{ params.portions }}${{ params.dish }}"] } }\n';
  const { plan, findings, hints } = await planned(yaml, { params: { portion: '2', other: '3' } });
  expect(plan).toBeNull();
  expect(findings).toEqual([
    '1:1 error unknown-param there is no param `portion`',
    '1:1 error unknown-param there is no param `other`',
  ]);
  expect(hints).toEqual(['did you mean `portions`?', 'its params are `portions`, `dish`']);
});

test('a pipeline without params says so', async () => {
  const { findings, hints } = await planned('processes: { a: { run: ls } }\n', { params: { x: '1' } });
  expect(findings).toEqual(['1:1 error unknown-param there is no param `x`']);
  expect(hints).toEqual(['this pipeline has no params']);
});

test('a pattern that could hang is answered at once', async () => {
  const { findings } = await given('{ type: string, pattern: "^(a+)+$" }', `${'a'.repeat(50_000)}!`);
  expect(findings.length).toBe(1);
});

test('a schema that is none is a finding, not a crash', async () => {
  const { findings } = await given('{ type: string, pattern: "(?=a)" }', 'a');
  expect(findings).toEqual([expect.stringMatching(/^2:6 error bad-param param `p` is not a JSON Schema: /)]);
});

test('what is looked at here is looked at as the validator does', async () => {
  const numbers = fc.integer({ min: -3, max: 3 });
  const schemas = fc.record(
    {
      type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'array', 'object'),
      minimum: numbers,
      maximum: numbers,
      exclusiveMinimum: numbers,
      exclusiveMaximum: numbers,
      minLength: fc.nat(3),
      maxLength: fc.nat(3),
      enum: fc.uniqueArray(fc.oneof(fc.constantFrom<Json>('a', 1, null, true, '😀', [1], { a: [2] })), {
        minLength: 1,
        selector: (v) => JSON.stringify(v),
      }),
    },
    { requiredKeys: [] },
  );
  const values = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom<Json>('a', 'ab', '😀😀', 1, 1.5, -3, 3, null, true, [1], { a: [2] }),
  );
  const ajv = new Ajv({ strict: false });
  await fc.assert(
    fc.asyncProperty(schemas, values, async (schema, value) => {
      // Comparing these, the validator calls what is no function and throws.
      fc.pre(!/"(valueOf|toString)":/.test(JSON.stringify(value)));
      expect((await fitsOf(schema as { [key: string]: Json }))(value as Json)).toBe(ajv.validate(schema, value));
    }),
    { numRuns: 1000 },
  );
});
