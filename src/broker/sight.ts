// How everybody stands at one moment, as the machine that watches who waits (`vigil`) is shown it.
import type { NodeId } from '../plan/plan.ts';
import type { Cause } from './waits.ts';

/** A session that waits at a channel. */
export interface ChannelWait {
  readonly session: number;
  readonly cause: Cause;
}

/** What alone could wake a program: the broker, or what other processes of its instance do. */
export type Waker = 'broker' | 'child';

/** A connection of a program. */
export interface Connected {
  readonly session: number;
  readonly pid: number;
  /** Rises with every frame, whoever sent it; questions and answers of this machine's do not count. */
  readonly moves: number;
}

/**
 * An instance that has not ended for good. `absent`: no process of it is known. `present`: it runs. `gone`: its processes have ended,
 * and what they wrote waits for room. `driven`: it goes on by itself, without anything else. `ours`: no
 * process, but what the runner itself puts or takes.
 */
export interface Stance {
  readonly node: NodeId;
  readonly state: 'absent' | 'present' | 'gone' | 'driven' | 'ours';
  readonly sessions: readonly Connected[];
  /** Of the streams that are wired to it. */
  readonly streams: readonly Connected[];
  /** It does nothing before all these have ended. */
  readonly after?: readonly NodeId[];
  /** Its workers, as far as they have something to do: any of them may bring it on. */
  readonly works?: readonly NodeId[];
}

/** How everybody stands at one moment. */
export interface Sight {
  readonly stances: readonly Stance[];
  readonly waits: readonly ChannelWait[];
  /** Rises whenever anything was said to any channel. */
  readonly turns: number;
  /** Who could do anything for a queue to be closed and done with. */
  movers(queue: string): Iterable<NodeId>;
}

/** What of it could stir. */
export function partsOf({ state, sessions, streams }: Stance): readonly Connected[] {
  if (state === 'present') return [...sessions, ...streams];
  return state === 'gone' || state === 'ours' ? streams : sessions;
}

/**
 * What it waits for. `wired`: its program says of nothing that it does, and may read what is fed to it, or write to what is full; then it
 * is what its streams wait for.
 */
export function ownWaits(
  { state, sessions, streams }: Stance,
  waits: ReadonlyMap<number, readonly Cause[]>,
): { readonly own: Cause[]; readonly wired: boolean } {
  const at = (parts: readonly Connected[]): Cause[] => parts.flatMap(({ session }) => waits.get(session) ?? []);
  const said = state === 'present' || state === 'driven' ? at(sessions) : [];
  return said.length > 0 ? { own: said, wired: false } : { own: at(streams), wired: state === 'present' };
}

/** Changes whenever anything of it stirs. */
export function signOf(stance: Stance): string {
  return [stance.state, ...partsOf(stance).map(({ session, moves }) => `${session}:${moves}`)].join(' ');
}
