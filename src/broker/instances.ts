// All who have anything to do with the broker, by the id of the instance: of each only its present attempt.
import type { NodeId } from '../plan/plan.ts';
import type { Holders } from './holders.ts';
import { Instance } from './instance.ts';
import type { Stance } from './sight.ts';
import type { Workforce } from './workforce.ts';

export class Instances extends Map<NodeId, Instance> {
  constructor(nodes: readonly NodeId[]) {
    super(nodes.map((node) => [node, new Instance(node)]));
  }

  begin(node: NodeId, attempt?: number): void {
    this.set(node, new Instance(node, attempt));
  }

  /** Throws where the run speaks of one that it did not name. */
  known(node: NodeId): Instance {
    const instance = this.get(node);
    if (instance === undefined) throw new Error(`\`${node}\` was given nothing to use here`);
    return instance;
  }

  /** How each stands, for those who look for deadlocks. */
  stances(holders: Holders, workforce: Workforce): Stance[] {
    return [...this.values()].flatMap((instance) => {
      const { node, settled } = instance;
      const waiting = holders.stanceOf(node);
      if (waiting !== null) return [waiting];
      // A worker that has nothing to do is nobody.
      if (settled || (workforce.isWorker(node) && !instance.isThere)) return [];
      const isAtWork = (worker: NodeId): boolean => this.known(worker).isThere || holders.waits(worker);
      return [workforce.stanceOf(node, isAtWork) ?? instance.stance];
    });
  }
}
