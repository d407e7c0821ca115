// Random plans of joins through the real `schedule`, held after each step against a small model of what a join is: it looks at
// what has ended, never at how the schedule counts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition, JoinNode, Node, NodeId, ProcessNode } from '../../src/plan/plan.ts';
import { type Fate, fateOf, type Ending } from '../../src/run/outcome.ts';
import type { JoinState } from '../../src/run/join-state.ts';
import { Schedule } from '../../src/run/schedule.ts';
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';
import { joinNode, planOf, processNode } from '../kit/plan.ts';
import { randomOf } from '../kit/random.ts';

/** What has happened so far, as anybody could have written it down. */
class Model {
  readonly complaints: string[] = [];
  readonly fates = new Map<NodeId, Fate>();
  readonly running = new Set<NodeId>();
  readonly told = new Set<NodeId>();
  readonly drained = new Set<string>();
  readonly stranded = new Set<string>();
  stopping = false;
  over: readonly NodeId[] | null = null;
  /** Since when they wait. */
  readonly #waiting = new Map<NodeId, number>();
  /** Their time was over while they waited, and they have stopped what was left. */
  readonly #cut = new Set<NodeId>();
  /** Failures, and whether something that waited for each was still to run; null: it ended unstarted in the same moment. */
  readonly #failures = new Map<NodeId, boolean | null>();
  readonly #nodes: readonly Node[];

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes;
  }

  /** `input`: what the schedule was told, and `effects` what it answered. */
  step(input: Fate | 'interrupt' | null, effects: readonly ScheduleEffect[], now: number, isTick = false): void {
    const before = new Map(this.fates);
    const waited = new Set(this.#waiting.keys());
    const mustStop = !this.stopping && (input === 'interrupt' || (input !== null && this.#isUnhandled(input)));
    const wasStopping = this.stopping;
    if (input !== null && input !== 'interrupt') this.#end(input);
    for (const effect of effects) this.#hear(effect, now);
    const failed = this.#joins.filter(({ id }) => !before.has(id) && this.fates.get(id)?.failed);
    for (const { id } of failed)
      if (this.#failures.get(id) === true && !this.#cleaned(id, this.#skipped(before))) this.#failures.set(id, null);
    const unhandled = mustStop || failed.some(({ id }) => this.#failures.get(id) === false);
    const isOpen = failed.some(({ id }) => this.#failures.get(id) === null);
    if (!wasStopping && this.stopping !== unhandled && !isOpen)
      this.complaints.push(this.stopping ? 'the run stops without a reason' : 'the run goes on after a failure');
    if (this.stopping) return this.#afterStop();
    for (const join of this.#joins) this.#look(join, before, waited, now, isTick);
  }

  finish(): void {
    if (this.over === null) return void this.complaints.push('it never ends');
    const expected = [...this.#failures].filter(([id, cleaned]) => cleaned === true || !this.#isForgiven(id));
    const [told, known] = [this.over, expected.map(([id]) => id)].map((ids) => ids.toSorted().join(' '));
    if (told !== known) this.complaints.push(`${told} fail the run, not ${known}`);
  }

  get #joins(): readonly JoinNode[] {
    return this.#nodes.filter((node) => node.kind === 'join');
  }

  #hear(effect: ScheduleEffect, now: number): void {
    if (effect.do === 'start') for (const id of effect.nodes) this.running.add(id);
    if (effect.do === 'wait') this.#waiting.set(effect.node, now);
    if (effect.do === 'stop') this.told.add(effect.node);
    if (effect.do === 'stopping') this.stopping = true;
    if (effect.do === 'end') this.#end(effect.fate);
    if (effect.do === 'over') this.over = effect.failed;
  }

  #end(fate: Fate): void {
    if (fate.failed) this.#failures.set(fate.node, this.#cleaned(fate.node, this.fates));
    this.fates.set(fate.node, fate);
    this.running.delete(fate.node);
  }

  /** What had ended before, and what never started has ended since. */
  #skipped(before: ReadonlyMap<NodeId, Fate>): ReadonlyMap<NodeId, Fate> {
    return new Map(
      [...this.fates].filter(
        ([id, { outcome }]) => before.has(id) || outcome === 'skipped' || outcome === 'terminated',
      ),
    );
  }

  /** Something waits for its end or failure, and has not ended itself. */
  #cleaned(id: NodeId, fates: ReadonlyMap<NodeId, Fate>): boolean {
    return this.#nodes.some(
      ({ id: other, needs }) =>
        !fates.has(other) &&
        needs.some(
          ({ instances, condition }) =>
            instances.includes(id) &&
            (condition === 'completed' || condition === 'failed') &&
            this.#isOpen(instances, condition, fates),
        ),
    );
  }

  #isOpen(instances: readonly NodeId[], condition: Condition, fates: ReadonlyMap<NodeId, Fate>): boolean {
    return condition === 'completed' || !instances.every((id) => fates.has(id));
  }

  #isForgiven(id: NodeId): boolean {
    return this.#joins.some(
      (join) => join.mode !== 'all' && join.processes.includes(id) && this.fates.get(join.id)?.outcome === 'passed',
    );
  }

  #isUnhandled(fate: Fate): boolean {
    const node = this.#nodes.find(({ id }) => id === fate.node) as ProcessNode;
    if (!fate.failed || node.onFailure !== 'stop' || this.#cleaned(fate.node, this.fates)) return false;
    if (this.#isForgiven(fate.node)) return false;
    const then = new Map(this.fates).set(fate.node, fate);
    return !this.#joins.some(
      (join) =>
        join.mode !== 'all' &&
        join.processes.includes(fate.node) &&
        (this.#cleaned(join.id, this.fates) ||
          (!this.fates.has(join.id) && (this.#cut.has(join.id) || verdictOf(join, then, this) !== 'failed'))),
    );
  }

  #look(
    join: JoinNode,
    before: ReadonlyMap<NodeId, Fate>,
    waited: ReadonlySet<NodeId>,
    now: number,
    isTick: boolean,
  ): void {
    const { id } = join;
    if (before.has(id)) return;
    const outcome = this.fates.get(id)?.outcome ?? 'waits';
    if (outcome === 'skipped') {
      if (this.#waiting.has(id)) this.complaints.push(`${id} was skipped while it waited`);
      return;
    }
    const due = join.needs.every(({ instances, condition }) => instances.every((on) => this.#holds(on, condition)));
    if (due !== this.#waiting.has(id)) this.complaints.push(`${id} ${due ? 'does not wait' : 'waits too early'}`);
    if (!due) return;
    const since = this.#waiting.get(id) as number;
    const isLate = isTick && waited.has(id) && join.timeoutMs !== null && now >= since + join.timeoutMs;
    let expected = this.#cut.has(id) ? this.#afterCut(join) : verdictOf(join, this.fates, this);
    if (isLate && !this.#cut.has(id)) {
      if (join.onTimeout === 'terminate') {
        this.#cut.add(id);
        this.#mustBeStopped(join);
        expected = this.#afterCut(join);
      } else expected = join.onTimeout === 'fail' ? 'timed_out' : 'passed';
    }
    if (outcome !== expected) this.complaints.push(`${id} ${outcome}, not ${expected}`);
    if (outcome === 'passed' && join.onPass === 'terminate') this.#mustBeStopped(join);
  }

  #afterCut(join: JoinNode): 'passed' | 'waits' {
    return this.#left(join).length === 0 ? 'passed' : 'waits';
  }

  #left(join: JoinNode): readonly NodeId[] {
    return join.processes.filter((id) => !this.fates.has(id));
  }

  #mustBeStopped(join: JoinNode): void {
    for (const id of this.#left(join)) if (!this.told.has(id)) this.complaints.push(`${join.id} does not stop ${id}`);
  }

  #holds(id: NodeId, condition: Condition): boolean {
    const fate = this.fates.get(id);
    if (condition === 'completed') return fate?.completed ?? false;
    return condition === 'failed' ? (fate?.failed ?? false) : (fate?.succeeded ?? false);
  }

  #afterStop(): void {
    for (const { id } of this.#nodes)
      if (!this.running.has(id) && !this.fates.has(id)) this.complaints.push(`${id} still waits while the run stops`);
  }
}

/** The documents in three lines. */
function verdictOf(
  { mode, processes, queues }: JoinNode,
  fates: ReadonlyMap<NodeId, Fate>,
  { drained, stranded }: Pick<Model, 'drained' | 'stranded'>,
): 'passed' | 'failed' | 'timed_out' | 'waits' {
  const members = [...new Set(processes)].map((id) => fates.get(id));
  const open = members.filter((fate) => fate === undefined).length;
  if (mode === 'all') {
    if (members.some((fate) => fate !== undefined && !fate.benign)) return 'failed';
    if (queues.some((queue) => stranded.has(queue) && !drained.has(queue))) return 'failed';
    return open === 0 && queues.every((queue) => drained.has(queue)) ? 'passed' : 'waits';
  }
  const enough = Math.min(mode, members.length);
  const succeeded = members.filter((fate) => fate?.succeeded).length;
  return succeeded >= enough ? 'passed' : succeeded + open < enough ? 'failed' : 'waits';
}

function play(nodes: readonly Node[], random: () => number, schedule = new Schedule(planOf(nodes))): readonly string[] {
  const model = new Model(nodes);
  const queues = new Set(nodes.flatMap((node) => (node.kind === 'join' ? node.queues : [])));
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  model.step(null, schedule.begin(0), 0);
  for (let now = 1; model.over === null && now < 500; now++) {
    const chance = random();
    if (chance < 0.01 && !model.stopping) model.step('interrupt', schedule.stop('interrupted', now), now);
    else if (chance < 0.25) model.step(null, schedule.tick(now), now, true);
    else if (chance < 0.3) {
      const processes = nodes.filter((node) => node.kind === 'process');
      model.step(null, schedule.terminate(pick(processes).id, 'by another', false, now), now);
    } else if (chance < 0.4 && queues.size > 0) {
      const queue = pick([...queues]);
      const known = model.drained.has(queue) || model.stranded.has(queue);
      if (known) continue;
      if (random() < 0.8) {
        model.drained.add(queue);
        model.step(null, schedule.drained(queue, now), now);
      } else {
        model.stranded.add(queue);
        model.step(null, schedule.stranded(queue, 'nobody is left', now), now);
      }
    } else if (model.running.size > 0) {
      const node = pick([...model.running]);
      const { onFailure } = nodes.find(({ id }) => id === node) as ProcessNode;
      const free = pick(['succeeded', 'succeeded', 'failed', 'failed', 'timed_out', 'skipped'] as const);
      const told = model.stopping ? 'stopped' : 'terminated';
      const outcome = model.told.has(node) && random() < 0.8 ? told : free;
      const ending: Ending = { node, outcome, ignoreFailure: onFailure === 'ignore' };
      const fate = fateOf({ ...ending, becauseOfFailure: outcome === 'stopped' });
      model.step(fate, schedule.ended(ending, now), now);
    } else {
      // Only queues and time are still waited for.
      for (const queue of queues) {
        if (model.stranded.has(queue) || model.drained.has(queue)) continue;
        model.drained.add(queue);
        model.step(null, schedule.drained(queue, now), now);
      }
    }
    if (model.complaints.length > 0) return model.complaints;
  }
  model.finish();
  return model.complaints;
}

/** Each needs and joins only such as stand before it. */
const plans: fc.Arbitrary<readonly Node[]> = fc
  .array(
    fc.record({
      isJoin: fc.nat(2).map((at) => at === 0),
      needs: fc.array(fc.tuple(fc.nat(), fc.constantFrom('good', 'good', 'completed', 'failed')), { maxLength: 2 }),
      onFailure: fc.constantFrom('stop', 'stop', 'continue', 'ignore'),
      members: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      queues: fc.subarray(['q', 'r']),
      settings: fc.record({
        mode: fc.constantFrom('all', 1, 1, 2, 3),
        timeoutMs: fc.constantFrom(null, null, 3, 8),
        onTimeout: fc.constantFrom('fail', 'continue', 'terminate'),
        onPass: fc.constantFrom('nothing', 'terminate'),
      }),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map((drafts) => {
    const nodes: Node[] = [];
    for (const [index, draft] of drafts.entries()) {
      const id = `n${index}`;
      const needs: Record<string, Condition> = {};
      for (const [at, how] of draft.needs) {
        const on = nodes[at % Math.max(1, index * 2)];
        if (on === undefined) continue;
        const good = on.kind === 'join' ? 'passed' : 'succeeded';
        needs[on.id] = how === 'good' || (how === 'failed' && on.kind === 'join') ? good : (how as Condition);
      }
      const processes = nodes.filter(({ kind }) => kind === 'process');
      const members = draft.members
        .map((at) => processes[at % processes.length]?.id ?? '')
        .filter((name) => name !== '');
      const settings = draft.settings as Pick<JoinNode, 'mode' | 'timeoutMs' | 'onTimeout' | 'onPass'>;
      if (draft.isJoin && members.length > 0) {
        const queues = settings.mode === 'all' ? draft.queues : [];
        nodes.push(joinNode(id, [...new Set(members)], { ...settings, queues }, needs));
      } else nodes.push(processNode(id, needs, { onFailure: draft.onFailure as ProcessNode['onFailure'] }));
    }
    return nodes;
  });

describe('whatever joins there are and whatever happens', () => {
  it('each passes, fails and stops others when the documents say so, and so does the run', () => {
    fc.assert(
      fc.property(plans, fc.nat(), (nodes, chance) => {
        expect(play(nodes, randomOf(chance))).toEqual([]);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each<[string, (join: JoinState) => void]>([
    ['takes a failure for a success', (join) => lie(join, (fate) => fateOf({ node: fate.node, outcome: 'succeeded' }))],
    ['forgets a failure', (join) => lie(join, (fate) => fateOf({ ...fate, outcome: 'skipped' }))],
    ['waits for no queue', (join) => join.node.queues.forEach((queue) => join.drained(queue))],
    ['forgives nobody', (join) => Object.defineProperty(join, 'forgives', { value: false })],
    ['forgives everybody', (join) => Object.defineProperty(join, 'forgives', { value: true })],
    ['is given up at the first failure', (join) => Object.defineProperty(join, 'mayYetPass', { value: false })],
    ['is never given up', (join) => Object.defineProperty(join, 'mayYetPass', { value: true })],
    ['does not stop the others', (join) => Object.assign(join, { node: { ...join.node, onPass: 'nothing' } })],
    ['has no time', (join) => Object.assign(join, { node: { ...join.node, timeoutMs: null } })],
    [
      'is cut short when its time is over',
      (join) => Object.assign(join, { node: { ...join.node, onTimeout: 'continue' } }),
    ],
  ])('a join that %s is caught', (_, plant) => {
    const caught = fc.check(
      fc.property(plans, fc.nat(), (nodes, chance) => {
        const schedule = new Schedule(planOf(nodes));
        for (const join of schedule.course.joins.values()) plant(join);
        return play(nodes, randomOf(chance), schedule).length === 0;
      }),
      { numRuns: 3000 },
    );
    expect(caught.failed).toBe(true);
  });
});

function lie(join: JoinState, as: (fate: Fate) => Fate): void {
  const hear = join.ended.bind(join);
  join.ended = (fate) => hear(fate.failed ? as(fate) : fate);
}
