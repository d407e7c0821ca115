// The Plan: what will happen, complete and as plain JSON. Executing needs nothing else but the runner's own
// environment, which never stands in it. Instances are expanded, durations are milliseconds, sizes are bytes,
// paths are absolute. A string that holds `${{ … }}` here is known only once the run has started.

import type { Json, NodeId, Place } from './basic.ts';
import type { Channel } from './channel.ts';

export type * from './basic.ts';
export type * from './channel.ts';

export interface Plan {
  readonly version: 1;
  readonly name: string;
  readonly description?: string;
  /** The pipeline's file; `-` for standard input. */
  readonly file: string;
  /** The folder that paths in the pipeline were resolved against. */
  readonly root: string;
  readonly params: Readonly<Record<string, Json>>;
  /** Environment variables that must be set when it runs, and whose values are shown nowhere: here they stand by name only. */
  readonly secrets: readonly string[];
  /** For the whole run; null: no limit. */
  readonly timeoutMs: number | null;
  /** What does not need what failed goes on, whatever `onFailure` says. */
  readonly keepGoing?: boolean;
  /** How many processes may run at once; null: no limit. */
  readonly slots: number | null;
  /** In an order in which each stands after all it needs. */
  readonly nodes: readonly Node[];
  readonly channels: readonly Channel[];
}

export type Node = ProcessNode | JoinNode | PipelineNode;

interface NodeBase {
  readonly id: NodeId;
  /** The name it is declared under; several instances share it. */
  readonly name: string;
  /** The sub-pipeline it belongs to; the plan's own have none. */
  readonly within?: NodeId;
  readonly at: Place;
  readonly needs: readonly Need[];
}

/**
 * One entry of `needs`. It holds when `instances` fulfil `condition`: every one of them, but for `failed`,
 * which asks for at least one. No instances at all: succeeded.
 */
export interface Need {
  readonly name: string;
  readonly instances: readonly NodeId[];
  readonly condition: Condition;
}

export type Condition = 'succeeded' | 'completed' | 'failed' | 'started' | 'ready' | 'passed';

export interface ProcessNode extends NodeBase {
  readonly kind: 'process' | 'daemon';
  /** From 1; `${{ replica }}`. */
  readonly replica: number;
  readonly matrix: Readonly<Record<string, Json>>;
  readonly launch: Launch;
  /** The folder that its paths were resolved against, where it is not the plan's. */
  readonly root?: string;
  readonly cwd: string;
  /** Everything the pipeline adds to the runner's environment, later layers already laid over earlier ones. */
  readonly env: Readonly<Record<string, string>>;
  /** What is set around the sub-pipelines that it is in, from the outermost on, and reads outputs there; lies under `env`. */
  readonly around?: readonly Around[];
  /** false: skipped. A string is an expression for when it is due. */
  readonly if: boolean | string;
  /** It is run once for each item of a queue; null: once. */
  readonly each: Each | null;
  readonly stdin: Stdin;
  readonly stdout: Output;
  readonly stderr: Output;
  /** It gets the terminal, with all three of its streams. */
  readonly tty?: true;
  readonly grants: readonly Grant[];
  /** Locks that it has from its start to its end. */
  readonly holds: readonly Held[];
  /** The names it may set while it runs, for those who need it to read. */
  readonly outputs: readonly string[];
  /** Others that it may watch, wait for and terminate. */
  readonly controls: readonly NodeId[];
  readonly timeoutMs: number | null;
  readonly stop: StopRule;
  /** Daemons have `stop`. */
  readonly onFailure: 'stop' | 'continue' | 'ignore';
  /** Exit codes that count as success, 0 always among them. */
  readonly successExitCodes: readonly number[];
  /** When those who need it ready may start; null: once it has started. */
  readonly ready: ReadyRule | null;
  /** When it is started again after it has ended; null: never. */
  readonly again: AgainRule | null;
}

export interface ReadyRule {
  readonly probe: ProbeRule;
  /** From a try that did not hold to the next. */
  readonly intervalMs: number;
  /** How long it may take. */
  readonly timeoutMs: number;
}

export type ProbeRule =
  /** A line of its output matches this expression (RE2). */
  | { readonly type: 'log'; readonly pattern: string }
  /** It answers with one of these; null: with any from 200 to 399. */
  | { readonly type: 'http'; readonly url: string; readonly statuses: readonly number[] | null }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  /** It exits 0. */
  | { readonly type: 'exec'; readonly argv: readonly string[] }
  /** It is there. */
  | { readonly type: 'file'; readonly path: string }
  /** It says so itself. */
  | { readonly type: 'sdk' };

export interface AgainRule {
  /** After a failure, or however it ended. */
  readonly policy: 'on-failure' | 'always';
  /** How often; null: without limit. */
  readonly attempts: number | null;
  readonly delayMs: number;
  /** `exponential`: the delay doubles from one to the next, up to `maxDelayMs`. */
  readonly backoff: 'constant' | 'exponential';
  readonly maxDelayMs: number;
  /** Only after these; null: after every failure. */
  readonly exitCodes: readonly number[] | null;
}

export interface Each {
  readonly queue: string;
  /** So many items at once. */
  readonly workers: number;
}

/** Variables of which the expressions are read as those of another sub-pipeline, or of the plan's own. */
export interface Around {
  readonly within?: NodeId;
  readonly env: Readonly<Record<string, string>>;
}

export type Launch =
  /** `shell` is complete but for the script, which comes as the last argument: `[sh, -eu, -c]`. */
  | { readonly type: 'shell'; readonly shell: readonly string[]; readonly script: string }
  | { readonly type: 'command'; readonly argv: readonly string[] }
  | {
      readonly type: 'target';
      readonly language: 'javascript' | 'python';
      readonly file: string;
      readonly export: string;
      readonly args: readonly Json[];
      readonly kwargs: Readonly<Record<string, Json>>;
    };

export type Stdin =
  | { readonly type: 'null' }
  | { readonly type: 'file'; readonly path: string }
  | {
      readonly type: 'queue';
      readonly queue: string;
      readonly format: 'lines' | 'json';
      readonly done: 'written' | 'exit';
    }
  /** With `each`: the item. */
  | { readonly type: 'item' }
  /** What that instance writes to its stdout, through a pipe of the kernel's: that one's `stdout` names this one. */
  | { readonly type: 'process'; readonly process: NodeId };

export type Output =
  | { readonly type: 'log' }
  | { readonly type: 'null' }
  | { readonly type: 'file'; readonly path: string; readonly append: boolean }
  | { readonly type: 'queue'; readonly queue: string; readonly format: 'lines' | 'json' }
  /** To the stdin of that instance. All that are joined so are started together. */
  | { readonly type: 'process'; readonly process: NodeId };

export interface Held {
  readonly lock: string;
  /** Beside others who do the same. */
  readonly shared: boolean;
  /** Others may have it, too, of whom the run's own order knows nothing: it waits in the lock's own line. Said when a run begins. */
  readonly contested?: boolean;
}

/** What an instance may do with a channel; anything else is refused at run time. */
export interface Grant {
  readonly channel: string;
  readonly role: 'put' | 'get' | 'lock' | 'send' | 'receive';
}

export interface StopRule {
  readonly signal: NodeJS.Signals;
  readonly graceMs: number;
}

export interface JoinNode extends NodeBase {
  readonly kind: 'join';
  readonly processes: readonly NodeId[];
  readonly queues: readonly string[];
  /** How many of `processes` must succeed: all of them and the queues, or the first so many. */
  readonly mode: 'all' | number;
  /** From the moment its `needs` hold. */
  readonly timeoutMs: number | null;
  readonly onTimeout: 'fail' | 'continue' | 'terminate';
  readonly onPass: 'nothing' | 'terminate';
}

/**
 * A sub-pipeline: begins when its needs hold, and those that are `within` it then run as a run of its own. It ends when all of
 * them have; nothing runs for itself.
 */
export interface PipelineNode extends NodeBase {
  readonly kind: 'pipeline';
  /** The file it is read from, absolute. */
  readonly file: string;
  readonly params: Readonly<Record<string, Json>>;
  /** From 1; `${{ replica }}`. */
  readonly replica: number;
  readonly matrix: Readonly<Record<string, Json>>;
  /** false: skipped, with all that is in it. A string is an expression for when it is due. */
  readonly if: boolean | string;
  /** From the moment it begins. */
  readonly timeoutMs: number | null;
  readonly onFailure: 'stop' | 'continue' | 'ignore';
}
