// The machine of the ends of streams. A queue's stream ends when every process that puts to it has ended for good, and is
// broken off where one of them failed. Queues that feed each other end together, once nothing moves among them and each
// process that could set something moving waits for something to do.
import type { NodeId, QueueChannel } from '../plan/plan.ts';

export type StreamEffect =
  /** One producer's part has ended; so many are left. */
  | {
      readonly type: 'silent';
      readonly queue: string;
      readonly node: NodeId;
      readonly left: number;
      readonly aborted: boolean;
    }
  | { readonly type: 'closed'; readonly queue: string; readonly aborted: boolean };

/** How the queues of a group and the processes about them stand. */
export interface Standing {
  /** Nothing waits in the queue, and nothing of it is held. */
  idle(queue: string): boolean;
  /** The process waits in `get` on a queue of the group, and does nothing else there. */
  waits(node: NodeId, group: readonly string[]): boolean;
}

export class Streams {
  readonly #streams = new Map<string, Stream>();

  readonly #deadLetters = new Map<string, string>();

  constructor(queues: readonly Pick<QueueChannel, 'name' | 'producers' | 'consumers' | 'group' | 'deadLetter'>[]) {
    for (const { name, deadLetter } of queues) if (deadLetter !== null) this.#deadLetters.set(name, deadLetter);
    for (const { name, producers, consumers, group } of queues) {
      const sources = queues.filter(({ deadLetter }) => deadLetter === name);
      const left = new Set([...producers, ...sources.map((source) => deadOf(source.name))]);
      const stream = { left, consumers, group, aborted: false, closed: false };
      this.#streams.set(name, stream);
    }
  }

  /** Closes what nobody puts to. To be called once, at the beginning. */
  begin(): StreamEffect[] {
    return [...this.#streams].flatMap(([queue, stream]) => this.#closeIfOver(queue, stream));
  }

  /** A process has ended for good, and all its streams with it. */
  ended(node: NodeId, aborted: boolean): StreamEffect[] {
    return [...this.#streams].flatMap(([queue, stream]) => this.#silence(queue, stream, node, aborted));
  }

  /** A process puts no more to this queue. That part of the stream is whole, however the process ends. */
  closed(queue: string, node: NodeId): StreamEffect[] {
    const stream = this.#streams.get(queue);
    return stream === undefined ? [] : this.#silence(queue, stream, node, false);
  }

  /** No item of this queue will become a dead letter any more. */
  outlived(queue: string): StreamEffect[] {
    const deadLetter = this.#deadLetters.get(queue);
    return deadLetter === undefined ? [] : this.closed(deadLetter, deadOf(queue));
  }

  /** Closes the groups among which nothing moves any more. */
  settleGroups(standing: Standing): StreamEffect[] {
    return [...this.#streams].flatMap(([queue, stream]) => {
      if (stream.group === null || stream.group[0] !== queue) return [];
      return this.#isQuiet(stream.group, standing) ? this.#closeAll(stream.group) : [];
    });
  }

  #silence(queue: string, stream: Stream, node: NodeId, aborted: boolean): StreamEffect[] {
    if (stream.closed || !stream.left.delete(node)) return [];
    if (aborted) stream.aborted = true;
    const silent = { type: 'silent', queue, node, left: stream.left.size, aborted } as const;
    return [silent, ...this.#closeIfOver(queue, stream)];
  }

  #closeIfOver(queue: string, stream: Stream): StreamEffect[] {
    if (stream.closed || stream.left.size > 0) return [];
    stream.closed = true;
    return [{ type: 'closed', queue, aborted: stream.aborted }];
  }

  #isQuiet(group: readonly string[], standing: Standing): boolean {
    const streams = group.map((queue) => this.#stream(queue));
    if (streams.every((stream) => stream.closed) || !group.every((queue) => standing.idle(queue))) return false;
    const takers = new Set(streams.flatMap((stream) => stream.consumers));
    const left = new Set(streams.filter((stream) => !stream.closed).flatMap((stream) => [...stream.left]));
    return [...left].every((node) => takers.has(node) && standing.waits(node, group));
  }

  #closeAll(group: readonly string[]): StreamEffect[] {
    const open = group.map((queue) => [queue, this.#stream(queue)] as const).filter(([, stream]) => !stream.closed);
    const aborted = open.some(([, stream]) => stream.aborted);
    return open.map(([queue, stream]) => {
      stream.closed = true;
      return { type: 'closed', queue, aborted };
    });
  }

  #stream(queue: string): Stream {
    const stream = this.#streams.get(queue);
    if (stream === undefined) throw new Error(`Internal error: there is no queue ${queue}`);
    return stream;
  }
}

/** The broker as the one who puts dead letters, by the queue that they come from. No node is named so. */
function deadOf(queue: string): NodeId {
  return `dead of ${queue}`;
}

interface Stream {
  /** Producers that have not ended for good. */
  readonly left: Set<NodeId>;
  readonly consumers: readonly NodeId[];
  readonly group: readonly string[] | null;
  aborted: boolean;
  closed: boolean;
}
