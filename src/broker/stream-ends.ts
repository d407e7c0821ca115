// Where the streams of a run end: tells the machine of that (`Streams`) what has ended and how the queues stand, and does at the
// queues what it decides.
import type { NodeId } from '../plan/plan.ts';
import { type QueueLine, queueIn } from './line.ts';
import { type StreamEffect, Streams } from './streams.ts';

export interface Ends {
  /** Something was said to its machine. */
  mark(line: QueueLine): void;
  /** Nobody puts to it any more. */
  closed(queue: string, aborted: boolean): void;
}

export class StreamEnds {
  readonly #queues: ReadonlyMap<string, QueueLine>;
  readonly #streams: Streams;
  readonly #ends: Ends;
  /** Some queues close together. */
  readonly #grouped: boolean;
  /** Queues whose items may become dead letters of others. */
  readonly #mortal: readonly QueueLine[];
  /** Instances that may be started again after they have ended. */
  readonly #again: ReadonlySet<NodeId>;

  constructor(queues: ReadonlyMap<string, QueueLine>, again: ReadonlySet<NodeId>, ends: Ends) {
    const lines = [...queues.values()];
    this.#queues = queues;
    this.#again = again;
    this.#ends = ends;
    this.#streams = new Streams(lines.map((line) => line.channel));
    this.#grouped = lines.some((line) => line.channel.group !== null);
    this.#mortal = lines.filter((line) => line.channel.deadLetter !== null);
  }

  /** To be called once, at the beginning. */
  begin(): void {
    this.#apply(this.#streams.begin());
    for (const line of this.#mortal) this.#ends.mark(line);
  }

  /** A process has ended for good. */
  ended(node: NodeId, aborted: boolean): void {
    this.#apply(this.#streams.ended(node, aborted));
  }

  /** What closes a queue may be followed by another attempt: its part of the stream then ends with its last one. */
  checkClosed({ machine, channel }: QueueLine, instance: NodeId): void {
    if (this.#again.has(instance) || !machine.view.hasClosed(instance)) return;
    this.#apply(this.#streams.closed(channel.name, instance));
  }

  /** Machines have had their turn: all that was dead is in its grave by now, and groups may have come to rest. */
  look(): void {
    for (const { channel, machine } of this.#mortal) {
      if (machine.view.outlived) this.#apply(this.#streams.outlived(channel.name));
    }
    if (this.#grouped) this.#settleGroups();
  }

  #settleGroups(): void {
    const effects = this.#streams.settleGroups({
      idle: (queue) => queueIn(this.#queues, queue).machine.view.idle,
      waits: (node, group) => this.#waits(node, group),
    });
    this.#apply(effects);
  }

  /** A process waits if each of its sessions that ever used one of these queues waits in `get` on one, and there is such a session. */
  #waits(node: NodeId, group: readonly string[]): boolean {
    const sessions = new Map<number, boolean>();
    for (const queue of group) {
      for (const { session, instance, waits, wants } of queueIn(this.#queues, queue).machine.view.engagements()) {
        if (instance !== node) continue;
        if (wants) return false;
        sessions.set(session, waits || (sessions.get(session) ?? false));
      }
    }
    return sessions.size > 0 && [...sessions.values()].every((waits) => waits);
  }

  #apply(effects: readonly StreamEffect[]): void {
    for (const effect of effects) {
      const line = queueIn(this.#queues, effect.queue);
      this.#ends.mark(line);
      if (effect.type === 'silent') {
        line.machine.silence(effect.node, effect.left);
        if (effect.aborted) line.machine.abort();
      } else {
        line.machine.closeStream(effect.aborted);
        this.#ends.closed(effect.queue, effect.aborted);
      }
    }
  }
}
