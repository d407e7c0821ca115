import { expect, test } from 'vitest';
import { Pace } from '../../src/sdk/pace.ts';

/** A program that takes `itemMs` for each of `count` items, judged after every one. */
function pace(itemMs: number, count: number, itemBytes = 10, worked = new Pace()): Pace {
  let now = 1000;
  worked.begin(now);
  for (let item = 0; item < count; item += 1) {
    worked.came(1, itemBytes);
    now += itemMs;
    worked.worked(now, 1);
  }
  return worked;
}

test('nothing is read ahead before it is known how quick the program is', () => {
  expect(new Pace().ahead).toBe(0);
});

test('a quick program reads ahead what it takes in about four milliseconds', () => {
  expect(pace(1, 100).ahead).toBe(4);
  expect(pace(0.1, 100).ahead).toBe(32);
  expect(pace(0.001, 100).ahead).toBe(2048);
  expect(pace(0, 100).ahead).toBe(8192);
});

test('a slow program reads nothing ahead', () => {
  expect(pace(5, 100).ahead).toBe(0);
  expect(pace(60_000, 3).ahead).toBe(0);
});

test('a quick program that becomes slow reads ahead less at once', () => {
  const quick = pace(0.001, 100);
  quick.begin(5000);
  quick.worked(5010, 1);
  expect(quick.ahead).toBe(0);
});

test('large items are read ahead by their size', () => {
  expect(pace(0.001, 100, 10 * 1024).ahead).toBe(51);
  expect(pace(0.001, 100, 50 * 1024 * 1024).ahead).toBe(1);
});

test('what somebody else could have worked on is not read ahead again at once', () => {
  const quick = pace(0.1, 100);
  quick.recalled();
  expect(quick.ahead).toBe(0);
});
