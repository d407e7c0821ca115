// What the runner and its broker process say to each other, beside the wire that the children speak.
// The runner knows processes, the broker knows channels: the runner says who runs, who is gone and how they ended; the
// broker says what has become of the channels. Plain data, over the IPC channel of the broker's process.
import type { Channel, Json, NodeId } from '../plan/plan.ts';
import type { Speaker } from '../plan/speakers.ts';
import type { Deadlock, PipeCounts, QueueCounts, Stalled } from '../run/event.ts';
import type { Outlook, Suspect } from './suspicion.ts';

/** Runner to broker. The first one is `open`. Those with `request` are answered by the `answer` of that number. */
export type Command =
  | {
      readonly type: 'open';
      readonly socket: string;
      readonly runId: string;
      /** Hex; the key that tokens are made with. */
      readonly key: string;
      readonly channels: readonly Channel[];
      /** Instances that may connect, beside those that the channels name, and what they may say that is about no channel. */
      readonly speakers?: readonly Speaker[];
      /** Those that may be started again after they have ended: what one attempt closes, the next may put to. */
      readonly again?: readonly NodeId[];
      /** How long a deadlock must have lasted to be one; 0: none is looked for. */
      readonly deadlockMs: number;
      readonly daemons: readonly NodeId[];
      /** Those that a pipe of the kernel's joins to others: they may wait there, and nobody says so. */
      readonly piped?: readonly NodeId[];
      /** For tests: so many items within a short time make a queue's lane worth while. */
      readonly laneItems?: number;
    }
  /** The process runs, as this pid: sessions of that pid are settled by `gone` and `settle`, not by their connection's end. */
  | { readonly type: 'started'; readonly node: NodeId; readonly pid: number | null }
  /** Feeds the FIFO at `path` from a queue; answered once it is open. */
  | {
      readonly type: 'feed';
      readonly request: number;
      readonly node: NodeId;
      readonly queue: string;
      readonly path: string;
      readonly format: 'lines' | 'json';
      readonly done: 'written' | 'exit';
    }
  /** The runner takes from `queue` for `node`, an `each`, from now on, once it has said how much. `workers` are the instances that its
   * items' processes are, where these use channels. Items of at most so many bytes are told to it. */
  | {
      readonly type: 'each';
      readonly node: NodeId;
      readonly queue: string;
      readonly workers: readonly NodeId[];
      readonly most: number;
    }
  /** So many more of its workers are free; null: it takes no more. */
  | { readonly type: 'take'; readonly node: NodeId; readonly count: number | null }
  /** What became of an item that was `given`. */
  | { readonly type: 'finished'; readonly node: NodeId; readonly ticket: number; readonly fate: ItemFate }
  /** Writes such an item into the FIFO at `path`; answered once it is open. */
  | {
      readonly type: 'pour';
      readonly request: number;
      readonly node: NodeId;
      readonly ticket: number;
      readonly path: string;
    }
  /** Puts what comes out of the FIFO at `path` to a queue; answered once it is open. */
  | {
      readonly type: 'collect';
      readonly request: number;
      readonly node: NodeId;
      readonly stream: 'stdout' | 'stderr';
      readonly queue: string;
      readonly path: string;
      readonly format: 'lines' | 'json';
    }
  /** Takes these locks for a process that is about to start; answered by their fences once it has them all, or by null where it was
   * told to `unhold` before, or with `atOnce` where it cannot have them all now. It has them until it is settled, or recovers. */
  | {
      readonly type: 'hold';
      readonly request: number;
      readonly node: NodeId;
      readonly locks: readonly { readonly lock: string; readonly shared: boolean }[];
      readonly atOnce: boolean;
    }
  /** It does not start: what was taken so for it goes back, and it waits for no more. */
  | { readonly type: 'unhold'; readonly node: NodeId }
  /** Nothing of its process tree is alive. Answered by an `Account` once all it had said and written has been worked
   * through; that may wait for room in a queue, with `abandon` only as long as some comes. */
  | { readonly type: 'gone'; readonly request: number; readonly node: NodeId; readonly abandon: boolean }
  /** How it ended for good. What it held is done or goes back, its locks are free, its streams end or break. Also for
   * nodes that never started. */
  | {
      readonly type: 'settle';
      readonly node: NodeId;
      readonly held: 'done' | 'back';
      readonly stream: 'end' | 'abort';
      /** Whether it succeeded: the last consumer's success decides what becomes of what is left. */
      readonly succeeded: boolean;
      /** How it ended, where that was no success, to be said after its name. */
      readonly how?: string | undefined;
      /** That was no success, and still its regular end: what its locks guard is whole. */
      readonly orderly?: boolean | undefined;
    }
  /** An attempt has ended, and the instance is started again: what it held goes back, its locks are free, and its streams stay
   * open. Whoever speaks for that attempt is not heard any more. */
  | { readonly type: 'recover'; readonly node: NodeId; readonly how: string }
  /** Puts what `from` says, and takes what `to` does. Answered once it is known which files can be read and written. */
  | { readonly type: 'begin'; readonly request: number }
  /** The run stops: nothing more of `from` is put. */
  | { readonly type: 'abandon' }
  /** Answered once all of `from` is in and all files of `to` are whole, or have been given up; `atOnce`: now. */
  | { readonly type: 'finish'; readonly request: number; readonly atOnce: boolean }
  /** Answered by `Counts`. */
  | { readonly type: 'count'; readonly request: number }
  /** The run is interrupted: who has waited for long is to be told, as `stalled`. */
  | { readonly type: 'waits' }
  /** One that somebody may control has ended for good. */
  | { readonly type: 'ended'; readonly node: NodeId; readonly exitcode: number | null }
  /** The errand of that number is done. */
  | { readonly type: 'done'; readonly errand: number }
  /** Answers `suspects`. */
  | { readonly type: 'outlook'; readonly request: number; readonly outlook: Outlook }
  /** The run is paused: no time passes. */
  | { readonly type: 'pause' }
  /** It goes on. Answered once time passes again. */
  | { readonly type: 'resume'; readonly request: number }
  /** Ends the broker. */
  | { readonly type: 'close' };

/** Broker to runner. */
export type Notice =
  | { readonly type: 'listening' }
  | {
      readonly type: 'answer';
      readonly request: number;
      readonly value?: Account | Counts | readonly Fence[] | null;
      readonly error?: string;
      /** Where it is an error of the system's, and not a mistake of ours. */
      readonly code?: string;
    }
  /** It says that it is ready. */
  | { readonly type: 'ready'; readonly node: NodeId }
  /** The last producer has ended. */
  | { readonly type: 'closed'; readonly queue: string; readonly aborted: boolean }
  /** Closed (and not aborted), and every item done: a join on it holds. Repeated never. */
  | { readonly type: 'drained'; readonly queue: string }
  /** It can never drain: it is aborted, or items are left and no consumer is. */
  | { readonly type: 'stranded'; readonly queue: string; readonly reason: string }
  | { readonly type: 'redelivered'; readonly queue: string; readonly node: NodeId; readonly count: number }
  /** An item was delivered `attempts` times and never done; it is left over, and the run fails. */
  | { readonly type: 'exhausted'; readonly queue: string; readonly node: NodeId }
  /** So many items of its `from` are in, and no more will be. With a `reason` these are not all; `fails` is how that fails the run. */
  | {
      readonly type: 'supplied';
      readonly queue: string;
      readonly items: number;
      readonly reason: string | null;
      readonly fails: 'now' | 'later' | 'no';
    }
  /** So many items are in the file of its `to`, and no more will be. With a `reason` it is not whole, and `NAME.partial`. */
  | {
      readonly type: 'recorded';
      readonly queue: string;
      readonly path: string;
      readonly items: number;
      readonly reason: string | null;
      readonly fails: 'now' | 'later' | 'no';
    }
  /** Items that were delivered `attempts` times and never done have gone to the queue of dead letters. */
  | {
      readonly type: 'dead_lettered';
      readonly queue: string;
      readonly node: NodeId;
      readonly count: number;
      readonly deadLetter: string;
      readonly reason: string;
    }
  /** An item for a worker of an `each`: `content` is null where it is too large to be told. */
  | {
      readonly type: 'given';
      readonly node: NodeId;
      readonly ticket: number;
      /** In bytes, as its program gets it. */
      readonly size: number;
      /** Its content is a text as it is, and not a value in JSON. */
      readonly isText: boolean;
      readonly content: { readonly text: string } | { readonly base64: string } | null;
      /** How it begins. */
      readonly preview: string;
    }
  /** The queue of an `each` has ended, or, `aborted`, broken off, and all that was given is done with. */
  | { readonly type: 'ran-out'; readonly node: NodeId; readonly aborted: boolean }
  /** Both ends of its lane have ended, and what last went over it is in no count. */
  | { readonly type: 'untold'; readonly queue: string }
  | { readonly type: 'abandoned'; readonly lock: string; readonly node: NodeId }
  /** Somebody broke the protocol or lied; a known node of that name must fail. */
  | { readonly type: 'offence'; readonly node: NodeId | null; readonly reason: string }
  /** These seem to wait for each other for ever; answered by the `outlook` of that number. `absent` are instances that the broker
   * knows no process of. */
  | {
      readonly type: 'suspects';
      readonly request: number;
      readonly suspects: readonly Suspect[];
      readonly absent: readonly NodeId[];
    }
  /** An instance sets one of its outputs; answered by the `done` of that errand. */
  | {
      readonly type: 'output';
      readonly errand: number;
      readonly node: NodeId;
      readonly name: string;
      readonly value: Json;
    }
  /** `by` has `node` stopped, which the pipeline lets it; answered as above. */
  | {
      readonly type: 'terminate';
      readonly errand: number;
      readonly by: NodeId;
      readonly node: NodeId;
      readonly atOnce: boolean;
    }
  /** These can never go on. Told once. */
  | ({ readonly type: 'deadlock' } & Omit<Deadlock, 'type' | 'time'>)
  /** These have been waiting for long, and it is not certain that they will for ever. */
  | ({ readonly type: 'stalled' } & Omit<Stalled, 'type' | 'time'>)
  /** What it wrote is not what its wiring promises (a line too long, no JSON): it must be stopped and has failed. */
  | { readonly type: 'miswired'; readonly node: NodeId; readonly reason: string };

/** What becomes of an item that was given to a worker of an `each`. */
export type ItemFate =
  | { readonly is: 'done' }
  /** It goes back as if it had not been taken. */
  | { readonly is: 'back' }
  /** It becomes a dead letter. */
  | { readonly is: 'dead'; readonly reason: string; readonly attempts: number };

/** Of a lock that was taken for a whole process. */
export interface Fence {
  /** As the process calls it. */
  readonly lock: string;
  readonly fence: number;
  /** Who had it before did not end well: what it guards may be half-written. */
  readonly abandoned: boolean;
}

/** By the names of the channels. */
export interface Counts {
  readonly queues: Readonly<Record<string, QueueCounts>>;
  readonly pipes: Readonly<Record<string, PipeCounts>>;
}

/** What the broker knows of a process that is gone. */
export interface Account {
  /** It put items and never said goodbye: some may be missing. */
  readonly unflushed: boolean;
  /** A stream that fed its stdin broke off. */
  readonly inputBrokeOff: boolean;
  /** It was told the end of every queue it took from. */
  readonly toldEnd: boolean;
  /** A stream of it was closed before its end, because no process is left that takes from that queue; `dropped`: which is all
   * right with it (`leftover: ignore`). */
  readonly outputClosed: { readonly queue: string; readonly dropped: boolean } | null;
  /** The queue that had no room for the last of what it wrote to a stream, when that was no longer waited for; missing where there is none. */
  readonly outputCutOff?: string;
  /** Items it holds. */
  readonly held: number;
  /** Items that were written to its stdin and are done by that, whatever it made of them; missing where there are none. */
  readonly fed?: Fed;
}

export interface Fed {
  readonly queue: string;
  readonly count: number;
}
