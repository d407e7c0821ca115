// An `each` of the run: performs what its machine (`each`) decides. It stands among the processes of a run as one that runs, and has a
// process of its own for each item that is under way, under the name of a worker.
import { writeFileSync } from 'node:fs';
import type { Notice } from '../broker/control.ts';
import type { BrokerHost } from '../broker/host.ts';
import type { Json, NodeId, Output, ProcessNode } from '../plan/plan.ts';
import { ExpressionFailure, type ResolvedNode, usesItem } from '../plan/resolve.ts';
import { speaks } from '../plan/speakers.ts';
import { Each, type EachEffect, type EachInput, type EachOutcome } from './each.ts';
import {
  type Given,
  ItemInput,
  itemValueOf,
  itemVariables,
  MOST_IN_ENVIRONMENT,
  MOST_IN_EXPRESSIONS,
} from './item-input.ts';
import type { Happening } from './happening.ts';
import type { Ended, Input, Phase } from './life.ts';
import { fateOf, howEnded } from './outcome.ts';
import { type ProcessContext, ProcessRun } from './process-run.ts';
import { workerOf } from './worker-name.ts';

export interface EachContext extends ProcessContext {
  readonly broker: BrokerHost;
  /** Puts what is known of an item into the node; throws an `ExpressionFailure`. */
  readonly resolve: (node: ProcessNode, item: Json | undefined) => ResolvedNode;
  /** The processes of workers are found there, too, while they are there. */
  readonly running: Map<NodeId, ProcessRun | EachRun>;
  /** Where it is declared, in words. */
  readonly place: string;
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
  readonly #usesItem: boolean;
  /** As it is for every item, where none of it depends on one. */
  readonly #constant: ResolvedNode | null;
  readonly #refused: string | null;
  /** What was given, and nobody has begun with. */
  readonly #given = new Map<number, Given>();
  /** By worker. */
  readonly #works = new Map<number, Work>();
  #startedAt = 0;
  #begun = 0;
  /** What the process wrote for whose failure all fails. */
  #stderr = '';

  constructor(node: ProcessNode, context: EachContext) {
    this.node = node;
    this.#context = context;
    this.#machine = new Each({ workers: node.each?.workers ?? 1, deadLetter: context.deadLetter });
    this.#usesItem = usesItem([node.if, node.launch, node.cwd, node.env, node.stdout, node.stderr]);
    const made = this.#usesItem ? null : this.#resolve(undefined);
    this.#refused = made !== null && 'refused' in made ? made.refused : null;
    this.#constant = made !== null && 'refused' in made ? null : made;
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
    const refused = this.#refused ?? this.#emptyFiles();
    if (refused !== null) return this.#tell({ type: 'refused', reason: refused });
    const speaking = speaks({ ...node, grants: this.#grants });
    const names = Array.from({ length: speaking ? workers : 0 }, (_, at) => workerOf(node.id, at + 1));
    const most = this.#usesItem ? MOST_IN_EXPRESSIONS : MOST_IN_ENVIRONMENT;
    broker.each({ node: node.id, queue, workers: names, most });
    tell({ type: 'node.started', node: node.id, pid: null });
    this.#context.onStarted(this);
    this.#tell({ type: 'start' });
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
        return this.#works.get(effect.worker)?.run?.handle({ ...effect, type: 'stop' });
      case 'kill':
        return this.#works.get(effect.worker)?.run?.handle({ type: 'kill' });
      case 'end':
        return this.#end(effect.outcome, effect.cause);
    }
  }

  // ── one item ──

  #work(worker: number, ticket: number): void {
    const given = this.#given.get(ticket);
    if (given === undefined) throw new Error(`Internal error: item ${ticket} was not given`);
    this.#given.delete(ticket);
    // FIFOs are made many at a time.
    if (this.#begun % ITEMS_AHEAD === 0) this.#context.fifos.expect(2 * ITEMS_AHEAD);
    this.#begun += 1;
    const id = workerOf(this.node.id, worker);
    const item = new ItemInput(given, this.#context.broker);
    const resolved = this.#constant ?? this.#resolveFor(given);
    if (!('refused' in resolved) && !resolved.if) return this.#skip(worker, given);
    const node = this.#nodeFor(id, 'refused' in resolved ? this.node : resolved, item);
    const context = this.#contextFor(worker, id, given, item);
    const run = new ProcessRun(node, context, 'refused' in resolved ? resolved.refused : null);
    this.#works.set(worker, { given, run, ended: null });
    this.#context.running.set(id, run);
    run.handle({ type: 'start' });
  }

  /** In a turn of its own: the effects that are being performed come before what follows from this. */
  #skip(worker: number, given: Given): void {
    this.#works.set(worker, { given, run: null, ended: null });
    queueMicrotask(() =>
      this.#tell({ type: 'worked', worker, result: { outcome: 'skipped', how: 'was skipped', attempts: 0 } }),
    );
  }

  #resolveFor(given: Given): ResolvedNode | { readonly refused: string } {
    const item = itemValueOf(given);
    const resolved = 'refused' in item ? item : this.#resolve(item.value);
    return 'refused' in resolved ? { refused: `${resolved.refused} (${this.#context.place})` } : resolved;
  }

  #resolve(item: Json | undefined, node = this.node): ResolvedNode | { readonly refused: string } {
    try {
      return this.#context.resolve(node, item);
    } catch (error) {
      if (error instanceof ExpressionFailure) return { refused: error.message };
      throw error;
    }
  }

  #nodeFor(id: NodeId, node: ProcessNode, item: ItemInput): ProcessNode {
    const env: Record<string, string> = { ...node.env };
    for (const name of itemVariables) delete env[name];
    return {
      ...node,
      id,
      each: null,
      grants: this.#grants,
      env: { ...env, ...item.env },
      stdout: this.#appending(node.stdout, this.node.stdout),
      stderr: this.#appending(node.stderr, this.node.stderr),
    };
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
        this.#tell({
          type: 'worked',
          worker,
          result: { outcome, how: howEnded(ended), attempts },
        });
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
    const { outcome, exitcode, signal, startedAt, cause, attempts = 1 } = ended;
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

  #end(outcome: EachOutcome, cause: string | null): void {
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

  /** What its processes may use: they take nothing themselves. */
  get #grants(): ProcessNode['grants'] {
    return this.node.grants.filter(({ role }) => role !== 'get');
  }

  get #isWired(): boolean {
    return this.node.stdout.type === 'queue' || this.node.stderr.type === 'queue';
  }

  /** A file that is the same for all items is emptied once, and then each one's output follows what is there. */
  #appending(output: Output, declared: Output): Output {
    return output.type === 'file' && !usesItem(declared) ? { ...output, append: true } : output;
  }

  /** Null, or why that cannot be done. */
  #emptyFiles(): string | null {
    const { stdout, stderr } = this.node;
    for (const declared of [stdout, stderr]) {
      if (declared.type !== 'file' || declared.append || usesItem(declared)) continue;
      const resolved = this.#resolve(undefined, { ...this.node, ...nothingButFiles, stdout: declared });
      if ('refused' in resolved) return resolved.refused;
      const output = resolved.stdout as typeof declared;
      try {
        writeFileSync(output.path, '');
      } catch (error) {
        return `\`${output.path}\` could not be emptied: ${(error as Error).message}`;
      }
    }
    return null;
  }
}

const ITEMS_AHEAD = 32;

/** The parts of a node that may ask for an item, and are no files. */
const nothingButFiles = {
  if: true,
  launch: { type: 'command', argv: [] },
  cwd: '/',
  env: {},
  stderr: { type: 'log' },
} as const;

const neverRan: Ended = {
  outcome: 'skipped',
  exitcode: null,
  signal: null,
  startedAt: null,
  cause: null,
  again: 'never',
};
