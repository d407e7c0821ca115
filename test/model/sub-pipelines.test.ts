// Random plans of sub-pipelines within sub-pipelines, with random endings, through the real `schedules`: every node of every
// level ends, nothing starts in what has not begun, has ended or is being stopped, and nothing runs on in what has ended.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Condition, Node } from '../../src/plan/plan.ts';
import type { Outcome } from '../../src/run/event.ts';
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';
import { Schedules } from '../../src/run/schedules.ts';
import { joinNode, pipelineNode, planOf, processNode } from '../kit/plan.ts';
import { randomOf } from '../kit/random.ts';

/** Plays a plan with endings drawn at random, and answers what it saw. */
function play(
  nodes: readonly Node[],
  random: () => number,
  break_: (schedule: Schedules) => void = () => {},
): readonly string[] {
  const schedule = new Schedules(planOf(nodes), ({ id }) => !id.endsWith('unwanted'));
  break_(schedule);
  const complaints: string[] = [];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const alive = new Set<string>();
  const started = new Set<string>();
  const ended = new Map<string, Outcome>();
  const told = new Map<string, 'terminated' | 'stopped'>();
  /** Levels of which something was stopped because they are, or because all else in them has ended. */
  const stopping = new Set<string>();
  let over = 0;
  const holds = (condition: Condition, id: string): boolean => {
    const outcome = ended.get(id);
    if (condition === 'started' || condition === 'ready') return started.has(id);
    const failed = outcome === 'failed' || outcome === 'timed_out';
    if (condition === 'failed') return failed && !isIgnored(id);
    if (condition === 'completed') return outcome !== undefined;
    return outcome === 'succeeded' || outcome === 'passed' || (failed && isIgnored(id));
  };
  const isIgnored = (id: string): boolean => {
    const node = byId.get(id);
    return node !== undefined && 'onFailure' in node && node.onFailure === 'ignore';
  };
  const begin = (id: string): void => {
    const node = byId.get(id) as Node;
    const level = node.within ?? '';
    if (stopping.has(level)) complaints.push(`${id} started in what is being stopped`);
    if (node.within !== undefined && (!started.has(node.within) || ended.has(node.within)))
      complaints.push(`${id} started while ${node.within} does not run`);
    if (ended.has(id)) complaints.push(`${id} started although it has ended`);
    for (const { condition, instances } of node.needs)
      for (const on of instances)
        if (!holds(condition, on)) complaints.push(`${id} started although ${on} is not ${condition}`);
  };
  const end = (id: string, outcome: Outcome): void => {
    if (ended.has(id)) complaints.push(`${id} ended twice`);
    ended.set(id, outcome);
    // Of what is left out the ends of its members are told after its own.
    if (byId.get(id)?.kind !== 'pipeline' || !started.has(id)) return;
    for (const member of nodes)
      if (member.within === id && !ended.has(member.id)) complaints.push(`${id} ended before ${member.id}`);
  };
  const hear = (effects: readonly ScheduleEffect[]): void => {
    for (const effect of effects) {
      if (over > 0) complaints.push(`${effect.do} after the end`);
      if (effect.do === 'start')
        for (const id of effect.nodes) {
          begin(id);
          alive.add(id);
          if (byId.get(id)?.kind === 'pipeline') complaints.push(`${id} was to be started as a process`);
        }
      if (effect.do === 'wait') {
        begin(effect.node);
        if (byId.get(effect.node)?.kind === 'pipeline') started.add(effect.node);
      }
      if (effect.do === 'stop') {
        if (!alive.has(effect.node)) complaints.push(`${effect.node} told to stop although it does not run`);
        told.set(effect.node, effect.as);
        if (effect.as === 'stopped') stopping.add(byId.get(effect.node)?.within ?? '');
      }
      if (effect.do === 'end') end(effect.fate.node, effect.fate.outcome);
      if (effect.do === 'over') over++;
    }
  };
  hear(schedule.begin(0));
  for (let step = 0; alive.size > 0; step++) {
    if (step > nodes.length * 10) return [...complaints, 'it goes on for ever'];
    const now = step * 5;
    if (random() < 0.01) hear(schedule.stop('interrupted', now));
    if (random() < 0.2) hear(schedule.tick(now));
    if (alive.size === 0) break;
    const id = [...alive][Math.floor(random() * alive.size)] as string;
    if (!started.has(id)) {
      started.add(id);
      hear(schedule.started(id, now));
      if (random() < 0.5 || !alive.has(id)) continue;
    }
    alive.delete(id);
    const fine = byId.get(id)?.kind === 'daemon' ? 'finished' : 'succeeded';
    const outcome = told.get(id) ?? (random() < 0.15 ? 'failed' : fine);
    end(id, outcome);
    hear(schedule.ended({ node: id, outcome, ignoreFailure: isIgnored(id) }, now));
  }
  hear(schedule.tick(1_000_000));
  if (over !== 1) complaints.push(`the end was told ${over} times`);
  if (schedule.nextDeadline() !== null) complaints.push('a deadline is left');
  for (const { id } of nodes) if (!ended.has(id)) complaints.push(`${id} never ended`);
  return complaints;
}

interface Draft {
  readonly kind: 'process' | 'daemon' | 'join' | 'pipeline';
  readonly needs: readonly (readonly [number, number])[];
  readonly onFailure: 'stop' | 'continue' | 'ignore';
  readonly mode: 'all' | number;
  readonly timed: boolean;
  readonly wanted: boolean;
  readonly onTimeout: 'fail' | 'continue' | 'terminate';
  readonly onPass: 'nothing' | 'terminate';
  readonly members: readonly number[];
  readonly inner: readonly Draft[];
}

const drafts: fc.Arbitrary<readonly Draft[]> = fc.letrec<{ level: readonly Draft[] }>((tie) => ({
  level: fc.array(
    fc.record({
      kind: fc.constantFrom('process', 'process', 'daemon', 'join', 'pipeline', 'pipeline'),
      needs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 2 }),
      onFailure: fc.constantFrom('stop', 'continue', 'ignore'),
      mode: fc.constantFrom<'all' | number>('all', 1, 2),
      timed: fc.boolean(),
      wanted: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
      onTimeout: fc.constantFrom('fail', 'continue', 'terminate'),
      onPass: fc.constantFrom('nothing', 'terminate'),
      members: fc.array(fc.nat(), { maxLength: 3 }),
      inner: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant([]), tie('level')),
    }) as fc.Arbitrary<Draft>,
    { maxLength: 6 },
  ),
})).level;

/** A level's nodes, each needing only such as stand before it; what is in a sub-pipeline stands after it. */
function nodesOf(level: readonly Draft[], within?: string): readonly Node[] {
  const nodes: Node[] = [];
  const inner: Node[] = [];
  for (const [at, draft] of level.entries()) {
    const id = `${within === undefined ? '' : `${within}/`}n${at}${draft.kind === 'pipeline' && !draft.wanted ? 'unwanted' : ''}`;
    const needs: Record<string, Condition> = {};
    for (const [which, how] of draft.needs) {
      const target = nodes[which % Math.max(1, nodes.length)];
      if (target === undefined) continue;
      const conditions = conditionsOf[target.kind];
      needs[target.id] = conditions[how % conditions.length] as Condition;
    }
    const { onFailure, mode, onTimeout, onPass } = draft;
    const timeoutMs = draft.timed ? 20 : null;
    const inside = within === undefined ? {} : { within };
    if (draft.kind === 'pipeline') {
      nodes.push(pipelineNode(id, needs, { onFailure, timeoutMs, ...inside }));
      inner.push(...nodesOf(draft.inner, id));
    } else if (draft.kind === 'join') {
      const joinable = nodes.filter(({ kind }) => kind === 'process' || kind === 'pipeline');
      const members = draft.members.flatMap((each) => joinable[each % Math.max(1, joinable.length)]?.id ?? []);
      const settings = { mode, onTimeout, onPass, timeoutMs, ...inside };
      nodes.push(joinNode(id, [...new Set(members)], settings, needs));
    } else
      nodes.push(
        processNode(id, needs, { kind: draft.kind, ...inside, ...(draft.kind === 'process' ? { onFailure } : {}) }),
      );
  }
  return [...nodes, ...inner];
}

const conditionsOf: Readonly<Record<Node['kind'], readonly Condition[]>> = {
  process: ['succeeded', 'completed', 'failed', 'started'],
  pipeline: ['succeeded', 'completed', 'failed', 'started'],
  daemon: ['ready', 'started'],
  join: ['passed', 'completed'],
};

it('whatever is in what, and whatever happens: every node ends, and nothing starts or runs where nothing may', () => {
  fc.assert(
    fc.property(drafts, fc.nat(), (level, seed) => {
      expect(play(nodesOf(level), randomOf(seed))).toEqual([]);
    }),
    { numRuns: 10_000 },
  );
});

it.each([
  ['hears of no ending in a sub-pipeline', (schedule: Schedules) => beDeaf(schedule)],
  ['says of no sub-pipeline that it has ended', (schedule: Schedules) => loseEnds(schedule)],
  ['starts a sub-pipeline as a process', (schedule: Schedules) => startAll(schedule)],
])('a machine that %s is caught', (_, break_) => {
  const caught = fc.check(
    fc.property(drafts, fc.nat(), (level, seed) => play(nodesOf(level), randomOf(seed), break_).length === 0),
    { numRuns: 2000 },
  );
  expect(caught.failed).toBe(true);
});

function beDeaf(schedule: Schedules): void {
  const ended = schedule.ended.bind(schedule);
  schedule.ended = (ending, now) => (ending.node.includes('/') ? [] : ended(ending, now));
}

function loseEnds(schedule: Schedules): void {
  const ended = schedule.ended.bind(schedule);
  schedule.ended = (ending, now) => ended(ending, now).filter((effect) => effect.do !== 'end');
}

function startAll(schedule: Schedules): void {
  const begin = schedule.begin.bind(schedule);
  schedule.begin = (now) =>
    begin(now).map((effect) => (effect.do === 'wait' ? { do: 'start', nodes: [effect.node] } : effect));
}
