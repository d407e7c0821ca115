// What a process connects to the file it uses: that both sides mean the same kind of thing and agree on it, and what the process
// then puts to, takes from and locks in the eyes of its own file.
import { isDeepStrictEqual } from 'node:util';
import { type Findings, keyOf, type More, type Where } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import type {
  Connection,
  LockDeclaration,
  Pipeline,
  ProcessDeclaration,
  QueueDeclaration,
  Reference,
  UsesDeclaration,
} from '../pipeline/pipeline.ts';
import { textOfReference } from '../pipeline/reference.ts';
import type { Part, Parts, QueuePort } from './part.ts';

/** `pipeline` with what its sub-pipelines put to, take from and lock. */
export function connected(pipeline: Pipeline, parts: Parts, findings: Findings): Pipeline {
  if (parts.size === 0) return pipeline;
  const queues = new Map(pipeline.queues.map((queue) => [queue.name, queue]));
  const locks = new Map(pipeline.locks.map((lock) => [lock.name, lock]));
  const processes = pipeline.processes.map((process): ProcessDeclaration => {
    const { uses } = process;
    if (uses === null) return process;
    const part = parts.get(process.name) ?? null;
    const wiring = new Wiring(uses, part, { queues, locks }, findings);
    return { ...process, ...wiring.connect() };
  });
  return { ...pipeline, processes };
}

interface Around {
  readonly queues: ReadonlyMap<string, QueueDeclaration>;
  readonly locks: ReadonlyMap<string, LockDeclaration>;
}

type Wired = Pick<ProcessDeclaration, 'puts' | 'gets' | 'locks' | 'uses'>;

class Wiring {
  readonly #uses: UsesDeclaration;
  readonly #part: Part | null;
  readonly #around: Around;
  readonly #findings: Findings;
  readonly #puts: Reference[] = [];
  readonly #gets: Reference[] = [];
  readonly #locks: Reference[] = [];
  /** What takes whose place: by kind and name here. */
  readonly #taken = new Map<string, Connection>();

  constructor(uses: UsesDeclaration, part: Part | null, around: Around, findings: Findings) {
    this.#uses = uses;
    this.#part = part;
    this.#around = around;
    this.#findings = findings;
  }

  connect(): Wired {
    const { connections } = this.#uses;
    for (const connection of connections) {
      if (this.#part === null) this.#assume(connection);
      else this.#check(connection, this.#part);
    }
    if (this.#part !== null) this.#checkExternal(this.#part);
    const uses = { ...this.#uses, flows: this.#part === null ? null : this.#flows(this.#part) };
    return { puts: this.#puts, gets: this.#gets, locks: this.#locks, uses };
  }

  /** Of a file that could not be read: nothing more is to be found. */
  #assume({ outer }: Connection): void {
    if (this.#around.queues.has(outer.name)) {
      this.#puts.push(outer);
      this.#gets.push(outer);
    }
    if (this.#around.locks.has(outer.name)) this.#locks.push(outer);
  }

  #check(connection: Connection, part: Part): void {
    const { inner, outer } = connection;
    const { queues, locks, pipes } = part.ports;
    const name = textOfReference(outer);
    const port = queues.get(inner);
    const lock = locks.get(inner);
    if (port === undefined && lock === undefined) return this.#complainOfInner(connection, part, pipes.has(inner));
    const queueHere = this.#around.queues.get(name);
    const lockHere = this.#around.locks.get(name);
    const asQueue = port !== undefined && queueHere !== undefined;
    const asLock = lock !== undefined && lockHere !== undefined;
    if (asQueue) this.#connectQueue(connection, port, queueHere, part);
    if (asLock) this.#connectLock(connection, lock, lockHere, part);
    if (asQueue || asLock) return;
    if (name.includes('${{')) {
      const hint = 'names are written out, so that the graph is known before anything is evaluated';
      return this.#findings.error('bad-expression', placeOf(outer), 'a name cannot be an expression', { hint });
    }
    const kind = port === undefined ? 'lock' : 'queue';
    const other = queueHere ?? lockHere;
    const known = kind === 'queue' ? this.#around.queues : this.#around.locks;
    const message =
      other === undefined
        ? `there is no ${kind} \`${name}\``
        : `\`${inner}\` is a ${kind} in \`${this.#uses.file}\`, and \`${name}\` is a ${kind === 'queue' ? 'lock' : 'queue'} here`;
    this.#findings.error('unknown-name', placeOf(outer), message, {
      hint: this.#findings.didYouMean(name, known.keys()) ?? `declare it under \`${kind}s\``,
      missing: other === undefined ? { kind } : undefined,
      related: [this.#there(part, (port?.declaration ?? lock)?.path ?? [])],
    });
  }

  #complainOfInner({ inner, outer }: Connection, part: Part, isPipe: boolean): void {
    const at: Where = keyOf(outer.path);
    if (isPipe) {
      this.#findings.error(
        'bad-uses',
        at,
        `\`${inner}\` is a pipe in \`${this.#uses.file}\`, and pipes are not connected`,
        {
          hint: 'a pipe is between two processes of one file; connect two queues instead',
        },
      );
      return;
    }
    const { queues, locks } = part.ports;
    const known = [...queues.keys(), ...locks.keys()];
    const hint =
      this.#findings.didYouMean(inner, known) ??
      (known.length === 0 ? 'it has none' : `it has ${known.map((each) => `\`${each}\``).join(', ')}`);
    const message = `there is no queue or lock \`${inner}\` in \`${this.#uses.file}\``;
    this.#findings.error('unknown-name', at, message, { hint, missing: { kind: 'queue' } });
  }

  #connectQueue(connection: Connection, port: QueuePort, here: QueueDeclaration, part: Part): void {
    const { inner, outer } = connection;
    if (this.#isTaken('queue', connection)) return;
    if (port.puts) this.#puts.push(outer);
    if (port.gets) this.#gets.push(outer);
    const there = port.declaration;
    const refuse = (key: string, message: string, hint: string, code: 'connection-conflict' | 'wrong-encoding'): void =>
      this.#findings.error(code, placeOf(outer), message, {
        hint,
        related: [
          { message: `\`${inner}\` in that file`, at: keyOf([...there.path, key]), in: part.document },
          { message: `\`${here.name}\` here`, at: keyOf([...here.path, key]) },
        ],
      });
    for (const [key, code] of [
      ['encoding', 'wrong-encoding'],
      ['order', 'connection-conflict'],
    ] as const) {
      if (there[key] === here[key]) continue;
      const message = `queue \`${inner}\` has \`${key}: ${there[key]}\` in \`${this.#uses.file}\`, and \`${here.name}\` has \`${here[key]}\``;
      refuse(key, message, `the programs on both sides rely on it: give both queues the same \`${key}\``, code);
    }
    if (there.item !== null && !isDeepStrictEqual(there.item, here.item)) {
      const message = `queue \`${inner}\` promises its \`item\` in \`${this.#uses.file}\`, and \`${here.name}\` takes other items`;
      const hint =
        'only the one here is held against items: give both the same (`$ref` to one file), or take it out there';
      refuse('item', message, hint, 'connection-conflict');
    }
    for (const [key, isThere] of [
      ['from', there.fed],
      ['to', there.drained],
      ['dead_letter', there.deadLetter !== null],
    ] as const) {
      if (!isThere) continue;
      const message = `queue \`${inner}\` has a \`${key}\` of its own in \`${this.#uses.file}\`, where \`${here.name}\` is to take its place`;
      refuse(key, message, `leave it unconnected, or say \`${key}\` here`, 'connection-conflict');
    }
    if (port.isGrave && (here.item !== null || here.maxsize > 0 || here.overflow !== 'block')) {
      const message = `dead letters come to queue \`${inner}\` in \`${this.#uses.file}\`, and \`${here.name}\` does not take them as they are`;
      const hint = 'a queue for dead letters has no `item`, no `maxsize` and no `overflow`';
      refuse('maxsize', message, hint, 'connection-conflict');
    }
  }

  #connectLock(connection: Connection, there: LockDeclaration, here: LockDeclaration, part: Part): void {
    const { inner, outer } = connection;
    if (this.#isTaken('lock', connection)) return;
    this.#locks.push(outer);
    const differs = (['kind', 'reentrant', 'owned'] as const).find((key) => nature(there)[key] !== nature(here)[key]);
    if (differs === undefined) return;
    const message = `lock \`${inner}\` is another kind of lock in \`${this.#uses.file}\` than \`${here.name}\` here: \`${differs}\` differs`;
    this.#findings.error('connection-conflict', placeOf(outer), message, {
      hint: 'the programs on both sides rely on it: declare both alike (but for `permits`, `scope` and `fair`)',
      related: [this.#there(part, there.path), { message: 'declared here', at: keyOf(here.path) }],
    });
  }

  /** Whether something else of that file has it already. */
  #isTaken(kind: 'queue' | 'lock', connection: Connection): boolean {
    const key = `${kind} ${connection.outer.name}`;
    const first = this.#taken.get(key);
    if (first === undefined) {
      this.#taken.set(key, connection);
      return false;
    }
    const message = `\`${first.inner}\` and \`${connection.inner}\` cannot both be ${kind} \`${connection.outer.name}\``;
    this.#findings.error('connection-conflict', placeOf(connection.outer), message, {
      hint: 'connect one of them, and let the file use that one in both places',
      related: [{ message: 'connected here, too', at: placeOf(first.outer) }],
    });
    return true;
  }

  #checkExternal(part: Part): void {
    const named = new Set(this.#uses.connections.map(({ inner }) => inner));
    const { queues, locks } = part.ports;
    const declared = [
      ...[...queues.values()].map(({ declaration }) => ['queue', declaration] as const),
      ...[...locks.values()].map((lock) => ['lock', lock] as const),
    ];
    for (const [kind, { name, external, path }] of declared) {
      if (!external || named.has(name)) continue;
      const more: More = { hint: `add \`connect: { ${name}: … }\``, related: [this.#there(part, path)] };
      this.#findings.error(
        'not-connected',
        this.#uses.path,
        `${kind} \`${name}\` of \`${this.#uses.file}\` is not connected`,
        more,
      );
    }
  }

  #flows({ ports }: Part): readonly (readonly [string, string])[] {
    const outer = new Map(this.#uses.connections.map(({ inner, outer: { name } }) => [inner, name]));
    return [...outer].flatMap(([inner, from]) =>
      [...(ports.flows.get(inner) ?? [])].flatMap((reached): (readonly [string, string])[] => {
        const to = outer.get(reached);
        return to === undefined ? [] : [[from, to]];
      }),
    );
  }

  #there({ document }: Part, path: readonly (string | number)[]) {
    return { message: 'declared in that file', at: keyOf(path), in: document };
  }
}

/** A semaphore is a mutex of more permits; how many counts here. */
function nature({ kind, reentrant, owned }: LockDeclaration) {
  return { kind: kind === 'rw' ? 'rw' : 'mutex', reentrant, owned };
}
