// The machine that decides for a whole run: the plan's own `Schedule`, and one more for each sub-pipeline, which is a run in the
// run. To the schedule around it a sub-pipeline is a process: told to start and to stop, it says when it has started and how it
// ended. Those who perform see no levels: whatever has to be done comes out in one row.
import type { NodeId, PipelineNode, Plan } from '../plan/plan.ts';
import { type Ending, type Fate, fateOf, phraseOf } from './outcome.ts';
import { type LineOf, type Prospects, prospectsOf } from './prospects.ts';
import { Schedule } from './schedule.ts';
import type { ScheduleEffect } from './schedule-effect.ts';
import { type Level, levelsOf, type SubPipeline } from './sub-pipeline.ts';

/** Whether the `if` of a sub-pipeline that is due holds; or why that cannot be said. */
export type IsWanted = (node: PipelineNode) => boolean | { readonly refused: string };

interface Told {
  readonly level: Level;
  readonly effects: readonly ScheduleEffect[];
}

export class Schedules {
  readonly #own: Level;
  readonly #subs: ReadonlyMap<NodeId, SubPipeline>;
  /** By their members; what is in none is the plan's own. */
  readonly #levelOf: ReadonlyMap<NodeId, SubPipeline>;
  readonly #levelsOfQueue: ReadonlyMap<string, readonly Level[]>;
  /** Those in which something may have a deadline. */
  readonly #timed = new Set<SubPipeline>();
  readonly #isWanted: IsWanted;
  /** What was decided on some level, and is not yet looked through. */
  #work: Told[] = [];
  #effects: ScheduleEffect[] = [];

  constructor(plan: Plan, isWanted: IsWanted = () => true) {
    const { own, subs, levelOf, levelsOfQueue } = levelsOf(plan, (part) => new Schedule(part));
    this.#own = own;
    this.#subs = subs;
    this.#levelOf = levelOf;
    this.#levelsOfQueue = levelsOfQueue;
    this.#isWanted = isWanted;
  }

  begin(now: number): ScheduleEffect[] {
    return this.#take(this.#own, this.#own.schedule.begin(now), now);
  }

  /** A process runs. */
  started(id: NodeId, now: number): ScheduleEffect[] {
    const level = this.#levelOf.get(id) ?? this.#own;
    return this.#take(level, level.schedule.started(id, now), now);
  }

  /** A process is ready for those who need it. */
  ready(id: NodeId, now: number): ScheduleEffect[] {
    const level = this.#levelOf.get(id) ?? this.#own;
    return this.#take(level, level.schedule.ready(id, now), now);
  }

  /** A process that was told to start has ended, in whatever way. */
  ended(ending: Ending, now: number): ScheduleEffect[] {
    const level = this.#levelOf.get(ending.node) ?? this.#own;
    return this.#take(level, level.schedule.ended(ending, now), now);
  }

  /** The queue is closed, and every item of it done. */
  drained(queue: string, now: number): ScheduleEffect[] {
    return this.#waiters(queue).flatMap((level) => this.#take(level, level.schedule.drained(queue, now), now));
  }

  /** The queue can never be drained. */
  stranded(queue: string, reason: string, now: number): ScheduleEffect[] {
    return this.#waiters(queue).flatMap((level) => this.#take(level, level.schedule.stranded(queue, reason, now), now));
  }

  /** The file of the queue's `to` is whole, or, for a reason, never will be. A sub-pipeline has not ended before its own are. */
  recorded(queue: string, reason: string | null, now: number): ScheduleEffect[] {
    const sub = this.#subs.get(queue.slice(0, Math.max(0, queue.lastIndexOf('/'))));
    if (sub === undefined || !sub.unwritten.delete(queue)) return [];
    if (reason !== null) sub.unwritable ??= `the \`to\` of queue \`${queue}\` failed: ${reason}`;
    if (sub.phase === 'writing' && sub.unwritten.size === 0) this.#conclude(sub, now);
    return this.#take(sub, [], now);
  }

  /** One that may has it stopped on purpose; a sub-pipeline by its rules, `atOnce` or not. */
  terminate(id: NodeId, reason: string, atOnce: boolean, now: number): ScheduleEffect[] {
    const level = this.#levelOf.get(id) ?? this.#own;
    return this.#take(level, level.schedule.terminate(id, reason, atOnce, now), now);
  }

  /** Ctrl-C, or whatever else ends the run early. */
  stop(reason: string, now: number): ScheduleEffect[] {
    return this.#take(this.#own, this.#own.schedule.stop(reason, now), now);
  }

  nextDeadline(): number | null {
    let next = this.#own.schedule.nextDeadline();
    for (const { schedule } of this.#timed) {
      const deadline = schedule.nextDeadline();
      if (deadline !== null && (next === null || deadline < next)) next = deadline;
    }
    return next;
  }

  /** Whether the run's own time limit has passed. */
  timedOut(now: number): boolean {
    return this.#own.schedule.timedOut(now);
  }

  tick(now: number): ScheduleEffect[] {
    const effects = this.#take(this.#own, this.#own.schedule.tick(now), now);
    for (const sub of [...this.#timed]) {
      if (sub.schedule.timedOut(now)) {
        sub.timedOut = true;
        effects.push(...this.#take(sub, sub.schedule.stop(`\`${sub.node.id}\` timed out`, now), now));
      }
      effects.push(...this.#take(sub, sub.schedule.tick(now), now));
    }
    return effects;
  }

  /** What the run's order says of a suspected deadlock; null where something is being stopped, and may come to its end. */
  prospects(suspects: readonly NodeId[], absent: readonly NodeId[], lineOf?: LineOf): Prospects | null {
    const levels = [this.#own, ...[...this.#subs.values()].filter(({ phase }) => phase !== 'ended')];
    if (levels.some(({ schedule }) => schedule.isStopping)) return null;
    const courses = [this.#own, ...this.#subs.values()].map(({ schedule }) => schedule.course);
    return prospectsOf(courses, suspects, absent, lineOf);
  }

  #waiters(queue: string): readonly Level[] {
    return this.#levelsOfQueue.get(queue) ?? [];
  }

  /** Looks through what a level has decided, and through all that follows from it on others. */
  #take(level: Level, effects: ScheduleEffect[], now: number): ScheduleEffect[] {
    if (this.#subs.size === 0) return effects;
    this.#work.push({ level, effects });
    // It grows while it is read.
    for (const told of this.#work) for (const effect of told.effects) this.#pass(told.level, effect, now);
    this.#work = [];
    const passed = this.#effects;
    this.#effects = [];
    return passed;
  }

  #pass(level: Level, effect: ScheduleEffect, now: number): void {
    switch (effect.do) {
      case 'start': {
        const sub = this.#subs.get(effect.nodes[0] as NodeId);
        return sub === undefined ? this.#add(effect) : this.#begin(sub, now);
      }
      case 'stop': {
        const sub = this.#subs.get(effect.node);
        const stop = level.told === 'terminated' ? { ...effect, as: 'terminated' as const } : effect;
        return sub === undefined ? this.#add(stop) : this.#stop(sub, stop, now);
      }
      case 'end': {
        const fate = asTold(level, effect.fate);
        this.#add({ ...effect, fate });
        const sub = this.#subs.get(fate.node);
        return sub === undefined ? undefined : this.#leaveOut(sub, fate);
      }
      case 'stopping':
        if (level.node === null) {
          this.#add(effect);
          // Whoever would need their files does not start any more, and it may be that nobody writes them.
          for (const sub of this.#subs.values()) if (sub.phase === 'writing') this.#cutShort(sub, effect.reason, now);
        } else if (level.told === null) level.failing = effect.reason;
        return;
      case 'over':
        return level.node === null ? this.#add(effect) : this.#finish(level, effect.failed, now);
      default:
        return this.#add(effect);
    }
  }

  #begin(sub: SubPipeline, now: number): void {
    const { node, around, schedule } = sub;
    const wanted = this.#isWanted(node);
    if (wanted !== true) {
      const outcome = wanted === false ? 'skipped' : 'failed';
      const ignoreFailure = node.onFailure === 'ignore';
      const cause = wanted === false ? 'its `if` is false' : wanted.refused;
      const fate = fateOf({ node: node.id, outcome, ignoreFailure });
      this.#add({ do: 'end', fate, cause });
      this.#leaveOut(sub, fate);
      return this.#follow(around, around.schedule.ended({ node: node.id, outcome, ignoreFailure }, now));
    }
    sub.phase = 'running';
    if (sub.mayTimeOut) this.#timed.add(sub);
    this.#add({ do: 'wait', node: node.id, since: now });
    this.#follow(around, around.schedule.started(node.id, now));
    this.#follow(sub, schedule.begin(now));
  }

  #stop(sub: SubPipeline, { as, reason }: Extract<ScheduleEffect, { do: 'stop' }>, now: number): void {
    if (sub.phase !== 'running' || sub.told !== null) return;
    sub.told = as;
    sub.reason = reason;
    this.#follow(sub, sub.schedule.stop(reason, now));
  }

  /** Nothing of it will ever run. */
  #leaveOut(sub: SubPipeline, fate: Fate): void {
    if (sub.phase === 'ended') return;
    sub.phase = 'ended';
    const { outcome, benign } = fate;
    for (const { id } of sub.members) {
      const ending = {
        node: id,
        outcome: outcome === 'failed' ? 'skipped' : outcome,
        becauseOfFailure: !benign,
      } as const;
      const own = fateOf(ending);
      this.#add({ do: 'end', fate: own, cause: `\`${sub.node.id}\` ${phraseOf(fate)}` });
      const inner = this.#subs.get(id);
      if (inner !== undefined) this.#leaveOut(inner, own);
    }
  }

  /** All processes that are in it have ended. */
  #finish(sub: SubPipeline, failed: readonly NodeId[], now: number): void {
    sub.failed = failed;
    this.#timed.delete(sub);
    if (sub.unwritten.size > 0 && !this.#own.schedule.isStopping) sub.phase = 'writing';
    else this.#conclude(sub, now);
  }

  #cutShort(sub: SubPipeline, reason: string, now: number): void {
    sub.told ??= 'stopped';
    sub.reason ??= reason;
    this.#conclude(sub, now);
  }

  /** All of it has ended. */
  #conclude(sub: SubPipeline, now: number): void {
    sub.phase = 'ended';
    const { node, around, told, failing, timedOut } = sub;
    const stopped = timedOut ? 'timed_out' : failing !== null ? 'failed' : told === 'terminated' ? told : null;
    const failure = sub.failed.length > 0 ? `\`${sub.failed[0] ?? ''}\` failed` : told === null ? sub.unwritable : null;
    const outcome = stopped ?? (failure === null ? (told ?? 'succeeded') : 'failed');
    const ignoreFailure = node.onFailure === 'ignore';
    const cause = outcome === 'failed' ? (failing ?? failure) : outcome === told ? sub.reason : null;
    this.#add({ do: 'end', fate: fateOf({ node: node.id, outcome, ignoreFailure }), cause });
    this.#follow(around, around.schedule.ended({ node: node.id, outcome, ignoreFailure }, now));
  }

  #add(effect: ScheduleEffect): void {
    this.#effects.push(effect);
  }

  #follow(level: Level, effects: readonly ScheduleEffect[]): void {
    if (effects.length > 0) this.#work.push({ level, effects });
  }
}

/** What never started in a sub-pipeline that is terminated on purpose has been terminated, too: no failure is behind it. */
function asTold({ told }: Level, fate: Fate): Fate {
  const isCut = fate.outcome === 'cancelled' || fate.outcome === 'stopped';
  return told === 'terminated' && isCut ? fateOf({ node: fate.node, outcome: 'terminated' }) : fate;
}
