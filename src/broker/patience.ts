// How long a client may keep the broker waiting. It is counted in steps, so that a broker that was stopped for a while does not cut
// off who was stopped with it.
import type { Clock } from '../clock.ts';
import { Limit } from '../wire/message.ts';

export class Patience {
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;
  #steps = 0;

  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock;
    this.#onOver = onOver;
  }

  begin(): void {
    this.end();
    this.#steps = 0;
    this.#timer = setInterval(() => this.#step(), Limit.HELLO_MS / STEPS);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #step(): void {
    if (this.#clock.held) return;
    this.#steps += 1;
    if (this.#steps >= STEPS) this.#onOver();
  }
}

const STEPS = 5;
