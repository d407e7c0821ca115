// Memory is used again only when nobody looks into it any more.
import { expect, test } from 'vitest';
import { LargeBuffers } from '../../src/broker/large-buffers.ts';
import { HEADER } from '../../src/wire/frame.ts';

const LENGTH = 1024 * 1024;
/** Of a PUT frame, where its items begin. */
const ITEMS = HEADER + 4;

test('a frame as long as one whose items are over gets its memory', () => {
  const buffers = new LargeBuffers();
  const first = buffers.allocate(LENGTH);
  buffers.recycle(first.subarray(ITEMS));
  const second = buffers.allocate(LENGTH - 1000);
  expect(second.buffer).toBe(first.buffer);
  expect(second).toHaveLength(LENGTH - 1000);
});

test('nobody gets memory that is in use', () => {
  const buffers = new LargeBuffers();
  const first = buffers.allocate(LENGTH);
  expect(buffers.allocate(LENGTH).buffer).not.toBe(first.buffer);
});

test('items that are over twice free their memory once', () => {
  const buffers = new LargeBuffers();
  const first = buffers.allocate(LENGTH);
  buffers.recycle(first.subarray(ITEMS));
  buffers.recycle(first.subarray(ITEMS));
  const second = buffers.allocate(LENGTH);
  expect(buffers.allocate(LENGTH).buffer).not.toBe(second.buffer);
});

test('a part of the items of a frame frees nothing', () => {
  const buffers = new LargeBuffers();
  const first = buffers.allocate(LENGTH);
  buffers.recycle(first.subarray(ITEMS + 100));
  expect(buffers.allocate(LENGTH).buffer).not.toBe(first.buffer);
});

test('what is still being written to somebody is not free, and never will be', () => {
  const buffers = new LargeBuffers();
  const first = buffers.allocate(LENGTH);
  const rest = [first.subarray(LENGTH / 2)];
  buffers.writing(rest);
  buffers.recycle(first.subarray(ITEMS));
  buffers.written(rest);
  expect(buffers.allocate(LENGTH).buffer).not.toBe(first.buffer);
});

test('what was written to one and then to another is free', () => {
  const buffers = new LargeBuffers();
  const first = buffers.allocate(LENGTH);
  buffers.writing([first]);
  buffers.written([first]);
  buffers.recycle(first.subarray(ITEMS));
  expect(buffers.allocate(LENGTH).buffer).toBe(first.buffer);
});

test('only so much is kept', () => {
  const buffers = new LargeBuffers();
  const many = Array.from({ length: 20 }, () => buffers.allocate(LENGTH));
  for (const frame of many) buffers.recycle(frame.subarray(ITEMS));
  const used = new Set(many.map(({ buffer }) => buffer));
  const again = Array.from({ length: 20 }, () => buffers.allocate(LENGTH)).filter(({ buffer }) => used.has(buffer));
  expect(again.length).toBeGreaterThan(0);
  expect(again.length).toBeLessThanOrEqual(8);
});
