// Channels in a few words, with nothing said about them that a test does not care for.
import type { LockChannel, PipeChannel, QueueChannel } from '../../src/plan/plan.ts';

const at = { line: 1, column: 1 };

export function queueOf(name: string, settings: Partial<QueueChannel> = {}): QueueChannel {
  return {
    kind: 'queue',
    name,
    at,
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

export function lockOf(name: string, users: readonly string[], settings: Partial<LockChannel> = {}): LockChannel {
  return { kind: 'lock', name, at, ...mutex, users, ...settings };
}

/** What a lock is about which nothing is said. */
export const mutex = {
  lock: 'mutex',
  permits: 1,
  reentrant: false,
  owned: true,
  scope: 'run',
  strict: false,
} as const;

export function pipeOf(name: string, settings: Partial<PipeChannel> = {}): PipeChannel {
  return { kind: 'pipe', name, at, encoding: 'json', duplex: true, ends: ['a', 'b'], ...settings };
}
