// Whether anything but the broker could wake this program: what the broker asks when it suspects that processes wait for each other
// for ever. A timer, a server, a child, a worker, a read that is under way: whatever keeps the loop alive beside the connection
// to the broker may, and so may a signal that the program has made its own. Timers and the like that were made `unref` are not seen.
import type { Worker } from 'node:worker_threads';

let workers = 0;
/** Waiting calls that somebody may withdraw by their AbortSignal. */
let withdrawable = 0;

/** Signals that tell a program something of its own. Those that tell it to end are handled by many that wait for none. */
const CALLS: readonly NodeJS.Signals[] = ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGIO'];

/** Threads of the SDK's own, which wake nobody, and children that others look at. */
const ours = new WeakSet<object>();

process.on('worker', (worker: Worker) => {
  if (ours.has(worker)) return;
  workers += 1;
  worker.once('exit', () => {
    workers -= 1;
  });
});

/** To be called as soon as it is made. */
export function discount(part: object): void {
  ours.add(part);
}

/** A call waits that may be withdrawn; to be undone once it does no more. */
export function countWithdrawable(change: 1 | -1): void {
  withdrawable += change;
}

/** Whether nothing keeps the program alive but `connection`, and what it could write to. */
export function isOnlyWokenBy(connection: object): boolean {
  if (workers > 0 || withdrawable > 0) return false;
  if (CALLS.some((signal) => process.listenerCount(signal) > 0)) return false;
  const handles = (process as unknown as Internals)._getActiveHandles();
  // Requests and timers stand in the one list only.
  if (process.getActiveResourcesInfo().length !== handles.length) return false;
  return handles.every(
    (handle) => handle === connection || ours.has(handle) || isOutput(handle) || isUnreadInput(handle),
  );
}

/** What Node's types do not show: the objects of what `getActiveResourcesInfo` has only the names of. */
interface Internals {
  _getActiveHandles(): object[];
}

/** stdin that the program does not read for now, be it that it has enough of it, brings nothing in either. */
function isUnreadInput(handle: object): boolean {
  const { fd, _handle: native } = handle as { fd?: unknown; _handle?: { reading?: unknown } | null };
  return fd === 0 && native?.reading === false;
}

/** stdout and stderr stand among the handles as long as they are open, but bring nothing in. */
function isOutput(handle: object): boolean {
  const { fd } = handle as { fd?: unknown };
  return fd === 1 || fd === 2;
}
