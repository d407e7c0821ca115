// What the queue graph shows to be wrong before anything has run: streams that nobody feeds, empties or ends, and processes
// that wait for each other through a queue.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import { getsOf } from '../pipeline/names.ts';
import type { Pipeline, Reference } from '../pipeline/pipeline.ts';
import { checkDeadLetters } from './dead-letter-check.ts';
import { checkFed } from './fed-check.ts';
import type { Graph, QueueUse, Use } from './graph.ts';
import { type Requirements, waitsForAll } from './requirements.ts';
import { checkDeadlock } from './stream-deadlock.ts';
import { feedbackGroups, isBounded } from './streams.ts';
import type { Vertex } from './vertex.ts';

export function checkStreams(pipeline: Pipeline, graph: Graph, requirements: Requirements, findings: Findings): void {
  const endless = endlessQueues(graph);
  const deadLetters = new Set(pipeline.queues.flatMap(({ deadLetter }) => deadLetter?.name ?? []));
  for (const use of graph.queues) {
    checkEnds(use, deadLetters, findings);
    if (endless.has(use)) checkEndless(use, findings);
    checkDeadlock(use, requirements, findings);
  }
  checkDeadLetters(graph, findings);
  const groups = feedbackGroups(graph);
  for (const group of new Set(groups.values())) checkLoop(group, findings);
  checkPipedLoops(groups, graph, findings);
  const queues = new Map(pipeline.queues.map((queue) => [queue.name, queue]));
  for (const { thing } of graph.vertices) if (thing.kind !== 'join') checkFed(thing.declaration, queues, findings);
  complainOfUnusedLocks(pipeline, findings);
}

/** That somebody puts to it, and somebody takes from it. */
function checkEnds(
  { declaration, producers, consumers, joins }: QueueUse,
  deadLetters: ReadonlySet<string>,
  findings: Findings,
): void {
  const { name, path, leftover, maxsize, ownMaxBytes, overflow } = declaration;
  // What is external is fed and emptied elsewhere, too.
  const isFed = producers.length > 0 || declaration.fed || deadLetters.has(name) || declaration.external;
  const isEmptied = consumers.length > 0 || declaration.drained || declaration.external;
  const at = keyOf(path);
  const isUsed = producers.length + consumers.length + joins.length > 0;
  if (!isUsed && (declaration.external || (!isFed && !isEmptied))) {
    findings.warning('unused', at, `queue \`${name}\` is used nowhere`, {
      hint: 'take it out, or name it in `puts` and `gets`',
    });
  } else if (!isFed) {
    findings.error('queue-without-producer', at, `nothing puts to queue \`${name}\`, so its end would come at once`, {
      hint: `add \`puts: ${name}\` to a process, or wire a \`stdout\` to it; one that whoever \`uses\` this file puts to is \`external: true\``,
      related: [...consumers, ...joins].map((use) => ({
        message: `\`${use.by.name}\` waits for it`,
        at: placeOf(use.reference),
      })),
    });
  } else if (!isEmptied) {
    findings.warning('queue-without-consumer', at, `nothing takes from queue \`${name}\``, {
      hint: `add \`gets: ${name}\` to a process, or wire a \`stdin\` to it`,
      related: producers.map((use) => ({ message: `\`${use.by.name}\` puts to it`, at: placeOf(use.reference) })),
    });
  } else if (
    consumers.length > 0 &&
    consumers.every(isDaemon) &&
    joins.length === 0 &&
    leftover !== 'ignore' &&
    !declaration.external
  ) {
    findings.warning(
      'unjoined-queue',
      at,
      `only daemons take from queue \`${name}\`, and nothing waits until it is empty`,
      {
        hint: `daemons are stopped when all else has ended; add a join with \`queues: ${name}\`, or say \`leftover: ignore\``,
      },
    );
  }
  const source = producers.find((use) => isDaemon(use) && takesNothing(use.by));
  if (
    source !== undefined &&
    isEmptied &&
    !declaration.external &&
    maxsize === 0 &&
    !ownMaxBytes &&
    overflow === 'block'
  ) {
    findings.warning(
      'unbounded-queue',
      at,
      `daemon \`${source.by.name}\` puts to queue \`${name}\` without end, and \`maxsize\` sets no limit`,
      {
        hint: 'give the queue a `maxsize`, so that the daemon waits for its consumers',
        related: [{ message: 'it puts here', at: placeOf(source.reference) }],
      },
    );
  }
}

/** Queues that never close while the run lasts: a daemon puts to them that is never told the end of anything. */
function endlessQueues({ vertices, queues }: Graph): ReadonlySet<QueueUse> {
  const takesFrom = new Map<Vertex, QueueUse[]>(vertices.map((vertex) => [vertex, []]));
  const putsTo = new Map<Vertex, QueueUse[]>(vertices.map((vertex) => [vertex, []]));
  for (const queue of queues) {
    for (const { by } of queue.consumers) takesFrom.get(by)?.push(queue);
    for (const { by } of queue.producers) putsTo.get(by)?.push(queue);
  }
  const endless = new Set<QueueUse>();
  const work = vertices.filter((vertex) => vertex.thing.kind === 'daemon' && takesFrom.get(vertex)?.length === 0);
  const seen = new Set(work);
  const byName = new Map(queues.map((queue) => [queue.declaration.name, queue]));
  for (const daemon of work) {
    // It grows while it is read: the dead letters of an endless queue never end either.
    const reached = [...(putsTo.get(daemon) ?? [])];
    for (const queue of reached) {
      if (endless.has(queue)) continue;
      endless.add(queue);
      const { deadLetter } = queue.declaration;
      const grave = deadLetter === null ? undefined : byName.get(deadLetter.name);
      if (grave !== undefined) reached.push(grave);
      for (const { by } of queue.consumers) {
        if (by.thing.kind !== 'daemon' || seen.has(by)) continue;
        seen.add(by);
        work.push(by);
      }
    }
  }
  return endless;
}

function checkEndless({ declaration: { name }, producers, consumers, joins }: QueueUse, findings: Findings): void {
  const related = producers
    .filter(isDaemon)
    .map(({ by, reference }) => ({ message: `daemon \`${by.name}\` puts to it`, at: placeOf(reference) }));
  const cause = related.length > 0 ? 'a daemon puts to it' : 'a queue whose dead letters come to it does not';
  const why = `queue \`${name}\` never ends while the run lasts, because ${cause}`;
  for (const { by, reference } of joins) {
    if (by.thing.kind !== 'join' || !waitsForAll(by.thing.declaration)) continue;
    const hint = 'make the daemon a process, or give the join a `timeout` with `on_timeout: continue`';
    findings.error('stream-never-ends', placeOf(reference), `\`${by.name}\` would wait for ever: ${why}`, {
      hint,
      related,
    });
  }
  for (const use of consumers) {
    if (isDaemon(use)) continue;
    const hint = 'make it a daemon, or let it stop by itself';
    findings.warning('stream-never-ends', placeOf(use.reference), `\`${use.by.name}\` is never told an end: ${why}`, {
      hint,
      related,
    });
  }
}

function checkLoop(group: readonly QueueUse[], findings: Findings): void {
  checkWiredLoop(group, findings);
  const [first, ...others] = group.map(({ declaration }) => declaration);
  if (first === undefined || group.some(({ declaration }) => !isBounded(declaration))) return;
  const names = group.map(({ declaration }) => `\`${declaration.name}\``).join(', ');
  const message =
    others.length === 0
      ? `queue ${names} is fed by those who take from it, and is bounded: when it is full, all of them may wait`
      : `queues ${names} feed each other, and all are bounded: when they are full, all may wait`;
  findings.warning('bounded-loop', keyOf(first.path), message, {
    hint: 'take `maxsize` off one of them',
    related: others.map(({ name, path }) => ({ message: `\`${name}\` is one of them`, at: keyOf(path) })),
  });
}

/**
 * Such a loop ends when all in it wait for more. Of a program that reads its stdin that cannot be seen, and what is on its way through the
 * pipes of a stdin or a stdout is known to nobody, so such a loop could never be told to be over. With `each` it is: an item is
 * held until its process has ended, and all that it wrote is in the queue.
 */
function checkWiredLoop(group: readonly QueueUse[], findings: Findings): void {
  const putting = new Set(group.flatMap(({ producers }) => producers.map(({ by }) => by)));
  const taking = new Set(group.flatMap(({ consumers }) => consumers.map(({ by }) => by)));
  const told = new Set<Vertex>();
  const unknowable = 'nobody could tell when that ends';
  for (const {
    declaration: { name },
    consumers,
  } of group) {
    for (const { by, reference } of consumers) {
      if (!putting.has(by) || !isWired(reference, 'stdin')) continue;
      const message = `\`${by.name}\` reads queue \`${name}\` from its stdin and puts what comes back to it: ${unknowable}`;
      told.add(by);
      findings.error('stream-never-ends', placeOf(reference), message, {
        hint: 'take the items through the SDK there (`gets`), or put what comes of them to another queue',
      });
    }
  }
  for (const {
    declaration: { name },
    producers,
  } of group) {
    for (const { by, reference } of producers) {
      if (
        !taking.has(by) ||
        told.has(by) ||
        takesEach(by) ||
        !(isWired(reference, 'stdout') || isWired(reference, 'stderr'))
      )
        continue;
      const stream = String(reference.path[2]);
      const message = `\`${by.name}\` writes queue \`${name}\` by its ${stream} and takes what comes back of it: ${unknowable}`;
      findings.error('stream-never-ends', placeOf(reference), message, {
        hint: 'put the items through the SDK there (`puts`), or write them to another queue',
      });
    }
  }
}

function takesEach({ thing }: Vertex): boolean {
  return thing.kind === 'process' && thing.declaration.each !== null;
}

/** Whether a queue is used by a stream of the process: `processes.a.stdout.queue`. */
function isWired({ path }: Reference, stream: 'stdin' | 'stdout' | 'stderr'): boolean {
  return path[2] === stream;
}

/** A loop that goes through a pipe: of who reads it cannot be seen that it waits for more. */
function checkPipedLoops(
  groups: ReadonlyMap<string, readonly QueueUse[]>,
  { chains }: Graph,
  findings: Findings,
): void {
  if (chains.links.length === 0) return;
  for (const group of new Set(groups.values())) {
    // Both ends of such a pipe reach the group and are reached from it, by queues and pipes.
    const behind = reached(group, chains.links, 'consumers');
    const before = reached(group, chains.links, 'producers');
    for (const { writer, reader, reference } of chains.links) {
      if (![writer, reader].every((end) => behind.has(end) && before.has(end))) continue;
      const names = group.map(({ declaration }) => `\`${declaration.name}\``).join(', ');
      findings.error(
        'stream-never-ends',
        placeOf(reference),
        `what \`${reader.name}\` reads of \`${writer.name}\` comes back through ${names}: nobody could tell when that ends`,
        { hint: 'put what comes of it to another queue, or let a queue take the place of the pipe' },
      );
    }
  }
}

/** Who takes from the group, or puts to it, directly or by pipes. */
function reached(
  group: readonly QueueUse[],
  links: Graph['chains']['links'],
  role: 'consumers' | 'producers',
): ReadonlySet<Vertex> {
  const found = new Set(group.flatMap((queue) => queue[role].map(({ by }) => by)));
  const next = new Map(links.map(({ writer, reader }) => (role === 'consumers' ? [writer, reader] : [reader, writer])));
  for (const each of found) {
    const to = next.get(each);
    if (to !== undefined) found.add(to);
  }
  return found;
}

function complainOfUnusedLocks({ locks, processes }: Pipeline, findings: Findings): void {
  const used = new Set(processes.flatMap((process) => [...process.locks, ...process.holds]).map(({ name }) => name));
  for (const { name, path } of locks) {
    if (used.has(name)) continue;
    const hint = `take it out, or name it in the \`locks\` of a process`;
    findings.warning('unused', keyOf(path), `lock \`${name}\` is used nowhere`, { hint });
  }
}

function isDaemon({ by }: Use): boolean {
  return by.thing.kind === 'daemon';
}

function takesNothing({ thing }: Vertex): boolean {
  return thing.kind !== 'join' && getsOf(thing.declaration).length === 0;
}
