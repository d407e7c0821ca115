// Lines as they come: in whatever pieces, they are the same, and those of a line that has not ended cost little more than its bytes.
// What lines become is tested with the wiring.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineCutter } from '../../src/broker/line-cutter.ts';
import { eachItem } from '../../src/wire/items.ts';

function linesOf(pieces: readonly string[]): readonly string[] {
  const cutter = new LineCutter('text', 'lines');
  const items = [...pieces.map((piece) => cutter.cut(Buffer.from(piece))), cutter.end()];
  return items.flatMap((some) => [...eachItem(some)].map(String));
}

test('in whatever pieces a text comes, its lines are the same', () => {
  const piece = fc.oneof(
    fc.constantFrom('\n', 'a', 'bc\n', '\n\n'),
    fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join('');
      const lines = text.split('\n');
      if (lines.at(-1) === '') lines.pop();
      expect(linesOf(pieces)).toEqual(lines);
    }),
  );
});

test('a line that comes byte by byte takes little more than its bytes', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const cutter = new LineCutter('text', 'lines');
  const before = used();
  for (let count = 0; count < 300_000; count += 1) cutter.cut(Buffer.alloc(1, '.'));
  expect(used() - before).toBeLessThan(10_000_000);
  expect(cutter.end()).toMatchObject({ count: 1, size: 300_000 });
});
