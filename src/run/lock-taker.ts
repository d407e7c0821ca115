// Takes locks for processes that are about to start, as `lock-turns` decides: asks the broker for them, and for slots those who have
// them to give.
import type { Fence } from '../broker/control.ts';
import type { BrokerHost } from '../broker/host.ts';
import type { Held, NodeId } from '../plan/plan.ts';
import { type LockTurnEffect, LockTurns } from './lock-turns.ts';

/** One that has a slot, and is to have these locks, too. */
export interface Wanting {
  readonly node: NodeId;
  readonly locks: readonly Held[];
  readonly broker: BrokerHost;
  /** Its slot goes to others. */
  rest(): void;
  /** It wants a slot again: `admitted` is to be said when there is one. */
  comeBack(): void;
}

interface Taking extends Wanting {
  fences: readonly Fence[];
  resolve(fences: readonly Fence[] | null): void;
  reject(error: Error): void;
}

export class LockTaker {
  readonly #turns = new LockTurns();
  readonly #takings = new Map<NodeId, Taking>();

  /** Resolves once it has them all, and a slot; null where it is not to start any more. */
  take(wanting: Wanting): Promise<readonly Fence[] | null> {
    return new Promise((resolve, reject) => {
      this.#takings.set(wanting.node, { ...wanting, fences: [], resolve, reject });
      this.#perform(this.#turns.begin(wanting.node));
    });
  }

  /** It is being tried for, and there is no process yet. */
  has(node: NodeId): boolean {
    return this.#turns.has(node);
  }

  admitted(node: NodeId): void {
    this.#perform(this.#turns.admitted(node));
  }

  cancel(node: NodeId): void {
    this.#perform(this.#turns.cancel(node));
  }

  #perform(effects: readonly LockTurnEffect[]): void {
    for (const effect of effects) this.#carryOut(effect);
    const rest = this.#turns.settle();
    if (rest.length > 0) this.#perform(rest);
  }

  #carryOut({ do: what, node }: LockTurnEffect): void {
    const taking = this.#takings.get(node);
    if (taking === undefined) return;
    switch (what) {
      case 'try':
      case 'wait':
        return this.#ask(taking, what === 'try');
      case 'unhold':
        return taking.broker.unhold(node);
      case 'rest':
        return taking.rest();
      case 'comeBack':
        return taking.comeBack();
      case 'go':
        this.#takings.delete(node);
        return taking.resolve(taking.fences);
      case 'withdraw':
        this.#takings.delete(node);
        return taking.resolve(null);
    }
  }

  #ask(taking: Taking, atOnce: boolean): void {
    const { node, broker, locks } = taking;
    const isStill = (): boolean => this.#takings.get(node) === taking;
    broker.hold(node, locks, atOnce).then(
      (fences) => {
        if (!isStill()) return;
        if (fences !== null) taking.fences = fences;
        // Where it waited no longer, null says no more than that.
        if (fences !== null) this.#perform(this.#turns.had(node));
        else if (atOnce) this.#perform(this.#turns.missed(node));
      },
      (error: Error) => {
        if (!isStill()) return;
        this.#takings.delete(node);
        taking.reject(error);
        broker.unhold(node);
        this.#perform(this.#turns.cancel(node));
      },
    );
  }
}
