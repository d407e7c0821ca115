// What is written while the system has not taken what was written before.
import { expect, test } from 'vitest';
import { type Frame, FrameReader } from '../../src/wire/frame.ts';
import { FrameWriter } from '../../src/wire/writer.ts';

const BLOCK = 16 * 1024;
/** Of a thousand bytes: more than half of a block, so that the rest does not hold as many again. */
const MANY = 10;

test('items that are put after a flush whose memory is still in use are in one frame, not in two', () => {
  const writer = new FrameWriter(BLOCK);
  const item = 'x'.repeat(1000);
  const flush = () => {
    for (let count = 0; count < MANY; count += 1) writer.putText(1, item, Number.POSITIVE_INFINITY);
    return writer.take();
  };
  expect([framesIn(flush()), framesIn(flush()), framesIn(flush())]).toEqual([1, 1, 1]);
});

test('what little was written leaves the rest of its block to what comes next', () => {
  const writer = new FrameWriter(BLOCK);
  const pieces = [];
  for (let count = 0; count < 3; count += 1) {
    writer.putText(1, 'x', Number.POSITIVE_INFINITY);
    pieces.push(...writer.take());
  }
  expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(1);
});

function framesIn(pieces: readonly Buffer[]): number {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  for (const piece of pieces) reader.read(piece);
  return frames.length;
}
