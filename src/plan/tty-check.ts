// What does not go with `tty`: one process at a time has the terminal, with all three of its streams.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import type { Path } from '../pipeline/document.ts';
import type { ProcessDeclaration } from '../pipeline/pipeline.ts';
import type { Graph } from './graph.ts';
import type { Instances } from './instances.ts';
import type { Requirements } from './requirements.ts';
import type { Vertex } from './vertex.ts';

export function checkTerminals(
  graph: Graph,
  requirements: Requirements,
  instances: Instances,
  findings: Findings,
): void {
  const holders = graph.vertices.flatMap((vertex) => {
    const { thing } = vertex;
    return thing.kind !== 'join' && thing.declaration.tty ? [{ vertex, process: thing.declaration }] : [];
  });
  for (const { vertex, process } of holders) {
    checkAlone(process, instances.idsOf(vertex).length, findings);
    checkStreams(process, findings);
    const reader = graph.chains.byWriter.get(vertex)?.reader.thing;
    if (reader && reader.kind !== 'join') complainOfReader(process, reader.declaration, findings);
  }
  for (const [at, { vertex, process }] of holders.entries()) {
    const other = holders.slice(0, at).find((before) => mayMeet(before.vertex, vertex, requirements));
    if (other) complainOfBoth(other.process, process, findings);
  }
}

/** Neither has ended before the other can start. */
function mayMeet(one: Vertex, other: Vertex, requirements: Requirements): boolean {
  return !requirements.endedBefore(one).has(other) && !requirements.endedBefore(other).has(one);
}

function complainOfBoth(one: ProcessDeclaration, other: ProcessDeclaration, findings: Findings): void {
  findings.error('tty-conflict', ttyOf(other), `\`${one.name}\` and \`${other.name}\` may want the terminal at once`, {
    hint: `let one of them need the other: \`needs: ${one.name}\``,
    related: [{ message: `\`${one.name}\` wants it here`, at: ttyOf(one) }],
  });
}

function checkAlone({ kind, name, path, each }: ProcessDeclaration, count: number, findings: Findings): void {
  const refuse = (message: string, hint: string): void =>
    findings.error('tty-conflict', ttyOf({ path }), message, { hint });
  if (kind === 'daemon')
    refuse(`daemon \`${name}\` would have the terminal as long as the run lasts`, 'only a process can have it');
  else if (each !== null)
    refuse(`\`${name}\` runs once for every item, and may do so at once`, 'take `tty` out, or take `each` out');
  else if (count > 1)
    refuse(`the ${count} instances of \`${name}\` would want the terminal at once`, 'only one process can have it');
}

function checkStreams({ path, stdin, stdout, stderr, ready }: ProcessDeclaration, findings: Findings): void {
  const wired = [
    ['stdin', stdin.type !== 'null'],
    ['stdout', stdout.type !== 'log'],
    ['stderr', stderr.type !== 'log'],
  ] as const;
  for (const [key, isWired] of wired)
    if (isWired)
      findings.error('tty-conflict', keyOf([...path, key] as Path), `with \`tty\`, \`${key}\` is the terminal`, {
        hint: `take \`${key}\` out, or take \`tty\` out`,
        related: [{ message: 'it wants the terminal here', at: ttyOf({ path }) }],
      });
  if (ready?.probe.type === 'log')
    findings.error('tty-conflict', keyOf([...path, 'ready'] as Path), 'what a process with `tty` prints is in no log', {
      hint: 'use another probe',
    });
}

function complainOfReader(writer: ProcessDeclaration, reader: ProcessDeclaration, findings: Findings): void {
  findings.error('tty-conflict', ttyOf(writer), 'with `tty`, `stdout` is the terminal', {
    hint: 'take `tty` out, or let nobody read it',
    related: [{ message: `\`${reader.name}\` reads it here`, at: keyOf([...reader.path, 'stdin'] as Path) }],
  });
}

function ttyOf({ path }: Pick<ProcessDeclaration, 'path'>) {
  return keyOf([...path, 'tty']);
}
