// What must have happened before a process can start: which others must have started or ended, through needs and joins, as
// far as that is certain. A join that passes when its time is up, or with the first few, makes nothing certain.
import type { JoinDeclaration } from '../pipeline/pipeline.ts';
import type { Graph, QueueUse, Vertex } from './graph.ts';

/** Steps taken in all; beyond them nothing is found any more, and nothing wrong is said. */
const mostSteps = 1_000_000;

const none: ReadonlySet<Vertex> = new Set();

export class Requirements {
  readonly #graph: Graph;
  readonly #queues: ReadonlyMap<string, QueueUse>;
  readonly #found = new Map<Vertex, ReadonlySet<Vertex>>();
  #left = mostSteps;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#queues = new Map(graph.queues.map((use) => [use.declaration.name, use]));
  }

  /** Those that have ended before it can start. */
  endedBefore(starting: Vertex): ReadonlySet<Vertex> {
    if (starting.needs.length === 0 && !this.#graph.chains.of.has(starting)) return none;
    const found = this.#found.get(starting) ?? this.#find(starting);
    this.#found.set(starting, found);
    // Whoever asks looks at each of them.
    this.#left -= found.size;
    return this.#left < 0 ? none : found;
  }

  #find(starting: Vertex): ReadonlySet<Vertex> {
    const started = new Set([starting]);
    const ended = new Set<Vertex>();
    const queue: { vertex: Vertex; end: boolean }[] = [{ vertex: starting, end: false }];
    const add = (vertex: Vertex, end: boolean): void => {
      const known = end ? ended : started;
      if (known.has(vertex)) return;
      known.add(vertex);
      queue.push({ vertex, end });
    };
    for (const { vertex, end } of queue) {
      if (--this.#left < 0) break;
      if (end) {
        add(vertex, false);
        for (const each of this.#awaitedBy(vertex)) add(each, true);
      } else {
        for (const { to, condition } of vertex.needs) add(to, condition !== 'started' && condition !== 'ready');
        for (const mate of this.#graph.chains.of.get(vertex) ?? []) add(mate, false);
      }
    }
    return ended;
  }

  /** Those that end before a join does. */
  #awaitedBy({ thing }: Vertex): readonly Vertex[] {
    if (thing.kind !== 'join' || !waitsForAll(thing.declaration)) return [];
    const { processes, queues } = thing.declaration;
    const joined = processes.map(({ name }) => this.#graph.byName.get(name)).filter((vertex) => vertex !== undefined);
    const closing = queues.flatMap(({ name }) => this.#queues.get(name)?.producers ?? []).map(({ by }) => by);
    return [...joined, ...closing];
  }
}

/** Whether it passes only once all that it names has come to its end. */
export function waitsForAll({ mode, timeoutMs, onTimeout }: JoinDeclaration): boolean {
  return mode === 'all' && (timeoutMs === null || onTimeout === 'fail');
}
