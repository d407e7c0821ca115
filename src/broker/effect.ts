// What the machines of the broker decide. Most of it is said to one session, by its number; the rest is news for the run.
import type { NodeId } from '../plan/plan.ts';
import type { Items } from '../wire/items.ts';
import type { LaneMap, ProcessState, Stat } from '../wire/message.ts';
import type { Batch, Death } from './batch.ts';

/** Said to a session about one channel. */
export type SessionEffect =
  | {
      readonly type: 'room';
      readonly session: number;
      readonly count: number;
      readonly bytes: number;
    }
  | {
      readonly type: 'deliver';
      readonly session: number;
      readonly batch: Batch;
      /** From the right end. */
      readonly right: boolean;
    }
  | { readonly type: 'end'; readonly session: number; readonly aborted: boolean }
  | { readonly type: 'broken'; readonly session: number }
  | { readonly type: 'refused'; readonly session: number; readonly request?: number; readonly never: boolean }
  | { readonly type: 'withdrawn'; readonly session: number; readonly puts: boolean }
  | { readonly type: 'recall'; readonly session: number; readonly room: boolean }
  | { readonly type: 'reply'; readonly session: number; readonly request: number; readonly stat?: Stat }
  | { readonly type: 'finished'; readonly session: number; readonly request: number; readonly count: number }
  | { readonly type: 'state'; readonly session: number; readonly request: number; readonly state: ProcessState }
  /** `number`: how many lanes the queue has had with this one. */
  | { readonly type: 'lane'; readonly session: number; readonly listen: boolean; readonly number: number }
  | { readonly type: 'lane-go'; readonly session: number }
  | { readonly type: 'lane-stop'; readonly session: number; readonly orphaned: boolean }
  | { readonly type: 'lane-map'; readonly session: number; readonly map: LaneMap }
  | {
      readonly type: 'granted';
      readonly session: number;
      readonly request: number;
      readonly fence: number;
      readonly abandoned: boolean;
      readonly lent: boolean;
    }
  | {
      readonly type: 'denied';
      readonly session: number;
      readonly request: number;
      readonly code: 'not-held' | 'broken' | 'unfit' | 'not-granted';
      readonly message: string;
      /** Of an item: where in it, and why. */
      readonly misfit?: { readonly path: string; readonly reason: string };
    };

/** News of one channel. */
export type ChannelNews =
  | { readonly type: 'drained' }
  | { readonly type: 'stranded'; readonly reason: string }
  | { readonly type: 'redelivered'; readonly node: NodeId; readonly count: number }
  | { readonly type: 'exhausted'; readonly node: NodeId }
  /** Items that have left the queue for the one of its dead letters. */
  | { readonly type: 'dead'; readonly node: NodeId; readonly items: Items; readonly death: Death }
  /** Both ends of a lane have ended, and what last went over it is not known. */
  | { readonly type: 'untold' }
  | { readonly type: 'abandoned'; readonly node: NodeId };

/** Said to what keeps other runs away from a lock that is shared with them. */
export type HostEffect =
  /** The lock is wanted in this run; with `atOnce` it is to be had now or not at all. */
  | { readonly type: 'seek'; readonly atOnce: boolean }
  /** It is no longer wanted here. With `abandoned` whoever has it next must be told that what it guards may be half-written. */
  | { readonly type: 'yield'; readonly abandoned: boolean };

export type Effect = SessionEffect | ChannelNews | HostEffect;
