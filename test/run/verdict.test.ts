// What comes of a run in the end: its exit code, the sentence that says why, and what is said of items that are left.
import { expect, test } from 'vitest';
import type { QueueCounts } from '../../src/run/event.ts';
import { type RunFacts, verdictOf } from '../../src/run/verdict.ts';
import { queueOf } from '../kit/channels.ts';
import { soundPlan } from '../kit/planned.ts';

const none: QueueCounts = {
  put: 0,
  taken: 0,
  done: 0,
  redelivered: 0,
  dead_lettered: 0,
  dropped: 0,
  left_over: 0,
  direct: 0,
  peak: 0,
};
const plan = await soundPlan('processes: { a: { run: "true" } }');
const well: RunFacts = {
  plan,
  failed: [],
  ignored: [],
  counts: {},
  exhausted: false,
  troubles: [],
  journalLost: false,
  stopped: null,
};

/** Of a run that ends with so many items in its queue, and with nothing else to be said of it. */
function left(leftover: 'fail' | 'warn' | 'ignore', count: number, more: Partial<RunFacts> = {}): unknown[] {
  const facts = {
    plan: { ...plan, channels: [queueOf('q', { leftover })] },
    counts: { q: { ...none, left_over: count } },
  };
  const { exitCode, reason, warnings } = verdictOf({ ...well, ...facts, ...more });
  return [exitCode, reason, warnings.map(({ message }) => message)];
}

test('items that are left fail the run, are only told, or are nothing, as `leftover` says', () => {
  const one = '1 item was left over in queue `q`';
  const three = '3 items were left over in queue `q`';
  expect(left('fail', 0)).toEqual([0, 'everything succeeded', []]);
  expect(left('fail', 1)).toEqual([1, one, [one]]);
  expect(left('warn', 3)).toEqual([0, 'everything succeeded', [three]]);
  expect(left('ignore', 3)).toEqual([0, 'everything succeeded', []]);
});

test('an item that nobody could do fails the run, whatever `leftover` says, and is told once', () => {
  const never = 'an item could not be done in as many attempts as its queue allows';
  const one = '1 item was left over in queue `q`';
  expect(left('fail', 1, { exhausted: true })).toEqual([1, one, [one]]);
  expect(left('warn', 1, { exhausted: true })).toEqual([1, never, [one]]);
  expect(left('ignore', 1, { exhausted: true })).toEqual([1, never, []]);
});

test('a run that was stopped ends with the code of that, and says besides what else went wrong', () => {
  const stopped = { exitCode: 124, reason: 'the run took longer than 1 s' };
  expect(left('fail', 0, { stopped })).toEqual([124, stopped.reason, []]);
  const { exitCode, reason } = verdictOf({ ...well, stopped, failed: ['a'], troubles: ['x'], journalLost: true });
  expect([exitCode, reason]).toEqual([
    124,
    'the run took longer than 1 s; `a` failed; x; the files of the run are incomplete',
  ]);
});

test('what failed fails the run, and what is ignored is named', () => {
  const sixth = ['a', 'b', 'c', 'd', 'e', 'f'];
  expect(verdictOf({ ...well, failed: sixth })).toMatchObject({
    exitCode: 1,
    reason: '`a`, `b`, `c`, `d`, `e` and 1 more failed',
  });
  expect(verdictOf({ ...well, ignored: ['a'] })).toMatchObject({
    exitCode: 0,
    reason: 'everything succeeded but `a`, whose failure is ignored',
  });
});
