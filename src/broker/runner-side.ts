// What the runner itself puts to queues and takes from them: `from` and `to`. It stands among the producers and consumers of such
// a queue under names that no process can have, which are in no list of the Plan.
import type { Channel, NodeId, QueueChannel } from '../plan/plan.ts';
import type { Notice } from './control.ts';
import { Recorder } from './recorder.ts';
import { recorderOf, supplierOf } from './runner-names.ts';
import { Supplier } from './supplier.ts';
import type { Switchboard } from './switchboard.ts';
import type { Stance } from './sight.ts';

/** The queue with the runner among those who put to it and take from it. */
export function withRunner<C extends Channel>(channel: C): C {
  if (channel.kind !== 'queue') return channel;
  const { name, from, to, producers, consumers } = channel;
  return {
    ...channel,
    producers: from === null ? producers : [...producers, supplierOf(name)],
    consumers: to === null ? consumers : [...consumers, recorderOf(name)],
  };
}

export class RunnerSide {
  readonly #notify: (notice: Notice) => void;
  readonly #supplies: { readonly queue: QueueChannel; readonly supplier: Supplier }[] = [];
  readonly #records: Record[] = [];
  /** Queues whose items are all done, while their files are not yet whole. */
  readonly #drained = new Set<string>();
  #began = false;
  #abandoned = false;

  constructor(channels: readonly Channel[], switchboard: Switchboard, notify: (notice: Notice) => void) {
    this.#notify = notify;
    for (const queue of channels) {
      if (queue.kind !== 'queue') continue;
      const { name, from, to } = queue;
      if (from !== null) {
        this.#supplies.push({ queue, supplier: new Supplier(switchboard, queue, supplierOf(name)) });
      }
      if (to === null) continue;
      const recorder = new Recorder(switchboard, queue, to, recorderOf(name));
      this.#records.push({ queue, recorder, others: new Set(queue.consumers), ended: false });
    }
    for (const { queue, supplier } of this.#supplies) {
      void supplier.ended.then((end) => this.#notify({ type: 'supplied', queue: queue.name, ...end }));
    }
    for (const record of this.#records) void record.recorder.ended.then((end) => this.#recorded(record, end));
  }

  /** Resolves once it is known which files there are. */
  async begin(): Promise<void> {
    if (this.#abandoned) return;
    this.#began = true;
    for (const record of this.#records) this.#look(record);
    await Promise.all([
      ...this.#records.map(({ recorder }) => recorder.begin()),
      ...this.#supplies.map(({ queue, supplier }) => queue.from && supplier.begin(queue.from)),
    ]);
  }

  /** Those that have not ended, as they wait for room, for items, or until nobody else takes from the queue. */
  stances(): Stance[] {
    const open = [
      ...this.#supplies.map(({ supplier }) => ({ party: supplier, after: [] })),
      ...this.#records.flatMap(({ recorder, others, ended }) =>
        ended ? [] : [{ party: recorder, after: [...others] }],
      ),
    ];
    return open.map(({ party: { instance, session, moves }, after }) => ({
      node: instance,
      state: 'ours',
      sessions: [],
      streams: [{ session, pid: 0, moves }],
      after,
    }));
  }

  /** A process has ended for good. */
  settled(node: NodeId): void {
    for (const record of this.#records) if (record.others.delete(node)) this.#look(record);
  }

  /** Nothing more is put. */
  abandon(): void {
    this.#abandoned = true;
    for (const { supplier } of this.#supplies) supplier.abandon();
  }

  /** Resolves once all is in, and all files are whole or given up. With `atOnce` they are given up now. */
  async finish(atOnce: boolean): Promise<void> {
    if (atOnce || !this.#began) {
      this.abandon();
      for (const { recorder } of this.#records) recorder.abandon();
    }
    await Promise.all([
      ...this.#supplies.map(({ supplier }) => supplier.ended),
      ...this.#records.map(({ recorder }) => recorder.ended),
    ]);
  }

  /** Every item of the queue is done. Says whether that is to be told only later: who waits for it may read the file then. */
  holdsBack(queue: string): boolean {
    const open = this.#records.some((record) => record.queue.name === queue && !record.ended);
    if (open) this.#drained.add(queue);
    return open;
  }

  #look({ others, recorder }: Record): void {
    if (others.size === 0 && this.#began) recorder.take();
  }

  #recorded(record: Record, end: Awaited<Recorder['ended']>): void {
    const { name } = record.queue;
    record.ended = true;
    this.#notify({ type: 'recorded', queue: name, ...end });
    if (end.reason === null && this.#drained.has(name)) this.#notify({ type: 'drained', queue: name });
  }
}

interface Record {
  readonly queue: QueueChannel;
  readonly recorder: Recorder;
  /** Who else takes from the queue and has not ended. */
  readonly others: Set<NodeId>;
  ended: boolean;
}
