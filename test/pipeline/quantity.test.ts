// Durations and sizes.
import { expect, test } from 'vitest';
import { parseDuration, parseSize } from '../../src/pipeline/quantity.ts';

test.each<[unknown, number | null]>([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1.5s', 1500],
  ['0.0001s', 1],
  [3, 3000],
  [0.01, 10],
  [0, 0],
  ['7', 7000],
  ['soon', null],
  ['5d', null],
  ['-1s', null],
  [-1, null],
  ['', null],
  [null, null],
  [true, null],
  [[1], null],
  ['9007199254740993s', null],
  ['1constructor', null],
])('a duration of %j is %j milliseconds', (written, expected) => {
  expect(parseDuration(written)).toBe(expected);
});

test.each<[unknown, number | null]>([
  ['512KiB', 524_288],
  ['64MiB', 67_108_864],
  ['1GiB', 1_073_741_824],
  ['1.5KiB', 1536],
  [100, 100],
  ['100', 100],
  ['10B', 10],
  ['1MB', null],
  ['large', null],
])('a size of %j is %j bytes', (written, expected) => {
  expect(parseSize(written)).toBe(expected);
});
