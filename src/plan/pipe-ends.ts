// What a pipe between two processes asks of both of them: one of each, nothing else at the writer's stdout, no second attempt,
// and nothing that would let one of a chain start before another.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import type { ProcessDeclaration } from '../pipeline/pipeline.ts';
import type { Link } from './chains.ts';
import { type Graph, waitsFor } from './graph.ts';
import type { Instances } from './instances.ts';
import type { Vertex } from './vertex.ts';

export function checkPipeEnds(graph: Graph, instances: Instances, findings: Findings): void {
  const { links, byReader, byWriter } = graph.chains;
  for (const link of links) {
    const { writer, reader, reference } = link;
    instances.meant(writer, reference);
    const first = byWriter.get(writer);
    if (first !== undefined && first !== link) complainOfSecondReader(link, first, findings);
    checkStdout(link, findings);
    for (const end of new Set([writer, reader])) checkEnd(end, link, instances, findings);
    checkDaemons(link, findings);
  }
  complainOfRings(byReader, findings);
  for (const chain of new Set(graph.chains.of.values())) checkNeeds(chain, graph, findings);
}

function complainOfSecondReader({ writer, reader, reference }: Link, first: Link, findings: Findings): void {
  const message = `\`${reader.name}\` cannot read \`${writer.name}\` too: a pipe has one reader`;
  findings.error('pipe-ends', placeOf(reference), message, {
    hint: `let \`${writer.name}\` put its lines to a queue (\`stdout: {queue: …}\`), which many may take from`,
    related: [{ message: `\`${first.reader.name}\` reads it`, at: placeOf(first.reference) }],
  });
}

function checkStdout({ writer, reader, reference }: Link, findings: Findings): void {
  const { stdout, path } = declarationOf(writer);
  if (stdout.type === 'log') return;
  const message = `\`${reader.name}\` cannot read the stdout of \`${writer.name}\`, which goes elsewhere`;
  findings.error('pipe-ends', placeOf(reference), message, {
    hint: `take \`stdout\` off \`${writer.name}\`; a pipe has one reader`,
    related: [{ message: 'it goes here', at: keyOf([...path, 'stdout']) }],
  });
}

/** A pipe is between one process and another, and what went through it is gone. */
function checkEnd(end: Vertex, { reference }: Link, instances: Instances, findings: Findings): void {
  const { again, each, path } = declarationOf(end);
  const count = instances.idsOf(end).length;
  const related = [{ message: `\`${end.name}\` is declared here`, at: keyOf(path) }];
  if (count !== 1 && !instances.isUnknown(end)) {
    const message = `\`${end.name}\` has ${count} instances, and a pipe is between one process and another`;
    findings.error('pipe-ends', placeOf(reference), message, {
      hint: 'use a queue, which many may put to and take from',
      related,
    });
  }
  if (each !== null) {
    const message = `\`${end.name}\` is a process for each item, and a pipe is between one process and another`;
    findings.error('pipe-ends', placeOf(reference), message, { hint: 'use a queue there', related });
  }
  if (again !== null) {
    const message = `\`${end.name}\` would be started again, and what went through the pipe before is gone`;
    findings.error('pipe-ends', placeOf(reference), message, {
      hint: `take \`${end.thing.kind === 'daemon' ? 'restart' : 'retry'}\` off it, or use a queue`,
      related,
    });
  }
}

function checkDaemons({ writer, reader, reference }: Link, findings: Findings): void {
  const isDaemon = ({ thing }: Vertex) => thing.kind === 'daemon';
  if (isDaemon(writer) === isDaemon(reader)) return;
  if (isDaemon(reader)) {
    const message = `\`${reader.name}\` is a daemon, and would be stopped before it has read all that \`${writer.name}\` writes`;
    findings.error('pipe-ends', placeOf(reference), message, {
      hint: `make \`${reader.name}\` a process: it then ends after what it reads has ended`,
    });
  } else {
    const message = `\`${reader.name}\` is never told an end: it reads daemon \`${writer.name}\`, which goes on while the run lasts`;
    findings.warning('stream-never-ends', placeOf(reference), message, {
      hint: 'make it a daemon, or let it stop by itself',
      related: [{ message: `daemon \`${writer.name}\` is declared here`, at: keyOf(declarationOf(writer).path) }],
    });
  }
}

/** Each reads the next, and the last one the first. */
function complainOfRings(byReader: ReadonlyMap<Vertex, Link>, findings: Findings): void {
  const seen = new Set<Vertex>();
  for (const start of byReader.keys()) {
    const path: Link[] = [];
    const onPath = new Map<Vertex, number>();
    let at: Vertex = start;
    for (let link = byReader.get(at); link !== undefined && !seen.has(at); link = byReader.get(at)) {
      seen.add(at);
      onPath.set(at, path.length);
      path.push(link);
      at = link.writer;
    }
    const from = onPath.get(at);
    if (from !== undefined) complainOfRing(path.slice(from), findings);
  }
}

/** Longer ones are shown by their beginning. */
const mostSteps = 50;

function complainOfRing(ring: readonly Link[], findings: Findings): void {
  const shown = ring.slice(0, mostSteps);
  const [first, ...others] = shown;
  if (first === undefined) return;
  const names = [...shown.map(({ reader }) => `\`${reader.name}\` reads`), `\`${first.reader.name}\``];
  if (shown.length < ring.length) names.splice(-1, 0, `… (${ring.length - shown.length} more) …`);
  const message = `nobody would ever write a first byte: ${names.join(' ')}`;
  findings.error('dependency-cycle', placeOf(first.reference), message, {
    hint: 'take one of these out; what is to go round goes through a queue',
    related: others.map(({ reader, writer, reference }) => ({
      message: `\`${reader.name}\` reads \`${writer.name}\``,
      at: placeOf(reference),
    })),
  });
}

/** All of a chain start together, so none can wait for another. What goes round through others is a cycle. */
function checkNeeds(chain: readonly Vertex[], graph: Graph, findings: Findings): void {
  const members = new Set(chain);
  for (const member of chain) {
    for (const { to, reference } of waitsFor(member, graph)) {
      if (!members.has(to)) continue;
      const whom = to === member ? 'itself' : `\`${to.name}\``;
      const message = `\`${member.name}\` cannot need ${whom}: processes that a pipe joins are started together`;
      findings.error('pipe-ends', placeOf(reference), message, {
        hint: 'take it out: what is read ends when who writes it has ended',
        related: graph.chains.links
          .filter(({ reader, writer }) => reader === member || writer === member)
          .map((link) => ({
            message: `\`${link.reader.name}\` reads \`${link.writer.name}\``,
            at: placeOf(link.reference),
          })),
      });
    }
  }
}

function declarationOf({ thing }: Vertex): ProcessDeclaration {
  if (thing.kind === 'join') throw new Error('Internal error: a join has no streams');
  return thing.declaration;
}
