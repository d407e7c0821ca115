import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Source } from '../../src/pipeline/source.ts';
import { parseDocument } from '../../src/pipeline/document.ts';
import { read } from './checking.ts';

/** The text that a path is told to stand at. */
function textAt(text: string, path: (string | number)[], which?: 'key' | 'value'): string | undefined {
  const { document } = read(text);
  const span = document?.span(path, which);
  return span && document?.source.text.slice(span.start, span.end);
}

describe('values are those of YAML 1.2, whatever they look like', () => {
  test('words that other versions take for booleans are text', () => {
    expect(read('a: no\nb: on\nc: 1:30\nd: 0o17\ne: 2026-01-01').document?.value).toEqual({
      a: 'no',
      b: 'on',
      c: '1:30',
      d: 15,
      e: '2026-01-01',
    });
  });

  test('a header that asks for YAML 1.1 is a warning and changes nothing', () => {
    const { document, diagnostics } = parseDocument(new Source('p', '%YAML 1.1\n---\nname: no\n'));
    expect(document?.value).toEqual({ name: 'no' });
    expect(diagnostics.map(({ severity, message }) => [severity, message])).toEqual([
      ['warning', 'this is read as YAML 1.2, whatever it says here'],
    ]);
  });

  test('anchors, aliases and merge keys work; own keys win over merged ones, wherever they stand', () => {
    const text =
      'base: &b { cwd: a, run: x }\nfirst: { cwd: own, <<: *b }\nsecond: { <<: [{ run: y }, *b], cwd: own }\nthird: *b\n';
    expect(read(text)).toMatchObject({
      found: [],
      document: {
        value: { first: { cwd: 'own', run: 'x' }, second: { run: 'y', cwd: 'own' }, third: { cwd: 'a', run: 'x' } },
      },
    });
  });

  test('a quoted `<<` is a key like any other', () => {
    expect(read('"<<": 1\n').document?.value).toEqual({ '<<': 1 });
  });

  test('a byte order mark and carriage returns do not shift a place', () => {
    expect(read('\ufeffa: 1\r\nb: 1\r\nb: 2\r\n').found).toEqual([
      '3:1 b: the key `b` stands here for the second time',
    ]);
    expect(read('\ufeffa: 1\na: 2').found).toEqual(['2:1 a: the key `a` stands here for the second time']);
  });

  test('maps hold no name that nobody wrote', () => {
    expect(Object.getPrototypeOf(read('a: {}\n').document?.value)).toBeNull();
  });
});

describe('every path has a place', () => {
  const text = 'queues:\n  dishes: { maxsize: 5 }\nlist:\n  - one\n  - two: 2\nempty:\n';

  test('of its key and of its value', () => {
    expect(textAt(text, ['queues', 'dishes', 'maxsize'])).toBe('5');
    expect(textAt(text, ['queues', 'dishes', 'maxsize'], 'key')).toBe('maxsize');
    expect(textAt(text, ['list', 1, 'two'])).toBe('2');
    expect(textAt(text, ['list', 0], 'key')).toBe('one');
  });

  test('where a value is empty: that of its key', () => {
    expect(textAt(text, ['empty'])).toBe('empty');
  });

  test('where a path is not in the file: that of the nearest key above', () => {
    expect(textAt(text, ['queues', 'dishes', 'order', 'x'])).toBe('dishes');
    expect(textAt(text, ['nowhere'])).toBe('q');
  });

  test('where a value came by an alias or a merge: where it was written down', () => {
    const shared = 'base: &b { run: x }\nmerged: { <<: *b }\nalias: *b\n';
    expect(read(shared).document?.span(['merged', 'run'])).toEqual({ start: 16, end: 17 });
    expect(read(shared).document?.span(['alias', 'run'])).toEqual({ start: 16, end: 17 });
    expect(textAt(shared, ['alias'])).toBe('*b');
  });
});

describe('what cannot be meant is a finding at its place', () => {
  const cases: Record<string, [string, string[]]> = {
    'nothing at all': ['', ['1:1 : the file is empty']],
    'only comments': ['# nothing\n---\n', ['1:1 #: the file is empty']],
    'a duplicate key': ['a: 1\nb: 2\na: 3\n', ['3:1 a: the key `a` stands here for the second time']],
    'a second document': ['a: 1\n---\nb: 2\n', ['2:1 -: a second document starts here']],
    'a key that is a number': ['a: { 1: x }\n', ['1:6 1: the key `1` is a number, expected text']],
    'a key that is a boolean': ['true: x\n', ['1:1 true: the key `true` is a boolean, expected text']],
    'a key that is null': ['~: x\n', ['1:1 ~: the key `~` is null, expected text']],
    'a key that is missing': [': x\n', ['1:1 :: a key is missing before the colon']],
    'a key that is a map': ['{ a: 1 }: x\n', ['1:1 { a: 1 }: a key must be text, not a map, a list or an alias']],
    'a key that means trouble': ['__proto__: x\n', ['1:1 __proto__: `__proto__` cannot be a key']],
    'an unknown tag': ['a: !secret x\n', ['1:4 !secret: unknown tag']],
    'a known tag of another language': ['a: !!js/function x\n', ['1:4 !!js/function: unknown tag']],
    'an integer beyond 2^53': [
      'a: 12345678901234567890\n',
      ['1:4 12345678901234567890: the number `12345678901234567890` is beyond 2^53 and would lose digits'],
    ],
    'a number that JSON lacks': ['a: .nan\n', ['1:4 .nan: `.nan` is no number that JSON can hold']],
    'a number that is too large': ['a: 1e999\n', ['1:4 1e999: `1e999` is no number that JSON can hold']],
    'a control character': ['a: "x\u0007"\n', ['1:6 \u0007: control character U+0007']],
    'a NUL by escape': ['a: "x\\0"\n', ['1:4 "x\\0": a NUL character cannot be handed to a program']],
    'half a character by escape': ['a: "\\ud83d"\n', ['1:4 "\\ud83d": this text holds half of a character']],
    'an unknown anchor': ['a: &base 1\nb: *bsae\n', ['2:4 *bsae: no anchor `&bsae` stands before this']],
    'an alias inside what it names': ['a: &a [*a]\n', ['1:8 *a: `*a` stands inside what it names']],
    'a merge of what is no map': ['a: { <<: [1] }\n', ['1:11 1: a merge key takes a map, or a list of maps']],
    'a tab that indents': ['a:\n\tb: 1\n', ['2:1 \t: a tab cannot indent in YAML']],
    'a key that is out of line': [
      'a:\n  b: 1\n c: 2\n',
      ['3:2 c: this key does not stand in line with the others of its map'],
    ],
    'two colons on a line': ['a: b: c\n', ['1:4 b: a second `: ` on one line']],
    'a quote that is not closed': ['a: "b\n', ['1:4 ": this quote is never closed']],
    'a bracket that is not closed': [
      'a: [1, 2\n',
      ['1:4 [: this bracket is never closed, or not where its content ends'],
    ],
    'an expression in braces without quotes': [
      'a: {\n  B: ${{ params.x }},\n  C: x-${{ params.y }}\n}\nb: [ls, ${{ replica }}]\n',
      [
        '2:6 ${{: an expression inside `{ }` or `[ ]` needs quotes',
        '3:8 ${{: an expression inside `{ }` or `[ ]` needs quotes',
        '5:9 ${{: an expression inside `{ }` or `[ ]` needs quotes',
      ],
    ],
    'an escape that is none': ['a: "\\q"\n', ['1:5 \\: there is no such escape']],
  };
  test.each(Object.entries(cases))('%s', (_, [text, found]) => {
    expect(read(text).found).toEqual(found);
  });

  test('several mistakes of syntax are told at once', () => {
    const { found, document } = read('a: b: c\nd: "\\q"\ne: @x\n');
    expect(found).toEqual([
      '1:4 b: a second `: ` on one line',
      '2:5 \\: there is no such escape',
      '3:4 @: text cannot start with this character',
    ]);
    expect(document).toBeNull();
  });

  test('a mistake in one value leaves the others to be checked', () => {
    expect(read('a: !secret x\nb: 1\n').document?.value).toEqual({ a: 'x', b: 1 });
  });
});

describe('what is too much is refused, with a reason', () => {
  const many = (part: string, times: number): string => part.repeat(times);
  const numbered = (times: number, part: (index: number) => string): string =>
    Array.from({ length: times }, (_, index) => part(index)).join('');
  const bomb = `a: &a [${many('x,', 9)}]\n${numbered(9, (i) => `b${i}: &b${i} [${many(i === 0 ? '*a,' : `*b${i - 1},`, 9)}]\n`)}`;
  const tooDeep = 'this is nested more than 64 levels deep';
  const tooMany = 'the file has more than 400000 tokens';
  const tooOften = 'aliases repeat more than 50000 values';

  const cases: Record<string, [() => string, string]> = {
    'more than 8 MiB': [() => many('a', 8 * 1024 * 1024 + 1), 'the file is larger than 8 MiB'],
    'more than 8 MiB in UTF-8': [() => many('子', 3 * 1024 * 1024), 'the file is larger than 8 MiB'],
    '65 levels of lists': [() => many('[', 65) + many(']', 65), tooDeep],
    '65 levels of maps': [() => many('{a: ', 65) + many('}', 65), tooDeep],
    '65 levels by indentation': [
      () => numbered(65, (level) => `${many(' ', level)}a:\n`) + many(' ', 65) + 'b',
      tooDeep,
    ],
    'a million open brackets': [() => many('[', 1e6), tooDeep],
    'a million dashes': [() => many('- ', 1e6), tooDeep],
    'levels by aliases': [() => 'a0: &a0 [1]\n' + numbered(70, (i) => `a${i + 1}: &a${i + 1} [*a${i}]\n`), tooDeep],
    '200 000 keys': [() => numbered(200_000, (i) => `k${i}: v\n`), tooMany],
    'a million breaks': [() => many('\n', 1e6), tooMany],
    'a bomb of aliases': [() => bomb, tooOften],
    'a chain of merges': [
      () => 'm0: &m0 {a: 1}\n' + numbered(2000, (i) => `m${i + 1}: &m${i + 1} {<<: *m${i}, k${i}: 1}\n`),
      tooOften,
    ],
    'text in quotes without end': [() => `a: "${many('x', 5 * 1024 * 1024)}"`, 'quoted text of more than 4 MiB'],
  };
  test.each(Object.entries(cases))('%s', (_, [text, message]) => {
    const { document, diagnostics } = parseDocument(new Source('p', text()));
    expect(diagnostics.map((one) => one.message)).toEqual([message]);
    expect(document).toBeNull();
  });

  test('64 levels are read', () => {
    expect(read(many('[', 64) + many(']', 64)).found).toEqual([]);
  });

  test('40 000 keys are read', () => {
    const { document, found } = read(numbered(40_000, (i) => `k${i}: v\n`));
    expect(found).toEqual([]);
    expect(Object.keys(document?.value as object)).toHaveLength(40_000);
  });

  // Each of these makes a parser that collects everything run for minutes, or out of memory.
  const floods: Record<string, () => string> = {
    'bad escapes': () => `"${many('\\q', 1e6)}"`,
    'empty lists': () => many('[]', 100_000),
    commas: () => `[${many(',', 250_000)}`,
    quotes: () => many('"', 500_000),
    tags: () => many('- !x y\n', 50_000),
    ampersands: () => many('& ', 100_000),
    digits: () => many('9', 4e6),
    documents: () => many('---\n', 100_000),
    directives: () => `${many('%YAML 1.1\n', 50_000)}---\na: 1\n`,
    'control characters': () => many('\u0001', 4e6),
    'the same key': () => many('a: b\n', 50_000),
  };
  test.each(Object.entries(floods))('a flood of %s has at most a hundred findings', (_, text) => {
    const { diagnostics } = parseDocument(new Source('p', text()));
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.length).toBeLessThanOrEqual(111);
  });
});

describe('whatever the file holds', () => {
  test('any text is answered', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), answered), { numRuns: 2_000 });
  });

  test('any pieces of YAML are answered', () => {
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join(''));
    fc.assert(fc.property(text, answered), { numRuns: 5_000 });
  });
});

function answered(text: string): void {
  const source = new Source('p', text);
  const { document, diagnostics } = parseDocument(source);
  expect(document !== null || diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
  for (const { span } of diagnostics) {
    expect(span.start).toBeLessThanOrEqual(span.end);
    expect(span.end).toBeLessThanOrEqual(source.text.length);
  }
}

const pieces = [
  'a',
  'b: ',
  'b:\n',
  '- ',
  '  ',
  '\n',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '"',
  "'",
  '&x ',
  '*x',
  '<<: ',
  '? ',
  '| ',
  '>\n',
  '#',
  '!t ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '\t',
  '\r',
  '0x1',
  '~',
  '\\',
  '@',
  ': ',
];
