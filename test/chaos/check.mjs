// All checkers over what is left of one round.
import { checkLock, checkPipe, checkRun } from './check-others.mjs';
import { checkQueue } from './check-queues.mjs';
import { historyOf } from './history.mjs';

export function check(result, { timed = false } = {}) {
  const history = historyOf(result);
  // Where the runner or the broker was hurt, what was under way may be lost, but nothing may come twice, or out of order, or to two.
  const settled =
    !result.runnerKilled && !result.injuries.some(({ node, how }) => node.startsWith('*') && how !== 'SIGSTOP');
  const how = { timed, settled };
  const checkers = { queue: checkQueue, lock: checkLock, pipe: checkPipe };
  return [...checkRun(history), ...result.round.parts.flatMap((part) => checkers[part.kind](part, history, how))];
}
