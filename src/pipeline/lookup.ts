// What a name means: looks it up where names of its kind are declared, and complains where it is none, with the name that may have
// been meant, or with what it is instead.
import type { Findings, Where } from './finding.ts';
import type { JoinDeclaration, Pipeline, ProcessDeclaration, Reference } from './pipeline.ts';
import { textOfReference } from './reference.ts';

/** What a name in `needs` can mean. */
export type Thing =
  | { readonly kind: 'process' | 'daemon'; readonly declaration: ProcessDeclaration }
  | { readonly kind: 'join'; readonly declaration: JoinDeclaration };

export interface Directory {
  /** Processes, daemons and joins share one namespace. */
  readonly things: ReadonlyMap<string, Thing>;
  readonly queues: ReadonlySet<string>;
  readonly locks: ReadonlySet<string>;
  readonly pipes: ReadonlySet<string>;
}

export function directoryOf(pipeline: Pipeline): Directory {
  const things = new Map<string, Thing>();
  for (const declaration of pipeline.joins) things.set(declaration.name, { kind: 'join', declaration });
  for (const declaration of pipeline.processes) things.set(declaration.name, { kind: declaration.kind, declaration });
  const namesOf = (declared: readonly { readonly name: string }[]) => new Set(declared.map(({ name }) => name));
  return { things, queues: namesOf(pipeline.queues), locks: namesOf(pipeline.locks), pipes: namesOf(pipeline.pipes) };
}

/** The place of a name where it is used. */
export function placeOf({ path, which }: Reference): Where {
  return { path, which };
}

interface Names {
  keys(): Iterable<string>;
}

/** So many are named where none is like the one that was written. */
const FEW = 8;

/** All that there are, where they are few. */
function fewOf(names: Iterable<string>): string | undefined {
  const few: string[] = [];
  for (const name of names) if (few.push(`\`${name}\``) > FEW) return undefined;
  if (few.length === 0) return 'there is none';
  return few.length === 1 ? `there is only ${few[0]}` : `there are ${few.join(', ')}`;
}

export class Lookup {
  readonly findings: Findings;
  readonly #directory: Directory;

  constructor(directory: Directory, findings: Findings) {
    this.#directory = directory;
    this.findings = findings;
  }

  queue(reference: Reference): void {
    this.#among(this.#directory.queues, 'queue', reference);
  }

  lock(reference: Reference): void {
    this.#among(this.#directory.locks, 'lock', reference);
  }

  /** A process or a daemon that has streams of its own, as a sub-pipeline has not. */
  running(reference: Reference): Thing | undefined {
    const thing = this.runnable(reference);
    if (thing === undefined || thing.kind === 'join' || thing.declaration.uses === null) return thing;
    const hint = 'connect a queue to what is in it (`connect`)';
    const message = `\`${reference.name}\` is a sub-pipeline, not a process of its own`;
    this.findings.error('unknown-name', placeOf(reference), message, { hint });
    return undefined;
  }

  /** A process or a daemon. */
  runnable(reference: Reference): Thing | undefined {
    const thing = this.thing(reference, 'process');
    if (thing?.kind !== 'join') return thing;
    this.findings.error('unknown-name', placeOf(reference), `\`${reference.name}\` is a join, not a process`);
    return undefined;
  }

  /** What is meant by a name of the shared namespace; undefined, and a finding, where that is nothing. */
  thing(reference: Reference, expected: string): Thing | undefined {
    const thing = this.#directory.things.get(reference.name);
    if (thing === undefined) this.#complain(reference, expected, this.#directory.things);
    return thing;
  }

  #among(names: ReadonlySet<string>, kind: string, reference: Reference): void {
    if (!names.has(textOfReference(reference))) this.#complain(reference, kind, names);
  }

  #complain(reference: Reference, expected: string, known: Names): void {
    const text = textOfReference(reference);
    if (text.includes('${{')) {
      const hint = 'names are written out, so that the graph is known before anything is evaluated';
      this.findings.error('bad-expression', placeOf(reference), 'a name cannot be an expression', { hint });
      return;
    }
    const hint = this.#otherKind(text, expected) ?? this.findings.didYouMean(text, known.keys()) ?? fewOf(known.keys());
    const missing = { kind: expected === 'queue' || expected === 'lock' ? expected : 'process' } as const;
    this.findings.error('unknown-name', placeOf(reference), `there is no ${expected} \`${text}\``, { hint, missing });
  }

  /** Where the name is one of another kind: how that is used. */
  #otherKind(name: string, expected: string): string | undefined {
    const { things, queues, locks, pipes } = this.#directory;
    const thing = things.get(name);
    if (thing !== undefined) return `\`${name}\` is a ${thing.kind}`;
    if (expected !== 'queue' && queues.has(name))
      return `\`${name}\` is a queue; to wait for one, need a join with \`queues: ${name}\``;
    if (expected !== 'lock' && locks.has(name)) return `\`${name}\` is a lock`;
    if (pipes.has(name)) return `\`${name}\` is a pipe`;
    return undefined;
  }
}
