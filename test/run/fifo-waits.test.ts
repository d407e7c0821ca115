// Who is told to wait at a FIFO, with numbers for time.
import { expect, test } from 'vitest';
import { type FifoWait, FifoWaits } from '../../src/run/fifo-waits.ts';

function wait(node: string, facts: Partial<FifoWait> = {}): FifoWait {
  return { node, does: 'open', file: `/${node}`, sign: node, others: [], ...facts };
}

const told = (waits: ReturnType<FifoWaits['look']>) => waits.map(({ node, forMs }) => `${node} ${forMs}`);

test('who has waited for 10 s is told once, and again only beside one that was not', () => {
  const waits = new FifoWaits();
  expect(told(waits.look([wait('a')], 0))).toEqual([]);
  expect(told(waits.look([wait('a'), wait('b')], 9_999))).toEqual([]);
  expect(told(waits.look([wait('a'), wait('b')], 10_000))).toEqual(['a 10000']);
  expect(told(waits.look([wait('a'), wait('b')], 12_000))).toEqual([]);
  expect(told(waits.look([wait('a'), wait('b')], 20_000))).toEqual(['a 20000', 'b 10001']);
  expect(told(waits.look([wait('a'), wait('b')], 40_000))).toEqual([]);
});

test('who has stirred meanwhile has not waited', () => {
  const waits = new FifoWaits();
  waits.look([wait('a', { sign: 'first' })], 0);
  expect(told(waits.look([wait('a', { sign: 'second' })], 10_000))).toEqual([]);
  waits.look([], 12_000);
  waits.look([wait('a', { sign: 'second' })], 14_000);
  expect(told(waits.look([wait('a', { sign: 'second' })], 22_000))).toEqual([]);
  expect(told(waits.look([wait('a', { sign: 'second' })], 24_000))).toEqual(['a 10000']);
});

test.each([
  ['nobody else', [], ['a']],
  ['one that runs', ['c'], []],
  ['one outside', [null], []],
  ['one that waits so, too, and cannot be helped', ['b'], ['a', 'b']],
  ['one that waits so, too, and one outside', ['b', null], []],
])('where %s has open what it reads from', (_, others, expected) => {
  const waits = new FifoWaits();
  const both = [wait('a', { does: 'read', others }), wait('b', { does: 'read', others: ['a'] })];
  const all = others.includes('b') ? both : both.slice(0, 1);
  waits.look(all, 0);
  expect(waits.look(all, 10_000).map(({ node }) => node)).toEqual(expected);
});

test('where the run is interrupted who has waited for 3 s is told, again, too', () => {
  const waits = new FifoWaits();
  waits.look([wait('a')], 0);
  expect(told(waits.interrupted([wait('a'), wait('b')], 2_999))).toEqual([]);
  expect(told(waits.interrupted([wait('a'), wait('b')], 3_000))).toEqual(['a 3000']);
});

test('somebody is new for 10 s from when he was first seen', () => {
  const waits = new FifoWaits();
  waits.look([wait('a')], 1_000);
  expect(waits.anyNew(10_999)).toBe(true);
  expect(waits.anyNew(11_000)).toBe(false);
  waits.look([], 12_000);
  expect(waits.anyNew(12_000)).toBe(false);
});
