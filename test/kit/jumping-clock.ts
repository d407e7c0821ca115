// A machine that has others to run, made by hand: what happens only there happens on any machine, and again from its seed.
import { vi } from 'vitest';
import { randomOf } from './random.ts';

/** Until it is disposed of there are, now and then, some milliseconds between one look at `performance.now` and the next. */
export function jumpingClock(seed: number): Disposable {
  const [now, random] = [performance.now.bind(performance), randomOf(seed)];
  let ahead = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
    if (random() < JUMPS) ahead += JUMP_MS;
    return now() + ahead;
  });
  return { [Symbol.dispose]: () => clock.mockRestore() };
}

const JUMPS = 0.1;
const JUMP_MS = 7;
