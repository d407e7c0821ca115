// One attempt of a process, from its start to its end (`lifecycle`), and whether it becomes ready meanwhile (`readiness`). One that
// does not in time, or ends before, has failed.
import { earliest } from '../deadline.ts';
import type { ProcessNode } from '../plan/plan.ts';
import type { Effect, Input, LifePhase } from './life.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Readiness } from './readiness.ts';

export class WatchedLife {
  readonly #life: Lifecycle;
  /** Null where it is ready once it has started. */
  readonly #readiness: Readiness | null;
  /** It has exited by itself, and must have become ready. */
  #left = false;
  /** It said that it is ready before it was heard that it runs: the two come by different ways. */
  #early = false;
  /** It was not ready in time. */
  overdue = false;

  constructor(node: ProcessNode, readiness: Readiness | null) {
    this.#life = new Lifecycle(node);
    this.#readiness = readiness;
  }

  get phase(): LifePhase {
    return this.#life.phase;
  }

  nextDeadline(): number | null {
    const own = this.#life.nextDeadline();
    if (this.#readiness === null) return own;
    const { nextTry, deadline } = this.#readiness;
    return earliest(earliest(own, nextTry), this.phase === 'running' ? deadline : null);
  }

  handle(input: Input, now: number): readonly Effect[] {
    return this.#readiness === null ? this.#life.handle(input, now) : this.#watch(this.#readiness, input, now);
  }

  #watch(readiness: Readiness, input: Input, now: number): readonly Effect[] {
    const life = this.#life;
    switch (input.type) {
      case 'held':
        this.#early ||= life.phase === 'starting';
        return readiness.held(now);
      case 'unheld':
        return readiness.unheld(input.reason, now);
      case 'tick': {
        const overdue = life.phase === 'running' ? readiness.overdue(now) : null;
        if (overdue === null) return [...readiness.tick(now), ...this.#live(readiness, input, now)];
        this.overdue = true;
        return this.#live(readiness, { type: 'fault', reason: overdue }, now);
      }
      case 'stop':
      case 'kill':
        this.#left = false;
        return [...readiness.over(), ...life.handle(input, now)];
      case 'accounted':
        if (this.#left && !readiness.isHeld) life.handle({ type: 'fault', reason: readiness.missed }, now);
        return [...readiness.over(), ...life.handle(input, now)];
      default:
        return this.#live(readiness, input, now);
    }
  }

  /** Looks at what that means for its readiness. */
  #live(readiness: Readiness, input: Input, now: number): readonly Effect[] {
    const before = this.#life.phase;
    const effects = this.#life.handle(input, now);
    const after = this.#life.phase;
    if (after === before) return effects;
    if (after === 'running') return [...effects, ...readiness.began(now), ...(this.#early ? readiness.held(now) : [])];
    if (before !== 'running') return effects;
    if (input.type !== 'exited') return [...readiness.over(), ...effects];
    this.#left = true;
    // First: nothing of it counts as gone before that last look is over.
    return [...readiness.exited(now), ...effects];
  }
}
