// Performs what the machines decide, and tells them what came of it. It owns the run's children, its broker, its journal and its one
// timer; every rule of the language is in `schedule` and `lifecycle`, not here.
import type { Account, Notice } from '../broker/control.ts';
import { type BrokerHost, startBroker } from '../broker/host.ts';
import type { NodeId, Plan, ProcessNode } from '../plan/plan.ts';
import { resolveNode } from '../plan/resolve.ts';
import { type Child, startChild } from './child.ts';
import { environmentOf, markOf } from './environment.ts';
import type { Event, Outcome } from './event.ts';
import { Fifos } from './kernel-pipe.ts';
import { type Ended, type Input, Lifecycle, type Effect as LifecycleEffect } from './lifecycle.ts';
import type { Fate } from './outcome.ts';
import { emptyMarked } from './reaper.ts';
import { Schedule, type ScheduleEffect } from './schedule.ts';
import { StderrTail } from './stderr-tail.ts';
import { argvOf, prepareTargets, type Targets } from './target.ts';
import { type StopCause, verdictOf } from './verdict.ts';

/** An event without its time, which is put on where it is told. */
export type Happening = Event extends infer E ? (E extends Event ? Omit<E, 'time'> : never) : never;

export interface ExecutionOptions {
  readonly runId: string;
  readonly runDir: string;
  readonly tell: (happening: Happening) => void;
  /** Whether something of the run's files was lost, which fails the run. */
  readonly journalLost: () => boolean;
}

interface Running {
  readonly node: ProcessNode;
  readonly lifecycle: Lifecycle;
  readonly tail: StderrTail;
  child: Child | null;
}

const nothing: Account = { unflushed: false, inputBrokeOff: false, toldEnd: false, held: 0 };

export class Execution {
  readonly #plan: Plan;
  readonly #options: ExecutionOptions;
  readonly #schedule: Schedule;
  readonly #nodes: ReadonlyMap<NodeId, Plan['nodes'][number]>;
  readonly #running = new Map<NodeId, Running>();
  readonly #waitingSince = new Map<NodeId, number>();
  readonly #fifos = new Fifos();
  readonly #startedAt = performance.now();
  #targets: Targets = { modules: new Map(), python: null };
  #broker: BrokerHost | null = null;
  #timer: NodeJS.Timeout | null = null;
  #armedFor = Number.POSITIVE_INFINITY;
  #stopCause: StopCause | null = null;
  #exhausted = false;
  readonly #ended: Promise<readonly NodeId[]>;
  #over!: (failed: readonly NodeId[]) => void;
  #broken!: (error: unknown) => void;

  constructor(plan: Plan, options: ExecutionOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#schedule = new Schedule(plan);
    this.#nodes = new Map(plan.nodes.map((node) => [node.id, node]));
    this.#ended = new Promise((resolve, reject) => {
      this.#over = resolve;
      this.#broken = reject;
    });
    this.#ended.catch(() => {});
  }

  /** Runs the plan to its end; answers the exit code. Throws only for a mistake of ours, with everything stopped. */
  async run(): Promise<number> {
    try {
      const { runId, runDir } = this.#options;
      this.#options.tell({ type: 'run.started', version: 1, runId, runDir, pid: process.pid, plan: this.#plan });
      await this.#prepare();
      if (!this.#stopCause) this.#perform(this.#schedule.begin(this.#now()));
      return await this.#conclude(await this.#ended);
    } finally {
      await this.#clear();
    }
  }

  /** Ctrl-C and its like: everything is stopped by its rule. */
  stop(cause: StopCause): void {
    if (this.#stopCause) return;
    this.#stopCause = cause;
    this.#perform(this.#schedule.stop(cause.reason, this.#now()));
  }

  /** Kills everything at once. */
  kill(cause: StopCause): void {
    this.stop(cause);
    for (const running of [...this.#running.values()]) this.#drive(running, { type: 'kill' });
  }

  // ── beginning and end ──

  async #prepare(): Promise<void> {
    const { runId, runDir } = this.#options;
    const { channels } = this.#plan;
    const broker =
      channels.length === 0
        ? null
        : startBroker({
            runId,
            channels,
            onNotice: (notice) => this.#noticed(notice),
            onLost: (reason) => this.#brokerLost(reason),
          });
    const [host, targets] = await Promise.all([broker, prepareTargets(this.#plan, runDir)]);
    this.#broker = host;
    this.#targets = targets;
  }

  async #conclude(failed: readonly NodeId[]): Promise<number> {
    await this.#sweep();
    const counts = (await this.#broker?.count()) ?? {};
    for (const [queue, count] of Object.entries(counts))
      this.#options.tell({ type: 'queue.counted', queue, counts: count });
    const verdict = verdictOf({
      plan: this.#plan,
      failed,
      counts,
      exhausted: this.#exhausted,
      journalLost: this.#options.journalLost(),
      stopped: this.#stopCause,
    });
    for (const warning of verdict.warnings) this.#options.tell({ type: 'warning', ...warning });
    const { exitCode } = verdict;
    const durationMs = Math.round(this.#now());
    this.#options.tell({ type: 'run.ended', exitCode, durationMs, reason: verdict.reason });
    return exitCode;
  }

  /** What left its process's group and outlived it: nothing of a run stays behind. */
  async #sweep(): Promise<void> {
    const pids = await emptyMarked(markOf(this.#options.runId));
    if (pids.length > 0)
      this.#options.tell({
        type: 'warning',
        message: `killed what had left its process group and was still running: ${pids.join(', ')}`,
      });
  }

  async #clear(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    for (const { child } of this.#running.values()) child?.signal('SIGKILL');
    this.#fifos.close();
    await this.#broker?.close();
  }

  // ── performing ──

  #perform(effects: readonly ScheduleEffect[]): void {
    this.#fifos.expect(2 * effects.filter((effect) => effect.do === 'start').length);
    for (const effect of effects) {
      switch (effect.do) {
        case 'start':
          this.#start(effect.node);
          break;
        case 'wait':
          this.#waitingSince.set(effect.node, this.#now());
          this.#options.tell({ type: 'node.started', node: effect.node, pid: null });
          break;
        case 'stop':
          this.#drive(this.#runningOf(effect.node), { type: 'stop', as: effect.as, reason: effect.reason });
          break;
        case 'end':
          this.#endWithoutProcess(effect.fate, effect.cause);
          break;
        case 'stopping':
          this.#options.tell({
            type: 'run.stopping',
            reason: effect.reason,
            ...(effect.node === null ? {} : { node: effect.node }),
          });
          break;
        case 'over':
          this.#over(effect.failed);
      }
    }
    this.#arm();
  }

  #start(id: NodeId): void {
    const declared = this.#nodes.get(id) as ProcessNode;
    const { runId, runDir } = this.#options;
    const node = resolveNode(declared, { run: { id: runId, dir: runDir, name: this.#plan.name } });
    if (node.if === false) {
      this.#settleUnstarted(declared, 'end');
      this.#tellEnd(
        id,
        { outcome: 'skipped', exitcode: null, signal: null, startedAt: null, cause: 'its `if` is false' },
        '',
      );
      // Not from within the effects being performed, whose order stands.
      queueMicrotask(() => this.#perform(this.#schedule.ended({ node: id, outcome: 'skipped' }, this.#now())));
      return;
    }
    const running: Running = { node, lifecycle: new Lifecycle(node), tail: new StderrTail(), child: null };
    this.#running.set(id, running);
    this.#drive(running, { type: 'start' });
  }

  #drive(running: Running, input: Input): void {
    for (const effect of running.lifecycle.handle(input, this.#now())) this.#carryOut(running, effect);
    this.#armBy(running.lifecycle.nextDeadline());
  }

  #carryOut(running: Running, effect: LifecycleEffect): void {
    const { node, child } = running;
    switch (effect.do) {
      case 'spawn':
        this.#await(this.#spawn(running));
        break;
      case 'announce':
        this.#options.tell({ type: 'node.started', node: node.id, pid: effect.pid });
        this.#broker?.started(node.id, effect.pid);
        this.#perform(this.#schedule.started(node.id, this.#now()));
        break;
      case 'signal':
        this.#options.tell({ type: 'node.stopping', node: node.id, signal: effect.signal, reason: effect.reason });
        child?.signal(effect.signal);
        break;
      case 'empty':
        if (child) this.#await(child.empty().then((leaked) => this.#drive(running, { type: 'emptied', leaked })));
        break;
      case 'leaked':
        this.#options.tell({ type: 'node.leaked', node: node.id, pids: effect.pids });
        break;
      case 'account':
        this.#await(
          this.#account(node, effect.abandon).then((account) => this.#drive(running, { type: 'accounted', account })),
        );
        break;
      case 'settle':
        if (node.grants.length > 0) this.#broker?.settle({ node: node.id, ...effect });
        break;
      case 'end':
        this.#processEnded(running, effect.ended);
    }
  }

  async #spawn(running: Running): Promise<void> {
    const { node, tail } = running;
    const { runId, runDir } = this.#options;
    const argv = argvOf(node, this.#targets, runDir);
    if ('refused' in argv) return this.#drive(running, { type: 'refused', reason: argv.refused });
    const broker = this.#broker;
    const connection = broker ? { socket: broker.socket, token: broker.tokenFor(node.id) } : null;
    const env = environmentOf(node, { runId, runDir }, connection);
    const started = await startChild({ node, argv, env }, { fifos: this.#fifos, broker }, (stream, bytes) => {
      if (stream === 'stderr') tail.add(bytes);
      this.#options.tell({ type: 'node.output', node: node.id, stream, bytes });
    });
    if ('refused' in started) return this.#drive(running, { type: 'refused', reason: started.refused });
    running.child = started;
    this.#drive(running, { type: 'spawned', pid: started.pid });
    const exit = await started.exited;
    this.#drive(running, { type: 'exited', ...exit });
  }

  async #account(node: ProcessNode, abandon: boolean): Promise<Account> {
    if (!this.#broker || node.grants.length === 0) return nothing;
    return this.#broker.gone(node.id, abandon);
  }

  #processEnded(running: Running, ended: Ended): void {
    const { node, tail } = running;
    this.#running.delete(node.id);
    this.#tellEnd(node.id, ended, tail.text());
    const ignoreFailure = node.onFailure === 'ignore';
    this.#perform(this.#schedule.ended({ node: node.id, outcome: ended.outcome, ignoreFailure }, this.#now()));
  }

  #endWithoutProcess(fate: Fate, cause: string | null): void {
    const node = this.#nodes.get(fate.node);
    if (node && node.kind !== 'join') this.#settleUnstarted(node, fate.benign ? 'end' : 'abort');
    const startedAt = this.#waitingSince.get(fate.node) ?? null;
    this.#tellEnd(fate.node, { outcome: fate.outcome, exitcode: null, signal: null, startedAt, cause }, '');
  }

  #settleUnstarted(node: ProcessNode, stream: 'end' | 'abort'): void {
    if (node.grants.length > 0) this.#broker?.settle({ node: node.id, held: 'back', stream, succeeded: false });
  }

  #tellEnd(node: NodeId, { outcome, exitcode, signal, startedAt, cause }: Ended, stderr: string): void {
    const showStderr = failures.has(outcome) && stderr !== '';
    this.#options.tell({
      type: 'node.ended',
      node,
      outcome,
      exitcode,
      signal,
      durationMs: startedAt === null ? 0 : Math.round(this.#now() - startedAt),
      ...(cause === null ? {} : { cause }),
      ...(showStderr ? { stderrTail: stderr } : {}),
    });
  }

  // ── hearing ──

  #noticed(notice: Notice): void {
    switch (notice.type) {
      case 'closed':
        this.#options.tell({ type: 'queue.closed', queue: notice.queue, aborted: notice.aborted });
        break;
      case 'drained':
        this.#options.tell({ type: 'queue.drained', queue: notice.queue });
        this.#perform(this.#schedule.drained(notice.queue, this.#now()));
        break;
      case 'stranded':
        this.#perform(this.#schedule.stranded(notice.queue, notice.reason, this.#now()));
        break;
      case 'redelivered':
        this.#options.tell({ type: 'queue.redelivered', queue: notice.queue, node: notice.node, count: notice.count });
        break;
      case 'exhausted':
        this.#exhausted = true;
        this.#options.tell({
          type: 'warning',
          queue: notice.queue,
          node: notice.node,
          message: `an item of queue \`${notice.queue}\` was delivered as often as its \`attempts\` allow and never done; it is left over`,
        });
        break;
      case 'abandoned':
        this.#options.tell({ type: 'lock.abandoned', lock: notice.lock, node: notice.node });
        break;
      case 'offence':
        this.#options.tell({ type: 'client.refused', node: notice.node, reason: notice.reason });
        if (notice.node !== null) this.#fault(notice.node, notice.reason);
        break;
      case 'miswired':
        this.#fault(notice.node, notice.reason);
        break;
      case 'listening':
      case 'answer':
    }
  }

  #fault(node: NodeId, reason: string): void {
    const running = this.#running.get(node);
    if (running) this.#drive(running, { type: 'fault', reason });
  }

  #brokerLost(reason: string): void {
    this.kill({ exitCode: 70, reason: `the broker was lost: ${reason}` });
  }

  // ── time ──

  #arm(): void {
    this.#armBy(this.#schedule.nextDeadline());
  }

  /** The one timer: set to the earliest deadline of all machines. */
  #armBy(deadline: number | null): void {
    if (deadline === null || deadline >= this.#armedFor) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#armedFor = deadline;
    const delay = Math.min(Math.max(0, Math.ceil(deadline - this.#now())), 0x7fff_ffff);
    this.#timer = setTimeout(() => this.#tick(), delay);
  }

  #tick(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#now();
    if (this.#schedule.timedOut(now)) this.stop({ exitCode: 124, reason: 'the run timed out' });
    this.#perform(this.#schedule.tick(now));
    for (const running of [...this.#running.values()]) this.#drive(running, { type: 'tick' });
    this.#arm();
  }

  /** Milliseconds since this run began. */
  #now(): number {
    return performance.now() - this.#startedAt;
  }

  #await(work: Promise<void>): void {
    work.catch((error: unknown) => this.#broken(error));
  }

  #runningOf(id: NodeId): Running {
    const running = this.#running.get(id);
    if (!running) throw new Error(`Internal error: \`${id}\` does not run`);
    return running;
  }
}

const failures: ReadonlySet<Outcome> = new Set(['failed', 'timed_out']);
