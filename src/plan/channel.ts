// The channels of a Plan: its queues, locks and pipes, with all who may use them.
import type { QueueSettings } from '../pipeline/pipeline.ts';
import type { Json, NodeId, Place } from './basic.ts';

export type Channel = QueueChannel | LockChannel | PipeChannel;

interface Connected {
  /**
   * How those in a sub-pipeline that it is connected to call it, by the sub-pipeline. Where nothing is said, a channel is called by
   * its name, without that of the sub-pipeline that it is in.
   */
  readonly called?: Readonly<Record<NodeId, string>>;
}

export interface QueueChannel extends Connected, QueueSettings {
  readonly kind: 'queue';
  readonly name: string;
  readonly at: Place;
  /** The queue for items that were delivered so often and never done; null: they are stuck, and the run fails. */
  readonly deadLetter: string | null;
  /** What the runner's side puts to it. It is a producer until that is all in, and stands in no list of them. */
  readonly from: Origin | null;
  /** The file that takes from it once none of `consumers` is left. */
  readonly to: Destination | null;
  readonly producers: readonly NodeId[];
  readonly consumers: readonly NodeId[];
  /** The queues that close together, by quiescence, because processes both take from and put to them; itself among them. */
  readonly group: readonly string[] | null;
}

export type Origin =
  | { readonly type: 'values'; readonly values: readonly Json[] }
  | { readonly type: 'lines' | 'json'; readonly path: string }
  /** Looked for when the run starts, from `folder`. */
  | { readonly type: 'glob'; readonly pattern: string; readonly folder: string };

export interface Destination {
  readonly type: 'lines' | 'json';
  readonly path: string;
}

export interface LockChannel extends Connected {
  readonly kind: 'lock';
  readonly name: string;
  /** What it is called on the machine, with `scope: host`, where that is not its name. */
  readonly hostName?: string;
  readonly at: Place;
  readonly lock: 'mutex' | 'semaphore' | 'rw';
  /** How many may hold it at once; 1 but for a semaphore. */
  readonly permits: number;
  /** Its owner may take it again. */
  readonly reentrant: boolean;
  /** false: whoever may use it may give it back, and it outlives who took it. */
  readonly owned: boolean;
  /** `host`: shared with all other runs of this user on this machine. */
  readonly scope: 'run' | 'host';
  /** Always in order of arrival. */
  readonly strict: boolean;
  readonly users: readonly NodeId[];
}

export interface PipeChannel {
  readonly kind: 'pipe';
  readonly name: string;
  readonly at: Place;
  readonly encoding: 'json' | 'text' | 'bytes' | 'pickle';
  /** Both may send; false: the first end sends, the second receives. */
  readonly duplex: boolean;
  readonly ends: readonly [NodeId, NodeId];
}
