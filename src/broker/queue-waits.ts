// Who waits at a queue, and which instances could end that: what a machine of deadlocks has to know of it. Whoever is named in
// vain only makes a deadlock be found later; whoever is forgotten would make one be seen where there is none.
import type { NodeId } from '../plan/plan.ts';
import type { Custody } from './custody.ts';
import type { Ending } from './ending.ts';
import type { Joins } from './joins.ts';
import type { Intake } from './intake.ts';
import type { Seat } from './seat.ts';
import { type Cause, OUTSIDE } from './waits.ts';

/** A session that waits at a channel. */
export interface Waiting {
  readonly session: number;
  readonly cause: Omit<Cause, 'channel'>;
}

/** The parts of a queue that decide it. */
export interface QueueParts {
  readonly seats: ReadonlyMap<number, Seat>;
  readonly intake: Intake;
  readonly custody: Custody;
  readonly joins: Joins;
  readonly ending: Ending;
  readonly producers: readonly NodeId[];
}

export function waitsAt(parts: QueueParts): Waiting[] {
  const { seats, intake, joins } = parts;
  const waits: Waiting[] = [];
  let get: Waiting['cause'] | null = null;
  let put: Waiting['cause'] | null = null;
  for (const seat of seats.values()) {
    const { session, waiting, congested } = seat;
    if (waiting) {
      get ??= { does: 'get', helpers: whoCouldFeed(parts) };
      waits.push({ session, cause: congested ? UNREAD : get });
    }
    if (intake.wants(seat)) {
      put ??= { does: 'put', helpers: whoCouldMakeRoom(parts), named: parts.ending.takers };
      waits.push({ session, cause: put });
    }
  }
  const joining = new Set(joins.sessions());
  if (joining.size > 0) {
    const cause = { does: 'join', helpers: whoCouldFinish(parts) } as const;
    for (const session of joining) waits.push({ session, cause });
  }
  return waits;
}

/** What was sent to it has not been read, so it is not waiting for anybody else. */
const UNREAD = { does: 'get', helpers: new Set([OUTSIDE]) } as const;

/** Who could still put something, end the stream, or let an item come back that they were given. */
function whoCouldFeed({ custody, ending, producers }: QueueParts): Set<NodeId> {
  return new Set([...producers.filter((node) => !ending.endedFor(node)), ...holdersIn(custody)]);
}

/** Who could get everything done that was put: those who were given it, and, where some wait, those who may take it. */
function whoCouldFinish({ custody, ending }: QueueParts): Set<NodeId> {
  return new Set([...holdersIn(custody), ...(custody.backlog > 0 ? ending.takers : [])]);
}

/** Who could do anything towards its end. */
export function moversOf(parts: QueueParts): Set<NodeId> {
  return new Set([...whoCouldFeed(parts), ...whoCouldFinish(parts)]);
}

/** Who could take something, or give back room that they were lent; and, where some is left, those who stand in line for it. */
function whoCouldMakeRoom({ seats, intake, ending }: QueueParts): Set<NodeId> {
  const helpers = new Set(ending.takers);
  const some = intake.hasRoom;
  for (const seat of seats.values()) {
    const { instance, loan } = seat;
    if (loan.count > 0 || loan.bytes > 0 || (some && intake.wants(seat))) helpers.add(instance);
  }
  return helpers;
}

function* holdersIn(custody: Custody): Generator<NodeId> {
  for (const { instance, ledger } of custody.holdings) {
    if (ledger.heldCount + ledger.aheadCount > 0) yield instance;
  }
}
