// Replicas and matrix → instances.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../src/pipeline/json.ts';
import type { Matrix } from '../../src/pipeline/pipeline.ts';
import { combinationsOf, factorsOf, instancesOf, productOf } from '../../src/plan/expand.ts';

type Entries = readonly Readonly<Record<string, Json>>[];

function matrixOf(
  axes: Readonly<Record<string, readonly Json[]>>,
  include: Entries = [],
  exclude: Entries = [],
): Matrix {
  return { path: [], axes: Object.entries(axes).map(([key, values]) => ({ key, values })), include, exclude };
}

test('one process keeps its bare name', () => {
  expect(instancesOf({ name: 'bill', matrix: null, replicas: null })).toEqual([{ id: 'bill', replica: 1, matrix: {} }]);
});

test('one replica that was asked for has a number', () => {
  expect(instancesOf({ name: 'chef', matrix: null, replicas: 1 })).toEqual([{ id: 'chef.1', replica: 1, matrix: {} }]);
});

test('the last list varies fastest, and replicas count inside a combination', () => {
  const matrix = matrixOf({ dish: ['a', 'b'], size: [1, 2] });
  expect(
    instancesOf({ name: 'chef', matrix, replicas: 2 }).map(({ id, replica, matrix: m }) => [id, replica, m]),
  ).toEqual([
    ['chef.1', 1, { dish: 'a', size: 1 }],
    ['chef.2', 2, { dish: 'a', size: 1 }],
    ['chef.3', 1, { dish: 'a', size: 2 }],
    ['chef.4', 2, { dish: 'a', size: 2 }],
    ['chef.5', 1, { dish: 'b', size: 1 }],
    ['chef.6', 2, { dish: 'b', size: 1 }],
    ['chef.7', 1, { dish: 'b', size: 2 }],
    ['chef.8', 2, { dish: 'b', size: 2 }],
  ]);
});

test('no replicas, an empty list and an empty matrix are nothing to run', () => {
  expect(instancesOf({ name: 'a', matrix: null, replicas: 0 })).toEqual([]);
  expect(instancesOf({ name: 'a', matrix: matrixOf({ x: [1], y: [] }), replicas: 3 })).toEqual([]);
  expect(instancesOf({ name: 'a', matrix: matrixOf({}), replicas: null })).toEqual([]);
});

// The example of GitHub's documentation for `include`.
test('include joins what it agrees with, and may overwrite what another one added', () => {
  const matrix = matrixOf({ fruit: ['apple', 'pear'], animal: ['cat', 'dog'] }, [
    { color: 'green' },
    { color: 'pink', animal: 'cat' },
    { fruit: 'apple', shape: 'circle' },
    { fruit: 'banana' },
    { fruit: 'banana', animal: 'cat' },
  ]);
  expect(combinationsOf(matrix)).toEqual([
    { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
    { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
    { fruit: 'pear', animal: 'cat', color: 'pink' },
    { fruit: 'pear', animal: 'dog', color: 'green' },
    { fruit: 'banana' },
    { fruit: 'banana', animal: 'cat' },
  ]);
});

test('exclude takes out every combination that agrees with all it says', () => {
  const matrix = matrixOf(
    { os: ['a', 'b'], at: [{ x: 1 }, { x: 2 }] },
    [{ os: 'b', at: { x: 2 } }],
    [{ os: 'b' }, { at: { x: 1 } }],
  );
  expect(combinationsOf(matrix)).toEqual([
    { os: 'a', at: { x: 2 } },
    { os: 'b', at: { x: 2 } },
  ]);
});

test('exclude may name a part of a value that is a map', () => {
  const linux = { name: 'linux', version: 1 };
  const mac = { name: 'mac', version: 2 };
  const excluding = (entry: Record<string, Json>) => combinationsOf(matrixOf({ os: [linux, mac] }, [], [entry]));
  expect(excluding({ os: { name: 'mac' } })).toEqual([{ os: linux }]);
  expect(excluding({ os: { name: 'mac', version: 1 } })).toEqual([{ os: linux }, { os: mac }]);
  expect(excluding({ os: { flavour: 'mac' } })).toEqual([{ os: linux }, { os: mac }]);
});

test('exclude comes before include, which may bring back what was left out, and is not left out itself', () => {
  const matrix = matrixOf({ os: ['a', 'b'] }, [{ os: 'a', more: 1 }, { os: 'a', more: 2 }, { more: 3 }], [{ os: 'a' }]);
  expect(combinationsOf(matrix)).toEqual([
    { os: 'b', more: 3 },
    { os: 'a', more: 1 },
    { os: 'a', more: 2 },
  ]);
  const all = matrixOf({ os: ['a', 'b'] }, [], [{ os: 'a' }, { os: 'b' }]);
  expect(instancesOf({ name: 'p', matrix: all, replicas: 2 })).toEqual([]);
});

test('without lists each include is a combination of its own, and replicas count inside of it', () => {
  const matrix = matrixOf({}, [{ a: { deep: [1] } }, { b: 2 }]);
  expect(instancesOf({ name: 'p', matrix, replicas: 2 }).map(({ id, replica, matrix: m }) => [id, replica, m])).toEqual(
    [
      ['p.1', 1, { a: { deep: [1] } }],
      ['p.2', 2, { a: { deep: [1] } }],
      ['p.3', 1, { b: 2 }],
      ['p.4', 2, { b: 2 }],
    ],
  );
});

test('what one include has added, another one may not be held against', () => {
  const matrix = matrixOf({ at: [{ x: 1 }, { x: 2 }] }, [
    { at: { x: 1 }, color: 'red' },
    { color: 'blue', at: { x: 1 } },
    { color: 'red' },
  ]);
  expect(combinationsOf(matrix)).toEqual([
    { at: { x: 1 }, color: 'red' },
    { at: { x: 2 }, color: 'red' },
  ]);
});

test('the product foretells how many instances there are', () => {
  const axes = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.uniqueArray(fc.nat(9), { maxLength: 4 }), {
    minKeys: 1,
  });
  fc.assert(
    fc.property(axes, fc.option(fc.nat(4)), (lists, replicas) => {
      const process = { name: 'p', matrix: matrixOf(lists), replicas };
      const instances = instancesOf(process);
      expect(instances.length).toBe(productOf(process));
      expect(instances.map(({ id }) => id)).toEqual(instances.map((_, at) => `p.${at + 1}`));
      expect(new Set(instances.map(({ matrix, replica }) => JSON.stringify([matrix, replica]))).size).toBe(
        instances.length,
      );
    }),
  );
});

test('a product is shown by its factors', () => {
  expect(factorsOf({ matrix: matrixOf({ x: [1, 2], y: [1, 2, 3] }), replicas: 7 })).toBe('2 × 3 × 7');
});
