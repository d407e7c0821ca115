// Files of JSON cut into values, at every place where a chunk may end.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonArray } from '../../src/broker/json-array.ts';
import { JsonLines, JsonLook } from '../../src/broker/json-lines.ts';
import { type FileCutter, Malformed } from '../../src/broker/json-value.ts';
import { eachItem, type Items } from '../../src/wire/items.ts';

const json = { bare: false, judge: null };
const bare = { bare: true, judge: null };

const texts = (items: Items) => [...eachItem(items)].map(String);

/** What comes out, and what is complained of, where the text comes in pieces that end at these offsets. */
function cut(cutter: FileCutter, text: string, ends: readonly number[] = []): string[] {
  const bytes = Buffer.from(text);
  const out: string[] = [];
  const bounds = [0, ...ends, bytes.length];
  try {
    for (const [index, end] of bounds.slice(1).entries()) {
      out.push(...texts(cutter.cut(Buffer.from(bytes.subarray(bounds[index], end)))));
    }
    out.push(...texts(cutter.end()));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    out.push(...texts(error.before), `! ${error.message}`);
  }
  return out;
}

function formOf(text: string, size = 1): string {
  const look = new JsonLook();
  for (let at = 0; at < text.length; at += size) {
    const form = look.look(Buffer.from(text.slice(at, at + size)));
    if (form !== null) return form;
  }
  return 'array';
}

test.each([
  ['[1,2]', 'array'],
  [' \n [1,\n2]', 'array'],
  ['[1,2]\n', 'array'],
  ['[1,2]\n[3]', 'lines'],
  ['[[1],"]",{"a":[]}]\n\n7', 'lines'],
  ['{"a":1}', 'lines'],
  ['1', 'lines'],
  ['', 'array'],
])('%j is read as an %s', (text, form) => {
  expect(formOf(text)).toBe(form);
  expect(formOf(text, 100)).toBe(form);
});

test('an array of which no line ends is one, however long it is before that shows', () => {
  const look = new JsonLook();
  const chunk = Buffer.alloc(1024 * 1024, '1,');
  expect(look.look(Buffer.from('['))).toBe(null);
  for (let count = 0; count < 15; count += 1) expect(look.look(chunk)).toBe(null);
  expect(look.look(chunk)).toBe('array');
});

test.each([
  ['[]', []],
  [' [ ] \n', []],
  ['', []],
  ['[1, "two" ,\n {"three": [3, "]", "\\"}"]}\t,null\r\n]', ['1', '"two"', '{"three": [3, "]", "\\"}"]}', 'null']],
  ['[1.50e3,-0]', ['1.50e3', '-0']],
  ['[1 2]', ['1', '! a comma, or the end of the array, was expected at line 1, column 4']],
  ['[1,\n]', ['1', '! a value was expected at line 2, column 1']],
  ['[,1]', ['! a value, or the end of the array, was expected at line 1, column 2']],
  ['[1]\n x', ['1', '! the end of the file was expected at line 2, column 2']],
  ['[1,\n  tru]', ['1', '! the value at line 2, column 3 is not JSON']],
  ['[{"a":1]', ['! the value at line 1, column 2 is not JSON']],
  ['[{"a":1', ['! it ends within the value at line 1, column 2']],
  ['[1,"', ['1', '! it ends within the value at line 1, column 4']],
  ['[1\n', ['1', '! it ends in line 2, before its array does']],
  ['[1e400]', ['! the value at line 1, column 2 holds `1e400`, a number that JSON cannot carry: write it as a string']],
])('the array %j', (text, expected) => {
  const length = Buffer.from(text).length;
  expect(cut(new JsonArray(json), text)).toEqual(expected);
  const each = Array.from({ length }, (_, at) => at);
  expect(cut(new JsonArray(json), text, each)).toEqual(expected);
  for (const at of each) expect(cut(new JsonArray(json), text, [at])).toEqual(expected);
});

test.each([
  ['1\n{"a": 1}\r\n\n  \n"x"', ['1', '{"a": 1}', '"x"']],
  ['', []],
  ['[1]\n[2]\n', ['[1]', '[2]']],
  ['1\n\nno\n2', ['1', '! line 3 is not JSON, and a file that is not one array is one value a line']],
  [
    '{"a":9007199254740993}',
    ['! line 1 holds `9007199254740993`, a number that JSON cannot carry: write it as a string'],
  ],
])('a value a line: %j', (text, expected) => {
  const length = Buffer.from(text).length;
  for (let at = 0; at <= length; at += 1) expect(cut(new JsonLines(json), text, [at])).toEqual(expected);
});

test('where items are no JSON, a text is itself, and anything else is its JSON on one line', () => {
  expect(cut(new JsonArray(bare), '["a\\nb", {"c":\n1}, 9007199254740993]')).toEqual([
    'a\nb',
    '{"c": 1}',
    '9007199254740993',
  ]);
  expect(cut(new JsonLines(bare), '"包子"\n[1]')).toEqual(['包子', '[1]']);
});

test('bytes that are not UTF-8 are told', () => {
  expect(() => new JsonArray(json).cut(Buffer.from('["\xff"]', 'latin1'))).toThrow(
    'the value at line 1, column 2 is not UTF-8, as JSON must be',
  );
  expect(() => new JsonLines(json).cut(Buffer.from('"\xff"\n', 'latin1'))).toThrow('line 1 is not UTF-8');
});

test('a value of more than 16 MiB is told before more of it is read', () => {
  const chunk = Buffer.alloc(8 * 1024 * 1024, 'x');
  const array = new JsonArray(json);
  array.cut(Buffer.from('[1,\n"'));
  array.cut(chunk);
  expect(() => array.cut(chunk)).toThrow('the value at line 2, column 1 is longer than 16 MiB');
});

test('any array comes out as its values, wherever it is cut and however it is spaced', () => {
  const space = fc.constantFrom('', ' ', '\n', '\r\n', '\t ');
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), space, fc.array(fc.nat()), (values, between, cuts) => {
      const text = `[${between}${values.map((value) => JSON.stringify(value, null, between)).join(`${between},${between}`)}${between}]`;
      // Numbers that would lose digits are refused, which is another promise.
      fc.pre(!/\d{16}|e\+/.test(text));
      const length = Buffer.from(text).length;
      const ends = cuts.map((at) => at % (length + 1)).sort((a, b) => a - b);
      const out = cut(new JsonArray(json), text, ends).map((item) => JSON.parse(item) as unknown);
      expect(out).toEqual(values.map((value) => JSON.parse(JSON.stringify(value)) as unknown));
    }),
  );
});

test('any file at all comes out as values or as a complaint', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('[', ']', '{', '}', ',', '"', '\\', '1', 'a', ' ', '\n', ':') }),
      (text) => {
        const cutter = formOf(text) === 'array' ? new JsonArray(json) : new JsonLines(json);
        const out = cut(cutter, text).filter((item) => !item.startsWith('! '));
        for (const item of out) JSON.parse(item);
      },
    ),
  );
});
