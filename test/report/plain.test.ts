import { expect, test } from 'vitest';
import { plain, type PlainOptions } from '../../src/report/plain.ts';
import { Screen } from '../../src/report/screen.ts';
import type { Event } from '../../src/run/event.ts';
import { nodeEnded, output, Reader, runEnded, started } from './kit.ts';

async function show(events: Event[], volume: PlainOptions['volume'] = 'normal'): Promise<{ out: string; err: string }> {
  const out = new Reader({ reads: true });
  const err = new Reader({ reads: true });
  const reporter = plain({ out: new Screen(out), err: new Screen(err), volume });
  for (const event of events) reporter.report(event);
  await reporter.end();
  return { out: out.text, err: err.text };
}

test('each line stands under the name of the instance that printed it, names aligned', async () => {
  const { out, err } = await show([
    started('chef.1', 'waiter'),
    output('chef.1', '包子\n骨头\n'),
    output('waiter', 'served\n'),
    output('waiter', 'oh no\n', 'stderr'),
  ]);
  expect(out).toBe('chef.1 | 包子\nchef.1 | 骨头\nwaiter | served\nwaiter ! oh no\n');
  expect(err).toBe('');
});

test('names in wide letters are aligned by what they take on the screen', async () => {
  const { out } = await show([started('厨师', 'eater'), output('厨师', 'a\n'), output('eater', 'b\n')]);
  expect(out).toBe('厨师  | a\neater | b\n');
});

test('a line that comes in pieces is shown whole, and never mixed with another instance', async () => {
  const { out } = await show([started('a', 'b'), output('a', 'one '), output('b', 'two\n'), output('a', 'line\n')]);
  expect(out).toBe('b | two\na | one line\n');
});

test('a letter that is cut between two pieces of output is shown whole', async () => {
  const bytes = Buffer.from('包\n');
  const { out } = await show([started('a'), output('a', bytes.subarray(0, 1)), output('a', bytes.subarray(1))]);
  expect(out).toBe('a | 包\n');
});

test('a last line without an end is shown when its process has ended', async () => {
  const { out } = await show([started('a'), output('a', 'no end'), nodeEnded('a', {})]);
  expect(out).toBe('a | no end\n');
});

test('escape codes and control characters cannot reach the terminal', async () => {
  const { out } = await show([
    started('a'),
    output('a', '\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u009b2J \b \u202egnp.exe\r\n'),
  ]);
  expect(out).toBe('a | red ␛]0;title␇ \\u009b2J ␈ \\u202egnp.exe\n');
});

test('bytes that are no UTF-8 are shown as such and stop nothing', async () => {
  const { out } = await show([started('a'), output('a', Uint8Array.of(0x61, 0xff, 0x62, 0x0a))]);
  expect(out).toBe('a | a\ufffdb\n');
});

test('a very long line is cut and says how much more the log has', async () => {
  const { out } = await show([
    started('a'),
    output('a', 'x'.repeat(3_000)),
    output('a', `${'x'.repeat(3_000)}\nnext\n`),
  ]);
  expect(out).toBe(`a | ${'x'.repeat(4_096)}… (1904 more characters in the log)\na | next\n`);
});

test('a run in which all goes well says one line', async () => {
  const { err } = await show([
    started('a'),
    { type: 'node.started', time: 0, node: 'a', pid: 7 },
    nodeEnded('a', {}),
    runEnded(0, 'all succeeded'),
  ]);
  expect(err).toBe('forkline: kitchen: all succeeded (2.0s)\n');
});

test('--verbose tells the small things too', async () => {
  const { err } = await show(
    [
      started('a'),
      { type: 'node.started', time: 0, node: 'a', pid: 7 },
      nodeEnded('a', { durationMs: 12 }),
      { type: 'queue.drained', time: 0, queue: 'dishes' },
    ],
    'verbose',
  );
  expect(err).toBe(
    [
      'forkline: run r1 in /runs/r1',
      'forkline: `a` started (pid 7)',
      'forkline: `a` succeeded after 12ms',
      'forkline: queue `dishes` is closed, and every item done',
      '',
    ].join('\n'),
  );
});

test('--quiet shows only what went wrong', async () => {
  const good = [started('a'), output('a', 'hello\n'), nodeEnded('a', {}), runEnded(0, 'all succeeded')];
  expect(await show(good, 'quiet')).toEqual({ out: '', err: '' });
  const bad = [started('a'), nodeEnded('a', { outcome: 'failed', exitcode: 3 }), runEnded(1, '`a` failed')];
  expect(await show(bad, 'quiet')).toEqual({
    out: '',
    err: 'forkline: `a` failed with exit code 3 after 1.2s\nforkline: kitchen: `a` failed (2.0s)\n',
  });
});

test('a failure is told again at the end, with exit code, duration and the last lines of its stderr', async () => {
  const { err } = await show([
    started('oven', 'bill'),
    nodeEnded('oven', { outcome: 'failed', exitcode: 1, stderrTail: 'Traceback:\n  no dough\u001b[2J\n' }),
    { type: 'run.stopping', time: 0, reason: '`oven` failed', node: 'oven' },
    nodeEnded('bill', { outcome: 'skipped', exitcode: null, cause: '`oven` failed' }),
    runEnded(1, '`oven` failed'),
  ]);
  expect(err).toBe(
    [
      'forkline: `oven` failed with exit code 1 after 1.2s',
      'forkline: stopping: `oven` failed',
      'forkline: `bill` was skipped: `oven` failed',
      '',
      'forkline: `oven` failed with exit code 1 after 1.2s',
      '    Traceback:',
      '      no dough␛[2J',
      '    log: /runs/r1/logs/oven.log',
      '',
      'forkline: kitchen: `oven` failed (2.0s)',
      '',
    ].join('\n'),
  );
});

test('items that are left over, dead owners of locks and redelivered items are never passed over', async () => {
  const counts = {
    put: 5,
    taken: 4,
    done: 3,
    redelivered: 1,
    dead_lettered: 0,
    dropped: 0,
    left_over: 2,
    direct: 0,
    peak: 5,
  };
  const { err } = await show([
    started('a'),
    { type: 'queue.redelivered', time: 0, queue: 'dishes', node: 'eater.1', count: 1 },
    { type: 'lock.abandoned', time: 0, lock: 'mutex', node: 'eater.1' },
    { type: 'queue.counted', time: 0, queue: 'dishes', counts },
  ]);
  expect(err).toBe(
    [
      'forkline: queue `dishes`: 1 item that `eater.1` had not done went back',
      'forkline: lock `mutex` was held by `eater.1` when it ended; the next owner is told',
      'forkline: queue `dishes`: 5 put, 3 done, 1 delivered again, 2 left over',
      '',
    ].join('\n'),
  );
});
