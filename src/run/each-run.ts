// An `each` of the run: performs what its machine (`each`) decides. It stands among the processes of a run as one that runs, and has a
// process of its own for each item that is under way, under the name of a worker.
import type { Notice } from '../broker/control.ts';
import type { BrokerHost } from '../broker/host.ts';
import type { NodeId, ProcessNode } from '../plan/plan.ts';
import { speaks } from '../plan/speakers.ts';
import { Each, type EachEffect, type EachInput, type EachOutcome, type WorkResult } from './each.ts';
import { type Given, ItemInput, MOST_IN_ENVIRONMENT, MOST_IN_EXPRESSIONS } from './item-input.ts';
import { type ItemNodeContext, ItemNodes } from './item-node.ts';
import { ItemSlots, type SlotSource } from './item-slots.ts';
import type { Happening } from './happening.ts';
import { type Ended, type Input, neverRan, type Phase } from './life.ts';
import { fateOf, howEnded } from './outcome.ts';
import type { ProcessContext } from './process-context.ts';
import { ProcessRun } from './process-run.ts';
import { workerOf } from './worker-name.ts';

export interface EachContext extends ProcessContext, ItemNodeContext {
  readonly broker: BrokerHost;
  /** Null: there is no limit. */
  readonly slots: { readonly most: number; readonly source: SlotSource } | null;
  /** The processes of workers are found there, too, while they are there. */
  readonly running: Map<NodeId, ProcessRun | EachRun>;
  /** Where what cannot be done goes. */
  readonly deadLetter: string | null;
}

interface Work {
  readonly given: Given;
  readonly run: ProcessRun | null;
  ended: { readonly ended: Ended; readonly stderr: string } | null;
}

export class EachRun {
  readonly node: ProcessNode;
  /** No process of its own. */
  readonly pid = null;
  readonly #context: EachContext;
  readonly #machine: Each;
  readonly #nodes: ItemNodes;
  /** What was given, and nobody has begun with. */
  readonly #given = new Map<number, Given>();
  /** By worker. */
  readonly #works = new Map<number, Work>();
  /** By worker, what its process is to begin with once there is a slot. */
  readonly #parked = new Map<number, Given>();
  readonly #slots: ItemSlots;
  #startedAt = 0;
  #begun = 0;
  /** What the process wrote for whose failure all fails. */
  #stderr = '';

  constructor(node: ProcessNode, context: EachContext) {
    this.node = node;
    this.#context = context;
    const workers = Math.min(node.each?.workers ?? 1, context.slots?.most ?? Number.POSITIVE_INFINITY);
    this.#machine = new Each({ workers, deadLetter: context.deadLetter });
    this.#nodes = new ItemNodes(node, context);
    this.#slots = new ItemSlots(context.slots?.source ?? null, (worker) => this.#goOn(worker));
  }

  get phase(): Phase {
    return this.#machine.over ? 'ended' : 'running';
  }

  /** Items under way. */
  get busy(): number {
    return this.#machine.busy;
  }

  handle(input: Input): void {
    switch (input.type) {
      case 'start':
        return this.#start();
      case 'admitted':
        return this.#slots.admitted();
      case 'stop':
      case 'kill':
      case 'fault':
        return this.#tell(input);
      default:
      // Its processes hear of all else by themselves.
    }
  }

  hear(notice: Extract<Notice, { type: 'ready' | 'given' | 'ran-out' }>): void {
    if (notice.type === 'ready') return;
    if (notice.type === 'given') this.#given.set(notice.ticket, this.#discreet(notice));
    this.#tell(notice);
  }

  /** What is cut off may be half a secret, which nobody would know again. */
  #discreet(given: Given): Given {
    const cut = Buffer.byteLength(given.preview) < given.size;
    return this.#context.masker !== null && cut ? { ...given, preview: '' } : given;
  }

  /** Each of its processes is killed by itself. */
  killAtOnce(): void {}

  #start(): void {
    const { node } = this;
    const { broker, now, tell } = this.#context;
    const { queue, workers } = node.each ?? { queue: '', workers: 0 };
    this.#startedAt = now();
    const refused = this.#nodes.begin();
    if (refused !== null) return this.#tell({ type: 'refused', reason: refused });
    const speaking = speaks({ ...node, grants: this.#nodes.grants });
    const names = Array.from({ length: speaking ? workers : 0 }, (_, at) => workerOf(node.id, at + 1));
    const most = this.#nodes.usesItem ? MOST_IN_EXPRESSIONS : MOST_IN_ENVIRONMENT;
    broker.each({ node: node.id, queue, workers: names, most });
    tell({ type: 'node.started', node: node.id, pid: null });
    this.#context.onStarted(this);
    this.#tell({ type: 'start' });
    this.#slots.share();
  }

  #tell(input: EachInput): void {
    for (const effect of this.#machine.handle(input)) this.#carryOut(effect);
  }

  #carryOut(effect: EachEffect): void {
    const { broker } = this.#context;
    switch (effect.do) {
      case 'take':
        return broker.take(this.node.id, effect.count);
      case 'work':
        return this.#work(effect.worker, effect.ticket);
      case 'finish':
        return this.#finish(effect);
      case 'stop':
        return this.#stop(effect.worker, { type: 'stop', as: effect.as, reason: effect.reason });
      case 'kill':
        return this.#stop(effect.worker, { type: 'kill' });
      case 'end':
        return this.#end(effect.outcome, effect.cause);
    }
  }

  // ── one item ──

  #work(worker: number, ticket: number): void {
    const given = this.#given.get(ticket);
    if (given === undefined) throw new Error(`Internal error: item ${ticket} was not given`);
    this.#given.delete(ticket);
    this.#parked.set(worker, given);
    this.#slots.wants(worker);
  }

  /** Others may have given back slots. */
  resume(): void {
    this.#slots.resume();
  }

  /** It has a slot now, for an item or for another attempt. */
  #goOn(worker: number): void {
    const given = this.#parked.get(worker);
    if (given === undefined) return this.#works.get(worker)?.run?.handle({ type: 'admitted' });
    this.#parked.delete(worker);
    this.#begin(worker, given);
  }

  #begin(worker: number, given: Given): void {
    // FIFOs are made many at a time.
    if (this.#begun % ITEMS_AHEAD === 0) this.#context.fifos.expect(2 * ITEMS_AHEAD);
    this.#begun += 1;
    const id = workerOf(this.node.id, worker);
    const item = new ItemInput(given, this.#context.broker);
    const made = this.#nodes.nodeFor(id, given, item);
    if (made === null) return this.#endWithout(worker, given, 'skipped');
    const run = new ProcessRun(made.node, this.#contextFor(worker, id, given, item), made.refused);
    this.#works.set(worker, { given, run, ended: null });
    this.#context.running.set(id, run);
    run.handle({ type: 'start' });
  }

  #stop(worker: number, input: Extract<Input, { type: 'stop' | 'kill' }>): void {
    const given = this.#parked.get(worker);
    if (given === undefined) return this.#works.get(worker)?.run?.handle(input);
    this.#parked.delete(worker);
    this.#endWithout(worker, given, 'stopped');
  }

  /** There is no process for it. In a turn of its own: the effects that are being performed come before what follows from this. */
  #endWithout(worker: number, given: Given, outcome: 'skipped' | 'stopped'): void {
    this.#works.set(worker, { given, run: null, ended: { ended: { ...neverRan, outcome }, stderr: '' } });
    queueMicrotask(() => this.#worked(worker, { outcome, how: `was ${outcome}`, attempts: 0 }));
  }

  #worked(worker: number, result: WorkResult): void {
    this.#slots.leaves(worker);
    this.#tell({ type: 'worked', worker, result });
  }

  #contextFor(worker: number, id: NodeId, given: Given, item: ItemInput): ProcessContext {
    const tell = (happening: Happening): void => {
      if (happening.type !== 'node.started') return this.#context.tell(happening);
      const { pid, attempt } = happening;
      this.#context.tell({
        type: 'item.started',
        node: this.node.id,
        worker: id,
        item: given.ticket,
        pid: pid ?? 0,
        preview: given.preview,
        ...(attempt === undefined ? {} : { attempt }),
      });
    };
    return {
      ...this.#context,
      item,
      tell,
      onAttempt: () => {},
      onRest: () => this.#slots.leaves(worker),
      onReturn: () => this.#slots.wants(worker),
      onStarted: () => {},
      onReady: () => {},
      onEnded: (_, ended, stderr) => {
        this.#context.running.delete(id);
        const { attempts = 1 } = ended;
        // What was still on its way to a queue is given up when all is stopped.
        const cut = this.#machine.stopping && this.#isWired && ended.outcome === 'succeeded';
        const outcome = cut ? 'stopped' : ended.outcome;
        const work = this.#works.get(worker);
        if (work) work.ended = { ended: cut ? { ...ended, outcome } : ended, stderr };
        this.#worked(worker, { outcome, how: howEnded(ended), attempts });
      },
    };
  }

  /** What becomes of an item is told once it is decided. */
  #finish({ ticket, worker, fate }: Extract<EachEffect, { do: 'finish' }>): void {
    const { broker, now, tell } = this.#context;
    const node = this.node.id;
    const reason = fate.is === 'dead' ? `\`${node}\` ${fate.reason}` : '';
    broker.finished({ node, ticket, fate: fate.is === 'dead' ? { ...fate, reason } : fate });
    this.#given.delete(ticket);
    if (worker === null) return;
    const work = this.#works.get(worker);
    this.#works.delete(worker);
    if (!work) return;
    const { ended, stderr } = work.ended ?? { ended: neverRan, stderr: '' };
    const { outcome, exitcode, signal, startedAt, cause } = ended;
    const { attempts = startedAt === null ? 0 : 1 } = ended;
    const failed = outcome === 'failed' || outcome === 'timed_out';
    if (failed) this.#stderr = stderr;
    tell({
      type: 'item.ended',
      node,
      worker: workerOf(node, worker),
      item: ticket,
      fate: fate.is,
      outcome,
      exitcode,
      signal,
      attempts,
      durationMs: startedAt === null ? 0 : Math.round(now() - startedAt),
      preview: work.given.preview,
      ...(cause === null ? {} : { cause }),
      ...(failed && stderr !== '' ? { stderrTail: stderr } : {}),
    });
  }

  // ── all of them ──

  /** In a turn of its own, for it may end while it starts, or at once when it is told to. */
  #end(outcome: EachOutcome, cause: string | null): void {
    queueMicrotask(() => this.#tellEnd(outcome, cause));
  }

  #tellEnd(outcome: EachOutcome, cause: string | null): void {
    const { node } = this;
    const { broker, onEnded } = this.#context;
    const ended: Ended = { outcome, exitcode: null, signal: null, startedAt: this.#startedAt, cause, again: 'never' };
    const ignoreFailure = node.onFailure === 'ignore';
    const { benign } = fateOf({ node: node.id, outcome, ignoreFailure, becauseOfFailure: outcome === 'stopped' });
    const succeeded = outcome === 'succeeded';
    broker.settle({
      node: node.id,
      held: 'back',
      stream: benign ? 'end' : 'abort',
      succeeded,
      ...(succeeded ? {} : { how: howEnded(ended) }),
    });
    onEnded(this, ended, this.#stderr);
  }

  get #isWired(): boolean {
    return this.node.stdout.type === 'queue' || this.node.stderr.type === 'queue';
  }
}

const ITEMS_AHEAD = 32;
