// What happens to the nodes of a run, and to the items of an `each`.
import type { Json, NodeId } from '../plan/plan.ts';

/** How a node ended. `passed` is a join's success, `finished` a daemon's own end after its queues, `stopped` a daemon's or
 * process's end at the end of the run. */
export type Outcome =
  | 'succeeded'
  | 'failed'
  | 'timed_out'
  | 'terminated'
  | 'skipped'
  | 'cancelled'
  | 'passed'
  | 'finished'
  | 'stopped';

export interface At {
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface NodeStarted extends At {
  readonly type: 'node.started';
  readonly node: NodeId;
  /** Null for a join, which begins to wait. */
  readonly pid: number | null;
  /** It has the terminal until it ends. */
  readonly terminal?: true;
  /** Where it is not its first attempt: the number of this one. */
  readonly attempt?: number;
}

/** An attempt has ended, and another follows: of a process (`retry`), or of a daemon (`restart`). */
export interface NodeAgain extends At {
  readonly type: 'node.retrying' | 'node.restarting';
  readonly node: NodeId;
  /** The number of the attempt that follows; the first is 1. */
  readonly attempt: number;
  /** How long until then. */
  readonly delayMs: number;
  /** How the last one ended. */
  readonly outcome: Outcome;
  /** N, or -N where signal N ended it; null where it could not be started. */
  readonly exitcode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly cause?: string;
}

/** Its probe holds: those who need it ready may start. After a restart it comes again. */
export interface NodeReady extends At {
  readonly type: 'node.ready';
  readonly node: NodeId;
  /** From the start of this attempt. */
  readonly afterMs: number;
}

/** Bytes a process wrote, in order for each stream; not cut at lines. */
export interface NodeOutput extends At {
  readonly type: 'node.output';
  readonly node: NodeId;
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** It has set one of its outputs; the last value of a name counts, and what the last attempt set. */
export interface NodeOutputSet extends At {
  readonly type: 'node.output_set';
  readonly node: NodeId;
  readonly name: string;
  readonly value: Json;
}

/** It is told to end: by its `stop` rule, or at once. */
export interface NodeStopping extends At {
  readonly type: 'node.stopping';
  readonly node: NodeId;
  readonly signal: NodeJS.Signals;
  readonly reason: string;
}

/** Processes that its leader had left running were killed. */
export interface NodeLeaked extends At {
  readonly type: 'node.leaked';
  readonly node: NodeId;
  readonly pids: readonly number[];
}

export interface NodeEnded extends At {
  readonly type: 'node.ended';
  readonly node: NodeId;
  readonly outcome: Outcome;
  /** N, or -N where signal N ended it; null where it never ran. */
  readonly exitcode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From the start of its first attempt. */
  readonly durationMs: number;
  /** How many attempts it had, where that was more than one. */
  readonly attempts?: number;
  /** Why, in one sentence, where the outcome does not say it all. */
  readonly cause?: string;
  /** What it has set, where it has outputs. */
  readonly outputs?: Readonly<Record<string, Json>>;
  /** The last bytes of its stderr as text, where it failed. */
  readonly stderrTail?: string;
}

/** With `each`: a process was started for an item of the queue. */
export interface ItemStarted extends At {
  readonly type: 'item.started';
  readonly node: NodeId;
  /** What the process is called: `NAME.w1`. */
  readonly worker: NodeId;
  /** Counted from 0 in the order in which this `each` got them. */
  readonly item: number;
  readonly pid: number;
  /** How the item begins. */
  readonly preview: string;
  /** Where it is not the first. */
  readonly attempt?: number;
}

/** With `each`: the process of an item has ended, and it is known what becomes of the item. */
export interface ItemEnded extends At {
  readonly type: 'item.ended';
  readonly node: NodeId;
  readonly worker: NodeId;
  readonly item: number;
  /** `back`: it goes back into the queue. `dead`: it goes to the queue's dead letters. */
  readonly fate: 'done' | 'back' | 'dead';
  /** How its last process ended; `skipped` where `if` is false for it. */
  readonly outcome: Outcome;
  readonly exitcode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** 0 where no process was started for it. */
  readonly attempts: number;
  readonly durationMs: number;
  readonly preview: string;
  readonly cause?: string;
  readonly stderrTail?: string;
}

export type NodeEvent =
  | NodeStarted
  | NodeAgain
  | NodeReady
  | NodeOutput
  | NodeOutputSet
  | NodeStopping
  | NodeLeaked
  | NodeEnded
  | ItemStarted
  | ItemEnded;
