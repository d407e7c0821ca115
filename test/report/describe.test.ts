import { expect, test } from 'vitest';
import { describe, duration } from '../../src/report/describe.ts';
import { json } from '../../src/report/json.ts';
import { Screen } from '../../src/report/screen.ts';
import type { NodeEnded } from '../../src/run/event.ts';
import { nodeEnded, output, Reader, runEnded } from './kit.ts';

const endings: [facts: Partial<NodeEnded>, text: string][] = [
  [{}, '`a` succeeded after 1.2s'],
  [{ outcome: 'failed', exitcode: 3 }, '`a` failed with exit code 3 after 1.2s'],
  [{ outcome: 'failed', exitcode: -9, signal: 'SIGKILL' }, '`a` failed, killed by SIGKILL, after 1.2s'],
  [{ outcome: 'failed', exitcode: null, cause: 'no program `cook`' }, '`a` failed: no program `cook`'],
  [{ outcome: 'failed', cause: 'its input broke off' }, '`a` failed with exit code 0 after 1.2s: its input broke off'],
  [
    { outcome: 'timed_out', exitcode: -15, signal: 'SIGTERM', cause: 'its time limit of 1s has passed' },
    '`a` timed out after 1.2s: its time limit of 1s has passed',
  ],
  [
    { outcome: 'terminated', exitcode: -15, signal: 'SIGTERM', cause: 'join `j`' },
    '`a` was terminated after 1.2s: join `j`',
  ],
  [{ outcome: 'skipped', exitcode: null, cause: '`b` failed' }, '`a` was skipped: `b` failed'],
  [{ outcome: 'cancelled', exitcode: null }, '`a` never started'],
  [{ outcome: 'passed', exitcode: null }, '`a` passed after 1.2s'],
  [{ outcome: 'finished' }, '`a` finished after 1.2s'],
  [{ outcome: 'stopped', exitcode: -15, signal: 'SIGTERM' }, '`a` was stopped after 1.2s'],
];

test.each(endings)('an ending %j reads as %s', (facts, text) => {
  expect(describe(nodeEnded('a', facts))?.text).toBe(text);
});

test('who stands in line for long is told with those that it waits for', () => {
  const waits = [
    { node: 'a', does: 'start', channel: null, forMs: 10_000, on: ['b', 'c'] },
    { node: 'd', does: 'start', channel: 'l', forMs: 12_000, on: ['b'] },
  ] as const;
  expect(describe({ type: 'waiting', time: 0, waits, behind: 3 })).toEqual({
    weight: 'note',
    text: 'these wait for their turn',
    more: ['`a`, for `b` or `c`, since 10.0s', '`d`, for lock `l`, held by `b`, since 12.0s', 'and 3 more'],
  });
});

test.each([
  ['open', [], 'waits to open the FIFO `/in`, whose other end nobody opens'],
  ['read', ['b'], 'waits to read from the FIFO `/in`, for `b` to write'],
  ['write', [], 'waits to write to the FIFO `/in`, which nobody else has open'],
] as const)('who waits to %s, with %j there, at a FIFO is told with its name', (does, on, text) => {
  const waits = [{ node: 'a', does, channel: null, file: '/in', forMs: 10_000, on }];
  expect(describe({ type: 'stalled', time: 0, waits, queues: {} })).toMatchObject({
    more: [`\`a\` ${text}, since 10.0s`],
  });
});

test('who waits for a lock that another run has is told so', () => {
  const waits = [{ node: 'a', does: 'acquire', channel: 'l', forMs: 10_000, on: [], elsewhere: true }] as const;
  expect(describe({ type: 'stalled', time: 0, waits, queues: {} })).toMatchObject({
    more: ['`a` waits for lock `l`, held by another run, since 10.0s'],
  });
});

test('who waits for the end of a daemon is told when that is', () => {
  const waits = [{ node: 'a', does: 'await', channel: null, forMs: 10_000, on: ['d'], daemon: true }] as const;
  expect(describe({ type: 'stalled', time: 0, waits, queues: {} })).toMatchObject({
    more: ['`a` waits for daemon `d` to end, which is stopped only once all processes have ended, since 10.0s'],
  });
});

test.each([
  [0, '0ms'],
  [999, '999ms'],
  [1_000, '1.0s'],
  [59_940, '59.9s'],
  [59_950, '1m 00s'],
  [125_000, '2m 05s'],
  [3_720_000, '1h 02m'],
])('%i milliseconds read as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('--json writes the events as they stand in events.ndjson, one a line', async () => {
  const out = new Reader({ reads: true });
  const reporter = json(new Screen(out));
  reporter.report(nodeEnded('a', {}));
  reporter.report(output('a', 'hello\n'));
  reporter.report(runEnded(0, 'all succeeded'));
  await reporter.end();
  expect(
    out.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([nodeEnded('a', {}), runEnded(0, 'all succeeded')]);
});
