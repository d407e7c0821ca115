// Channels in a few words, with nothing said about them that a test does not care for.
import type { QueueChannel } from '../../src/plan/plan.ts';

export function queueOf(name: string, settings: Partial<QueueChannel> = {}): QueueChannel {
  return {
    kind: 'queue',
    name,
    at: { line: 1, column: 1 },
    order: 'fifo',
    maxsize: 0,
    maxBytes: 64 * 1024 * 1024,
    overflow: 'block',
    encoding: 'text',
    item: null,
    confirm: false,
    delivery: 'at-least-once',
    attempts: 3,
    deadLetter: null,
    leftover: 'fail',
    from: null,
    to: null,
    producers: ['p'],
    consumers: ['c'],
    group: null,
    ...settings,
  };
}
