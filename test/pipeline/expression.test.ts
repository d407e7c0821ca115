// Expressions: what they are worth, what they keep for later, and that nothing in them can break the reader.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Names, Pending, toData } from '../../src/pipeline/data.ts';
import { asExpression, evaluate, planText, type Value } from '../../src/pipeline/evaluate.ts';
import { parseExpression, parseTemplate, type Template } from '../../src/pipeline/expression.ts';
import type { Json } from '../../src/pipeline/json.ts';

const known = {
  params: {
    n: 3,
    text: "it's",
    list: [1, 'two'],
    map: { Key: 'v' },
    yes: true,
    nothing: null,
    constructor: 'c',
    __proto: 'p',
  },
  env: { http_proxy: 'low', HTTP_PROXY: 'high' },
  matrix: { 厨师: 'chef' },
};
const run = { id: 'r1', dir: '/runs/r1', name: 'soup' };

function scopeOf(values: Readonly<Record<string, Json>>): Names {
  return Names.of(values);
}

function templateOf(text: string): Template {
  const template = parseTemplate(text);
  if ('message' in template) throw new Error(template.message);
  return template;
}

function valueOf(text: string, scope = scopeOf(known)): Value {
  return evaluate(templateOf(text), scope);
}

describe('a value that is one expression and nothing else keeps its type', () => {
  test.each<[string, Json]>([
    ['${{ params.n }}', 3],
    ['${{ params.yes }}', true],
    ['${{ params.nothing }}', null],
    ['${{ params.list }}', [1, 'two']],
    ['${{ params.map }}', { Key: 'v' }],
    ['${{ params.list[1] }}', 'two'],
    ['${{ params.n > 2 && params.text }}', "it's"],
    ['${{ !params.yes }}', false],
    ['${{ fromJSON(\'{"a":{"b":[1]}}\').a.b }}', [1]],
    ["${{ format('{0}-{{}}', params.n) }}", '3-{}'],
    ["${{ 'a''b''''c' }}", "a'b''c"],
    ["${{ contains(params.list, 'TWO') }}", true],
    ["${{ join(params.list, '+') }}", '1+two'],
    ['${{ toJSON(params.map) }}', '{\n  "Key": "v"\n}'],
    ["${{ 'braces }} inside' }}", 'braces }} inside'],
    ["${{ 'two\nlines' }}", 'two\nlines'],
    [' ${{ params.n }}', ' 3'],
    ['${{ params.n }}${{ params.yes }}', '3true'],
    ['a${{ params.nothing }}b', 'ab'],
    ['no expression', 'no expression'],
    ['', ''],
  ])('%s', (text, expected) => {
    expect(valueOf(text)).toEqual({ known: expected });
  });
});

describe('names compare without case, and the exact one comes first', () => {
  test.each<[string, Json]>([
    ['${{ PARAMS.N }}', 3],
    ['${{ env.http_proxy }}', 'low'],
    ['${{ env.HTTP_PROXY }}', 'high'],
    ['${{ params.map.key }}', 'v'],
    ["${{ matrix['厨师'] }}", 'chef'],
    ['${{ params.constructor }}', 'c'],
  ])('%s', (text, expected) => {
    expect(valueOf(text)).toEqual({ known: expected });
  });
});

test('what is known only later stays an expression, with all that is known put in', () => {
  const later = (text: string) => {
    const value = valueOf(text);
    return 'pending' in value ? planText(value.pending) : value;
  };
  expect(later('${{ run.dir }}/${{ params.n }}')).toBe('${{ run.dir }}/3');
  expect(later("${{ format('{0} {1}', params.text, run.id) }}")).toBe("${{ format('{0} {1}', 'it''s', run.id) }}");
  expect(later("${{ params.n == 3 && (run.id != 'x' || !params.yes) }}")).toBe(
    "${{ true && (run.id != 'x' || false) }}",
  );
  expect(later('${{ params.list[run.n] }}')).toBe('${{ (fromJSON(\'[1,"two"]\'))[run.n] }}');
  expect(later("${{ run['id'] }} ${{ RUN.id }}")).toBe("${{ run['id'] }} ${{ RUN.id }}");
});

test('a text that only looks like an expression stays what it is', () => {
  const scope = scopeOf({ params: { sly: '${{ run.id }}' } });
  const value = valueOf('${{ params.sly }} ${{ run.id }}', scope);
  const text = 'pending' in value ? planText(value.pending) : '';
  expect(text).toBe("${{ '${{' }} run.id }} ${{ run.id }}");
  expect(valueOf(text, scopeOf({ run }))).toEqual({ known: '${{ run.id }} r1' });
});

test('a variable that is known only later is put where it is used', () => {
  const scope = new Names();
  const env = new Names();
  env.add('OUT', new Pending([{ expression: 'run.dir' }, '/{out}']));
  scope.add('env', env);
  const value = valueOf('${{ env.out }}.txt', scope);
  expect('pending' in value && planText(value.pending)).toBe("${{ (format('{0}/{{out}}', run.dir)) }}.txt");
  expect('pending' in value && valueOf(planText(value.pending), scopeOf({ run }))).toEqual({
    known: '/runs/r1/{out}.txt',
  });
  expect(valueOf('${{ params.nothing }}${{ run.id == 1 }}')).toEqual({
    pending: [{ expression: 'run.id == 1' }, { expression: "''" }],
  });
  expect(asExpression(['a'])).toBe("format('a')");
});

const literals = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => `'${text.replaceAll("'", "''")}'`),
  fc.constantFrom('1', '-2.5', 'true', 'false', 'null', '0'),
);
const names = fc.constantFrom(
  'params.n',
  'params.text',
  "params['list']",
  'params.list[0]',
  'env.http_proxy',
  'run.id',
  'run.dir',
  'run',
);
const expressions = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    literals,
    names,
    fc
      .tuple(tie('any'), fc.constantFrom('==', '!=', '<', '>=', '&&', '||'), tie('any'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('any').map((a) => `!(${a})`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `format('{0}|{1}{{', ${a}, ${b})`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `contains(${a}, ${b})`),
    tie('any').map((a) => `toJSON(${a})`),
  ),
})).any;

/** A problem stands elsewhere in the text once what is known was put in. */
function worth(value: Value): unknown {
  return 'problem' in value ? value.problem : value;
}

test('evaluated in two steps, a text comes to what it comes to in one', () => {
  const everything = scopeOf({ ...known, run });
  const texts = fc.array(
    fc.oneof(
      fc.string({ maxLength: 4 }).filter((text) => !text.includes('${{')),
      expressions.map((e) => `\${{ ${e} }}`),
    ),
    {
      minLength: 1,
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(
      texts.map((parts) => parts.join('')),
      (text) => {
        fc.pre(!('message' in parseTemplate(text)));
        const atOnce = valueOf(text, everything);
        const first = valueOf(text);
        if ('pending' in first)
          expect(worth(valueOf(planText(first.pending), scopeOf({ run })))).toEqual(worth(atOnce));
        else if ('known' in atOnce) expect(first).toEqual(atOnce);
      },
    ),
    { numRuns: 500 },
  );
});

test('whatever stands between the braces, it is an expression or a finding with a place in it', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        '.',
        ',',
        '*',
        '!',
        '&&',
        '||',
        '==',
        '<',
        "'",
        '"',
        '\n',
        ' ',
        '-',
        '1',
        'params',
        'x',
        'fromJSON(',
        '}}',
        '${{',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      pieces.map((parts) => parts.join('')),
      (source) => {
        const parsed = parseExpression(source);
        if (!('message' in parsed)) {
          expect(Object.keys(evaluate([parsed], scopeOf(known)))[0]).toMatch(/^(known|pending|problem|broken)$/);
          return;
        }
        expect(parsed.offset).toBeGreaterThanOrEqual(0);
        expect(parsed.offset).toBeLessThanOrEqual(source.length);
        expect(parsed.length).toBeGreaterThan(0);
        expect(parsed.message).not.toMatch(/Internal|undefined|not a function/);
      },
    ),
    { numRuns: 2000 },
  );
});

describe('an expression cannot reach what is not its own', () => {
  test.each([
    ['${{ constructor.constructor }}', 'broken'],
    ["${{ params['__proto__'] }}", 'broken'],
    ['${{ params.hasOwnProperty }}', 'broken'],
  ])('%s', (text, expected) => {
    expect(valueOf(text)).toEqual({ [expected]: true });
  });

  test.each(['constructor()', '__proto__()', 'toString()', 'case(true, 1, 2)', 'hashFiles()'])(
    '%s is no function',
    (source) => {
      expect(parseExpression(source)).toMatchObject({
        message: `there is no function \`${source.slice(0, source.indexOf('('))}\``,
      });
    },
  );
});

describe('what is too much is refused', () => {
  test.each([
    ['many operators', `1${' == 1'.repeat(5000)}`],
    ['deep parentheses', `${'('.repeat(400)}1${')'.repeat(400)}`],
    ['many negations', `${'!'.repeat(900)}1`],
    ['a long text', `'${'x'.repeat(30_000)}'`],
  ])('%s', (_, source) => {
    expect(parseExpression(source)).toHaveProperty('message');
  });

  test('a value that grows when it is put in', () => {
    const scope = scopeOf({ params: { long: 'x'.repeat(25_000) } });
    expect(valueOf("${{ format('{0}{1}', params.long, run.id) }}", scope)).toMatchObject({
      problem: 'the expression is too long',
    });
  });
});

test('values go into expressions and come back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const scope = scopeOf({ params: { text } });
      const back = valueOf('${{ fromJSON(params.text) }}', scope);
      expect(JSON.stringify((back as { known: Json }).known)).toBe(JSON.stringify(JSON.parse(text)));
      expect(toData(JSON.parse(text) as Json)).toBeDefined();
    }),
  );
});
