// An event in words: what Forkline itself says of it, and how much that matters. Facts come from the event alone; where
// the words go, and whether they are shown at all, is for the reporter.
import type {
  Event,
  ItemEnded,
  NodeAgain,
  NodeEnded,
  NodeStarted,
  PipeCounted,
  QueueCounted,
  RunContained,
} from '../run/event.ts';
import { circle, hintFor, lineLines, waitLines } from './waits.ts';

export interface Words {
  /** `detail`: only for those who ask. `note`: worth a line. The others: something is wrong. */
  readonly weight: 'detail' | 'note' | 'warning' | 'failure';
  readonly text: string;
  /** What belongs to it, a line each. */
  readonly more?: readonly string[];
}

export function describe(event: Event): Words | null {
  switch (event.type) {
    case 'run.started':
      return detail(`run ${event.runId} in ${event.runDir}`);
    case 'run.contained':
      return detail(contained(event));
    case 'run.stopping':
      return note(`stopping: ${event.reason}`);
    case 'run.paused':
      return detail('paused');
    case 'run.resumed':
      return detail(`goes on after ${duration(event.pausedMs)}`);
    case 'run.ended':
    case 'node.output':
      return null;
    case 'node.started':
      return detail(event.pid === null ? `\`${event.node}\` begins` : started(event));
    case 'node.ready':
      return detail(`\`${event.node}\` is ready after ${duration(event.afterMs)}`);
    case 'node.output_set':
      return detail(`\`${event.node}\` set its output \`${event.name}\``);
    case 'node.stopping':
      return detail(`\`${event.node}\` gets ${event.signal}: ${event.reason}`);
    case 'node.leaked':
      return warning(`\`${event.node}\` left ${count(event.pids.length, 'process', 'processes')} running, now killed`);
    case 'node.retrying':
      return note(`${attemptEnded(event)}; attempt ${event.attempt} follows ${afterDelay(event.delayMs)}`);
    case 'node.restarting':
      return note(
        `${attemptEnded(event)}; it is started again ${afterDelay(event.delayMs)} (attempt ${event.attempt})`,
      );
    case 'node.ended':
      return { weight: weightOf(event), text: ended(event) };
    case 'item.started':
      return detail(`\`${event.worker}\` began with item ${itemOf(event)} (pid ${event.pid})`);
    case 'item.ended':
      return { weight: weightOfItem(event), text: itemEnded(event) };
    case 'queue.closed':
      return event.aborted
        ? note(`queue \`${event.queue}\` broke off: a producer did not succeed`)
        : detail(`queue \`${event.queue}\` is closed`);
    case 'queue.drained':
      return detail(`queue \`${event.queue}\` is closed, and every item done`);
    case 'queue.supplied': {
      const items = count(event.items, 'item', 'items');
      if (event.whole) return detail(`queue \`${event.queue}\`: all of its \`from\` is in, ${items}`);
      return warning(`queue \`${event.queue}\`: ${items} of its \`from\` came in, and not all: ${event.reason ?? ''}`);
    }
    case 'queue.recorded': {
      const items = count(event.items, 'item', 'items');
      if (event.whole) return detail(`queue \`${event.queue}\`: \`${event.path}\` is whole, ${items}`);
      const part = event.items === 0 ? '' : `, ${items} in \`${event.path}.partial\``;
      return warning(`queue \`${event.queue}\`: \`${event.path}\` is not whole${part}: ${event.reason ?? ''}`);
    }
    case 'queue.redelivered':
      return note(
        `queue \`${event.queue}\`: ${count(event.count, 'item', 'items')} that \`${event.node}\` had not done went back`,
      );
    case 'queue.dead_lettered':
      return warning(
        `${count(event.count, 'item', 'items')} of queue \`${event.queue}\` went to \`${event.deadLetter}\`, ${event.reason}`,
      );
    case 'queue.counted':
      return counted(event);
    case 'pipe.counted':
      return talked(event);
    case 'lock.abandoned':
      return warning(`lock \`${event.lock}\` was held by \`${event.node}\` when it ended; the next owner is told`);
    case 'client.refused':
      return warning(`${event.node === null ? 'a client' : `\`${event.node}\``} was refused: ${event.reason}`);
    case 'deadlock': {
      const hint = hintFor(event);
      const text = `deadlock: ${event.circle.length === 0 ? 'these can never go on' : circle(event)}`;
      return { ...failure(text), more: [...waitLines(event, duration), ...(hint === null ? [] : [`hint: ${hint}`])] };
    }
    case 'stalled':
      return { ...note('nothing has moved here for a while'), more: waitLines(event, duration) };
    case 'waiting':
      return { ...note('these wait for their turn'), more: lineLines(event, duration) };
    case 'warning':
      return warning(`${event.node === undefined ? '' : `\`${event.node}\`: `}${event.message}`);
  }
}

function started({ node, pid, attempt }: NodeStarted): string {
  return `\`${node}\` started (pid ${pid}${attempt === undefined ? '' : `, attempt ${attempt}`})`;
}

function attemptEnded({ node, outcome, cause, ...rest }: NodeAgain): string {
  const how = outcome === 'timed_out' ? 'timed out' : `failed${exit(rest)}`;
  return `\`${node}\` ${how.replace(/,$/, '')}${cause === undefined ? '' : `: ${cause}`}`;
}

function afterDelay(delayMs: number): string {
  return delayMs === 0 ? 'at once' : `after ${duration(delayMs)}`;
}

function contained({ tier, run, reasons }: RunContained): string {
  const means = run ? 'nothing outlives the run' : 'what hides itself may outlive the run';
  return `containment: ${tier}; ${means}${reasons.map((reason) => `; ${reason}`).join('')}`;
}

/** How a node ended, as one sentence without its full stop. */
export function ended(event: NodeEnded): string {
  const cause = event.cause === undefined ? '' : `: ${event.cause}`;
  const attempts = event.attempts === undefined ? '' : ` and ${event.attempts} attempts`;
  const after = ` after ${duration(event.durationMs)}${attempts}`;
  const name = `\`${event.node}\``;
  switch (event.outcome) {
    case 'succeeded':
      return `${name} succeeded${after}${cause}`;
    case 'failed':
      return `${name} failed${exit(event)}${event.exitcode === null ? '' : after}${cause}`;
    case 'timed_out':
      return `${name} timed out${after}${cause}`;
    case 'terminated':
      return `${name} was terminated${after}${cause}`;
    case 'skipped':
      return `${name} was skipped${cause}`;
    case 'cancelled':
      return `${name} never started${cause}`;
    case 'passed':
      return `${name} passed${after}${cause}`;
    case 'finished':
      return `${name} finished${after}${cause}`;
    case 'stopped':
      return `${name} was stopped${after}${cause}`;
  }
}

/** `450ms`, `1.3s`, `2m 05s`, `1h 02m`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** How the work on one item ended. */
function itemEnded(event: ItemEnded): string {
  const { worker, fate, outcome, attempts } = event;
  const name = `\`${worker}\`: item ${itemOf(event)}`;
  if (outcome === 'succeeded') return `${name} is done, after ${duration(event.durationMs)}`;
  if (fate === 'done') return `${name} was skipped`;
  const cause = event.cause === undefined ? '' : `: ${event.cause}`;
  const tries = attempts > 1 ? `, tried ${attempts} times` : '';
  const how = outcome === 'timed_out' ? 'timed out' : outcome === 'failed' ? `failed${exit(event)}` : `was ${outcome}`;
  return `${name} ${how}${tries}${cause}${fate === 'back' ? '; it went back' : ''}`;
}

/** Which item it is, and how that begins. */
function itemOf({ item, preview }: { readonly item: number; readonly preview: string }): string {
  const [line = ''] = preview.split('\n');
  const shown = line.length < preview.length || line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line;
  return `${item + 1} (\`${shown}\`)`;
}

const MOST_SHOWN = 60;

/** That items were stopped is told by their number in the end, and what failed for good also by the dead letter that comes of it. */
function weightOfItem({ fate, outcome }: ItemEnded): Words['weight'] {
  return fate === 'back' && (outcome === 'failed' || outcome === 'timed_out') ? 'warning' : 'detail';
}

function weightOf(event: NodeEnded): Words['weight'] {
  switch (event.outcome) {
    case 'failed':
    case 'timed_out':
      return 'failure';
    case 'terminated':
    case 'cancelled':
      return 'note';
    case 'skipped':
      return 'note';
    case 'passed':
      return event.cause === undefined ? 'detail' : 'note';
    case 'succeeded':
    case 'finished':
    case 'stopped':
      return 'detail';
  }
}

function exit({ exitcode, signal }: Pick<NodeEnded, 'exitcode' | 'signal'>): string {
  if (signal !== null) return `, killed by ${signal},`;
  return exitcode === null ? '' : ` with exit code ${exitcode}`;
}

function counted({ queue, counts }: QueueCounted): Words {
  const { put, done, redelivered, dead_lettered, dropped, left_over } = counts;
  const facts = [
    `${put} put`,
    `${done} done`,
    ...(redelivered > 0 ? [`${redelivered} delivered again`] : []),
    ...(dead_lettered > 0 ? [`${dead_lettered} dead-lettered`] : []),
    ...(dropped > 0 ? [`${dropped} dropped`] : []),
    ...(left_over > 0 ? [`${left_over} left over`] : []),
  ];
  const text = `queue \`${queue}\`: ${facts.join(', ')}`;
  return left_over > 0 || dropped > 0 ? warning(text) : detail(text);
}

function talked({ pipe, counts }: PipeCounted): Words {
  const facts = Object.entries(counts).map(([node, { sent, received }]) => {
    const missed = sent === received ? '' : `, ${sent - received} of them not received`;
    return `\`${node}\` sent ${count(sent, 'message', 'messages')}${missed}`;
  });
  return detail(`pipe \`${pipe}\`: ${facts.join('; ')}`);
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

function detail(text: string): Words {
  return { weight: 'detail', text };
}

function note(text: string): Words {
  return { weight: 'note', text };
}

function failure(text: string): Words {
  return { weight: 'failure', text };
}

function warning(text: string): Words {
  return { weight: 'warning', text };
}
