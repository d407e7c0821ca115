import { expect, test } from 'vitest';
import type { Decoded } from '../../src/sdk/encoding.ts';
import { Stock } from '../../src/sdk/stock.ts';
import { AsideItems } from '../../src/wire/aside.ts';
import { eachItem, type Items, itemsOf } from '../../src/wire/items.ts';

const NOTHING_SPECIAL = { attempt: 1, redelivered: false, death: null };

const decode = (items: Items): Decoded => ({ values: Array.from(eachItem(items), String), flawed: false });

/** Takes all that is there, as its consumer would. Gives how many bytes were opened at a time, and each item's tag and text. */
function takeAll(stock: Stock): { readonly opened: number[]; readonly taken: [tag: number, text: string][] } {
  const opened: number[] = [];
  const taken: [number, string][] = [];
  while (stock.size > 0) {
    if (stock.used) {
      const batch = stock.open(Number.POSITIVE_INFINITY);
      opened.push(batch.items.size);
      stock.fill(decode(batch.items), batch);
    }
    const value = stock.take() as string;
    taken.push([stock.tag, value]);
  }
  return { opened, taken };
}

test('of a large delivery only a handful of values is read at a time, and all come in order under their own tags', () => {
  const texts = Array.from({ length: 5000 }, (_, number) => `${number}`.padEnd(100, 'x'));
  const stock = new Stock();
  stock.add({ items: itemsOf(texts.map((text) => Buffer.from(text))), tag: 7, ...NOTHING_SPECIAL });
  const { opened, taken } = takeAll(stock);
  expect(taken).toEqual(texts.map((text, index) => [7 + index, text]));
  expect(Math.max(...opened)).toBeLessThan(64 * 1024);
});

test('a small delivery is read at once, and of large items each one alone', () => {
  const stock = new Stock();
  stock.add({ items: itemsOf([Buffer.from('a'), Buffer.from('b')]), tag: 0, ...NOTHING_SPECIAL });
  stock.add({ items: itemsOf([Buffer.alloc(100_000, 'c'), Buffer.alloc(100_000, 'd')]), tag: 2, ...NOTHING_SPECIAL });
  const { opened, taken } = takeAll(stock);
  expect(opened).toEqual([2, 100_000, 100_000]);
  expect(taken.map(([tag, text]) => [tag, text[0]])).toEqual([
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
    [3, 'd'],
  ]);
});

test('an item in shared memory is fetched from there once', () => {
  let fetched = 0;
  const stock = new Stock();
  const fetch = (_place: unknown, into: Buffer): void => {
    fetched += 1;
    into.fill('e');
  };
  stock.add({ items: new AsideItems({ area: 1, at: 0, size: 100_000 }, fetch), tag: 0, ...NOTHING_SPECIAL });
  const batch = stock.open(Number.POSITIVE_INFINITY);
  stock.fill(decode(batch.items), batch);
  expect(stock.take()).toBe('e'.repeat(100_000));
  expect(fetched).toBe(1);
});
