// `item`: what is wrong with a queue's schema, each finding at its line and column, and what becomes of one in which nothing is.
import { expect, test } from 'vitest';
import { planned } from '../kit/planned.ts';

const around = 'processes: { a: { run: ls, puts: q }, b: { run: ls, gets: q } }';

const files = {
  'order.json':
    '{ "$id": "https://example.com/order", "type": "object", "properties": { "of": { "$ref": "parts/dish.json#/$defs/dish" }, "next": { "$ref": "#" } } }',
  'parts/dish.json':
    '{ "$defs": { "dish": { "type": "string", "minLength": 1 }, "again": { "$ref": "../order.json" } } }',
  'yaml.yaml': 'type: integer\nminimum: 1\n',
  'typo.json': '{ "properties": { "a": { "minmum": 1 } } }',
  'broken.json': '{ "type": ',
  'list.json': '[1]',
  'old.json': '{ "$schema": "http://json-schema.org/draft-07/schema#", "items": [{ "type": "string" }] }',
};

async function itemOf(item: string) {
  const { plan, findings, hints } = await planned(`queues:\n  q: { item: ${item} }\n${around}`, { files });
  const queue = plan?.channels[0];
  return { item: queue?.kind === 'queue' ? queue.item : undefined, findings, hints };
}

test.each([
  ['{ type: string }', { type: 'string' }],
  ['false', false],
  ['{ $ref: yaml.yaml }', { $ref: '#/$defs/yaml.yaml', $defs: { 'yaml.yaml': { type: 'integer', minimum: 1 } } }],
  [
    '{ $ref: "./order.json", $defs: { order.json: true } }',
    {
      $ref: "#/$defs/order.json'",
      $defs: {
        'order.json': true,
        "order.json'": {
          type: 'object',
          properties: {
            of: { $ref: '#/$defs/parts~1dish.json/$defs/dish' },
            next: { $ref: "#/$defs/order.json'" },
          },
        },
        'parts/dish.json': {
          $defs: { dish: { type: 'string', minLength: 1 }, again: { $ref: "#/$defs/order.json'" } },
        },
      },
    },
  ],
  [
    '{ $ref: old.json }',
    {
      $schema: 'http://json-schema.org/draft-07/schema',
      $ref: '#/$defs/old.json',
      $defs: { 'old.json': { items: [{ type: 'string' }] } },
    },
  ],
])('%s stands in the plan with all that it refers to', async (written, whole) => {
  expect(await itemOf(written)).toEqual({ item: whole, findings: [], hints: [] });
});

test.each([
  [
    '{ minmum: 1 }',
    '2:16 error bad-item `minmum` is no word of JSON Schema that is known here',
    'did you mean `minimum`?',
  ],
  [
    '{ properties: { a: { type: strin } } }',
    '2:41 error bad-item this is no JSON Schema: `type` must be one of "array","boolean","integer","null","number","object","string"',
  ],
  ['{ required: a }', '2:26 error bad-item this is no JSON Schema: `required` must be array'],
  [
    '{ pattern: "(?=a)" }',
    '2:25 error bad-item the pattern cannot be used: invalid or unsupported Perl syntax: `(?=`',
    'patterns are RE2, which cannot hang: it has no lookarounds and no references back',
  ],
  [
    '{ patternProperties: { "^(?!x)": true } }',
    '2:37 error bad-item the pattern cannot be used: invalid or unsupported Perl syntax: `(?!`',
  ],
  ['{ $ref: none.json }', '2:22 error missing-file `none.json` is not there'],
  ['{ $ref: ../up.json }', '2:22 error bad-item `../up.json` is outside of the project'],
  ['{ $ref: /etc/passwd }', '2:22 error bad-item `/etc/passwd` is outside of the project'],
  [
    '{ $ref: "https://example.com/a" }',
    '2:22 error bad-item `https://example.com/a` is not fetched: a schema is a file of the project',
  ],
  ['{ $ref: "#/$defs/none" }', '2:22 error bad-item there is no `#/$defs/none`'],
  ['{ $ref: "order.json#/none" }', '2:22 error bad-item there is no `#/none` in `order.json`'],
  ['{ $ref: "#" }', '2:8 error bad-item `item` refers to itself and to nothing else'],
  [
    '{ $ref: typo.json }',
    '2:22 error bad-item in `typo.json`, at `/properties/a/minmum`: `minmum` is no word of JSON Schema that is known here',
  ],
  ['{ $ref: broken.json }', /^2:22 error bad-item `broken.json` cannot be read: line 1, column \d+: /],
  ['{ $ref: list.json }', '2:22 error bad-item `list.json` cannot be read: a schema is a map, `true` or `false`'],
  ['{ $ref: parts }', '2:22 error missing-file `parts` is no file'],
  [
    '{ $schema: "http://json-schema.org/draft-04/schema#" }',
    '2:25 error bad-item this is no dialect of JSON Schema that is known',
  ],
  ['{ dependencies: {} }', '2:16 error bad-item `dependencies` is no word of JSON Schema that is known here'],
  ['{ properties: { a: { $id: b } } }', '2:35 error bad-item `$id` inside a schema is not supported'],
  ['{ type: string }, encoding: bytes', '2:8 error wrong-encoding only JSON and text are held against `item`'],
  ['[]', '2:14 error schema `item` cannot be a list of 0, expected a map or `true` or `false`'],
])('%s is found', async (written, finding, hint?: string) => {
  const { findings, hints } = await itemOf(written);
  expect(findings).toEqual([typeof finding === 'string' ? finding : expect.stringMatching(finding)]);
  if (hint !== undefined) expect(hints).toEqual([hint]);
});
