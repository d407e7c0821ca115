import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodingOf } from '../../src/sdk/encoding.ts';
import { toJson } from '../../src/sdk/json.ts';
import { itemsOf } from '../../src/wire/items.ts';
import { queueChannel } from '../kit/scripted-broker.ts';

const circular: { self?: unknown } = {};
circular.self = { inside: [circular] };
let deep: unknown = 1;
for (let level = 0; level < 100_000; level += 1) deep = [deep];

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

test('500 levels are not too deep', () => {
  expect(JSON.parse(toJson(nested(500)))).toEqual(nested(500));
});

describe('what is not JSON is refused where it is put, and named', () => {
  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'the item is undefined'],
    ['NaN', Number.NaN, 'the item is NaN'],
    ['Infinity', { price: [1, Number.POSITIVE_INFINITY] }, '`price.1` is Infinity'],
    ['a function', { a: { b: () => 1 } }, '`a.b` is a function'],
    ['a symbol', [Symbol('x')], '`0` is a symbol'],
    ['undefined within', { note: undefined }, '`note` is undefined'],
    ['a hole', Object.assign([1], { length: 2 }), '`1` is undefined'],
    ['a BigInt', { n: 1n }, 'BigInt'],
    ['2^53', { id: 2 ** 53 }, '`id` is 9007199254740992, an integer beyond 2^53'],
    ['-2^60', -(2 ** 60), 'an integer beyond 2^53'],
    ['a cycle', circular, 'it contains itself'],
    ['a promise', { dish: Promise.resolve(1) }, '`dish` is a Promise: `await` it first'],
    ['a Map', new Map([[1, 2]]), 'the item is a Map'],
    ['a Set', { s: new Set() }, '`s` is a Set'],
    ['bytes', Buffer.from('x'), 'encoding: bytes'],
    ['typed arrays', [new Float64Array(2)], '`0` is a Float64Array'],
    ['an error', { error: new RangeError('x') }, '`error` is a RangeError'],
    ['no date', { at: new Date('nonsense') }, '`at` is a Date that is no date'],
    ['too deep', deep, 'nested more than 500 levels deep'],
    ['a level too deep', nested(501), 'nested more than 500 levels deep'],
  ])('%s', (_, value, reason) => {
    expect(() => toJson(value)).toThrow(TypeError);
    expect(() => toJson(value)).toThrow(reason);
  });
});

test('what JSON can say comes through as it was put', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ noUnicodeString: false }).map(withoutLargeIntegers)), (values) => {
      const texts = values.map(toJson);
      expect(decode('json', texts)).toEqual(texts.map((text) => JSON.parse(text)));
    }),
  );
});

test('dates, class instances and numbers that are no integers are said as JSON says them', () => {
  class Dish {
    name = 'soup';
  }
  const at = new Date(0);
  expect(toJson({ at, dish: new Dish(), mass: 6.02e23, half: 0.5, none: null })).toBe(
    '{"at":"1970-01-01T00:00:00.000Z","dish":{"name":"soup"},"mass":6.02e+23,"half":0.5,"none":null}',
  );
});

test('one item that is not JSON does not harm those it came with', () => {
  const values = decode('json', ['1', '{"half', '"x', 'y"', '1,2', '3']);
  expect(values.map((value) => (typeof value === 'number' ? value : (value as { message: string }).message))).toEqual([
    1,
    'an item is not JSON: "{\\"half"',
    'an item is not JSON: "\\"x"',
    'an item is not JSON: "y\\""',
    'an item is not JSON: "1,2"',
    3,
  ]);
});

test('text is said in UTF-8, and only by strings that it can say', () => {
  expect(decode('text', ['包子', '', 'a\nb', 'ä😀'])).toEqual(['包子', '', 'a\nb', 'ä😀']);
  const encoding = encodingOf(queueChannel({ encoding: 'text' }));
  expect(() => encoding.encode(5)).toThrow('takes strings, not number');
  expect(() => encoding.encode('\ud800')).toThrow('half a surrogate pair');
});

test('bytes are what they were when they were put', () => {
  const encoding = encodingOf(queueChannel({ encoding: 'bytes' }));
  const bytes = Buffer.from([0, 255, 10]);
  const item = encoding.encode(bytes);
  bytes.fill(7);
  expect(encoding.decode(itemsOf([item])).values).toEqual([Buffer.from([0, 255, 10])]);
  expect(() => encoding.encode('text')).toThrow('takes a Buffer or Uint8Array, not string');
});

function withoutLargeIntegers(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, inner) =>
    Number.isInteger(inner) && !Number.isSafeInteger(inner) && Math.abs(inner) < 1e21 ? 0 : inner,
  );
}

function decode(encoding: 'json' | 'text', texts: readonly string[]): unknown[] {
  return encodingOf(queueChannel({ encoding })).decode(itemsOf(texts.map((text) => Buffer.from(text)))).values;
}
