// What all processes of a run share: what they are started by, who is told of them, and whom they tell.
import type { BrokerHost } from '../broker/host.ts';
import type { NodeId, ProcessNode } from '../plan/plan.ts';
import type { Happening } from './happening.ts';
import type { ItemInput } from './item-input.ts';
import type { Fifos } from './kernel-pipe.ts';
import type { Ended, Input } from './life.ts';
import type { Launcher } from './launcher.ts';
import type { LockTaker } from './lock-taker.ts';
import type { Masker } from './masker.ts';
import type { Report } from './neighbours.ts';
import type { ProcessPipes } from './process-pipe.ts';
import type { Terminal } from './terminal.ts';
import type { Targets } from './target.ts';

/** One of them. */
interface Run {
  readonly node: ProcessNode;
}

interface Told extends Run {
  handle(input: Input): void;
}

export interface ProcessContext {
  readonly runId: string;
  readonly runDir: string;
  /** The runner's own variables. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly launcher: Launcher;
  readonly fifos: Fifos;
  readonly pipes: ProcessPipes;
  /** Null where nobody speaks to it. */
  readonly broker: BrokerHost | null;
  readonly targets: Targets;
  readonly terminal: Terminal;
  readonly locks: LockTaker;
  /** The clock of the run, in milliseconds. */
  readonly now: () => number;
  readonly tell: (happening: Happening) => void;
  /** Of a worker: what it works on. */
  readonly item?: ItemInput;
  /** It is tried, for the first time or again. */
  readonly onAttempt: (run: Run) => void;
  /** Takes the secrets out of what is printed; null where there are none. */
  readonly masker: Masker | null;
  /** It rests until its next attempt, or until its locks are free. */
  readonly onRest: (run: Run) => void;
  /** It rests no more: `admitted` is to be said to it when it may go on. */
  readonly onReturn: (run: Told) => void;
  readonly onStarted: (run: Run) => void;
  readonly onReady: (run: Run) => void;
  /** To one that a pipe joins to another. */
  readonly onReport: (to: NodeId, report: Report) => void;
  /** Whether what writes its stdin is a daemon. */
  readonly readsDaemon: (node: ProcessNode) => boolean;
  readonly onEnded: (run: Run, ended: Ended, stderr: string) => void;
  /** Its next deadline has changed. */
  readonly onDeadline: (deadline: number | null) => void;
  /** A mistake of ours. */
  readonly onBroken: (error: unknown) => void;
}
