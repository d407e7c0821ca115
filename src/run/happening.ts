// An event before it is told: without its time, which is put on where all of them pass.
import type { Notice } from '../broker/control.ts';
import type { Event } from './event.ts';

export type Happening = Event extends infer E ? (E extends Event ? Omit<E, 'time'> : never) : never;

/** What a notice of the broker's is as an event; null where it is none. */
export function happeningOf(notice: Notice): Happening | null {
  switch (notice.type) {
    case 'closed':
      return { type: 'queue.closed', queue: notice.queue, aborted: notice.aborted };
    case 'drained':
      return { type: 'queue.drained', queue: notice.queue };
    case 'supplied': {
      const { queue, items, reason } = notice;
      return { type: 'queue.supplied', queue, items, ...wholeness(reason) };
    }
    case 'recorded': {
      const { queue, path, items, reason } = notice;
      return { type: 'queue.recorded', queue, path, items, ...wholeness(reason) };
    }
    case 'redelivered':
      return { type: 'queue.redelivered', queue: notice.queue, node: notice.node, count: notice.count };
    case 'dead_lettered': {
      const { queue, node, count, deadLetter, reason } = notice;
      return { type: 'queue.dead_lettered', queue, node, count, deadLetter, reason };
    }
    case 'exhausted':
      return {
        type: 'warning',
        queue: notice.queue,
        node: notice.node,
        message: `an item of queue \`${notice.queue}\` was delivered as often as its \`attempts\` allow and never done; it is left over`,
      };
    case 'untold':
      return {
        type: 'warning',
        queue: notice.queue,
        message: `the two processes of queue \`${notice.queue}\` were killed together: what was last on its way between them is lost and not counted`,
      };
    case 'abandoned':
      return { type: 'lock.abandoned', lock: notice.lock, node: notice.node };
    case 'output':
      return { type: 'node.output_set', node: notice.node, name: notice.name, value: notice.value };
    case 'offence':
      return { type: 'client.refused', node: notice.node, reason: notice.reason };
    case 'deadlock':
    case 'stalled':
      return notice;
    case 'terminate':
    case 'ready':
    case 'given':
    case 'ran-out':
    case 'suspects':
    case 'stranded':
    case 'miswired':
    case 'listening':
    case 'answer':
      return null;
  }
}

function wholeness(reason: string | null): { readonly whole: boolean; readonly reason?: string } {
  return reason === null ? { whole: true } : { whole: false, reason };
}
