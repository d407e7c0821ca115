// The machine of an `each`: which worker works on which item, what becomes of an item when its process has ended, and when the whole
// is over. How one item's process starts, is stopped and ends is for `lifecycle` to decide; the items themselves are the broker's.
import type { ItemFate } from '../broker/control.ts';
import type { Outcome } from './event.ts';

export interface EachSettings {
  /** So many items at once. */
  readonly workers: number;
  /** The queue that takes what cannot be done; null: then the whole fails. */
  readonly deadLetter: string | null;
}

export type EachInput =
  | { readonly type: 'start' }
  /** It cannot even begin. */
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'given'; readonly ticket: number }
  /** Nothing more will come. */
  | { readonly type: 'ran-out'; readonly aborted: boolean }
  /** The process of a worker has ended for good. */
  | { readonly type: 'worked'; readonly worker: number; readonly result: WorkResult }
  | { readonly type: 'stop'; readonly as: 'terminated' | 'stopped'; readonly reason: string }
  | { readonly type: 'kill'; readonly as?: 'terminated' | 'stopped'; readonly reason?: string }
  | { readonly type: 'fault'; readonly reason: string };

export interface WorkResult {
  readonly outcome: Outcome;
  /** In words that go on from its name. */
  readonly how: string;
  readonly attempts: number;
}

export type EachEffect =
  /** So many more workers are free; null: nothing more is taken. */
  | { readonly do: 'take'; readonly count: number | null }
  | { readonly do: 'work'; readonly worker: number; readonly ticket: number }
  /** `worker`: whose it was; null where nobody has begun with it. */
  | { readonly do: 'finish'; readonly ticket: number; readonly worker: number | null; readonly fate: ItemFate }
  | {
      readonly do: 'stop';
      readonly worker: number;
      readonly as: 'terminated' | 'stopped';
      readonly reason: string;
    }
  | { readonly do: 'kill'; readonly worker: number }
  | { readonly do: 'end'; readonly outcome: EachOutcome; readonly cause: string | null };

export type EachOutcome = 'succeeded' | 'failed' | 'terminated' | 'stopped';

interface Verdict {
  readonly outcome: EachOutcome;
  readonly cause: string | null;
}

export class Each {
  readonly #settings: EachSettings;
  #phase: 'pending' | 'working' | 'closing' | 'ended' = 'pending';
  /** Whose items are under way, by worker. */
  readonly #busy = new Map<number, number>();
  /** The one that is to work next is the last. */
  readonly #free: number[] = [];
  /** How it will have ended, the first reason kept. */
  #verdict: Verdict | null = null;
  #stopping = false;
  #effects: EachEffect[] = [];

  constructor(settings: EachSettings) {
    this.#settings = settings;
    for (let worker = settings.workers; worker >= 1; worker -= 1) this.#free.push(worker);
  }

  get over(): boolean {
    return this.#phase === 'ended';
  }

  /** Items under way are not to be finished. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Items under way. */
  get busy(): number {
    return this.#busy.size;
  }

  handle(input: EachInput): EachEffect[] {
    if (this.#phase !== 'ended') this.#hear(input);
    if (this.#phase === 'closing' && this.#busy.size === 0) this.#end();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #hear(input: EachInput): void {
    switch (input.type) {
      case 'start':
        this.#phase = 'working';
        this.#effects.push({ do: 'take', count: this.#settings.workers });
        return;
      case 'refused':
        this.#phase = 'closing';
        this.#want({ outcome: 'failed', cause: input.reason });
        return;
      case 'given':
        return this.#given(input.ticket);
      case 'ran-out':
        if (this.#phase === 'closing') return;
        this.#phase = 'closing';
        this.#want(input.aborted ? { outcome: 'failed', cause: brokeOff } : { outcome: 'succeeded', cause: null });
        return;
      case 'worked':
        return this.#worked(input.worker, input.result);
      case 'stop':
        return this.#stop({ outcome: input.as, cause: input.reason });
      case 'fault':
        return this.#stop({ outcome: 'failed', cause: input.reason });
      case 'kill':
        this.#close({ outcome: input.as ?? 'stopped', cause: input.reason ?? 'killed' });
        this.#stopping = true;
        for (const worker of this.#busy.keys()) this.#effects.push({ do: 'kill', worker });
    }
  }

  #given(ticket: number): void {
    const worker = this.#phase === 'working' ? this.#free.pop() : undefined;
    if (this.#phase === 'working' && worker === undefined) throw new Error('Internal error: no worker is free');
    // It was on its way when no more was to be taken.
    if (worker === undefined) return this.#finish(ticket, null, { is: 'back' });
    this.#busy.set(worker, ticket);
    this.#effects.push({ do: 'work', worker, ticket });
  }

  #worked(worker: number, result: WorkResult): void {
    const ticket = this.#busy.get(worker);
    if (ticket === undefined) throw new Error(`Internal error: worker ${worker} has no item`);
    this.#busy.delete(worker);
    this.#free.push(worker);
    this.#judge(ticket, worker, result);
    if (this.#phase === 'working') this.#effects.push({ do: 'take', count: 1 });
  }

  #judge(ticket: number, worker: number, { outcome, how, attempts }: WorkResult): void {
    if (outcome === 'succeeded' || outcome === 'skipped') return this.#finish(ticket, worker, { is: 'done' });
    if (this.#stopping) return this.#finish(ticket, worker, { is: 'back' });
    if (this.#settings.deadLetter !== null) return this.#finish(ticket, worker, { is: 'dead', reason: how, attempts });
    this.#finish(ticket, worker, { is: 'back' });
    this.#close({ outcome: 'failed', cause: `item ${ticket + 1} ${how}` });
  }

  #stop(verdict: Verdict): void {
    this.#close(verdict);
    if (this.#stopping) return;
    this.#stopping = true;
    const { outcome: as, cause } = verdict;
    const how = { as: as === 'terminated' ? as : 'stopped', reason: cause ?? as } as const;
    for (const worker of this.#busy.keys()) this.#effects.push({ do: 'stop', worker, ...how });
  }

  /** Takes no more. */
  #close(verdict: Verdict): void {
    this.#want(verdict);
    if (this.#phase === 'working') this.#effects.push({ do: 'take', count: null });
    this.#phase = 'closing';
  }

  #want(verdict: Verdict): void {
    this.#verdict ??= verdict;
  }

  #finish(ticket: number, worker: number | null, fate: ItemFate): void {
    this.#effects.push({ do: 'finish', ticket, worker, fate });
  }

  #end(): void {
    if (this.#verdict === null) throw new Error('Internal error: it ends, and nobody knows how');
    this.#phase = 'ended';
    this.#effects.push({ do: 'end', ...this.#verdict });
  }
}

const brokeOff = 'its input broke off';
