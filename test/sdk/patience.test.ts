import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { postpone, Watch } from '../../src/sdk/patience.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function watch(timeMs: number): { readonly rung: () => boolean; readonly watch: Watch } {
  let rung = false;
  const made = new Watch(
    timeMs,
    undefined,
    () => (rung = true),
    () => {},
  );
  return { rung: () => rung, watch: made };
}

test('a pause of the run counts for no time limit', () => {
  const limit = watch(1_000);
  vi.advanceTimersByTime(400);
  postpone(5_000);
  vi.advanceTimersByTime(5_599);
  expect(limit.rung()).toBe(false);
  vi.advanceTimersByTime(60);
  expect(limit.rung()).toBe(true);
});

test('a call that has its answer is not postponed, and no other one for it', () => {
  const answered = watch(1_000);
  answered.watch.stop();
  const limit = watch(1_000);
  vi.advanceTimersByTime(1_001);
  postpone(5_000);
  expect([answered.rung(), limit.rung()]).toEqual([false, true]);
});
