// The one list of all that can happen in a run. Events carry ids and facts, never live objects; every reporter
// reads these and nothing else. All but `output` are written to events.ndjson as they stand here (the bytes of
// `output` are in logs/).
import type { NodeId, Plan } from '../plan/plan.ts';
import type { ChannelEvent } from './channel-event.ts';
import type { Containment } from './containment.ts';
import type { At, NodeEvent } from './node-event.ts';

export type * from './channel-event.ts';
export type * from './node-event.ts';

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
  | NodeEvent
  | ChannelEvent
  | Warning;
