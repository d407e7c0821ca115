// Random plans with random endings through the real `schedule`: every run comes to its end, and nothing starts too early.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProcess } from '../../src/plan/node-kind.ts';
import type { Condition, Node } from '../../src/plan/plan.ts';
import type { Outcome } from '../../src/run/event.ts';
import { Schedule } from '../../src/run/schedule.ts';
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';
import { joinNode, planOf, processNode } from '../kit/plan.ts';
import { randomOf } from '../kit/random.ts';

/** Plays a plan with endings drawn at random, and answers what it saw. */
function play(nodes: readonly Node[], random: () => number, schedule = new Schedule(planOf(nodes))): readonly string[] {
  const complaints: string[] = [];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const started = new Set<string>();
  const alive = new Set<string>();
  /** Told to start. */
  const begun = new Set<string>();
  const ended = new Map<string, Outcome>();
  const told = new Map<string, 'terminated' | 'stopped'>();
  let stopping = false;
  let over = 0;
  const hear = (effects: readonly ScheduleEffect[]): void => {
    for (const effect of effects) {
      if (over > 0) complaints.push(`${effect.do} after the end`);
      const starting = effect.do === 'start' ? effect.nodes : effect.do === 'wait' ? [effect.node] : [];
      for (const node of starting) {
        if (stopping) complaints.push(`${node} started while the run stops`);
        for (const need of byId.get(node)?.needs ?? [])
          for (const id of need.instances)
            if (!holds(need.condition, id)) complaints.push(`${node} started although ${id} is not ${need.condition}`);
        if (effect.do === 'start') alive.add(node);
        begun.add(node);
        if (ended.has(node)) complaints.push(`${node} started although it has ended`);
        for (const mate of joinedTo(byId.get(node)))
          if (!starting.includes(mate)) complaints.push(`${node} started without ${mate}`);
      }
      if (effect.do === 'stop') {
        if (!alive.has(effect.node)) complaints.push(`${effect.node} told to stop although it does not run`);
        told.set(effect.node, effect.as);
        const last = byId.get(effect.node)?.kind === 'daemon' && effect.as === 'stopped';
        for (const other of last ? reliantOn(nodes, effect.node) : [])
          if (alive.has(other)) complaints.push(`${effect.node} told to stop before ${other}, which relies on it`);
      }
      if (effect.do === 'stopping') stopping = true;
      if (effect.do === 'end') {
        if (ended.has(effect.fate.node)) complaints.push(`${effect.fate.node} ended twice`);
        ended.set(effect.fate.node, effect.fate.outcome);
      }
      if (effect.do === 'over') over++;
    }
  };
  const holds = (condition: Condition, id: string): boolean => {
    const outcome = ended.get(id);
    if (condition === 'started' || condition === 'ready') return started.has(id);
    if (condition === 'failed') return outcome === 'failed' || outcome === 'timed_out';
    if (condition === 'completed') return outcome !== undefined;
    return outcome === 'succeeded' || outcome === 'passed';
  };
  hear(schedule.begin(0));
  for (let step = 0; alive.size > 0; step++) {
    if (step > nodes.length * 10) return [...complaints, 'it goes on for ever'];
    const now = step * 5;
    if (random() < 0.02) hear(schedule.stop('interrupted', now));
    if (random() < 0.2) hear(schedule.tick(now));
    if (random() < 0.1) {
      const target = nodes[Math.floor(random() * nodes.length)] as Node;
      if (target.kind !== 'join') hear(schedule.terminate(target.id, 'by another', random() < 0.3, now));
      if (alive.size === 0) break;
    }
    const id = [...alive][Math.floor(random() * alive.size)] as string;
    if (!started.has(id) && random() < 0.9) {
      started.add(id);
      hear(schedule.started(id, now));
      continue;
    }
    const refused = !started.has(id) && random() < 0.5;
    if (!started.has(id) && !refused) {
      started.add(id);
      hear(schedule.started(id, now));
    }
    if (!started.has(id) && random() < 0.1) {
      // The `if` of one of those that would start together is false.
      const chain = chainOf(byId, id).filter((member) => alive.has(member) && !started.has(member));
      if (chain.length === chainOf(byId, id).length) {
        for (const member of chain) {
          ended.set(member, 'skipped');
          alive.delete(member);
          hear(schedule.ended({ node: member, outcome: 'skipped' }, now));
        }
        continue;
      }
    }
    alive.delete(id);
    const fine = byId.get(id)?.kind === 'daemon' ? 'finished' : 'succeeded';
    const outcome = refused ? 'failed' : (told.get(id) ?? (random() < 0.25 ? 'failed' : fine));
    ended.set(id, outcome);
    hear(schedule.ended({ node: id, outcome }, now));
  }
  // Only a join's time can still be awaited.
  hear(schedule.tick(1_000_000));
  if (over !== 1) complaints.push(`the end was told ${over} times`);
  for (const { id, needs } of nodes) {
    if (!ended.has(id)) complaints.push(`${id} never ended`);
    // (`completed` of what never ran depends on why, which is told in the tests by example.)
    const clear = needs.every(({ condition }) => condition !== 'completed');
    if (
      ended.get(id) === 'skipped' &&
      !begun.has(id) &&
      clear &&
      joinedTo(byId.get(id)).length === 0 &&
      needs.every((need) => need.instances.every((on) => holds(need.condition, on)))
    )
      complaints.push(`${id} was skipped although all it needs holds`);
  }
  return complaints;
}

/** All that need it, or need such as need it, or wait for them. */
function reliantOn(nodes: readonly Node[], id: string): ReadonlySet<string> {
  const reliant = new Set<string>();
  const grew = ({ id: other, needs, ...node }: Node): boolean => {
    if (reliant.has(other)) return false;
    const on = [...needs.flatMap(({ instances }) => instances), ...(node.kind === 'join' ? node.processes : [])];
    return on.some((one) => one === id || reliant.has(one)) && reliant.add(other).size > 0;
  };
  while (nodes.some(grew));
  return reliant;
}

/** Those at the other ends of its pipes. */
function joinedTo(node: Node | undefined): readonly string[] {
  if (node === undefined || !isProcess(node)) return [];
  return [node.stdin, node.stdout].flatMap((stream) => (stream.type === 'process' ? [stream.process] : []));
}

/** All that start together with it, itself among them. */
function chainOf(byId: ReadonlyMap<string, Node>, id: string): readonly string[] {
  const chain = new Set([id]);
  for (const member of chain) for (const mate of joinedTo(byId.get(member))) chain.add(mate);
  return [...chain];
}

/** An acyclic plan: each node needs only such as stand before it. */
const plans: fc.Arbitrary<readonly Node[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('process', 'process', 'process', 'daemon', 'join'),
      needs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 3 }),
      onFailure: fc.constantFrom('stop', 'continue'),
      mode: fc.constantFrom('all', 1, 2),
      timed: fc.boolean(),
      onTimeout: fc.constantFrom('fail', 'continue', 'terminate'),
      onPass: fc.constantFrom('nothing', 'terminate'),
      members: fc.array(fc.nat(), { maxLength: 3 }),
      reads: fc.option(fc.nat(), { freq: 2 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drafts) => {
    const nodes: Node[] = [];
    for (const [index, draft] of drafts.entries()) {
      const needs: Record<string, Condition> = {};
      for (const [which, how] of draft.needs) {
        const target = nodes[which % Math.max(1, index)];
        if (!target) continue;
        const conditions: readonly Condition[] =
          target.kind === 'daemon'
            ? ['ready', 'started']
            : target.kind === 'join'
              ? ['passed', 'completed']
              : ['succeeded', 'completed', 'failed', 'started'];
        needs[target.id] = conditions[how % conditions.length] as Condition;
      }
      const id = `n${index}`;
      const { onFailure, mode, onTimeout, onPass } = draft as {
        onFailure: 'stop' | 'continue';
        mode: 'all' | number;
        onTimeout: 'fail' | 'continue' | 'terminate';
        onPass: 'nothing' | 'terminate';
      };
      const processes = nodes.filter((node) => node.kind === 'process').map((node) => node.id);
      const members = [...new Set(draft.members.map((at) => processes[at % Math.max(1, processes.length)]))];
      if (draft.kind === 'join')
        nodes.push(
          joinNode(
            id,
            members.filter((name) => name !== undefined),
            { mode, onTimeout, onPass, timeoutMs: draft.timed ? 20 : null },
            needs,
          ),
        );
      else if (draft.kind === 'daemon') nodes.push(processNode(id, needs, { kind: 'daemon' }));
      else nodes.push(processNode(id, needs, { onFailure }));
    }
    return drafts.reduce<readonly Node[]>(
      (piped, { reads }, at) => (reads === null ? piped : withPipe(piped, reads, at)),
      nodes,
    );
  });

/** With a pipe from one of them to another, where there can be one. */
function withPipe(nodes: readonly Node[], from: number, to: number): readonly Node[] {
  const writer = nodes[from % nodes.length];
  const reader = nodes[to];
  if (!writer || !reader || !isProcess(writer) || !isProcess(reader) || writer === reader) return nodes;
  if (writer.stdout.type === 'process' || reader.stdin.type === 'process') return nodes;
  if (writer.kind === 'process' && reader.kind === 'daemon') return nodes;
  const piped = nodes.map((node): Node => {
    if (node === writer) return { ...writer, stdout: { type: 'process', process: reader.id } };
    return node === reader ? { ...reader, stdin: { type: 'process', process: writer.id } } : node;
  });
  return canStart(piped) ? piped : nodes;
}

/** Nothing waits for itself, where all of a chain wait for what each of them needs; and no pipe comes back. */
function canStart(nodes: readonly Node[]): boolean {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const comesBack = (id: string): boolean => {
    const reads = (node: string): string | null => {
      const found = byId.get(node);
      return found && isProcess(found) && found.stdin.type === 'process' ? found.stdin.process : null;
    };
    for (let at = reads(id); at !== null; at = reads(at)) if (at === id) return true;
    return false;
  };
  if (nodes.some(({ id }) => comesBack(id))) return false;
  const settled = new Set<string>();
  for (let more = true; more; ) {
    more = false;
    for (const { id } of nodes) {
      if (settled.has(id)) continue;
      const chain = chainOf(byId, id);
      const waitsFor = chain.flatMap((member) => {
        const node = byId.get(member) as Node;
        return [...node.needs.flatMap(({ instances }) => instances), ...(node.kind === 'join' ? node.processes : [])];
      });
      if (!waitsFor.every((other) => settled.has(other))) continue;
      for (const member of chain) settled.add(member);
      more = true;
    }
  }
  return settled.size === nodes.length;
}

describe('whatever the plan and whatever happens', () => {
  it('every node ends, nothing starts before its needs hold or while the run stops, and the end is told once', () => {
    fc.assert(
      fc.property(plans, fc.nat(), (nodes, seed) => {
        expect(play(nodes, randomOf(seed))).toEqual([]);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ['forgets that a node has started', (schedule: Schedule) => (schedule.started = () => [])],
    ['starts what it has only decided to skip', (schedule: Schedule) => startSkipped(schedule)],
    ['starts one of a chain and not the others', (schedule: Schedule) => startAlone(schedule)],
    ['stops all daemons together', (schedule: Schedule, nodes: readonly Node[]) => stopTogether(schedule, nodes)],
  ])('a schedule that %s is caught', (_, break_) => {
    const caught = fc.check(
      fc.property(plans, fc.nat(), (nodes, seed) => {
        const schedule = new Schedule(planOf(nodes));
        break_(schedule, nodes);
        return play(nodes, randomOf(seed), schedule).length === 0;
      }),
      { numRuns: 2000 },
    );
    expect(caught.failed).toBe(true);
  });
});

function stopTogether(schedule: Schedule, nodes: readonly Node[]): void {
  const stop = schedule.stop.bind(schedule);
  const running = new Set<string>();
  const started = schedule.started.bind(schedule);
  schedule.started = (node, now) => {
    if (nodes.some(({ id, kind }) => id === node && kind === 'daemon')) running.add(node);
    return started(node, now);
  };
  const ended = schedule.ended.bind(schedule);
  schedule.ended = (ending, now) => {
    running.delete(ending.node);
    return ended(ending, now);
  };
  schedule.stop = (reason, now) => [
    ...stop(reason, now),
    ...[...running].map((node) => ({ do: 'stop', node, as: 'stopped', reason }) as const),
  ];
}

function startSkipped(schedule: Schedule): void {
  const ended = schedule.ended.bind(schedule);
  schedule.ended = (ending, now) =>
    ended(ending, now).map((effect) =>
      effect.do === 'end' && effect.fate.outcome === 'skipped' ? { do: 'start', nodes: [effect.fate.node] } : effect,
    );
}

function startAlone(schedule: Schedule): void {
  const begin = schedule.begin.bind(schedule);
  schedule.begin = (now) =>
    begin(now).map((effect) => (effect.do === 'start' ? { do: 'start', nodes: effect.nodes.slice(0, 1) } : effect));
}
