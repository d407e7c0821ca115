// The Pipeline: what the author wrote, checked and with every short form written out. Expressions are parsed and not yet
// evaluated, but for those that are read when the file is; everything knows its path, so that a finding can point at it.
import type { Document, Path } from './document.ts';
import type { Environment, EnvironmentLayer } from './environment.ts';
import type { Scope } from './evaluate.ts';
import type { Formula } from './formula.ts';
import type { Json } from './json.ts';

export interface Pipeline {
  readonly document: Document;
  /** Paths in the pipeline are resolved against this folder. */
  readonly root: string;
  readonly name: string;
  readonly description: string | null;
  readonly params: Readonly<Record<string, Json>>;
  readonly timeoutMs: number | null;
  /** How many processes may run at once; null: no limit. */
  readonly slots: number | null;
  /** Names of environment variables that must not be seen. */
  readonly secrets: readonly string[];
  /** What `env_file` and `env` of the whole file set. */
  readonly environment: Environment;
  /** What expressions may use anywhere in the file: its params and its environment. */
  readonly scope: Scope;
  readonly queues: readonly QueueDeclaration[];
  readonly locks: readonly LockDeclaration[];
  readonly pipes: readonly PipeDeclaration[];
  /** Processes and daemons, in the order of the file. */
  readonly processes: readonly ProcessDeclaration[];
  readonly joins: readonly JoinDeclaration[];
}

/** Another file that a process uses. */
export interface UsesDeclaration {
  readonly path: Path;
  /** As it is written. */
  readonly file: string;
  readonly with: readonly (readonly [string, Formula])[];
  readonly connections: readonly Connection[];
  /**
   * From which queue here to which what goes into it may come out; known once the file is read, and null where it could not be.
   */
  readonly flows: readonly (readonly [string, string])[] | null;
}

export interface Connection {
  /** Its name in that file; the key at `outer.path`. */
  readonly inner: string;
  readonly outer: Reference;
}

interface Declared {
  readonly name: string;
  readonly path: Path;
}

/** What is said of a queue, or follows from its being silent, whoever uses it. */
export interface QueueSettings {
  readonly order: 'fifo' | 'lifo' | 'priority' | 'deque';
  /** How many items may wait; 0: no limit. */
  readonly maxsize: number;
  readonly maxBytes: number;
  /** What a put to a full queue does. */
  readonly overflow: 'block' | 'drop_oldest' | 'drop_newest' | 'fail';
  /** What an item's bytes are. */
  readonly encoding: 'json' | 'text' | 'bytes' | 'pickle';
  /** The JSON Schema of its items, with all that it refers to; null: none, or, as it is declared, a broken one. */
  readonly item: Json | null;
  readonly confirm: boolean;
  readonly delivery: 'at-least-once' | 'at-most-once';
  /** How often an item may be delivered. */
  readonly attempts: number;
  readonly leftover: 'fail' | 'warn' | 'ignore';
}

export interface QueueDeclaration extends Declared, QueueSettings {
  /** `maxBytes` was written down, not the default. */
  readonly ownMaxBytes: boolean;
  /** The runner puts to it (`from`), or takes from it (`to`), whether or not it is known what. */
  readonly fed: boolean;
  readonly drained: boolean;
  /** Null where it has none, or where that is broken. */
  readonly from: OriginDeclaration | null;
  readonly to: DestinationDeclaration | null;
  readonly deadLetter: Reference | null;
  /** It comes from the pipeline that uses this file. */
  readonly external: boolean;
}

/** What the runner puts to a queue. */
export type OriginDeclaration =
  | { readonly type: 'values'; readonly path: Path; readonly values: readonly Json[] }
  /** `file` is absolute. */
  | { readonly type: 'lines' | 'json'; readonly path: Path; readonly file: string }
  /** What it matches is looked for from `folder`. */
  | { readonly type: 'glob'; readonly path: Path; readonly pattern: string; readonly folder: string };

/** Where the runner writes what is left in a queue. */
export interface DestinationDeclaration {
  readonly type: 'lines' | 'json';
  readonly path: Path;
  /** Absolute. */
  readonly file: string;
}

export interface LockDeclaration extends Declared {
  readonly kind: 'mutex' | 'semaphore' | 'rw';
  readonly permits: number;
  readonly reentrant: boolean;
  readonly owned: boolean;
  readonly scope: 'run' | 'host';
  readonly strict: boolean;
  /** It comes from the pipeline that uses this file. */
  readonly external: boolean;
}

export interface PipeDeclaration extends Declared {
  readonly ends: readonly Reference[];
  /** Both may send; false: the first end sends, the second receives. */
  readonly duplex: boolean;
  readonly encoding: 'json' | 'text' | 'bytes' | 'pickle';
}

/** A name as it is used. */
export interface Reference {
  /** Without the number. */
  readonly name: string;
  /** 2 of `chef.2`; null: all of its instances. */
  readonly instance: number | null;
  readonly path: Path;
  /** In a map the name is the key. */
  readonly which: 'key' | 'value';
}

export type ConditionName = 'succeeded' | 'completed' | 'failed' | 'started' | 'ready' | 'passed';

/** A lock that is held as long as the process runs. */
export interface HoldDeclaration extends Reference {
  /** With others who read. */
  readonly shared: boolean;
}

export interface NeedDeclaration {
  readonly reference: Reference;
  /** Null: what the kind of thing has by default. */
  readonly condition: ConditionName | null;
}

export interface ProcessDeclaration extends Declared {
  readonly kind: 'process' | 'daemon';
  /** Null where it is broken, which was said already. */
  readonly launch: LaunchDeclaration | null;
  /** A sub-pipeline; then `launch` is null. */
  readonly uses: UsesDeclaration | null;
  readonly needs: readonly NeedDeclaration[];
  readonly if: Formula | null;
  readonly puts: readonly Reference[];
  readonly gets: readonly Reference[];
  readonly locks: readonly Reference[];
  /** From before it starts until nothing of it is left. */
  readonly holds: readonly HoldDeclaration[];
  readonly controls: readonly Reference[];
  readonly each: Reference | null;
  /** How many items of `each` at once. */
  readonly workers: number;
  readonly stdin: StdinDeclaration;
  readonly stdout: OutputDeclaration;
  readonly stderr: OutputDeclaration;
  /** It gets the terminal. */
  readonly tty: boolean;
  /** Null where it is not given. Without this and `matrix` there is one instance, under its bare name. */
  readonly replicas: number | null;
  readonly matrix: Matrix | null;
  /** How many instances there are is not known, because `replicas` or `matrix` is broken. */
  readonly countBroken: boolean;
  readonly cwd: Formula | null;
  /** In the order in which they are laid over the file's environment. */
  readonly environment: readonly EnvironmentLayer[];
  readonly timeout: Formula | null;
  readonly stop: { readonly signal: NodeJS.Signals; readonly grace: Formula | null };
  readonly successExitCodes: readonly number[];
  readonly onFailure: 'stop' | 'continue' | 'ignore';
  /** When it is ready; null: once it has started. */
  readonly ready: ReadyDeclaration | null;
  /** Null where it is never started again. */
  readonly again: AgainDeclaration | null;
  readonly outputs: readonly string[];
}

export interface ReadyDeclaration {
  readonly path: Path;
  readonly probe: ProbeDeclaration;
  readonly interval: Formula | null;
  readonly timeout: Formula | null;
}

export type ProbeDeclaration =
  | { readonly type: 'log' | 'tcp' | 'exec' | 'file'; readonly value: Formula }
  | { readonly type: 'http'; readonly value: Formula; readonly statuses: readonly number[] | null }
  | { readonly type: 'sdk' };

/** When it is started again after it has ended. */
export interface AgainDeclaration {
  /** Where that is said. */
  readonly path: Path;
  readonly policy: 'on-failure' | 'always';
  /** How often; null: without limit. */
  readonly attempts: number | null;
  readonly delay: Formula | null;
  readonly defaultDelayMs: number;
  readonly backoff: 'constant' | 'exponential';
  readonly maxDelay: Formula | null;
  readonly defaultMaxDelayMs: number;
  /** Only after these; null: after every failure. */
  readonly exitCodes: readonly number[] | null;
}

export type LaunchDeclaration =
  | { readonly type: 'shell'; readonly shell: Formula; readonly script: string }
  | { readonly type: 'command'; readonly argv: Formula }
  | { readonly type: 'target'; readonly target: Formula; readonly args: Formula; readonly kwargs: Formula };

export type StdinDeclaration =
  | { readonly type: 'null' }
  | { readonly type: 'file'; readonly file: Formula }
  | {
      readonly type: 'queue';
      readonly queue: Reference;
      readonly format: 'lines' | 'json';
      readonly done: 'written' | 'exit';
    }
  /** The stdout of that process. */
  | { readonly type: 'process'; readonly process: Reference };

export type OutputDeclaration =
  | { readonly type: 'log' }
  | { readonly type: 'null' }
  | { readonly type: 'file'; readonly file: Formula; readonly append: boolean }
  | { readonly type: 'queue'; readonly queue: Reference; readonly format: 'lines' | 'json' };

export interface Matrix {
  readonly path: Path;
  /** In the order of the file; the last one varies fastest. */
  readonly axes: readonly { readonly key: string; readonly values: readonly Json[] }[];
  readonly include: readonly Readonly<Record<string, Json>>[];
  readonly exclude: readonly Readonly<Record<string, Json>>[];
}

export interface JoinDeclaration extends Declared {
  readonly processes: readonly Reference[];
  readonly queues: readonly Reference[];
  readonly mode: 'all' | number;
  readonly needs: readonly NeedDeclaration[];
  readonly timeoutMs: number | null;
  readonly onTimeout: 'fail' | 'continue' | 'terminate';
  readonly onPass: 'nothing' | 'terminate';
}
