// What happens to the channels of a run, and who waits at them.
import type { NodeId } from '../plan/plan.ts';
import type { At } from './node-event.ts';

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

/**
 * What a node waits for. `await`: that another ends. `start`: it has not started. `slot`: nor has it, as there is no slot for it. `work`: it
 * is an `each`, and these work for it. `pass`: it is a join. `read`, `write`: at the pipe that joins its stdin or stdout to another process.
 */
export type WaitKind =
  | 'get'
  | 'put'
  | 'acquire'
  | 'join'
  | 'await'
  | 'send'
  | 'receive'
  | 'start'
  | 'slot'
  | 'work'
  | 'pass'
  | 'read'
  | 'write';

/** One thing that a process waits for. */
export interface WaitFact {
  readonly node: NodeId;
  /** `open`, and `read` and `write` where there is a `file`: at a FIFO. */
  readonly does: WaitKind | 'open';
  /** The queue, lock or pipe; null where it is none. */
  readonly channel: string | null;
  /** The FIFO. */
  readonly file?: string;
  /** For how long it has not stirred. */
  readonly forMs: number;
  /** Who could end that: who puts, takes, holds, has to end. */
  readonly on: readonly NodeId[];
  /** It is a daemon for whose end it waits: that one is stopped only once all processes have ended. */
  readonly daemon?: true;
  /** All who took a lock that belongs to nobody, where they have ended and left it taken; `on` are then those who could give it back. */
  readonly left?: readonly NodeId[];
  /** Another run on this machine has the lock, as far as is known. */
  readonly elsewhere?: true;
  /** Who stands before it in line to write, where others read the lock: it would be let in beside these. */
  readonly behind?: readonly NodeId[];
}

/** How full a queue is. */
export interface QueueFill {
  /** Items that wait, and how many may; 0: no limit. */
  readonly size: number;
  readonly maxsize: number;
  /** The same of their bytes, which have a limit always. */
  readonly bytes: number;
  readonly maxBytes: number;
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

export type ChannelEvent =
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
  | Waiting;
