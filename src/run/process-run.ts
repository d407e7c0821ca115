// One process of the run: performs what its `lifecycle` decides and tells it what came of that. The executor holds one for each
// process that was told to start.
import type { Account, Fed, Fence } from '../broker/control.ts';
import type { ProbeRule, ProcessNode } from '../plan/plan.ts';
import { speaks } from '../plan/speakers.ts';
import { Attempts } from './attempts.ts';
import { Child, type OnOutput, startChild } from './child.ts';
import { environmentOf } from './environment.ts';
import type { Effect, Input, Phase } from './life.ts';
import type { ProcessContext } from './process-context.ts';
import { MaskedOutput } from './masked-output.ts';
import type { Seen } from './neighbours.ts';
import type { Watch } from './readiness/watch.ts';
import { StderrTail } from './stderr-tail.ts';
import { argvOf } from './target.ts';

const nothing: Account = { unflushed: false, inputBrokeOff: false, outputClosed: null, toldEnd: false, held: 0 };

export class ProcessRun {
  readonly node: ProcessNode;
  readonly #context: ProcessContext;
  readonly #attempts: Attempts;
  /** Of the attempt that runs, or of the last one. */
  #tail = new StderrTail();
  /** Why it cannot even be tried. */
  readonly #refused: string | null;
  /** Ends when what is left of its tree has had time enough. */
  #patience = new AbortController();
  /** Aborted once it is no longer to start. */
  #wanted = new AbortController();
  #child: Child | null = null;
  /** The probe of this attempt; null where it has none, or says itself when it is ready. */
  #probe: Watch | null = null;
  #masked: MaskedOutput | null = null;

  constructor(node: ProcessNode, context: ProcessContext, refused: string | null = null) {
    this.node = node;
    this.#context = context;
    this.#refused = refused;
    // What is wrong with it will be wrong again.
    this.#attempts = new Attempts(refused === null ? node : { ...node, again: null });
  }

  handle(input: Input): void {
    if (input.type === 'admitted' && this.awaitsLocks) return this.#context.locks.admitted(this.node.id);
    const effects = this.#attempts.handle(input, this.#context.now(), Math.random());
    for (const effect of effects) this.#carryOut(effect);
    if (input.type === 'stop' || input.type === 'kill') this.#context.locks.cancel(this.node.id);
    this.#context.onDeadline(this.#attempts.nextDeadline());
  }

  get phase(): Phase {
    return this.#attempts.phase;
  }

  /** Null where there is no process yet, or none could be made. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** There is no process before it has its locks. */
  get awaitsLocks(): boolean {
    return this.#context.locks.has(this.node.id);
  }

  /** By its SDK. */
  saysReady(): void {
    if (this.node.ready?.probe.type === 'sdk') this.handle({ type: 'held' });
  }

  /** For the case that our own order of things has broken down. */
  killAtOnce(): void {
    this.#probe?.close();
    this.#child?.signal('SIGKILL');
  }

  #carryOut(effect: Effect): void {
    const { node } = this;
    const { broker, tell } = this.#context;
    switch (effect.do) {
      case 'spawn':
        this.#wanted = new AbortController();
        this.#context.onAttempt(this);
        // In a turn of its own: those that start with it come first, and can then be told what becomes of it.
        return queueMicrotask(() => this.#watch(this.#spawn()));
      case 'announce':
        tell({
          type: 'node.started',
          node: node.id,
          pid: effect.pid,
          ...(node.tty ? { terminal: true } : {}),
          ...this.#whichAttempt,
        });
        broker?.started(node.id, effect.pid);
        return this.#context.onStarted(this);
      case 'signal':
        tell({ type: 'node.stopping', node: node.id, signal: effect.signal, reason: effect.reason });
        return this.#child?.signal(effect.signal);
      case 'empty':
        return this.#watch(this.#empty(effect.patient));
      case 'cancel':
        return this.#wanted.abort();
      case 'hurry':
        return this.#patience.abort();
      case 'leaked':
        return tell({ type: 'node.leaked', node: node.id, pids: effect.pids });
      case 'fed':
        return tell({ type: 'warning', node: node.id, queue: effect.queue, message: fedTo(effect) });
      case 'cut-off':
        return tell({ type: 'warning', node: node.id, queue: effect.queue, message: cutOffFrom(effect.queue) });
      case 'account':
        return this.#watch(this.#account(effect.abandon));
      case 'settle':
        if (speaks(node)) broker?.settle({ ...effect, node: node.id });
        return;
      case 'recover':
        if (speaks(node)) broker?.recover(node.id, effect.how);
        return;
      case 'again': {
        const { attempt, delayMs } = effect;
        const { outcome, exitcode, signal, cause } = effect.ended;
        const type = node.kind === 'daemon' ? 'node.restarting' : 'node.retrying';
        const ended = { outcome, exitcode, signal, ...(cause === null ? {} : { cause }) };
        tell({ type, node: node.id, attempt, delayMs, ...ended });
        return this.#context.onRest(this);
      }
      case 'return':
        return this.#context.onReturn(this);
      case 'try':
        return this.#probe?.try();
      case 'drop':
        return this.#probe?.drop();
      case 'unwatch':
        return this.#probe?.close();
      case 'ready':
        tell({ type: 'node.ready', node: node.id, afterMs: effect.afterMs });
        return this.#context.onReady(this);
      case 'report':
        return this.#context.onReport(effect.to, effect.report);
      case 'reconsider':
        return queueMicrotask(() => this.handle({ type: 'reconsider' }));
      case 'end':
        return this.#context.onEnded(this, effect.ended, this.#tail.text());
    }
  }

  async #spawn(): Promise<void> {
    const { node } = this;
    const { broker, masker, pipes, runDir, targets, tell } = this.#context;
    const { attempt } = this.#attempts;
    this.#tail = new StderrTail();
    this.#patience = new AbortController();
    // It was told to end by somebody who ended in the same turn.
    if (this.#wanted.signal.aborted) return this.#withdraw();
    if (this.#refused !== null) return this.#refuse(this.#refused);
    const argv = argvOf(node, targets, runDir);
    if ('refused' in argv) return this.#refuse(argv.refused);
    const connection =
      broker && speaks(node) ? { socket: broker.socket, token: broker.tokenFor(node.id, attempt) } : null;
    const fences = await this.#takeLocks();
    if (fences !== null && 'refused' in fences) return this.#refuse(fences.refused);
    if (fences === null) return this.#withdraw();
    const env = environmentOf(node, { ...this.#context, attempt }, connection, fences);
    this.#probe = node.ready === null ? null : await this.#probeOf(node.ready.probe, attempt);
    const printed = (stream: 'stdout' | 'stderr', bytes: Buffer): void => {
      if (stream === 'stderr') this.#tail.add(bytes);
      tell({ type: 'node.output', node: node.id, stream, bytes });
    };
    const masked = masker && new MaskedOutput(masker, printed);
    this.#masked = masked;
    const onOutput: OnOutput = (stream, bytes) => {
      this.#probe?.hear(stream, bytes);
      if (masked) masked.push(stream, bytes);
      else printed(stream, bytes);
    };
    const { terminal } = this.#context;
    const taken = node.tty ? terminal.take(node.id) : null;
    if (taken !== null) return this.#refuse(taken);
    if ([node.stdin, node.stdout, node.stderr].some(({ type }) => type === 'file')) this.handle({ type: 'opening' });
    const child = await startChild({ node, argv, env }, this.#context, onOutput, this.#wanted.signal);
    if (!(child instanceof Child)) return 'refused' in child ? this.#refuse(child.refused) : this.#withdraw();
    this.#child = child;
    if (node.tty) terminal.given(child);
    pipes.given(node, child.pid);
    this.handle({ type: 'spawned', pid: child.pid });
    const exit = await child.exited;
    terminal.giveBack(node.id);
    this.handle({ type: 'exited', ...exit, seen: this.#look() });
  }

  async #probeOf(probe: ProbeRule, attempt: number): Promise<Watch | null> {
    if (probe.type === 'sdk') return null;
    const { node } = this;
    // It is not this process, and cannot speak for it.
    const { FORKLINE_PROCESS: _, ...env } = environmentOf(node, { ...this.#context, attempt }, null);
    const reports = {
      held: () => this.handle({ type: 'held' }),
      unheld: (reason: string) => this.handle({ type: 'unheld', reason }),
    };
    const { openWatch } = await import('./readiness/watch.ts');
    return openWatch(probe, { cwd: node.cwd, env, launcher: this.#context.launcher }, reports);
  }

  async #takeLocks(): Promise<readonly Fence[] | { readonly refused: string } | null> {
    const { broker } = this.#context;
    const locks = this.node.holds.filter(({ contested }) => contested);
    if (locks.length === 0 || broker === null) return [];
    const { onRest, onReturn } = this.#context;
    const gate = { rest: () => onRest(this), comeBack: () => onReturn(this) };
    try {
      return await this.#context.locks.take({ node: this.node.id, locks, broker, ...gate });
    } catch (error) {
      return { refused: (error as Error).message };
    }
  }

  #refuse(reason: string): void {
    this.#giveUp();
    this.handle({ type: 'refused', reason });
  }

  #withdraw(): void {
    this.#giveUp();
    this.handle({ type: 'withdrawn' });
  }

  /** There will be no process. */
  #giveUp(): void {
    // Nothing was done under the locks that were taken for it.
    if (this.node.holds.some(({ contested }) => contested)) this.#context.broker?.unhold(this.node.id);
    this.#context.terminal.giveBack(this.node.id);
    this.#context.pipes.giveUp(this.node);
  }

  /** Whether the others that pipes join it to still hold these. */
  #look(): Seen {
    const { id, kind, stdin, stdout } = this.node;
    const { pipes, readsDaemon } = this.#context;
    // A daemon ends after all processes have: none of them can wait for that.
    const isEndless = kind === 'process' && readsDaemon(this.node) && pipes.lives(id, 'write');
    return {
      sourceHolds: stdin.type === 'process' && (pipes.isHeld(id, 'write') || isEndless),
      sinkHolds: stdout.type === 'process' && pipes.isHeld(stdout.process, 'read'),
    };
  }

  async #empty(patient: boolean): Promise<void> {
    if (!this.#child) throw new Error('Internal error: there is no tree to empty');
    const [leaked] = await Promise.all([
      this.#child.empty(patient ? this.#patience.signal : undefined),
      this.#probe?.settled(),
    ]);
    this.#probe?.heardAll();
    this.#masked?.end();
    // By the time of another attempt its number may be a stranger's.
    this.#child = null;
    this.handle({ type: 'emptied', leaked });
  }

  async #account(abandon: boolean): Promise<void> {
    const { broker } = this.#context;
    const account = broker && speaks(this.node) ? await broker.gone(this.node.id, abandon) : nothing;
    this.handle({ type: 'accounted', account });
  }

  get #whichAttempt(): { readonly attempt?: number } {
    const { attempt } = this.#attempts;
    return attempt > 1 ? { attempt } : {};
  }

  #watch(work: Promise<void>): void {
    work.catch(this.#context.onBroken);
  }
}

function fedTo({ queue, count }: Fed): string {
  const items = count === 1 ? '1 item' : `${count} items`;
  return `it failed after ${items} of queue \`${queue}\` had been written to it, which count as done: with \`done: exit\` they would go back`;
}

function cutOffFrom(queue: string): string {
  return `not all that it had written is in queue \`${queue}\`: it was stopped while there was no room, and the rest is lost`;
}
