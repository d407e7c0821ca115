import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachItem, fitting, type Items, itemsOf, offsetOf, splitItems } from '../../src/wire/items.ts';

const payloads = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 12 });

test('items come out as they went in', () => {
  fc.assert(
    fc.property(payloads, (given) => {
      const items = itemsOf(given);
      expect(listed(items)).toEqual(given.map((item) => Buffer.from(item)));
      expect([items.count, items.size]).toEqual([given.length, sum(given)]);
    }),
  );
});

test('two parts of a split are the whole, in order, in the same memory', () => {
  fc.assert(
    fc.property(payloads, fc.integer({ min: -1, max: 14 }), (given, count) => {
      const items = itemsOf(given);
      const [first, rest] = splitItems(items, count);
      const cut = Math.max(0, count);
      expect(listed(first)).toEqual(given.slice(0, cut).map((item) => Buffer.from(item)));
      expect(listed(rest)).toEqual(given.slice(cut).map((item) => Buffer.from(item)));
      expect(first.size + rest.size).toBe(items.size);
      expect(first.count + rest.count).toBe(items.count);
    }),
  );
});

test('as many items fit as their count and their sizes allow, and not one more', () => {
  fc.assert(
    fc.property(payloads, fc.nat(14), fc.nat(60), (given, count, size) => {
      const fit = fitting(itemsOf(given), count, size);
      const possible = given.filter((_, index) => index < count && sum(given.slice(0, index + 1)) <= size);
      expect(fit).toBe(possible.length);
    }),
  );
});

test('the offset of an item is where its size field stands', () => {
  const items = itemsOf([Buffer.from('ab'), Buffer.from(''), Buffer.from('c')]);
  expect([0, 1, 2, 3].map((index) => offsetOf(items, index))).toEqual([0, 6, 10, 15]);
});

function listed(items: Items): Buffer[] {
  return [...eachItem(items)];
}

function sum(items: readonly Uint8Array[]): number {
  return items.reduce((total, item) => total + item.length, 0);
}
