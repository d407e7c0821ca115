// The machine of those who hold locks that others may have, too, and need slots: it sees to it that nobody who waits for the one has
// the other. Who has a slot asks whether its locks are free now. Where they are not it rests, without a slot, and waits in the locks'
// own lines; when it has got them it comes back for a slot; and where there is none it gives them back and waits for that one first.
import type { NodeId } from '../plan/plan.ts';

export interface LockTurnEffect {
  /**
   * `try`: ask for all its locks, now or not at all; `wait`: wait for them in their lines; `unhold`: what it has goes back, and it waits for
   * no more. `rest`: its slot goes to others; `comeBack`: it asks for one. `go`: it has both. `withdraw`: it is not to have them.
   */
  readonly do: 'try' | 'wait' | 'unhold' | 'rest' | 'comeBack' | 'go' | 'withdraw';
  readonly node: NodeId;
}

/** `trying`: it has a slot. `waiting`: it has none. `offered`: it has the locks. `inLine`: for a slot, and has neither. */
type State = 'trying' | 'waiting' | 'offered' | 'inLine';

export class LockTurns {
  readonly #states = new Map<NodeId, State>();
  #trying = 0;

  /** It has a slot, and is to have its locks. */
  begin(node: NodeId): LockTurnEffect[] {
    this.#go(node, 'trying');
    return [{ do: 'try', node }];
  }

  /** It has all its locks. */
  had(node: NodeId): LockTurnEffect[] {
    const state = this.#states.get(node);
    if (state === 'trying') return this.#end(node, 'go');
    if (state !== 'waiting') return [];
    this.#go(node, 'offered');
    return [{ do: 'comeBack', node }];
  }

  /** Somebody else has one of them. */
  missed(node: NodeId): LockTurnEffect[] {
    if (this.#states.get(node) !== 'trying') return [];
    this.#go(node, 'waiting');
    return (['unhold', 'rest', 'wait'] as const).map((what) => ({ do: what, node }));
  }

  /** It has a slot again. */
  admitted(node: NodeId): LockTurnEffect[] {
    const state = this.#states.get(node);
    if (state === 'offered') return this.#end(node, 'go');
    return state === 'inLine' ? this.begin(node) : [];
  }

  /** It is not to start. */
  cancel(node: NodeId): LockTurnEffect[] {
    const state = this.#states.get(node);
    if (state === undefined) return [];
    const effects = this.#end(node, 'withdraw');
    return state === 'inLine' ? effects : [{ do: 'unhold', node }, ...effects];
  }

  /**
   * To be asked once all that was to be done is done. Whoever has its locks, and still no slot, gives them back; but not before all have
   * heard who ask for theirs with a slot: one of these may be about to give that up for just those locks, and they would do so for ever.
   */
  settle(): LockTurnEffect[] {
    if (this.anyTries()) return [];
    const offered = [...this.#states].flatMap(([node, state]) => (state === 'offered' ? [node] : []));
    for (const node of offered) this.#go(node, 'inLine');
    return offered.map((node) => ({ do: 'unhold', node }));
  }

  /** Of some it is not known yet whether their locks are free. */
  anyTries(): boolean {
    return this.#trying > 0;
  }

  /** There is no process before it has both. */
  has(node: NodeId): boolean {
    return this.#states.has(node);
  }

  #go(node: NodeId, state: State | null): void {
    if (this.#states.get(node) === 'trying') this.#trying -= 1;
    if (state === 'trying') this.#trying += 1;
    if (state === null) this.#states.delete(node);
    else this.#states.set(node, state);
  }

  #end(node: NodeId, how: 'go' | 'withdraw'): LockTurnEffect[] {
    this.#go(node, null);
    return [{ do: how, node }];
  }
}
