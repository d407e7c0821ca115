import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Clock } from '../src/clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('an alarm has as much time left after a pause as it had before', () => {
  const clock = new Clock();
  const rung: number[] = [];
  clock.after(1_000, () => rung.push(clock.now()));
  vi.advanceTimersByTime(400);
  clock.hold();
  vi.advanceTimersByTime(10_000);
  expect(clock.release()).toBe(10_000);
  vi.advanceTimersByTime(599);
  expect(rung).toEqual([]);
  vi.advanceTimersByTime(60);
  expect(rung).toHaveLength(1);
  expect(rung[0]).toBeGreaterThanOrEqual(1_000);
});

test('a pause counts once, however often it is asked for', () => {
  const clock = new Clock();
  clock.hold();
  vi.advanceTimersByTime(5);
  clock.hold();
  vi.advanceTimersByTime(5);
  expect([clock.release(), clock.release(), clock.now()]).toEqual([10, 0, 0]);
});

test('time that is skipped is not waited for less', () => {
  const clock = new Clock();
  let rung = false;
  clock.after(1_000, () => {
    rung = true;
  });
  clock.skip(500);
  vi.advanceTimersByTime(1_100);
  expect(rung).toBe(false);
  vi.advanceTimersByTime(500);
  expect(rung).toBe(true);
});

test('an alarm that was cancelled says nothing', () => {
  const clock = new Clock();
  let rung = false;
  clock.after(10, () => (rung = true)).cancel();
  vi.advanceTimersByTime(100);
  expect(rung).toBe(false);
});
