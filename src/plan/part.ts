// A pipeline's file that others use, read once however often it is used: what is known of it before anybody has given it
// anything, and what of it can be connected.
import type { Document, Path } from '../pipeline/document.ts';
import { getsOf, putsOf } from '../pipeline/names.ts';
import type { LockDeclaration, Pipeline, QueueDeclaration } from '../pipeline/pipeline.ts';
import type { PipelineFile } from '../pipeline/schema.gen.ts';

export interface Part extends Site {
  /** Absolute. */
  readonly file: string;
  /** With the values of its params unknown. */
  readonly pipeline: Pipeline;
  /** What its own processes use, by their names. */
  readonly parts: Parts;
  readonly ports: Ports;
  /** Nothing is wrong with it, whatever it is given. */
  readonly isSound: boolean;
}

/** A file, and how it was come to. */
export interface Site {
  readonly document: Document;
  readonly written: PipelineFile;
  /** The folder that its paths are resolved against. */
  readonly folder: string;
  /** From the outermost file on, itself the last. */
  readonly way: readonly Step[];
}

export interface Step {
  readonly document: Document;
  /** Null for standard input. */
  readonly realPath: string | null;
  /** Where it uses the next one; the last one has none. */
  readonly uses: Path | null;
}

/** By the name of the process that uses it; null where it could not be read, which was said then. */
export type Parts = ReadonlyMap<string, Part | null>;

/** What can be connected, by name. */
export interface Ports {
  readonly queues: ReadonlyMap<string, QueuePort>;
  readonly locks: ReadonlyMap<string, LockDeclaration>;
  readonly pipes: ReadonlySet<string>;
  /** By queue: those that what is taken from it may be put to, by whatever way; itself where it comes back. */
  readonly flows: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface QueuePort {
  readonly declaration: QueueDeclaration;
  /** Something in the file puts to it, or its dead letters come to it. */
  readonly puts: boolean;
  readonly gets: boolean;
  readonly isGrave: boolean;
}

/** `pipeline` with its own sub-pipelines connected. */
export function portsOf({ queues, locks, pipes, processes }: Pipeline): Ports {
  const put = new Set(processes.flatMap((process) => putsOf(process).map(({ name }) => name)));
  const taken = new Set(processes.flatMap((process) => getsOf(process).map(({ name }) => name)));
  const graves = new Set(queues.flatMap(({ deadLetter }) => deadLetter?.name ?? []));
  const ports = queues.map((declaration): [string, QueuePort] => {
    const { name } = declaration;
    const isGrave = graves.has(name);
    return [name, { declaration, puts: put.has(name) || isGrave, gets: taken.has(name), isGrave }];
  });
  return {
    queues: new Map(ports),
    locks: new Map(locks.map((lock) => [lock.name, lock])),
    pipes: new Set(pipes.map(({ name }) => name)),
    flows: flowsOf({ queues, processes }),
  };
}

function flowsOf({ queues, processes }: Pick<Pipeline, 'queues' | 'processes'>): Ports['flows'] {
  const next = new Map<string, Set<string>>();
  const lead = (from: string, to: string): void => {
    const known = next.get(from);
    if (known === undefined) next.set(from, new Set([to]));
    else known.add(to);
  };
  for (const { name, deadLetter } of queues) if (deadLetter !== null) lead(`queue ${name}`, `queue ${deadLetter.name}`);
  for (const process of processes) {
    if (process.uses?.flows) {
      for (const [from, to] of process.uses.flows) lead(`queue ${from}`, `queue ${to}`);
      continue;
    }
    for (const { name } of getsOf(process)) lead(`queue ${name}`, `process ${process.name}`);
    for (const { name } of putsOf(process)) lead(`process ${process.name}`, `queue ${name}`);
    if (process.stdin.type === 'process') lead(`process ${process.stdin.process.name}`, `process ${process.name}`);
  }
  return new Map(
    queues.map(({ name }) => {
      const reached = new Set(next.get(`queue ${name}`));
      // It grows while it is read.
      for (const each of reached) for (const further of next.get(each) ?? []) reached.add(further);
      return [name, new Set(queues.map((queue) => queue.name).filter((each) => reached.has(`queue ${each}`)))];
    }),
  );
}
