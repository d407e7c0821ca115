// What must have happened before a process can start or end: which others must have started or ended, through needs, joins, queues
// and pipes, for programs that read what they are given to its end. A join that passes when its time is up, or with the first
// few, makes nothing certain; nor do those in a loop for each other, but all who put to it from outside end before it does.
import type { JoinDeclaration } from '../pipeline/pipeline.ts';
import type { Graph, QueueUse, Use } from './graph.ts';
import { feedbackGroups, isBounded } from './streams.ts';
import type { Vertex } from './vertex.ts';

/** Steps taken in all; beyond them nothing is found any more, and nothing wrong is said. */
const mostSteps = 1_000_000;

export interface Required {
  readonly started: ReadonlySet<Vertex>;
  readonly ended: ReadonlySet<Vertex>;
}

const nothing: Required = { started: new Set(), ended: new Set() };

export class Requirements {
  readonly #graph: Graph;
  readonly #queues: ReadonlyMap<string, QueueUse>;
  readonly #gets: ReadonlyMap<Vertex, readonly QueueUse[]>;
  readonly #puts: ReadonlyMap<Vertex, readonly QueueUse[]>;
  readonly #loops: ReadonlyMap<string, readonly QueueUse[]>;
  readonly #found = { start: new Map<Vertex, Required>(), end: new Map<Vertex, Required>() };
  #left = mostSteps;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#queues = new Map(graph.queues.map((use) => [use.declaration.name, use]));
    this.#gets = usesBy(graph.queues, ({ consumers }) => consumers);
    this.#puts = usesBy(graph.queues, ({ producers }) => producers);
    this.#loops = feedbackGroups(graph);
  }

  /** Those that have ended before it can start. */
  endedBefore(starting: Vertex): ReadonlySet<Vertex> {
    return this.beforeStartOf(starting).ended;
  }

  /** Itself, or one that starts together with it, is among those that have started only where it can never start. */
  beforeStartOf(vertex: Vertex): Required {
    if (vertex.needs.length === 0 && !this.#graph.chains.of.has(vertex)) return nothing;
    return this.#before(vertex, 'start');
  }

  beforeEndOf(vertex: Vertex): Required {
    return this.#before(vertex, 'end');
  }

  #before(vertex: Vertex, which: 'start' | 'end'): Required {
    const found = this.#found[which].get(vertex) ?? this.#find(vertex, which);
    this.#found[which].set(vertex, found);
    // Whoever asks looks at each of them.
    this.#left -= found.ended.size;
    return this.#left < 0 ? nothing : found;
  }

  #find(first: Vertex, which: 'start' | 'end'): Required {
    const started = new Set<Vertex>();
    const ended = new Set<Vertex>();
    const queue: { vertex: Vertex; end: boolean }[] = [];
    const add = (vertex: Vertex, end: boolean): void => {
      const known = end ? ended : started;
      if (known.has(vertex)) return;
      known.add(vertex);
      queue.push({ vertex, end });
    };
    const together = which === 'end' ? [] : (this.#graph.chains.of.get(first) ?? [first]);
    if (which === 'end') add(first, true);
    else queue.push(...together.map((vertex) => ({ vertex, end: false })));
    for (const { vertex, end } of queue) {
      if (--this.#left < 0) break;
      if (end) {
        add(vertex, false);
        const { ends, starts } = vertex.thing.kind === 'join' ? this.#awaitedBy(vertex) : this.#suppliersOf(vertex);
        for (const each of ends) add(each, true);
        for (const each of starts) add(each, false);
      } else {
        for (const { to, condition } of vertex.needs) add(to, condition !== 'started' && condition !== 'ready');
        if (together.includes(vertex)) continue;
        for (const mate of this.#graph.chains.of.get(vertex) ?? []) add(mate, false);
      }
    }
    return { started, ended };
  }

  /** Those that end, or start, before a join does. */
  #awaitedBy({ thing }: Vertex): Awaited {
    if (thing.kind !== 'join' || !waitsForAll(thing.declaration)) return { ends: [], starts: [] };
    const { processes, queues } = thing.declaration;
    const joined = processes.map(({ name }) => this.#graph.byName.get(name)).filter((vertex) => vertex !== undefined);
    const uses = queues.map(({ name }) => this.#queues.get(name)).filter((use) => use !== undefined);
    return {
      ends: [...joined, ...uses.flatMap(({ producers }) => producers.map(({ by }) => by))],
      starts: onlyTakers(uses),
    };
  }

  /** Those that end before what a process reads ends, and those without whom what it writes has no room. */
  #suppliersOf(vertex: Vertex): Awaited {
    const source = this.#graph.chains.byReader.get(vertex)?.writer;
    const ends = (this.#gets.get(vertex) ?? []).flatMap((use) => this.#feeding(use)).filter((by) => this.#hasEnd(by));
    const full = (this.#puts.get(vertex) ?? []).filter(({ declaration }) => isBounded(declaration));
    const loops = (this.#gets.get(vertex) ?? []).map(({ declaration }) => this.#loops.get(declaration.name) ?? []);
    return {
      ends: [...ends, ...(source && this.#hasEnd(source) ? [source] : [])],
      starts: [...onlyTakers(full), ...loops.flatMap(insideOf)],
    };
  }

  /** Those that end before a queue does. */
  #feeding(queue: QueueUse): readonly Vertex[] {
    const loop = this.#loops.get(queue.declaration.name);
    if (loop === undefined) return queue.producers.map(({ by }) => by);
    const inside = new Set(insideOf(loop));
    return loop.flatMap(({ producers }) => producers.map(({ by }) => by)).filter((by) => !inside.has(by));
  }

  /** A daemon that takes from nothing goes on; its readers stop by themselves. */
  #hasEnd(vertex: Vertex): boolean {
    return vertex.thing.kind === 'process' || (vertex.thing.kind === 'daemon' && this.#gets.has(vertex));
  }
}

interface Awaited {
  readonly ends: readonly Vertex[];
  readonly starts: readonly Vertex[];
}

/** Who takes from a loop and puts to it: it ends once all of them wait for more, and so have started. */
function insideOf(loop: readonly QueueUse[]): readonly Vertex[] {
  const takers = new Set(loop.flatMap(({ consumers }) => consumers.map(({ by }) => by)));
  return loop.flatMap(({ producers }) => producers.map(({ by }) => by)).filter((by) => takers.has(by));
}

/** Of queues that only one of them takes from. */
function onlyTakers(uses: readonly QueueUse[]): readonly Vertex[] {
  return uses.flatMap(({ consumers }) => {
    const takers = new Set(consumers.map(({ by }) => by));
    return takers.size === 1 ? [...takers] : [];
  });
}

function usesBy(
  queues: readonly QueueUse[],
  usesOf: (queue: QueueUse) => readonly Use[],
): ReadonlyMap<Vertex, readonly QueueUse[]> {
  const uses = new Map<Vertex, QueueUse[]>();
  for (const queue of queues)
    for (const { by } of usesOf(queue)) {
      const known = uses.get(by);
      if (known === undefined) uses.set(by, [queue]);
      else known.push(queue);
    }
  return uses;
}

/** Whether it passes only once all that it names has come to its end. */
export function waitsForAll({ mode, timeoutMs, onTimeout }: JoinDeclaration): boolean {
  return mode === 'all' && (timeoutMs === null || onTimeout === 'fail');
}
