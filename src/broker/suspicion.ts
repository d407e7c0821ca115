// What the broker and the runner tell each other of those that may be in a deadlock: whom the broker suspects, and what the runner, who
// sees processes, pipes of the kernel's and the order of the run, knows of them.
import type { NodeId } from '../plan/plan.ts';

export interface Suspect {
  readonly node: NodeId;
  /** Its processes that nothing but the broker could wake. */
  readonly pids: readonly number[];
  /** It waits at no channel by itself, but where one reads its stdin that is fed from a queue, or writes to one, that waits there. */
  readonly wired: boolean;
}

/** What the runner knows of suspects. */
export interface Outlook {
  /** Those of which nothing runs. */
  readonly passive: readonly NodeId[];
  /** What has not started, is a join, or does nothing but wait at a pipe of the kernel's, as far as somebody waits for it: it moves once one
   * of `on` or something at `queues` has. */
  readonly pending: readonly {
    readonly node: NodeId;
    readonly does: 'start' | 'slot' | 'pass' | 'read' | 'write';
    /** Its needs hold, and it stands in line: for this lock, or, where that is null, for something else. */
    readonly channel?: string | null;
    readonly on: readonly NodeId[];
    /** Those who are told; without it, all. */
    readonly named?: readonly NodeId[];
    readonly queues: readonly string[];
  }[];
  /** Suspects that a join may yet stop, or give up waiting for, or that one who controls them may terminate. */
  readonly ways: readonly { readonly node: NodeId; readonly by: NodeId }[];
  /** Suspects that wait at a pipe of the kernel's for those at its other end. */
  readonly pipes?: readonly AtPipe[];
}

export interface AtPipe {
  readonly node: NodeId;
  readonly does: 'read' | 'write';
  readonly on: readonly NodeId[];
}
