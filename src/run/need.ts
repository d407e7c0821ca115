// One entry of `needs` while the run goes on: open until it holds, or until it can no longer come true. Shared by all
// nodes that wait for the same, so that a thousand workers that need a thousand parents cost two thousand steps.
import type { Condition, Need, NodeId } from '../plan/plan.ts';
import { type Fate, phraseOf } from './outcome.ts';

export class NeedState {
  readonly condition: Condition;
  /** Nodes that wait for it. */
  readonly waiting: NodeId[] = [];
  standing: 'open' | 'held' | 'lost' = 'open';
  /** What made it impossible. */
  cause: Fate | null = null;
  #open: number;

  constructor(need: Need) {
    this.condition = need.condition;
    this.#open = need.instances.length;
    if (this.#open === 0) this.standing = need.condition === 'failed' ? 'lost' : 'held';
  }

  /** An instance has started, or become ready. */
  met(condition: 'started' | 'ready'): void {
    if (this.standing === 'open' && this.condition === condition && --this.#open === 0) this.standing = 'held';
  }

  /** An instance has ended, which was or was not `started` and `ready` before. */
  ended(fate: Fate, before: { readonly started: boolean; readonly ready: boolean }): void {
    if (this.standing !== 'open') return;
    switch (this.condition) {
      case 'succeeded':
      case 'passed':
        return this.#one(fate.succeeded, fate);
      case 'completed':
        return this.#one(fate.completed, fate);
      case 'started':
      case 'ready':
        return before[this.condition] ? undefined : this.#one(false, fate);
      case 'failed':
        this.#open--;
        if (fate.failed) this.standing = 'held';
        else if (this.#open === 0) this.#lose(fate);
        else if (!fate.benign) this.cause = fate;
    }
  }

  /** Why it can no longer come true; `early`: what made it impossible had started. */
  lostBecause(early: boolean): string {
    const { cause, condition } = this;
    if (cause === null) return `nothing it needs can be \`${condition}\``;
    const before = early && condition === 'ready' ? ' before it was ready' : '';
    return `\`${cause.node}\` ${phraseOf(cause)}${before}`;
  }

  #one(met: boolean, fate: Fate): void {
    if (!met) this.#lose(fate);
    else if (--this.#open === 0) this.standing = 'held';
  }

  #lose(fate: Fate): void {
    this.standing = 'lost';
    this.cause ??= fate;
  }
}
