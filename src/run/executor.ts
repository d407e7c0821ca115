// Performs what `schedule` decides, and tells it what came of it. It owns the run's processes, its broker and its one timer;
// every rule of the language is in the machines, not here.
import type { BrokerHost } from '../broker/host.ts';
import { Clock, EarliestAlarm } from '../clock.ts';
import type { NodeId, Plan, ProcessNode } from '../plan/plan.ts';
import { type Admission, scheduleOf } from './admission.ts';
import { conclude } from './conclusion.ts';
import { EachRun } from './each-run.ts';
import { inherited } from './environment.ts';
import type { ExecutionOptions } from './execution-options.ts';
import { FifoWatch } from './fifo-watch.ts';
import type { Ended } from './life.ts';
import { NodeEnds } from './node-ends.ts';
import { LockTaker } from './lock-taker.ts';
import { Notices } from './notices.ts';
import { Outputs } from './outputs.ts';
import { Pausing } from './pausing.ts';
import { Premises } from './premises.ts';
import { Preparation } from './preparation.ts';
import type { ProcessContext } from './process-context.ts';
import type { ProcessRun } from './process-run.ts';
import { Resolver } from './resolver.ts';
import { RunMaker } from './run-maker.ts';
import { RunSlots } from './run-slots.ts';
import { type ScheduleEffect, stopInput } from './schedule-effect.ts';
import type { Schedules } from './schedules.ts';
import { hasTerminal, Terminal, wantsTerminal } from './terminal.ts';
import type { Targets } from './target.ts';
import { isCutShort, type StopCause, TIMED_OUT } from './verdict.ts';

export class Execution {
  readonly #plan: Plan;
  readonly #options: ExecutionOptions;
  readonly #schedule: Schedules | Admission;
  readonly #nodes: ReadonlyMap<NodeId, Plan['nodes'][number]>;
  /** Those of the plan, and the workers of an `each`. */
  readonly #running = new Map<NodeId, ProcessRun | EachRun>();
  readonly #slots: RunSlots;
  readonly #premises: Premises;
  readonly #preparation: Preparation;
  readonly #outputs: Outputs;
  readonly #maker: RunMaker;
  readonly #notices: Notices;
  readonly #fifos: FifoWatch;
  readonly #ends: NodeEnds;
  readonly #clock = new Clock();
  /** The one timer: set to the earliest deadline of all machines. */
  readonly #alarm = new EarliestAlarm(this.#clock, () => this.#tick());
  /** Ctrl-Z and `fg`. */
  readonly pausing: Pausing;
  readonly #terminal = new Terminal();
  readonly #locks = new LockTaker();
  readonly #ended: Promise<readonly NodeId[]>;
  #over!: (failed: readonly NodeId[]) => void;
  #broken!: (error: unknown) => void;
  #context: ProcessContext | null = null;
  #broker: BrokerHost | null = null;
  #stopCause: StopCause | null = null;
  #killed = false;

  constructor(plan: Plan, options: ExecutionOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#premises = new Premises({
      runId: options.runId,
      atMost: options.containment,
      inSession: wantsTerminal(plan) && hasTerminal(),
      onLost: (reason) => this.kill({ exitCode: 70, reason: `the keeper was lost: ${reason}` }),
      onUncleared: (reason) =>
        options.tell({
          type: 'warning',
          message: `what the keeper left could not be looked for and killed: ${reason}`,
        }),
    });
    this.#outputs = new Outputs(plan);
    const resolver = new Resolver(plan, options, this.#outputs.named);
    this.#schedule = scheduleOf(plan, (node) => resolver.isWanted(node));
    this.#slots = new RunSlots({
      most: plan.slots,
      schedule: this.#schedule,
      now: () => this.#now(),
      perform: (effects) => this.#perform(effects),
    });
    this.#maker = new RunMaker({ plan, resolver, running: this.#running, slotsFor: (id) => this.#slots.ofEach(id) });
    const told = {
      outputs: this.#outputs,
      broker: () => this.#broker,
      now: () => this.#now(),
      tell: options.tell,
    };
    this.#ends = new NodeEnds(plan, told);
    this.#notices = new Notices({
      ...told,
      runId: options.runId,
      schedule: this.#schedule,
      running: this.#running,
      perform: (effects) => this.#perform(effects),
      stop: (cause) => this.stop(cause),
      onBroken: (error) => this.#broken(error),
    });
    this.#preparation = new Preparation({
      ...options,
      plan,
      premises: this.#premises,
      onNotice: (notice) => this.#notices.hear(notice),
      onBrokerLost: (reason) => this.kill({ exitCode: 70, reason: `the broker was lost: ${reason}` }),
    });
    this.#fifos = new FifoWatch({ ...options, clock: this.#clock, running: this.#running });
    this.#nodes = new Map(plan.nodes.map((node) => [node.id, node]));
    this.pausing = new Pausing({
      clock: this.#clock,
      runId: options.runId,
      terminal: this.#terminal,
      leaders: () => [...this.#running.values()].flatMap(({ pid }) => pid ?? []),
      broker: () => this.#broker,
      tell: options.tell,
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#over = resolve;
      this.#broken = reject;
    });
    this.#ended.catch(() => {});
  }

  /** The first event. From here on it can be stopped. */
  begin(): void {
    const { runId, runDir } = this.#options;
    this.#options.tell({ type: 'run.started', version: 1, runId, runDir, pid: process.pid, plan: this.#plan });
  }

  /** Runs the plan to its end. Throws only for a mistake of ours, with everything killed. */
  async run(): Promise<void> {
    try {
      const { broker, targets, obstacle } = await this.#preparation.prepare();
      this.#broker = broker;
      if (obstacle) this.stop(obstacle);
      this.#context = this.#contextWith(targets);
      if (!this.#stopCause) await this.#broker?.begin();
      // Where it has been told to stop by now, nothing is left that could begin.
      this.#fifos.begin();
      this.#perform(this.#schedule.begin(this.#now()));
      await conclude(await this.#ended, {
        ...this.#options,
        plan: this.#plan,
        premises: this.#premises,
        broker: this.#broker,
        ends: this.#ends,
        notices: this.#notices,
        stopped: () => this.#stopCause,
        killed: () => this.#killed,
        now: () => this.#now(),
      });
    } finally {
      await this.#clear();
    }
  }

  /** Ctrl-C and its like: everything is stopped by its rule. */
  stop(cause: StopCause): void {
    if (this.#stopCause) return;
    this.#stopCause = cause;
    this.#goOn();
    // Whoever interrupts a run that seems to hang wants to know what it waited for.
    if (isCutShort(cause)) {
      this.#broker?.tellWaits();
      this.#fifos.tellNow();
    }
    this.#perform(this.#schedule.stop(cause.reason, this.#now()));
  }

  /** Kills everything at once. */
  kill(cause: StopCause): void {
    this.stop(cause);
    this.#killed = true;
    this.#goOn();
    void this.#broker?.finish(true).catch(() => {});
    for (const run of [...this.#running.values()]) run.handle({ type: 'kill' });
  }

  /** What is to be stopped must run. */
  #goOn(): void {
    void this.pausing.resume().catch(this.#broken);
  }

  // ── beginning and end ──

  #contextWith(targets: Targets): ProcessContext {
    return {
      ...this.#options,
      inherited: inherited(),
      terminal: this.#terminal,
      locks: this.#locks,
      launcher: this.#premises.launcher,
      fifos: this.#premises.fifos,
      pipes: this.#premises.pipes,
      broker: this.#broker,
      targets,
      now: () => this.#now(),
      onAttempt: ({ node }) => this.#outputs.forget(node.id),
      onRest: ({ node }) => this.#slots.rest(node.id),
      onReturn: (run) => this.#slots.comeBack(run),
      onStarted: ({ node }) => this.#perform(this.#schedule.started(node.id, this.#now())),
      onReady: ({ node }) => this.#perform(this.#schedule.ready(node.id, this.#now())),
      onReport: (to, report) => this.#running.get(to)?.handle({ type: 'heard', report }),
      readsDaemon: ({ stdin }) => stdin.type === 'process' && this.#nodes.get(stdin.process)?.kind === 'daemon',
      onEnded: ({ node }, ended, stderr) => this.#processEnded(node, ended, stderr),
      onDeadline: (deadline) => this.#alarm.by(deadline),
      onBroken: this.#broken,
    };
  }

  async #clear(): Promise<void> {
    this.#fifos.end();
    this.#alarm.cancel();
    for (const run of this.#running.values()) run.killAtOnce();
    await this.#preparation.closeBroker();
    await this.#premises.close();
  }

  // ── performing ──

  #perform(effects: readonly ScheduleEffect[]): void {
    const starting = effects.flatMap((effect) => (effect.do === 'start' ? effect.nodes : []));
    this.#premises.fifos.expect(2 * starting.length);
    for (const effect of effects) this.#carryOut(effect);
    this.#alarm.by(this.#schedule.nextDeadline());
    this.#slots.resume();
  }

  #carryOut(effect: ScheduleEffect): void {
    switch (effect.do) {
      case 'start':
        return this.#start(effect.nodes);
      case 'admit':
        return this.#running.get(effect.node)?.handle({ type: 'admitted' });
      case 'wait':
        return this.#ends.waits(effect.node, effect.since);
      case 'queued':
        return this.#options.tell({ type: 'waiting', waits: effect.waits, behind: effect.behind });
      case 'stop':
        return this.#running.get(effect.node)?.handle(stopInput(effect));
      case 'end':
        return this.#ends.endedUnstarted(effect.fate, effect.cause);
      case 'stopping': {
        const { reason, node } = effect;
        this.#broker?.abandon();
        return this.#options.tell({ type: 'run.stopping', reason, ...(node === null ? {} : { node }) });
      }
      case 'over':
        return this.#over(effect.failed);
    }
  }

  /** Several, where pipes join them: all of them or none. */
  #start(ids: readonly NodeId[]): void {
    const context = this.#context;
    if (!context) throw new Error('Internal error: started before the run was prepared');
    const nodes = ids.map((id) => this.#nodes.get(id) as ProcessNode);
    const runs = this.#maker.make(nodes, context);
    if ('unwanted' in runs) return this.#skip(nodes, runs.unwanted);
    for (const run of runs) {
      this.#running.set(run.node.id, run);
      if (run instanceof EachRun) this.#slots.watch(run);
    }
    for (const run of runs) run.handle({ type: 'start' });
  }

  /** The `if` of one of them is false. */
  #skip(nodes: readonly ProcessNode[], unwanted: NodeId): void {
    for (const node of nodes) {
      this.#ends.skipped(node, unwanted);
      // In a turn of its own: the effects that are being performed come before what follows from this.
      queueMicrotask(() => this.#perform(this.#schedule.ended({ node: node.id, outcome: 'skipped' }, this.#now())));
    }
  }

  #processEnded(node: ProcessNode, ended: Ended, stderr: string): void {
    const run = this.#running.get(node.id);
    if (run instanceof EachRun) this.#slots.forget(run);
    this.#running.delete(node.id);
    this.#ends.ended(node, ended, stderr);
    const { outcome } = ended;
    const ignoreFailure = node.onFailure === 'ignore';
    this.#perform(this.#schedule.ended({ node: node.id, outcome, ignoreFailure }, this.#now()));
  }

  // ── time ──

  #tick(): void {
    const now = this.#now();
    if (this.#schedule.timedOut(now)) this.stop({ exitCode: TIMED_OUT, reason: 'the run timed out' });
    this.#perform(this.#schedule.tick(now));
    for (const run of [...this.#running.values()]) run.handle({ type: 'tick' });
  }

  /** Milliseconds since this run began, without those in which it was paused. */
  #now(): number {
    return this.#clock.now();
  }
}
