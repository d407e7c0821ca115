// The machine of a pipe: two queues behind one channel, one for each direction, or one where it goes one way only. What is said
// to the one and the other is said to the queues themselves; here is who has which end, and what ends with an end. An end is
// closed when a session of its instance has closed it and every other that uses it has too, and at the latest when the
// instance has ended. Then the other end reads what was sent and after it the end of file; what it sends itself breaks.
import { earliest } from '../deadline.ts';
import type { NodeId, PipeChannel } from '../plan/plan.ts';
import type { PipeCounts } from '../run/event.ts';
import { ProtocolError } from '../wire/frame.ts';
import type { SessionEffect } from './effect.ts';
import type { Departure } from './departure.ts';
import { Queue, type QueueSettings } from './queue.ts';

/** One direction. */
export interface Way {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly queue: Queue;
}

/** Which directions a session has said it is through with. */
interface Use {
  readonly instance: NodeId;
  closed: boolean;
  shut: boolean;
}

/** So much may be on its way in one direction; one larger message is let in alone. The count is for messages of nothing. */
export const WINDOW = { maxBytes: 1024 * 1024, maxsize: 64 * 1024 } as const;

export class Pipe {
  readonly ways: readonly Way[];
  readonly #uses = new Map<number, Use>();
  /** Instances of which a session has said so, be it that it has left since. */
  readonly #closed = new Set<NodeId>();
  readonly #shut = new Set<NodeId>();
  #deadline: number | null = null;

  constructor({ ends: [first, second], duplex }: Pick<PipeChannel, 'ends' | 'duplex'>, window: Window = WINDOW) {
    const there = wayOf(first, second, window);
    this.ways = duplex ? [there, wayOf(second, first, window)] : [there];
  }

  has(session: number): boolean {
    return this.#uses.has(session);
  }

  enter(session: number, instance: NodeId): void {
    this.#uses.set(session, { instance, closed: false, shut: false });
    for (const { queue } of this.#waysOf(instance)) queue.enter(session, instance);
  }

  /** Where what an instance sends goes; undefined where it may not. */
  outgoing(instance: NodeId): Queue | undefined {
    return this.ways.find(({ from }) => from === instance)?.queue;
  }

  /** Where what an instance receives comes from; undefined where it may not. */
  incoming(instance: NodeId): Queue | undefined {
    return this.ways.find(({ to }) => to === instance)?.queue;
  }

  /** The same for a session that wants some now. */
  receiving(session: number): Queue | undefined {
    const { instance, shut } = this.#use(session);
    if (shut) throw new ProtocolError('protocol', 'a message was asked for after the session had shut its end');
    return this.incoming(instance);
  }

  /** This session sends no more. */
  close(session: number): void {
    const use = this.#use(session);
    use.closed = true;
    this.#closed.add(use.instance);
    this.outgoing(use.instance)?.close(session);
    this.#closeIfAllHave(use.instance);
  }

  /** This session receives no more. */
  shut(session: number): void {
    const use = this.#use(session);
    if (use.shut) return;
    use.shut = true;
    this.#shut.add(use.instance);
    this.incoming(use.instance)?.shut(session);
    this.#closeIfAllHave(use.instance);
  }

  congest(session: number, congested: boolean): void {
    for (const { queue } of this.#waysOf(this.#use(session).instance)) queue.congest(session, congested);
  }

  /** To be called a second time with `died`, where that turns out only after a session was lost. */
  leave(session: number, how: Departure): void {
    const use = this.#uses.get(session);
    this.#uses.delete(session);
    for (const { queue } of this.ways) queue.leave(session, how);
    if (use !== undefined) this.#closeIfAllHave(use.instance);
  }

  /** An instance has ended for good, or never starts; however it ended, its part of the pipe is at its end. */
  settle(instance: NodeId): void {
    this.#endSending(instance);
    this.#endReceiving(instance);
  }

  turn(now: number): readonly SessionEffect[] {
    const effects: SessionEffect[] = [];
    this.#deadline = null;
    for (const { queue } of this.ways) {
      for (const effect of queue.turn(now)) if ('session' in effect) effects.push(effect);
      this.#deadline = earliest(this.#deadline, queue.nextDeadline);
    }
    return effects;
  }

  get nextDeadline(): number | null {
    return this.#deadline;
  }

  /** By the end that sends. */
  get counts(): PipeCounts {
    return Object.fromEntries(
      this.ways.map(({ from, queue }) => {
        const { put, taken } = queue.view.counts;
        return [from, { sent: put, received: taken }];
      }),
    );
  }

  #waysOf(instance: NodeId): readonly Way[] {
    return this.ways.filter(({ from, to }) => from === instance || to === instance);
  }

  #use(session: number): Use {
    const use = this.#uses.get(session);
    if (use === undefined) throw new Error(`Internal error: session ${session} is not at this pipe`);
    return use;
  }

  #closeIfAllHave(instance: NodeId): void {
    const uses = [...this.#uses.values()].filter((use) => use.instance === instance);
    if (this.#closed.has(instance) && uses.every(({ closed }) => closed)) this.#endSending(instance);
    if (this.#shut.has(instance) && uses.every(({ shut }) => shut)) this.#endReceiving(instance);
  }

  #endSending(instance: NodeId): void {
    const queue = this.outgoing(instance);
    if (queue === undefined) return;
    queue.silence(instance, 0);
    queue.closeStream(false);
  }

  #endReceiving(instance: NodeId): void {
    this.incoming(instance)?.settle(instance, 'done', false);
  }
}

type Window = Pick<QueueSettings, 'maxBytes' | 'maxsize'>;

function wayOf(from: NodeId, to: NodeId, window: Window): Way {
  return { from, to, queue: new Queue({ ...SETTINGS, ...window, producers: [from], consumers: [to] }) };
}

const SETTINGS: Omit<QueueSettings, 'producers' | 'consumers' | keyof Window> = {
  name: '',
  order: 'fifo',
  overflow: 'block',
  delivery: 'at-most-once',
  // Never to be reached: what comes back from a process that died is for the others of its instance.
  attempts: Number.POSITIVE_INFINITY,
  deadLetter: null,
  leftover: 'fail',
};
