// What must have happened before a process can start or end: which others must have started or ended, through needs, joins, queues
// and pipes, for programs that read what they are given to its end. A join that passes when its time is up, or with the first
// few, makes nothing certain. A loop of queues ends only after all who put to it from outside, and once those inside have put all they put.
import type { JoinDeclaration } from '../pipeline/pipeline.ts';
import type { Graph, QueueUse, Use } from './graph.ts';
import { feedbackGroups, isBounded } from './streams.ts';
import type { Vertex } from './vertex.ts';

/** Steps taken in all; beyond them nothing is found any more, and nothing wrong is said. */
const mostSteps = 1_000_000;

export interface Required {
  readonly started: ReadonlySet<Vertex>;
  /** These put nothing any more: they have ended, or the loop that they are in has. */
  readonly spent: ReadonlySet<Vertex>;
  readonly ended: ReadonlySet<Vertex>;
}

const nothing: Required = { started: new Set(), spent: new Set(), ended: new Set() };

export class Requirements {
  readonly #graph: Graph;
  readonly #queues: ReadonlyMap<string, QueueUse>;
  readonly #gets: ReadonlyMap<Vertex, readonly QueueUse[]>;
  readonly #puts: ReadonlyMap<Vertex, readonly QueueUse[]>;
  readonly #loops: ReadonlyMap<string, Loop>;
  readonly #found = { start: new Map<Vertex, Required>(), end: new Map<Vertex, Required>() };
  #left = mostSteps;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#queues = new Map(graph.queues.map((use) => [use.declaration.name, use]));
    this.#gets = usesBy(graph.queues, ({ consumers }) => consumers);
    this.#puts = usesBy(graph.queues, ({ producers }) => producers);
    this.#loops = loopsOf(graph);
  }

  /** Those that have ended before it can start. */
  endedBefore(starting: Vertex): ReadonlySet<Vertex> {
    return this.beforeStartOf(starting).ended;
  }

  /** Those that put nothing any more before it can start. */
  spentBefore(starting: Vertex): ReadonlySet<Vertex> {
    return this.beforeStartOf(starting).spent;
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
    this.#left -= found.spent.size;
    return this.#left < 0 ? nothing : found;
  }

  #find(first: Vertex, which: 'start' | 'end'): Required {
    const found = { started: new Set<Vertex>(), spent: new Set<Vertex>(), ended: new Set<Vertex>() };
    const queue: { vertex: Vertex; state: State }[] = [];
    const add = (state: State, vertices: Iterable<Vertex>): void => {
      for (const vertex of vertices) {
        if (found[state].has(vertex)) continue;
        found[state].add(vertex);
        queue.push({ vertex, state });
      }
    };
    const together = which === 'end' ? [] : (this.#graph.chains.of.get(first) ?? [first]);
    if (which === 'end') add('ended', [first]);
    else queue.push(...together.map((vertex) => ({ vertex, state: 'started' as const })));
    for (const { vertex, state } of queue) {
      if (--this.#left < 0) break;
      if (state === 'ended') {
        add('spent', [vertex]);
        const awaited = vertex.thing.kind === 'join' ? this.#awaitedBy(vertex) : this.#inputOf(vertex);
        for (const each of ['ended', 'spent', 'started'] as const) add(each, awaited[each]);
      } else if (state === 'spent') {
        add('started', [vertex, ...this.#roomMakersOf(vertex)]);
      } else {
        for (const { to, condition } of vertex.needs)
          add(condition === 'started' || condition === 'ready' ? 'started' : 'ended', [to]);
        if (!together.includes(vertex)) add('started', this.#graph.chains.of.get(vertex) ?? []);
      }
    }
    return found;
  }

  /** What comes before the end of a join. */
  #awaitedBy({ thing }: Vertex): Awaited {
    if (thing.kind !== 'join' || !waitsForAll(thing.declaration)) return awaitsNothing;
    const { processes, queues } = thing.declaration;
    const joined = processes.map(({ name }) => this.#graph.byName.get(name)).filter((vertex) => vertex !== undefined);
    const uses = queues.map(({ name }) => this.#queues.get(name)).filter((use) => use !== undefined);
    const { ended, spent } = this.#endsOf(uses);
    return { ended: [...joined, ...ended], spent, started: onlyTakers(uses) };
  }

  /** What comes before the end of all that a process reads. */
  #inputOf(vertex: Vertex): Awaited {
    const source = this.#graph.chains.byReader.get(vertex)?.writer;
    const { ended, spent } = this.#endsOf(this.#gets.get(vertex) ?? []);
    return { ended: source && this.#hasEnd(source) ? [...ended, source] : ended, spent, started: [] };
  }

  /** What comes before the ends of these queues. */
  #endsOf(uses: readonly QueueUse[]): Pick<Awaited, 'ended' | 'spent'> {
    const ended: Vertex[] = [];
    const loops = new Set<Loop>();
    for (const { declaration, producers } of uses) {
      const loop = this.#loops.get(declaration.name);
      if (loop === undefined) ended.push(...producers.map(({ by }) => by));
      else loops.add(loop);
    }
    for (const { outside } of loops) ended.push(...outside);
    return { ended: ended.filter((by) => this.#hasEnd(by)), spent: [...loops].flatMap(({ inside }) => inside) };
  }

  /** Those without whom what it puts has no room. */
  #roomMakersOf(vertex: Vertex): readonly Vertex[] {
    return onlyTakers((this.#puts.get(vertex) ?? []).filter(({ declaration }) => isBounded(declaration)));
  }

  /** A daemon that takes from nothing goes on; its readers stop by themselves. */
  #hasEnd(vertex: Vertex): boolean {
    return vertex.thing.kind === 'process' || (vertex.thing.kind === 'daemon' && this.#gets.has(vertex));
  }
}

type State = keyof Required;

type Awaited = Readonly<Record<State, readonly Vertex[]>>;

const awaitsNothing: Awaited = { started: [], spent: [], ended: [] };

/** Queues that feed each other. They end together, once all inside wait for more, and so have put all they put. */
interface Loop {
  /** Who puts to it and takes from it. */
  readonly inside: readonly Vertex[];
  /** Who only puts to it. */
  readonly outside: readonly Vertex[];
}

/** By the names of their queues. */
function loopsOf(graph: Graph): ReadonlyMap<string, Loop> {
  const known = new Map<readonly QueueUse[], Loop>();
  const loops = new Map<string, Loop>();
  for (const [name, group] of feedbackGroups(graph)) {
    const loop = known.get(group) ?? loopOf(group);
    known.set(group, loop);
    loops.set(name, loop);
  }
  return loops;
}

function loopOf(group: readonly QueueUse[]): Loop {
  const takers = new Set(group.flatMap(({ consumers }) => consumers.map(({ by }) => by)));
  const putting = [...new Set(group.flatMap(({ producers }) => producers.map(({ by }) => by)))];
  return { inside: putting.filter((by) => takers.has(by)), outside: putting.filter((by) => !takers.has(by)) };
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
