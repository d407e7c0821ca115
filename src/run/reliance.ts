// Whether something that runs relies on a daemon: needs it, or needs what needed it, however many joins and processes that have ended
// are between them; or writes what it reads. Asked while all is being stopped, when nothing starts any more.
import { isProcess } from '../plan/node-kind.ts';
import type { NodeId } from '../plan/plan.ts';
import { type Entry, entryOf } from './graph.ts';

export class Reliance {
  readonly #entries: ReadonlyMap<NodeId, Entry>;
  /** They have ended, and so has everything that relied on them. */
  readonly #released = new Set<NodeId>();

  constructor(entries: ReadonlyMap<NodeId, Entry>) {
    this.#entries = entries;
  }

  on(daemon: Entry): boolean {
    const seen = new Set<NodeId>(waitersOf(daemon));
    // It grows while it is read.
    for (const id of seen) {
      if (this.#released.has(id)) continue;
      const entry = entryOf(this.#entries, id);
      if (entry.phase === 'active') return true;
      for (const next of waitersOf(entry)) seen.add(next);
    }
    for (const id of seen) if (entryOf(this.#entries, id).phase === 'ended') this.#released.add(id);
    return readsActive(daemon);
  }
}

/** What it reads is written by one that still runs: that one is stopped first, and this one reads it to its end. */
function readsActive({ node, chain }: Entry): boolean {
  if (!isProcess(node) || node.stdin.type !== 'process') return false;
  const before = chain.members[chain.members.findIndex((member) => member.node.id === node.id) - 1];
  return before?.phase === 'active';
}

function waitersOf({ awaited, joins }: Entry): NodeId[] {
  return [...awaited.flatMap(({ waiting }) => waiting), ...joins.map(({ node }) => node.id)];
}
