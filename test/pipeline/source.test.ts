import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check, loadSource } from '../../src/engine.ts';
import { parseDocument } from '../../src/pipeline/document.ts';
import { Source } from '../../src/pipeline/source.ts';
import { forkline, workspace } from '../kit/forkline.ts';

/** What is found in a file of these bytes, as `LINE:COLUMN message`. */
function found(bytes: Uint8Array): readonly string[] {
  const source = new Source('pipeline.yaml', bytes);
  return parseDocument(source).diagnostics.map(({ span, message }) => {
    const { line, column } = source.position(span.start);
    return `${line}:${column} ${message}`;
  });
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a file that is not UTF-8', () => {
  test.each<[string, Uint8Array, string]>([
    ['a letter of Latin-1', latin1("a: 1\nb: 'caf\xe9'\n"), '2:8 the byte 0xE9 is no character of UTF-8'],
    ['after other letters', latin1('a: \xc3\xa9\xf0\x9f\xa5\x9f\xe9'), '1:7 the byte 0xE9 is no character of UTF-8'],
    ['after the sign for it', latin1('a: \xef\xbf\xbd\xff'), '1:5 the byte 0xFF is no character of UTF-8'],
    ['after a byte order mark', latin1('\xef\xbb\xbfa: \xff'), '1:4 the byte 0xFF is no character of UTF-8'],
    ['half of a pair', latin1('a: \xed\xa0\x80'), '1:4 the byte 0xED is no character of UTF-8'],
    ['one that is cut off', latin1('a: \xe5\x8c'), '1:4 the byte 0xE5 is no character of UTF-8'],
    ['UTF-16', Buffer.from('\ufeffa: 1\n', 'utf16le'), '1:1 the byte 0xFF is no character of UTF-8'],
  ])('is one finding, at its first such byte: %s', (_, bytes, finding) => {
    expect(found(bytes)).toEqual([finding]);
  });

  test('is found in a file and on standard input', async () => {
    const bytes = latin1("processes: { a: { run: 'caf\xe9' } }\n");
    const folder = workspace();
    const file = join(folder, 'pipeline.yaml');
    writeFileSync(file, bytes);
    const { diagnostics } = await check(await loadSource(file));
    expect(diagnostics).toMatchObject([
      { code: 'yaml-syntax', severity: 'error', hint: 'save the file as UTF-8', span: { start: 27, end: 28 } },
    ]);
    const { stdout, stderr, exitCode } = await forkline(folder, ['check', '-'], bytes);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain('the byte 0xE9 is no character of UTF-8');
  });
});

test('whatever text is saved as UTF-8, is read as it was, signs for unreadable characters too', () => {
  const text = fc.string({ unit: fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constant('\ufffd')) });
  fc.assert(
    fc.property(text, (written) => {
      const source = new Source('p', Buffer.from(written));
      expect([source.text, source.notUtf8]).toEqual([new Source('p', written).text, null]);
    }),
  );
});
