// What the run's own order has to say of a suspected deadlock: what has not started and what it waits for, which joins are still open,
// and which of the suspects a join, or one that controls it, may yet stop.
import type { Outlook } from '../broker/suspicion.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { NodeId } from '../plan/plan.ts';
import type { Course, Entry } from './graph.ts';
import type { JoinState } from './join-state.ts';
import type { Lack } from './slots-line.ts';

export type Prospects = Pick<Outlook, 'pending' | 'ways'>;

/**
 * For those of `suspects`, and what follows from them and from `absent`. What runs, or is about to, is not among `pending`.
 * `courses`: of the plan's own nodes, and of those of each sub-pipeline. `lineOf`: whose needs hold and who waits in line all the
 * same, and for what.
 */
export function prospectsOf(
  courses: readonly Course[],
  suspects: readonly NodeId[],
  absent: readonly NodeId[],
  lineOf: LineOf = () => null,
): Prospects {
  const view = new View(courses, lineOf);
  const ways = suspects.flatMap((node) => view.waysOut(node));
  const pending: Prospects['pending'][number][] = [];
  const seen = new Set([...absent, ...ways.map(({ by }) => by)]);
  // It grows while it is read.
  for (const node of seen) {
    const wait = view.waitOf(node);
    if (wait === null) continue;
    pending.push(wait);
    for (const other of wait.on) seen.add(other);
  }
  return { pending, ways };
}

export type LineOf = (node: NodeId) => Lack | null;

class View {
  readonly #courses: readonly Course[];
  readonly #lineOf: LineOf;
  /** What is in each sub-pipeline; drawn up when it is asked for. */
  #members: Map<NodeId, NodeId[]> | null = null;
  /** Who may terminate each; drawn up when it is asked for. */
  #controllers: Map<NodeId, NodeId[]> | null = null;

  constructor(courses: readonly Course[], lineOf: LineOf) {
    this.#courses = courses;
    this.#lineOf = lineOf;
  }

  /** The joins, and those who control it, that may yet stop it, or what it is in. */
  waysOut(node: NodeId): Prospects['ways'] {
    const entry = this.#entry(node);
    const own = entry.joins
      .filter((join) => this.#entry(join.node.id).phase !== 'ended' && mayStop(join))
      .map((join) => join.node.id);
    const controllers = this.#controllersOf(node).filter((it) => !this.#hasEnded(it));
    const { within } = entry.node;
    const around = within === undefined ? [] : this.waysOut(within).map(({ by }) => by);
    return [...own, ...controllers, ...around].map((by) => ({ node, by }));
  }

  waitOf(id: NodeId): Prospects['pending'][number] | null {
    const entry = this.#entry(id);
    const join = this.#join(id);
    if (entry.phase === 'ended') return null;
    const line = this.#lineOf(id);
    if (line !== null) {
      const { does, channel, on, helpers } = line;
      return { node: id, does, channel, named: on, on: helpers.filter((it) => !this.#hasEnded(it)), queues: [] };
    }
    if (entry.phase === 'pending') {
      const open = entry.node.needs.filter((_, index) => entry.needs[index]?.standing === 'open');
      const awaited = open.flatMap(({ condition, instances }) => (condition === 'ready' ? instances : []));
      if (awaited.some((it) => this.#isTried(it))) return null;
      const { within } = entry.node;
      const before = within !== undefined && this.#entry(within).phase === 'pending' ? [within] : [];
      const on = [...before, ...open.flatMap(({ instances }) => instances)].filter((it) => !this.#hasEnded(it));
      return { node: id, does: join === undefined ? 'start' : 'pass', on: [...new Set(on)], queues: [] };
    }
    if (entry.node.kind === 'pipeline')
      return { node: id, does: 'pass', on: this.#membersOf(id).filter((it) => !this.#hasEnded(it)), queues: [] };
    if (join === undefined) return null;
    // It gives up by itself, and the run goes on from there.
    if (join.deadline !== null && join.node.onTimeout !== 'fail') return null;
    return { node: id, does: 'pass', on: [...join.open], queues: [...join.openQueues] };
  }

  /** Its probe is tried again and again, and may hold though nothing of it stirs; or its time is over, and that ends it. */
  #isTried(id: NodeId): boolean {
    const { node, phase, started, ready } = this.#entry(id);
    if (!isProcess(node) || node.ready === null || phase !== 'active' || !started || ready) return false;
    return node.ready.probe.type !== 'log' && node.ready.probe.type !== 'sdk';
  }

  #hasEnded(id: NodeId): boolean {
    return this.#entry(id).phase === 'ended';
  }

  /** Daemons are stopped once all else has ended, and are not waited for. */
  #membersOf(id: NodeId): readonly NodeId[] {
    if (this.#members === null) {
      this.#members = new Map();
      for (const { entries } of this.#courses)
        for (const { node } of entries.values()) {
          if (node.within === undefined || node.kind === 'daemon') continue;
          const members = this.#members.get(node.within);
          if (members === undefined) this.#members.set(node.within, [node.id]);
          else members.push(node.id);
        }
    }
    return this.#members.get(id) ?? [];
  }

  #controllersOf(id: NodeId): readonly NodeId[] {
    if (this.#controllers === null) {
      this.#controllers = new Map();
      for (const { entries } of this.#courses)
        for (const { node } of entries.values())
          for (const ward of isProcess(node) ? node.controls : []) {
            const controllers = this.#controllers.get(ward);
            if (controllers === undefined) this.#controllers.set(ward, [node.id]);
            else controllers.push(node.id);
          }
    }
    return this.#controllers.get(id) ?? [];
  }

  #entry(id: NodeId): Entry {
    for (const { entries } of this.#courses) {
      const entry = entries.get(id);
      if (entry !== undefined) return entry;
    }
    throw new Error(`Internal error: no node \`${id}\` in the plan`);
  }

  #join(id: NodeId): JoinState | undefined {
    for (const { joins } of this.#courses) {
      const join = joins.get(id);
      if (join !== undefined) return join;
    }
    return undefined;
  }
}

/** What it waits for stops, or is not waited for any more, though it has not ended by itself. */
function mayStop({ node, terminating }: JoinState): boolean {
  if (node.timeoutMs !== null && node.onTimeout !== 'fail') return !terminating;
  return node.onPass === 'terminate' && node.mode !== 'all';
}
