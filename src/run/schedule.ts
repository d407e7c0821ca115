// The machine that decides which nodes may start, which are skipped, what is stopped, and when the run is over.
// Told what happens, it answers with effects; it holds no process, promise or clock. One node's own way from starting to
// ended is decided in `lifecycle`; this sees only that it started and how it ended.
import { earliest } from '../deadline.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import { Failures } from './failures.ts';
import { type Course, type Entry, entryOf, graphOf } from './graph.ts';
import { Joins } from './joins.ts';
import type { NeedState } from './need.ts';
import { type Ending, type Fate, fateOf, phraseOf, pipedWith } from './outcome.ts';
import { Reliance } from './reliance.ts';
import type { ScheduleEffect } from './schedule-effect.ts';

export class Schedule {
  readonly #entries: ReadonlyMap<NodeId, Entry>;
  readonly #joins: Joins;
  readonly #daemons: readonly Entry[];
  readonly #reliance: Reliance;
  readonly #failures: Failures;
  readonly #timeoutMs: number | null;
  #deadline: number | null = null;
  #stopping = false;
  /** Processes and joins that have not ended. */
  #unfinished: number;
  #alive: number;
  #effects: ScheduleEffect[] = [];
  /** What has ended, and what follows from it is not yet worked through. */
  readonly #endings: Fate[] = [];

  constructor(plan: Plan) {
    this.#timeoutMs = plan.timeoutMs;
    const { entries, joins, joinsOfQueue } = graphOf(plan);
    this.#entries = entries;
    this.#failures = new Failures(entries, plan.keepGoing ?? false);
    this.#reliance = new Reliance(entries);
    this.#joins = new Joins(joins, joinsOfQueue, {
      end: (ending, cause) => this.#end(ending, cause),
      terminate: (id, reason) => this.#terminateOne(this.#entry(id), reason),
      forgive: (join) => this.#failures.forgive(join),
    });
    this.#daemons = [...entries.values()].filter(({ node }) => node.kind === 'daemon');
    this.#alive = entries.size;
    this.#unfinished = entries.size - this.#daemons.length;
  }

  begin(now: number): ScheduleEffect[] {
    if (this.#timeoutMs !== null) this.#deadline = now + this.#timeoutMs;
    for (const entry of this.#entries.values()) this.#consider(entry, now);
    return this.#take(now);
  }

  /** A process runs. Of several attempts the first counts. */
  started(id: NodeId, now: number): ScheduleEffect[] {
    const entry = this.#entry(id);
    if (entry.started) return [];
    entry.started = true;
    this.#spread(entry, (need) => need.met('started'), now);
    if (!isProcess(entry.node) || entry.node.ready === null) this.#becameReady(entry, now);
    return this.#take(now);
  }

  /** A process with a probe is ready for those who need it. Of several times the first counts. */
  ready(id: NodeId, now: number): ScheduleEffect[] {
    const entry = this.#entry(id);
    if (!entry.ready) this.#becameReady(entry, now);
    return this.#take(now);
  }

  /** A process that was told to start has ended, in whatever way. */
  ended(ending: Ending, now: number): ScheduleEffect[] {
    const isCut = ending.outcome === 'stopped' || ending.outcome === 'cancelled';
    const because = ending.becauseOfFailure ?? (isCut && this.#stopping);
    this.#settle(fateOf({ ...ending, becauseOfFailure: because }));
    return this.#take(now);
  }

  /** The queue is closed, and every item of it done. */
  drained(queue: string, now: number): ScheduleEffect[] {
    this.#joins.drained(queue);
    return this.#take(now);
  }

  /** The queue can never be drained. */
  stranded(queue: string, reason: string, now: number): ScheduleEffect[] {
    this.#joins.stranded(queue, reason);
    return this.#take(now);
  }

  /** On purpose, by one that may; what has not started never will. `atOnce`: without any grace, and where it is being stopped, too. */
  terminate(id: NodeId, reason: string, atOnce: boolean, now: number): ScheduleEffect[] {
    const entry = this.#entry(id);
    if (!atOnce || entry.phase !== 'active') this.#terminateOne(entry, reason);
    else {
      entry.told = true;
      this.#effects.push({ do: 'stop', node: id, as: 'terminated', reason, atOnce });
    }
    return this.#take(now);
  }

  /** Ctrl-C, or whatever else ends the run early. */
  stop(reason: string, now: number): ScheduleEffect[] {
    this.#stop(reason, null);
    return this.#take(now);
  }

  nextDeadline(): number | null {
    return earliest(this.#stopping ? null : this.#deadline, this.#joins.nextDeadline());
  }

  /** Whether the run's own time limit has passed. */
  timedOut(now: number): boolean {
    return !this.#stopping && this.#deadline !== null && now >= this.#deadline;
  }

  tick(now: number): ScheduleEffect[] {
    this.#joins.tick(now);
    return this.#take(now);
  }

  /** How far all of it has come. */
  get course(): Course {
    return { entries: this.#entries, joins: this.#joins.all };
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** The queues that joins wait for. */
  get awaitedQueues(): Iterable<string> {
    return this.#joins.queues;
  }

  /** Starts a node whose needs hold, skips one whose needs can no longer hold. */
  #consider(entry: Entry, now: number): void {
    if (entry.phase !== 'pending' || this.#stopping) return;
    const lost = entry.needs.find((need) => need.standing === 'lost');
    if (lost) return this.#skip(entry, lost);
    const { members, open, broken } = entry.chain;
    if (open > 0 || broken) return;
    for (const member of members) member.phase = 'active';
    const join = this.#joins.all.get(entry.node.id);
    if (!join) {
      this.#effects.push({ do: 'start', nodes: members.map(({ node }) => node.id) });
      return;
    }
    join.begin(now);
    this.#effects.push({ do: 'wait', node: join.node.id, since: now });
    this.#joins.judge(join);
  }

  #skip(entry: Entry, lost: NeedState): void {
    const { cause } = lost;
    const because = lost.lostBecause(cause !== null && this.#entry(cause.node).started);
    const becauseOfFailure = cause !== null && !cause.benign;
    this.#end({ node: entry.node.id, outcome: 'skipped', becauseOfFailure }, because);
  }

  /** One of a chain will never start, and so none does. */
  #skipChain({ chain }: Entry, fate: Fate): void {
    for (const { node, phase } of chain.members)
      if (phase === 'pending')
        this.#end(
          { node: node.id, outcome: 'skipped', becauseOfFailure: !fate.benign },
          pipedWith(fate.node, phraseOf(fate)),
        );
  }

  /** A join, or what never started, ends. */
  #end(ending: Ending, cause: string | null): void {
    if (this.#entry(ending.node).phase === 'ended') return;
    const fate = fateOf(ending);
    this.#effects.push({ do: 'end', fate, cause });
    this.#settle(fate);
  }

  /** A node has ended. What follows from it is worked through one ending after the other, never one inside another. */
  #settle(fate: Fate): void {
    const entry = this.#entry(fate.node);
    if (entry.phase === 'ended') throw new Error(`Internal error: ${fate.node} ended twice`);
    if (entry.phase === 'pending') entry.chain.broken = true;
    entry.phase = 'ended';
    this.#alive--;
    if (entry.node.kind !== 'daemon') this.#unfinished--;
    this.#endings.push(fate);
  }

  #follow(fate: Fate, now: number): void {
    const entry = this.#entry(fate.node);
    if (entry.chain.broken) this.#skipChain(entry, fate);
    for (const join of entry.joins) join.ended(fate);
    const reason = fate.failed ? this.#failures.add(entry, fate) : null;
    if (reason !== null) this.#stop(reason, fate.node);
    this.#spread(entry, (need) => need.ended(fate, entry), now);
    for (const join of entry.joins) this.#joins.judge(join);
  }

  #becameReady(entry: Entry, now: number): void {
    entry.ready = true;
    this.#spread(entry, (need) => need.met('ready'), now);
  }

  #spread(entry: Entry, tell: (need: NeedState) => void, now: number): void {
    for (const need of entry.awaited) {
      if (need.standing !== 'open') continue;
      tell(need);
      if ((need.standing as NeedState['standing']) === 'open') continue;
      for (const id of need.waiting) {
        const waiter = this.#entry(id);
        waiter.chain.open--;
        this.#consider(waiter, now);
      }
    }
  }

  #terminateOne(entry: Entry, reason: string): void {
    if (entry.phase === 'pending') this.#end({ node: entry.node.id, outcome: 'terminated' }, reason);
    else if (entry.phase === 'active') this.#tell(entry, 'terminated', reason);
  }

  #stop(reason: string, node: NodeId | null): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#effects.push({ do: 'stopping', reason, node });
    for (const entry of this.#entries.values()) {
      const join = this.#joins.all.get(entry.node.id);
      // A join that what has happened already makes fail, fails.
      if (join?.verdict()?.passed === false) this.#joins.judge(join);
      if (join) join.active = false;
      const outcome = entry.phase === 'pending' ? 'cancelled' : 'stopped';
      if (entry.phase === 'pending' || (join && entry.phase === 'active'))
        this.#end({ node: entry.node.id, outcome, becauseOfFailure: true }, reason);
      else if (entry.phase === 'active' && entry.node.kind !== 'daemon') this.#tell(entry, 'stopped', reason);
    }
  }

  /** Once all else has ended, or the run stops: daemons that nothing living needs. */
  #sweepDaemons(): void {
    if (this.#unfinished > 0 && !this.#stopping) return;
    for (const entry of this.#daemons) {
      if (entry.phase === 'ended' || entry.told) continue;
      if (this.#reliance.on(entry)) continue;
      if (entry.phase === 'active') this.#tell(entry, 'stopped', 'all else has ended');
      else this.#end({ node: entry.node.id, outcome: 'cancelled' }, 'all else has ended');
    }
  }

  #tell(entry: Entry, as: 'terminated' | 'stopped', reason: string): void {
    if (entry.told) return;
    entry.told = true;
    this.#effects.push({ do: 'stop', node: entry.node.id, as, reason });
  }

  #entry(id: NodeId): Entry {
    return entryOf(this.#entries, id);
  }

  /** Works through all that follows from what was just heard, and answers what is to be done. */
  #take(now: number): ScheduleEffect[] {
    do {
      // It grows while it is read.
      for (const fate of this.#endings) this.#follow(fate, now);
      this.#endings.length = 0;
      this.#sweepDaemons();
    } while (this.#endings.length > 0);
    if (this.#alive === 0) {
      this.#alive = -1;
      this.#effects.push({ do: 'over', failed: this.#failures.failed });
    }
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
