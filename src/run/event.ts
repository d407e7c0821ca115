// The one list of all that can happen in a run. Events carry ids and facts, never live objects; every reporter
// reads these and nothing else. All but `output` are written to events.ndjson as they stand here (the bytes of
// `output` are in logs/).
import type { Containment } from './containment.ts';
import type { Json, NodeId, Plan } from '../plan/plan.ts';

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

interface At {
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** The first event. */
export interface RunStarted extends At {
  readonly type: 'run.started';
  readonly version: 1;
  readonly runId: string;
  readonly runDir: string;
  readonly pid: number;
  readonly plan: Plan;
}

/** By which means nothing of the run is left behind. */
export interface RunContained extends At, Containment {
  readonly type: 'run.contained';
}

/** Nothing new starts from here on; what runs is being stopped. */
export interface RunStopping extends At {
  readonly type: 'run.stopping';
  readonly reason: string;
  readonly node?: NodeId;
}

/** Everything was stopped (Ctrl-Z), and no time limit runs. */
export interface RunPaused extends At {
  readonly type: 'run.paused';
}

/** All goes on. */
export interface RunResumed extends At {
  readonly type: 'run.resumed';
  readonly pausedMs: number;
}

/** The last event. */
export interface RunEnded extends At {
  readonly type: 'run.ended';
  readonly exitCode: number;
  readonly durationMs: number;
  /** One sentence. */
  readonly reason: string;
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
  readonly attempts: number;
  readonly durationMs: number;
  readonly preview: string;
  readonly cause?: string;
  readonly stderrTail?: string;
}

/** Its last producer has ended (`aborted`: one of them failed). */
export interface QueueClosed extends At {
  readonly type: 'queue.closed';
  readonly queue: string;
  readonly aborted: boolean;
}

/** Closed, and every item done. */
export interface QueueDrained extends At {
  readonly type: 'queue.drained';
  readonly queue: string;
}

/** What its `from` says is in; `whole` is false where it is not all of that, and `reason` says why. */
export interface QueueSupplied extends At {
  readonly type: 'queue.supplied';
  readonly queue: string;
  readonly items: number;
  readonly whole: boolean;
  readonly reason?: string;
}

/** The file of its `to` is whole and has its name; `whole` is false where it is not, and still called `NAME.partial`. */
export interface QueueRecorded extends At {
  readonly type: 'queue.recorded';
  readonly queue: string;
  readonly path: string;
  readonly items: number;
  readonly whole: boolean;
  readonly reason?: string;
}

/** Items came back, because who held them ended without having done them. */
export interface QueueRedelivered extends At {
  readonly type: 'queue.redelivered';
  readonly queue: string;
  readonly node: NodeId;
  readonly count: number;
}

/** Items that were delivered as often as they may be and never done have gone to another queue. */
export interface QueueDeadLettered extends At {
  readonly type: 'queue.dead_lettered';
  readonly queue: string;
  /** Who had them last. */
  readonly node: NodeId;
  readonly count: number;
  /** Where they are now. */
  readonly deadLetter: string;
  readonly reason: string;
}

/** Once for each queue, at the end. */
export interface QueueCounted extends At {
  readonly type: 'queue.counted';
  readonly queue: string;
  readonly counts: QueueCounts;
}

export interface QueueCounts {
  readonly put: number;
  readonly taken: number;
  readonly done: number;
  readonly redelivered: number;
  readonly dead_lettered: number;
  readonly dropped: number;
  readonly left_over: number;
  /** How many of `put` went from one process to the other over a direct lane. */
  readonly direct: number;
  /** The most items that ever waited at once. */
  readonly peak: number;
}

/** Once for each pipe, at the end. */
export interface PipeCounted extends At {
  readonly type: 'pipe.counted';
  readonly pipe: string;
  readonly counts: PipeCounts;
}

/** By the end that sent: what the other has not received was sent to nobody. */
export type PipeCounts = Readonly<Record<NodeId, { readonly sent: number; readonly received: number }>>;

/** The owner died holding it; the next owner is told. */
export interface LockAbandoned extends At {
  readonly type: 'lock.abandoned';
  readonly lock: string;
  readonly node: NodeId;
}

/** A process broke the protocol or used what it was not granted, and its connection was closed. */
export interface ClientRefused extends At {
  readonly type: 'client.refused';
  readonly node: NodeId | null;
  readonly reason: string;
}

/** One thing that a process waits for. */
export interface WaitFact {
  readonly node: NodeId;
  /** `await`: that another ends. `start`: it has not started. `work`: it is an `each`, and these work for it. `pass`: it is a join. */
  readonly does: 'get' | 'put' | 'acquire' | 'join' | 'await' | 'send' | 'receive' | 'start' | 'work' | 'pass';
  /** The queue, lock or pipe; null where it is none. */
  readonly channel: string | null;
  /** For how long it has not stirred. */
  readonly forMs: number;
  /** Who could end that: who puts, takes, holds, has to end. */
  readonly on: readonly NodeId[];
  /** All who took a lock that belongs to nobody, where they have ended and left it taken; `on` are then those who could give it back. */
  readonly left?: readonly NodeId[];
}

/** How full a queue is. */
export interface QueueFill {
  /** Items that wait, and how many may; 0: no limit. */
  readonly size: number;
  readonly maxsize: number;
  /** Put and not done, and of these those that somebody has taken. */
  readonly unfinished: number;
  readonly held: number;
}

/** Who waits here can never go on: all who could help wait too. The run ends. */
export interface Deadlock extends At {
  readonly type: 'deadlock';
  /** Each waits for the next, and the last for the first; empty where nobody could help at all. */
  readonly circle: readonly NodeId[];
  /** The circle first, then who waits for it. */
  readonly waits: readonly WaitFact[];
  /** The queues that they wait at. */
  readonly queues: Readonly<Record<string, QueueFill>>;
}

/** These have been waiting for long. They may yet go on: it is not certain that nothing else runs. */
export interface Stalled extends At {
  readonly type: 'stalled';
  readonly waits: readonly WaitFact[];
  readonly queues: Readonly<Record<string, QueueFill>>;
}

/** The first in line have stood there for long: for a slot, or for a lock of those that processes hold. Told ever more rarely. */
export interface Waiting extends At {
  readonly type: 'waiting';
  /** In order. Each `start`s once it is let in; `channel` is the lock that it lacks, if it is one; `on` are those who have that or the
   * slots, or who have to be there, too. */
  readonly waits: readonly WaitFact[];
  /** How many stand in line besides. */
  readonly behind: number;
}

/** Something went wrong that does not fail the run by itself. */
export interface Warning extends At {
  readonly type: 'warning';
  readonly message: string;
  readonly node?: NodeId;
  readonly queue?: string;
}

export type Event =
  | RunStarted
  | RunContained
  | RunStopping
  | RunPaused
  | RunResumed
  | RunEnded
  | NodeStarted
  | NodeReady
  | NodeOutput
  | NodeOutputSet
  | NodeStopping
  | NodeLeaked
  | NodeAgain
  | NodeEnded
  | ItemStarted
  | ItemEnded
  | QueueClosed
  | QueueDrained
  | QueueSupplied
  | QueueRecorded
  | QueueRedelivered
  | QueueDeadLettered
  | QueueCounted
  | PipeCounted
  | LockAbandoned
  | ClientRefused
  | Deadlock
  | Stalled
  | Waiting
  | Warning;
