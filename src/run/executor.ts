// Performs what `schedule` decides, and tells it what came of it. It owns the run's processes, its broker and its one timer;
// every rule of the language is in the machines, not here.
import type { BrokerHost } from '../broker/host.ts';
import { Clock, EarliestAlarm } from '../clock.ts';
import type { NodeId, Plan, ProcessNode } from '../plan/plan.ts';
import { type Admission, scheduleOf } from './admission.ts';
import { shortcoming, type Tier } from './containment.ts';
import { EachRun } from './each-run.ts';
import { inherited } from './environment.ts';
import type { Happening } from './happening.ts';
import type { Masker } from './masker.ts';
import type { Ended } from './life.ts';
import { NodeEnds } from './node-ends.ts';
import { LockTaker } from './lock-taker.ts';
import { Notices } from './notices.ts';
import { pipedWith } from './outcome.ts';
import { Outputs } from './outputs.ts';
import { Pausing } from './pausing.ts';
import { Premises } from './premises.ts';
import { Preparation, type Prepared } from './preparation.ts';
import type { ProcessContext } from './process-context.ts';
import type { ProcessRun } from './process-run.ts';
import { Resolver } from './resolver.ts';
import { RunMaker } from './run-maker.ts';
import { RunSlots } from './run-slots.ts';
import type { ScheduleEffect } from './schedule-effect.ts';
import type { Schedules } from './schedules.ts';
import { hasTerminal, Terminal, wantsTerminal } from './terminal.ts';
import type { Targets } from './target.ts';
import { type StopCause, verdictOf } from './verdict.ts';

export interface ExecutionOptions {
  readonly runId: string;
  readonly runDir: string;
  readonly tell: (happening: Happening) => void;
  /** Takes the secrets out of what processes print; null where there are none. */
  readonly masker: Masker | null;
  /** How long a deadlock must have lasted to end the run; 0: none is looked for. */
  readonly deadlockMs: number;
  /** The surest tier of containment that may be used. */
  readonly containment: Tier;
  /** Nothing is started with less than full containment. */
  readonly requireContainment: boolean;
  /** Whether something of the run's files was lost, which fails the run. */
  readonly journalLost: () => boolean;
}

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
  readonly #ends: NodeEnds;
  readonly #clock = new Clock();
  /** The one timer: set to the earliest deadline of all machines. */
  readonly #alarm = new EarliestAlarm(this.#clock, () => this.#tick());
  readonly #pausing: Pausing;
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
        this.#tell({ type: 'warning', message: `what the keeper left could not be looked for and killed: ${reason}` }),
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
      tell: (happening: Happening) => this.#tell(happening),
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
    this.#nodes = new Map(plan.nodes.map((node) => [node.id, node]));
    this.#pausing = new Pausing({
      clock: this.#clock,
      runId: options.runId,
      terminal: this.#terminal,
      leaders: () => [...this.#running.values()].flatMap(({ pid }) => pid ?? []),
      broker: () => this.#broker,
      tell: (happening) => this.#tell(happening),
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
    this.#tell({ type: 'run.started', version: 1, runId, runDir, pid: process.pid, plan: this.#plan });
  }

  /** Runs the plan to its end. Throws only for a mistake of ours, with everything killed. */
  async run(): Promise<void> {
    try {
      this.#context = this.#contextWith(await this.#prepare());
      if (!this.#stopCause) await this.#broker?.begin();
      // Where it has been told to stop by now, nothing is left that could begin.
      this.#perform(this.#schedule.begin(this.#now()));
      await this.#conclude(await this.#ended);
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
    if (cause.exitCode >= CUT_SHORT) this.#broker?.tellWaits();
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
    void this.#pausing.resume().catch(this.#broken);
  }

  /** Ctrl-Z and `fg`. */
  get pausing(): Pausing {
    return this.#pausing;
  }

  // ── beginning and end ──

  async #prepare(): Promise<Targets> {
    const prepared = await this.#preparation.prepare();
    this.#broker = prepared.broker;
    this.#contained(prepared);
    return prepared.targets;
  }

  #contained({ containment, swept }: Prepared): void {
    this.#tell({ type: 'run.contained', ...containment });
    if (swept.length > 0)
      this.#tell({
        type: 'warning',
        message: `killed what an earlier run, which was killed itself, had left running: ${swept.join(', ')}`,
      });
    const reason = this.#options.requireContainment ? shortcoming(containment) : null;
    if (reason !== null) this.stop({ exitCode: 2, reason });
  }

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

  async #conclude(failed: readonly NodeId[]): Promise<void> {
    const left = await this.#premises.empty();
    if (left.length > 0)
      this.#tell({ type: 'warning', message: `killed what still ran at the end: ${left.join(', ')}` });
    await this.#broker?.finish(this.#killed);
    const { queues, pipes } = (await this.#broker?.count()) ?? { queues: {}, pipes: {} };
    for (const [queue, counts] of Object.entries(queues)) this.#tell({ type: 'queue.counted', queue, counts });
    for (const [pipe, counts] of Object.entries(pipes)) this.#tell({ type: 'pipe.counted', pipe, counts });
    const { exitCode, reason, warnings } = verdictOf({
      plan: this.#plan,
      failed,
      ignored: this.#ends.ignored,
      counts: queues,
      exhausted: this.#notices.exhausted,
      troubles: this.#notices.troubles,
      journalLost: this.#options.journalLost(),
      stopped: this.#stopCause,
    });
    for (const warning of warnings) this.#tell({ type: 'warning', ...warning });
    this.#tell({ type: 'run.ended', exitCode, durationMs: Math.round(this.#now()), reason });
  }

  async #clear(): Promise<void> {
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
        return this.#tell({ type: 'waiting', waits: effect.waits, behind: effect.behind });
      case 'stop':
        return this.#stopOne(effect);
      case 'end':
        return this.#ends.endedUnstarted(effect.fate, effect.cause);
      case 'stopping': {
        const { reason, node } = effect;
        this.#broker?.abandon();
        return this.#tell({ type: 'run.stopping', reason, ...(node === null ? {} : { node }) });
      }
      case 'over':
        return this.#over(effect.failed);
    }
  }

  #stopOne({ node, as, reason, atOnce }: Extract<ScheduleEffect, { do: 'stop' }>): void {
    const kill = as === 'terminated' ? ({ type: 'kill', as, reason } as const) : ({ type: 'kill' } as const);
    this.#running.get(node)?.handle(atOnce ? kill : { type: 'stop', as, reason });
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
      const cause = node.id === unwanted ? 'its `if` is false' : pipedWith(unwanted, 'was skipped');
      this.#ends.skipped(node, cause);
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

  #tell(happening: Happening): void {
    this.#options.tell(happening);
  }

  // ── time ──

  #tick(): void {
    const now = this.#now();
    if (this.#schedule.timedOut(now)) this.stop({ exitCode: 124, reason: 'the run timed out' });
    this.#perform(this.#schedule.tick(now));
    for (const run of [...this.#running.values()]) run.handle({ type: 'tick' });
  }

  /** Milliseconds since this run began, without those in which it was paused. */
  #now(): number {
    return this.#clock.now();
  }
}

/** Exit codes from here on say that the run's time limit or a signal cut it short. */
const CUT_SHORT = 124;
