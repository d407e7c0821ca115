import { expect, test } from 'vitest';
import { json, missingEvents } from '../../src/report/json.ts';
import { Screen } from '../../src/report/screen.ts';
import { Reader, runEnded } from './kit.ts';

test('what a slow reader has not taken is bounded, and where lines are missing it says so', async () => {
  const reader = new Reader({ reads: false });
  const screen = new Screen(reader, { limit: 8 });
  for (let line = 1; line <= 1_000; line++) screen.write(`${line}\n`);
  expect(reader.writableLength).toBeLessThanOrEqual(10);
  reader.read();
  await screen.end();
  expect(reader.text).toBe('1\n2\n3\n4\n… 996 lines not shown, because the reader was too slow; the logs have all\n');
});

test('words that matter are shown though a flood of lines is not', async () => {
  const reader = new Reader({ reads: false });
  const screen = new Screen(reader, { limit: 4, note: (lines) => `(${lines} missing)` });
  for (const line of ['a', 'b', 'c', 'd']) screen.write(`${line}\n`);
  screen.write('the end\n', true);
  reader.read();
  await screen.end();
  expect(reader.text).toBe('a\nb\n(2 missing)\nthe end\n');
});

test('after a pause of the reader the view goes on', async () => {
  const reader = new Reader({ reads: false });
  const screen = new Screen(reader, { limit: 4, note: (lines) => `(${lines} missing)` });
  for (const line of ['a', 'b', 'c', 'd']) screen.write(`${line}\n`);
  reader.read();
  await new Promise(setImmediate);
  screen.write('e\n');
  await screen.end();
  expect(reader.text).toBe('a\nb\n(2 missing)\ne\n');
});

test('a reader that has gone is no error, and ends nothing', async () => {
  const reader = new Reader({ reads: false });
  const errors: Error[] = [];
  const screen = new Screen(reader, { onError: (error) => errors.push(error) });
  screen.write('a\n');
  reader.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
  await new Promise(setImmediate);
  screen.write('b\n');
  await screen.end();
  expect(errors).toEqual([]);
});

test('a full disk is told once', async () => {
  const reader = new Reader({ reads: false });
  const errors: string[] = [];
  const screen = new Screen(reader, { onError: ({ message }) => errors.push(message) });
  screen.write('a\n');
  reader.destroy(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
  await new Promise(setImmediate);
  screen.write('b\n');
  await screen.end();
  expect(errors).toEqual(['no space left on device']);
});

test('the end does not wait for ever for a reader that takes nothing', async () => {
  const errors: string[] = [];
  const screen = new Screen(new Reader({ reads: false }), {
    patienceMs: 0,
    onError: ({ message }) => errors.push(message),
  });
  screen.write('a\n');
  await screen.end();
  expect(errors).toEqual(['nobody reads it, so its end is not shown']);
});

test('where events are left out stands an event that says so', async () => {
  const reader = new Reader({ reads: false });
  const reporter = json(new Screen(reader, { limit: 4, note: missingEvents }));
  for (let event = 1; event <= 20; event++) reporter.report(runEnded(0, `${event}`));
  reader.read();
  await reporter.end();
  const lines = reader.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; message?: string });
  expect(lines.filter(({ type }) => type === 'warning').map(({ message }) => message)).toEqual([
    `${21 - lines.length} events are not shown, because the reader was too slow; events.ndjson has all`,
  ]);
});

test('while another program has the terminal nothing is written to it, and all of it afterwards', async () => {
  const reader = Object.assign(new Reader({ reads: true }), { isTTY: true });
  const screen = new Screen(reader, { limit: 6, note: (lines) => `(${lines} missing)` });
  screen.write('a\n');
  screen.hold();
  for (const line of ['b', 'c', 'd', 'e']) screen.write(`${line}\n`);
  screen.write('the end\n', true);
  await new Promise(setImmediate);
  expect(reader.text).toBe('a\n');
  screen.release();
  await screen.end();
  expect(reader.text).toBe('a\nb\nc\nd\nthe end\n(1 missing)\n');
});

test('a terminal that was hung up has gone like any reader', async () => {
  const reader = new Reader({ reads: false });
  const screen = new Screen(reader);
  screen.write('a\n');
  reader.destroy(Object.assign(new Error('input/output error'), { code: 'EIO' }));
  await new Promise(setImmediate);
  expect(screen.failed).toBe(false);
});
