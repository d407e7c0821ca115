// Which failures fail the run, and which one stops it: not what a join forgives, has left to it, or somebody waits for.
import type { NodeId } from '../plan/plan.ts';
import { type Entry, entryOf } from './graph.ts';
import type { JoinState } from './join-state.ts';
import type { Fate } from './outcome.ts';

export class Failures {
  readonly #entries: ReadonlyMap<NodeId, Entry>;
  /** No failure stops the run. */
  readonly #keepsGoing: boolean;
  /** Those that fail the run, and whether a join that passes may still forgive it. */
  readonly #failed = new Map<NodeId, { readonly forgivable: boolean }>();

  constructor(entries: ReadonlyMap<NodeId, Entry>, keepsGoing: boolean) {
    this.#entries = entries;
    this.#keepsGoing = keepsGoing;
  }

  get failed(): NodeId[] {
    return [...this.#failed.keys()];
  }

  /** One has failed. Gives why the run is stopped for it; null: it is not. */
  add(entry: Entry, fate: Fate): string | null {
    const forgiven = entry.joins.some((join) => join.forgives && join.passed);
    const cleansUp = this.#cleansUp(entry);
    if (!forgiven || cleansUp) this.#failed.set(fate.node, { forgivable: !cleansUp });
    const rule = this.#keepsGoing ? 'continue' : entry.node.kind === 'join' ? 'stop' : entry.node.onFailure;
    if (rule !== 'stop' || forgiven || cleansUp || this.#isLeftToJoin(entry)) return null;
    return `\`${fate.node}\` ${fate.outcome === 'timed_out' ? 'timed out' : 'failed'}`;
  }

  /** This join has passed. */
  forgive(join: JoinState): void {
    for (const id of join.node.processes)
      if (join.forgives && this.#failed.get(id)?.forgivable) this.#failed.delete(id);
  }

  /** Something that waits for its failure will still run. */
  #cleansUp(entry: Entry): boolean {
    return entry.awaited.some(
      ({ condition, waiting }) =>
        (condition === 'failed' || condition === 'completed') &&
        waiting.some((id) => entryOf(this.#entries, id).phase !== 'ended'),
    );
  }

  /** A join can still pass without it, or something that waits for the failure of that join will still run. */
  #isLeftToJoin(entry: Entry): boolean {
    return entry.joins.some((join) => {
      const own = entryOf(this.#entries, join.node.id);
      return join.forgives && ((own.phase !== 'ended' && join.mayYetPass) || this.#cleansUp(own));
    });
  }
}
