import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inexactNumber } from '../../src/broker/inexact-number.ts';

function found(line: string): string | null {
  const text = Buffer.from(`e9${line}99`);
  return inexactNumber(text, 2, text.length - 2);
}

test.each([
  ['9007199254740992', '9007199254740992'],
  ['-9007199254740993', '-9007199254740993'],
  ['{"a":[1,{"b": 9007199254740993}]}', '9007199254740993'],
  ['1e400', '1e400'],
  ['[0.5, -1E+400 ]', '-1E+400'],
  [`${'9'.repeat(20)}e300`, `${'9'.repeat(20)}e300`],
  [`["\\"1e400\\\\", 2e999]`, '2e999'],
  [`{"${'1'.repeat(40)}":9007199254740993}`, '9007199254740993'],
])('the first number that would be read as another one is found: %s', (line, number) => {
  expect(found(line)).toBe(number);
});

test.each([
  '9007199254740991',
  '[-9007199254740991,1e308,1e+17,1E-400,0]',
  '0.1234567890123456789',
  '9007199254740993.0',
  '"9007199254740993"',
  '{"1e400":"a \\" 1e400 \\\\"}',
  `"${'\\\\'.repeat(3)}\\"9007199254740993"`,
])('what is read as it is written passes, and so does text that only looks like a number: %s', (line) => {
  expect(found(line)).toBe(null);
});

test.each([0, 1, 2, 3])('it is found wherever it stands: after %i spaces', (spaces) => {
  for (const number of ['1e400', '9007199254740992']) expect(found(`${' '.repeat(spaces)}${number}`)).toBe(number);
});

test('in whatever JSON, just the integers that are not safe are found', () => {
  const leaf = fc.oneof(fc.string({ unit: 'binary' }), fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }), fc.double());
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, (one) => {
      const unsafe: string[] = [];
      expect(found(written(one, unsafe))).toBe(unsafe[0] ?? null);
    }),
  );
});

/** Its JSON, where an integer may be of any size; those that a reader would take for others go to `unsafe`. */
function written(value: unknown, unsafe: string[]): string {
  if (typeof value === 'bigint') {
    if (!Number.isSafeInteger(Number(value))) unsafe.push(String(value));
    return String(value);
  }
  if (typeof value === 'number') return Number.isInteger(value) ? value.toExponential() : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((one) => written(one, unsafe)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${written(one, unsafe)}`);
  return `{${members.join(',')}}`;
}
