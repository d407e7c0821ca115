// The runner as one that takes locks for whole processes (`holds`): before each attempt it asks for them, or waits for them in their own
// lines, one after the other in the order of their names, and has them until that attempt's tree is empty.
import type { NodeId } from '../plan/plan.ts';
import type { Command, Fence } from './control.ts';
import type { SessionEffect } from './effect.ts';
import type { Lock } from './lock.ts';
import type { Stance } from './sight.ts';
import type { Party } from './party.ts';
import type { Switchboard } from './switchboard.ts';

type Hold = Extract<Command, { type: 'hold' }>;

export class Holders {
  readonly #switchboard: Switchboard;
  readonly #byNode = new Map<NodeId, Holder>();

  constructor(switchboard: Switchboard) {
    this.#switchboard = switchboard;
  }

  /** Resolves once it has them all; null where it was told not to wait for them any more, or was not to wait at all. */
  hold(command: Hold): Promise<readonly Fence[] | null> {
    const { node } = command;
    if (this.#byNode.has(node)) throw new Error(`Internal error: \`${node}\` has what it holds already`);
    return new Promise((resolve, reject) => {
      this.#byNode.set(node, new Holder(this.#switchboard, command, { resolve, reject }));
    });
  }

  /** Nothing was done under them: they go back, and it waits for no more. */
  unhold(node: NodeId): void {
    this.#leave(node, true);
  }

  /** Nothing is left of its tree. Where it has not ended well, whoever is next is told. */
  ended(node: NodeId, well: boolean): void {
    this.#leave(node, well);
  }

  waits(node: NodeId): boolean {
    return this.#byNode.get(node)?.waits ?? false;
  }

  /** Of one that waits: there is no process of it yet. */
  stanceOf(node: NodeId): Stance | null {
    const holder = this.#byNode.get(node);
    if (holder === undefined || !holder.waits) return null;
    const { session, moves } = holder;
    return { node, state: 'ours', sessions: [], streams: [{ session, pid: 0, moves }] };
  }

  #leave(node: NodeId, well: boolean): void {
    const holder = this.#byNode.get(node);
    this.#byNode.delete(node);
    holder?.leave(well);
  }
}

interface Answer {
  resolve(fences: readonly Fence[] | null): void;
  reject(error: Error): void;
}

class Holder implements Party {
  readonly session: number;
  readonly instance: NodeId;
  /** How often something was said to it. */
  moves = 0;
  readonly #switchboard: Switchboard;
  readonly #locks: Hold['locks'];
  readonly #atOnce: boolean;
  readonly #answer: Answer;
  readonly #had: { readonly lock: Lock; readonly fence: Fence }[] = [];
  /** What it waits for now. */
  #next: { readonly lock: Lock; readonly name: string } | null = null;
  #refused: string | null = null;
  /** Somebody else has it, and it is not to wait. */
  #isMissed = false;
  /** It has all, or waits for no more. */
  #settled = false;

  constructor(switchboard: Switchboard, { node, locks, atOnce }: Hold, answer: Answer) {
    this.#switchboard = switchboard;
    this.session = switchboard.nextSession();
    this.instance = node;
    // In one order for all, so that no two wait for each other.
    this.#locks = [...locks].sort((a, b) => (a.lock < b.lock ? -1 : 1));
    this.#atOnce = atOnce;
    this.#answer = answer;
    switchboard.enter(this);
    this.#askNext();
  }

  get waits(): boolean {
    return !this.#settled;
  }

  perform(_channel: number, effect: SessionEffect): void {
    this.moves += 1;
    if (effect.type === 'granted' && this.#next !== null) {
      const { fence, abandoned } = effect;
      const { lock, name } = this.#next;
      this.#next = null;
      this.#had.push({ lock, fence: { lock: name, fence, abandoned } });
    } else if (effect.type === 'denied') this.#refused = effect.message;
    else if (effect.type === 'refused') this.#isMissed = true;
  }

  flush(): void {
    if (this.#settled) return;
    if (this.#refused !== null) {
      this.#settled = true;
      this.#answer.reject(new Error(`lock \`${this.#next?.name}\` cannot be had: ${this.#refused}`));
    } else if (this.#isMissed) {
      this.#settled = true;
      this.#answer.resolve(null);
    } else if (this.#had.length < this.#locks.length) {
      this.#askNext();
    } else {
      this.#settled = true;
      this.#answer.resolve(this.#had.map(({ fence }) => fence));
    }
  }

  leave(well: boolean): void {
    // What belongs to nobody comes back in any case.
    for (const { lock, fence } of this.#had) if (well || !lock.owned) lock.release(this.session, fence.fence, 0, true);
    this.#switchboard.leave(this.session, this.instance, well ? 'goodbye' : 'died');
    if (this.#settled) return;
    this.#settled = true;
    this.#answer.resolve(null);
  }

  #askNext(): void {
    const wanted = this.#locks[this.#had.length];
    if (wanted === undefined) return;
    this.#next = this.#switchboard.lockFor(this, wanted.lock);
    this.#next.lock.acquire(this.session, 1, { shared: wanted.shared, atOnce: this.#atOnce });
  }
}
