// How a queue comes to its end: what becomes of its stream, of what is put once nobody takes any more, and whether all of it
// will be done. Each verdict is told once.
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import type { ChannelNews } from './effect.ts';
import { isRecorder } from './runner-names.ts';

export class Ending {
  /** `aborted`: a producer failed, so what came is not the whole. */
  stream: 'open' | 'ended' | 'aborted' = 'open';
  /** Where what is put goes: to consumers, or, once they have ended, nowhere. */
  outlet: 'consumers' | 'broken' | 'dropped' = 'consumers';
  readonly #leftover: QueueChannel['leftover'];
  /** Who takes from it and has not ended for good. */
  readonly #consumers: Set<NodeId>;
  /** Who puts no more. */
  readonly #silent = new Set<NodeId>();
  #verdict: 'drained' | 'stranded' | null = null;

  constructor(settings: Pick<QueueChannel, 'leftover' | 'consumers'>) {
    this.#leftover = settings.leftover;
    this.#consumers = new Set(settings.consumers);
    // Nothing to run has succeeded.
    if (this.#consumers.size === 0) this.#loseConsumers(true);
  }

  /** An instance has ended for good. Returns whether it was the last to take from it. */
  settle(instance: NodeId, succeeded: boolean): boolean {
    if (!this.#consumers.delete(instance) || this.#consumers.size > 0) return false;
    this.#loseConsumers(succeeded);
    return true;
  }

  /** Who may take from it now: the runner only where nobody else is left to. */
  get takers(): ReadonlySet<NodeId> {
    const others = [...this.#consumers].filter((node) => !isRecorder(node));
    return others.length > 0 ? new Set(others) : this.#consumers;
  }

  /** Nobody is left who takes from it. */
  get deserted(): boolean {
    return this.#consumers.size === 0;
  }

  silence(instance: NodeId): void {
    this.#silent.add(instance);
  }

  /** Whether an instance can put no more. */
  endedFor(instance: NodeId): boolean {
    return this.stream !== 'open' || this.#silent.has(instance);
  }

  /** Items that are not done never will be. */
  lost(items: { readonly unfinished: number; readonly exhausted: number }): boolean {
    return items.exhausted > 0 || (items.unfinished > 0 && this.#consumers.size === 0);
  }

  judge(items: { readonly unfinished: number; readonly exhausted: number }): ChannelNews[] {
    if (items.exhausted > 0) return this.strand('an item was delivered again and again and never done');
    if (this.lost(items)) return this.strand('no consumer is left');
    if (items.unfinished > 0 || this.stream !== 'ended' || this.#verdict !== null) return [];
    this.#verdict = 'drained';
    return [{ type: 'drained' }];
  }

  /** It can never drain. */
  strand(reason: string): ChannelNews[] {
    if (this.#verdict !== null) return [];
    this.#verdict = 'stranded';
    return [{ type: 'stranded', reason }];
  }

  #loseConsumers(succeeded: boolean): void {
    this.outlet = this.#leftover === 'ignore' && succeeded ? 'dropped' : 'broken';
  }
}
