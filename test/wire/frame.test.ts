import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asDeliver, readItems } from '../../src/wire/body.ts';
import { type Frame, FrameReader, ProtocolError } from '../../src/wire/frame.ts';
import { itemsOf } from '../../src/wire/items.ts';
import { Limit, Type } from '../../src/wire/message.ts';
import { FrameWriter } from '../../src/wire/writer.ts';
import { type Meaning, meaningOf, written } from './meaning.ts';

interface Example {
  readonly name: string;
  readonly from: 'client' | 'broker';
  readonly hex: string;
  readonly frame: Meaning;
}

interface Refused {
  readonly name: string;
  readonly hex: string;
  readonly code: string;
}

const examples = JSON.parse(readFileSync(new URL('examples.json', import.meta.url), 'utf8')) as {
  frames: Example[];
  refused: Refused[];
};

describe('every example', () => {
  test.each(examples.frames)('$from: $name', ({ from, hex, frame }) => {
    expect(readAll([Buffer.from(hex, 'hex')]).map((read) => meaningOf(read, from))).toEqual([frame]);
    expect(written(frame).toString('hex')).toBe(hex);
  });

  test('names every frame of the protocol', () => {
    const named = new Set(examples.frames.map((example) => example.frame.type));
    expect([...named].sort()).toEqual(Object.keys(Type).sort());
  });
});

describe('a stream of frames', () => {
  const whole = Buffer.concat(examples.frames.map(({ hex }) => Buffer.from(hex, 'hex')));
  const expected = examples.frames.map(({ hex }) => hex);

  test('is read the same a byte at a time', () => {
    expect(readAll(Array.from(whole, (byte) => Buffer.of(byte))).map(hexOf)).toEqual(expected);
  });

  test('is read the same wherever it is cut in two', () => {
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(readAll([whole.subarray(0, cut), whole.subarray(cut)]).map(hexOf)).toEqual(expected);
    }
  });

  test('is read the same however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length })), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        expect(readAll(chunks).map(hexOf)).toEqual(expected);
      }),
    );
  });

  test('costs no copy where a frame lies whole in a chunk', () => {
    for (const frame of readAll([whole])) expect(frame.buffer).toBe(whole);
  });

  test('says when it ends within a frame', () => {
    const reader = new FrameReader(() => {});
    reader.read(whole);
    expect(reader.partial).toBe(false);
    reader.read(whole.subarray(0, 3));
    expect(reader.partial).toBe(true);
    reader.read(whole.subarray(3, 20));
    expect(reader.partial).toBe(true);
  });
});

describe('a frame that cannot be', () => {
  test.each(examples.refused)('$name is refused before anything is allocated for it', ({ hex, code }) => {
    const bytes = Buffer.from(hex, 'hex');
    for (const chunks of [[bytes], Array.from(bytes, (byte) => Buffer.of(byte))]) {
      expect(refusal(() => readAll(chunks))).toBe(code);
    }
  });

  test('is one longer than the limit of the moment', () => {
    const reader = new FrameReader(() => {});
    reader.limit = (type, channel) => (type === Type.PUT && channel === 7 ? 100 : 1000);
    const frame = (channel: number) => written({ type: 'PUT', flags: 0, channel, items: ['x'.repeat(100)] });
    reader.read(frame(6));
    expect(refusal(() => reader.read(frame(7).subarray(0, 8)))).toBe('limit');
  });

  test('is one whose items do not fill it', () => {
    const good = written({ type: 'PUT', flags: 0, channel: 1, items: ['one', 'two'] });
    for (const [at, value] of [
      [11, 1],
      [11, 3],
      [15, 2],
      [15, 4],
      [12, 255],
    ] as const) {
      const bad = Buffer.from(good);
      bad[at] = value;
      const [frame] = readAll([bad]);
      expect(refusal(() => readItems(frame as Frame))).toBe('protocol');
    }
  });

  test.each(examples.frames.filter(({ frame }) => !('items' in frame || 'itemsHex' in frame)))(
    'is one with a byte too many or too few: $name',
    ({ from, hex }) => {
      const good = Buffer.from(hex, 'hex');
      for (const length of [good.length + 1, good.length - 1]) {
        if (length < 8) continue;
        const bad = Buffer.alloc(length);
        good.copy(bad);
        bad.writeUInt32BE(length - 4, 0);
        const [frame] = readAll([bad]);
        expect(refusal(() => meaningOf(frame as Frame, from))).toBe('protocol');
      }
    },
  );
});

test('one item may be longer than 16 MiB', () => {
  const writer = new FrameWriter();
  writer.put(1, itemsOf([Buffer.alloc(Limit.LENGTH, 7)]));
  const bytes = Buffer.concat(writer.take());
  const frames = readAll([bytes.subarray(0, 9), bytes.subarray(9, 5_000_000), bytes.subarray(5_000_000)]);
  expect(frames.map((frame) => readItems(frame as Frame).size)).toEqual([Limit.LENGTH]);
});

test('a PUT becomes a DELIVER of the same items where it lies', () => {
  const chunk = written({ type: 'PUT', flags: 0, channel: 9, items: ['a', 'bc'] });
  const [frame] = readAll([chunk]);
  const deliver = asDeliver(frame as Frame);
  expect(deliver.buffer).toBe(chunk.buffer);
  expect(deliver.toString('hex')).toBe(
    written({ type: 'DELIVER', flags: 0, channel: 9, items: ['a', 'bc'] }).toString('hex'),
  );
});

function readAll(chunks: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  for (const chunk of chunks) reader.read(chunk);
  return frames;
}

function hexOf(frame: Frame): string {
  return frame.buffer.toString('hex', frame.start, frame.end);
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
}

test('the rest of a frame may be read right into it', () => {
  const bytes = written({ type: 'PUT', flags: 0, channel: 1, items: ['x'.repeat(1000), 'y'] });
  for (const cut of [20, 500, bytes.length - 1]) {
    const frames: Frame[] = [];
    const reader = new FrameReader((frame) => frames.push(frame));
    reader.read(bytes.subarray(0, cut));
    expect(reader.rest?.length).toBe(bytes.length - cut);
    for (let at = cut; at < bytes.length; at += 400) {
      reader.filled(bytes.copy(reader.rest as Buffer, 0, at, at + 400));
    }
    expect(frames.map(hexOf)).toEqual([bytes.toString('hex')]);
    expect(reader.rest).toBe(null);
  }
});
