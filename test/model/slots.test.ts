// Whatever comes to its end without `slots` comes to it with as many as the planner asks for: random plans, whose programs put, take and
// end at random, are played first without a limit and then with one. Never do more run than there are slots, and what is tied
// together starts together.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Channel, Condition, Need, Node, Plan, ProcessNode, QueueChannel } from '../../src/plan/plan.ts';
import { Foresight } from '../../src/plan/foresight.ts';
import { lackingSlots } from '../../src/plan/slots.ts';
import { tiesOf } from '../../src/plan/ties.ts';
import { Admission, scheduleOf } from '../../src/run/admission.ts';
import type { ScheduleEffect } from '../../src/run/schedule.ts';
import { joinNode, planOf, processNode } from '../kit/plan.ts';
import { queueOf } from '../kit/channels.ts';

interface Stream {
  readonly room: number;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
  readonly group: boolean;
  waiting: number;
  lost: boolean;
}

/** One line for what became of it: `over`, or who was left and could not go on. */
function play(plan: Plan, draws: readonly number[], early = true): string {
  const schedule = scheduleOf(plan);
  let drawn = 0;
  const draw = (below: number): number => (draws[drawn++ % draws.length] as number) % below;
  const processes = new Map(
    plan.nodes.flatMap((node) => (node.kind === 'process' || node.kind === 'daemon' ? [[node.id, node] as const] : [])),
  );
  const streams = streamsOf(plan);
  const alive = new Map<string, { readonly node: ProcessNode; readonly puts: Map<string, number> }>();
  const ended = new Set<string>();
  const drained = new Set<string>();
  const joined = new Set<string>();
  const forced = new Set<string>();
  /** `lent`: slots for items of what runs. */
  const run = { isOver: false, fault: '', lent: 0 };

  const hear = (effects: readonly ScheduleEffect[]): void => {
    for (const effect of effects) {
      if (effect.do === 'over') run.isOver = true;
      if (effect.do === 'end') (processes.has(effect.fate.node) ? ended : joined).add(effect.fate.node);
      if (effect.do === 'stop' && alive.has(effect.node)) end(effect.node, effect.as);
      if (effect.do !== 'start') continue;
      const due = effect.nodes.filter((id) => !forced.has(id));
      for (const id of due) {
        const node = processes.get(id) as ProcessNode;
        if (alive.has(id) || ended.has(id)) run.fault = `${id} started twice`;
        alive.set(id, { node, puts: new Map(outputsOf(plan, id).map((name) => [name, draw(4)])) });
      }
      if (forced.size === 0 && isOverheld([...alive.values()].map(({ node }) => node)))
        run.fault = 'a lock has too many holders';
      const busy = run.lent + [...alive.values()].filter(({ node }) => node.kind === 'process').length;
      if (plan.slots !== null && forced.size === 0 && busy > plan.slots)
        run.fault = `${busy} run, and there are ${plan.slots} slots`;
      for (const id of due) hear(schedule.started(id, 0));
    }
  };
  /** Starts all that wait for slots only: what does not come to its end even so was no fault of the slots. */
  const force = (): boolean => {
    const due = [...processes.values()].filter(
      ({ id, needs, stdin, stdout }) =>
        !alive.has(id) && !ended.has(id) && needs.every(holds) && stdin.type !== 'process' && stdout.type !== 'process',
    );
    for (const { id } of due) {
      forced.add(id);
      alive.set(id, {
        node: processes.get(id) as ProcessNode,
        puts: new Map(outputsOf(plan, id).map((name) => [name, draw(4)])),
      });
    }
    for (const { id } of due) hear(schedule.started(id, 0));
    return due.length > 0;
  };
  const holds = ({ instances, condition }: Need): boolean =>
    instances.every((id) => ended.has(id) || joined.has(id) || (condition === 'started' && alive.has(id)));
  const end = (id: string, outcome: 'succeeded' | 'finished' | 'stopped' | 'terminated'): void => {
    alive.delete(id);
    ended.add(id);
    hear(schedule.ended({ node: id, outcome }, 0));
  };
  const stream = (name: string): Stream => streams.get(name) as Stream;
  const isClosed = (it: Stream): boolean =>
    it.producers.every(
      (id) => ended.has(id) || (it.group && it.waiting === 0 && it.consumers.includes(id) && isQuiet(id)),
    );
  const isQuiet = (id: string): boolean => [...(alive.get(id)?.puts.values() ?? [1])].every((left) => left === 0);
  const toldEnd = (name: string): boolean => stream(name).waiting === 0 && isClosed(stream(name));

  /** All that could happen now. */
  const possible = (): (() => void)[] => {
    const steps: (() => void)[] = [];
    for (const [id, its] of alive) {
      for (const [name, left] of its.puts) {
        const to = stream(name);
        const isBroken = to.consumers.every((consumer) => ended.has(consumer));
        if (left === 0 || (!isBroken && to.room > 0 && to.waiting >= to.room)) continue;
        steps.push(() => {
          its.puts.set(name, left - 1);
          if (!isBroken) to.waiting++;
          else to.lost = true;
        });
      }
      const inputs = inputsOf(plan, id);
      for (const name of inputs) if (stream(name).waiting > 0) steps.push(() => stream(name).waiting--);
      const first = inputs.find((name) => !toldEnd(name));
      // It has spoken with the others at its pipes once they have been there.
      const mates = matesOf(plan, id);
      const isDone =
        first === undefined &&
        [...its.puts.values()].every((left) => left === 0) &&
        mates.every((mate) => alive.has(mate) || ended.has(mate));
      if (isDone && its.node.kind === 'process') steps.push(() => end(id, 'succeeded'));
      // Some have had enough before the end.
      if (
        its.node.kind === 'process' &&
        inputs.length > 0 &&
        first !== undefined &&
        early &&
        isOnly(id) &&
        draw(40) === 0 &&
        mates.length === 0
      )
        steps.push(() => end(id, 'succeeded'));
    }
    for (const [name, each] of streams)
      if (!drained.has(name) && toldEnd(name) && !each.lost)
        steps.push(() => {
          drained.add(name);
          hear(schedule.drained(name, 0));
        });
    // An `each` that runs may have one more of its items worked on, for a while.
    if (schedule instanceof Admission && steps.length > 0 && draw(4) === 0)
      steps.push(() => {
        if (schedule.lend()) run.lent++;
      });
    if (schedule instanceof Admission && run.lent > 0)
      steps.push(() => {
        run.lent--;
        hear(schedule.giveBack(0));
      });
    return steps;
  };

  let stuck: string | null = null;
  /** Nobody of another name takes from the same: those would then have to start in its place, at whatever cost. */
  const isOnly = (id: string): boolean =>
    inputsOf(plan, id).every(
      (name) => new Set(stream(name).consumers.map((taker) => processes.get(taker)?.name)).size === 1,
    );

  hear(schedule.begin(0));
  for (let step = 0; !run.isOver; step++) {
    if (run.fault !== '') return run.fault;
    const steps = possible();
    const next = steps[draw(Math.max(1, steps.length))];
    if (next === undefined) {
      stuck ??= `nobody can go on: ${[...alive.keys()].join(', ')}`;
      if (plan.slots === null) return stuck;
      if (force()) continue;
      return 'over';
    }
    if (step > 10_000) return 'it goes on for ever';
    next();
  }
  return stuck ?? 'over';
}

function streamsOf(plan: Plan): Map<string, Stream> {
  const streams = new Map<string, Stream>();
  const add = (
    name: string,
    room: number,
    producers: readonly string[],
    consumers: readonly string[],
    group = false,
  ): void => {
    streams.set(name, { room, producers, consumers, group, waiting: 0, lost: false });
  };
  for (const channel of plan.channels)
    if (channel.kind === 'queue')
      add(channel.name, channel.maxsize, channel.producers, channel.consumers, channel.group !== null);
  for (const node of plan.nodes)
    if (node.kind === 'process' && node.stdin.type === 'process')
      add(`into ${node.id}`, 1, [node.stdin.process], [node.id]);
  return streams;
}

function queuesOf(plan: Plan): readonly QueueChannel[] {
  return plan.channels.filter((channel) => channel.kind === 'queue');
}

function inputsOf(plan: Plan, id: string): readonly string[] {
  const node = plan.nodes.find((each) => each.id === id);
  const queues = queuesOf(plan)
    .filter(({ consumers }) => consumers.includes(id))
    .map(({ name }) => name);
  return node?.kind === 'process' && node.stdin.type === 'process' ? [...queues, `into ${id}`] : queues;
}

function outputsOf(plan: Plan, id: string): readonly string[] {
  const node = plan.nodes.find((each) => each.id === id);
  const queues = queuesOf(plan)
    .filter(({ producers }) => producers.includes(id))
    .map(({ name }) => name);
  return node?.kind === 'process' && node.stdout.type === 'process'
    ? [...queues, `into ${node.stdout.process}`]
    : queues;
}

function matesOf(plan: Plan, id: string): readonly string[] {
  return plan.channels.flatMap((channel) =>
    channel.kind === 'pipe' && channel.ends.includes(id) ? channel.ends.filter((end) => end !== id) : [],
  );
}

interface Draft {
  readonly kind: 'process' | 'daemon' | 'join';
  readonly copies: number;
  readonly needs: readonly (readonly [number, number])[];
  readonly members: readonly number[];
  readonly holds: readonly (readonly [number, boolean])[];
  readonly puts: readonly number[];
  readonly gets: readonly number[];
}

const drafts: fc.Arbitrary<readonly Draft[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('process', 'process', 'process', 'process', 'daemon', 'join'),
    copies: fc.constantFrom(1, 1, 2, 3),
    needs: fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 1 }),
    members: fc.array(fc.nat(20), { maxLength: 2 }),
    holds: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.uniqueArray(fc.tuple(fc.nat(2), fc.boolean()), { maxLength: 2, selector: ([lock]) => lock }),
      },
    ),
    puts: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
    gets: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
  }),
  { minLength: 2, maxLength: 7 },
);
const plans = fc
  .record({
    drafts,
    rooms: fc.array(fc.constantFrom(0, 1, 1, 2), { minLength: 4, maxLength: 4 }),
    pipes: fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 2 }),
    chains: fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 2 }),
    order: fc.array(fc.nat(20), { minLength: 7, maxLength: 7 }),
  })
  .map(planFrom);

/** Who only takes what stands before it, and needs such, most often; in any order in the plan. */
function planFrom({
  drafts: all,
  rooms,
  pipes,
  chains,
  order,
}: {
  readonly drafts: readonly Draft[];
  readonly rooms: readonly number[];
  readonly pipes: readonly (readonly [number, number])[];
  readonly chains: readonly (readonly [number, number])[];
  readonly order: readonly number[];
}): Plan {
  const idsOf = all.map(({ copies, kind }, at) =>
    copies === 1 || kind === 'join' ? [`n${at}`] : Array.from({ length: copies }, (_, copy) => `n${at}.${copy + 1}`),
  );
  const nodes = all.flatMap((draft, at): Node[] => {
    const needs = draft.needs.flatMap(([which, how]) => {
      const target = all[which % all.length] as Draft;
      const name = which % all.length;
      if (name >= at && how % 5 > 0) return [];
      if (name === at) return [];
      const conditions: readonly Condition[] =
        target.kind === 'daemon' ? ['started'] : target.kind === 'join' ? ['completed'] : ['completed', 'started'];
      return [
        {
          name: `n${name}`,
          instances: idsOf[name] as string[],
          condition: conditions[how % conditions.length] as Condition,
        },
      ];
    });
    const processes = draft.members.flatMap((which) => {
      const name = which % all.length;
      return all[name]?.kind === 'process' ? (idsOf[name] as string[]) : [];
    });
    if (draft.kind === 'join') return [{ ...joinNode(`n${at}`, [...new Set(processes)]), needs }];
    return (idsOf[at] as string[]).map(
      (id): Node => ({
        ...processNode(id, {}, { kind: draft.kind as 'process' | 'daemon', name: `n${at}` }),
        holds: (draft.kind === 'daemon' ? [] : draft.holds).map(([lock, shared]) => ({
          lock: `l${lock}`,
          shared: shared && lock === 2,
        })),
        needs,
      }),
    );
  });
  const of = (role: 'puts' | 'gets', queue: number): readonly string[] =>
    all.flatMap((draft, at) => (draft.kind !== 'join' && draft[role].includes(queue) ? (idsOf[at] as string[]) : []));
  // Locks are tried where nobody waits for room: who holds one that its consumer wants is another question.
  const held = all.some(({ kind, holds }) => kind === 'process' && holds.length > 0);
  const queues = rooms.map((maxsize, queue): Channel => {
    const producers = of('puts', queue);
    const consumers = of('gets', queue);
    const group = producers.some((id) => consumers.includes(id)) ? [`q${queue}`] : null;
    // A loop that is bounded can block on itself, and `check` warns of it.
    const settings = {
      maxsize: group === null && !held ? maxsize : 0,
      encoding: 'json',
      producers,
      consumers,
      group,
    } as const;
    return queueOf(`q${queue}`, settings);
  });
  const single = nodes.filter((node): node is ProcessNode => node.kind === 'process' && node.id === node.name);
  const pairs = (drawn: readonly (readonly [number, number])[]): (readonly [string, string])[] =>
    drawn.flatMap(([a, b]) => {
      const [one, other] = [single[a % Math.max(1, single.length)], single[b % Math.max(1, single.length)]];
      return one === undefined || other === undefined || one === other ? [] : [[one.id, other.id] as const];
    });
  const talk = pairs(pipes).map(
    (ends, at): Channel => ({
      kind: 'pipe',
      name: `p${at}`,
      at: here,
      encoding: 'json',
      duplex: true,
      ends: [...ends],
    }),
  );
  let chained: readonly Node[] = nodes;
  for (const [writer, reader] of pairs(chains)) chained = withPipe(chained, writer, reader);
  const sorted = chained
    .map((node, at) => ({ node, key: order[at % order.length] as number }))
    .sort((a, b) => a.key - b.key);
  return planOf(
    sorted.map(({ node }) => node),
    {
      channels: [...queues.filter((queue) => queue.kind === 'queue' && queue.producers.length > 0), ...talk, ...locks],
    },
  );
}

function withPipe(nodes: readonly Node[], writer: string, reader: string): readonly Node[] {
  const isFree = nodes.every(
    (node) =>
      node.kind !== 'process' ||
      ((node.id !== writer || node.stdout.type === 'log') && (node.id !== reader || node.stdin.type === 'null')),
  );
  if (!isFree) return nodes;
  return nodes.map((node): Node => {
    if (node.kind !== 'process') return node;
    if (node.id === writer) return { ...node, stdout: { type: 'process', process: reader } };
    return node.id === reader ? { ...node, stdin: { type: 'process', process: writer } } : node;
  });
}

const here = { line: 1, column: 1 };
const locks = (['mutex', 'semaphore', 'rw'] as const).map(
  (lock, at): Channel => ({
    kind: 'lock',
    name: `l${at}`,
    at: here,
    lock,
    permits: lock === 'semaphore' ? 2 : 1,
    reentrant: false,
    owned: true,
    scope: 'run',
    strict: false,
    users: [],
  }),
);

/** More hold a lock than may. */
function isOverheld(alive: Iterable<ProcessNode>): boolean {
  const held = [...alive].flatMap(({ holds }) => holds);
  const count = (lock: string, shared: boolean): number =>
    held.filter((it) => it.lock === lock && it.shared === shared).length;
  return (
    count('l0', false) > 1 ||
    count('l1', false) > 2 ||
    (count('l2', false) > 0 && count('l2', false) + count('l2', true) > 1)
  );
}

/** There is an order in which all of it can end. */
function hasOrder(plan: Plan): boolean {
  const ties = tiesOf(plan);
  const open = Int32Array.from(ties.units, ({ members }) => members.length);
  return new Foresight(ties, { open, running: new Int32Array(open.length) }, 1000, 'dearest').canEnd(ties.units);
}

function without(plan: Plan): Plan {
  return { ...plan, nodes: plan.nodes.map((node) => ('holds' in node ? { ...node, holds: [] } : node)) };
}

const draws = fc.array(fc.nat(1000), { minLength: 30, maxLength: 60 });
const rounds = 5000;

/** It comes to its end however it is played, as far as that was tried. */
function isSound(plan: Plan, tries: readonly (readonly number[])[]): boolean {
  try {
    return tries.every((drawn) => play(plan, drawn) === 'over' && play(plan, drawn, false) === 'over');
  } catch {
    return false;
  }
}

test('what comes to its end without slots comes to it with as many as the planner asks for, and never do more run', () => {
  let played = 0;
  fc.assert(
    fc.property(plans, fc.nat(3), fc.array(draws, { minLength: 6, maxLength: 6 }), (plan, more, tries) => {
      if (!hasOrder(plan) || !isSound(without(plan), [...tries, [0], [7, 3, 1], [5, 8]])) return;
      const least = Math.max(1, ...lackingSlots(plan, 1).map(({ count }) => count));
      played++;
      const limited = { ...plan, slots: more === 3 ? 1000 : least + more };
      for (const drawn of tries) expect([play(limited, drawn), shown(limited)]).toEqual(['over', shown(limited)]);
    }),
    { numRuns: rounds },
  );
  expect(played).toBeGreaterThan(rounds / 20);
});

/** In a line, for whoever has to understand it. */
function shown({ nodes, channels, slots }: Plan): string {
  const words = nodes.map((node) => {
    const needs = node.needs.map(({ name, condition }) => `${name} ${condition}`);
    const reads = node.kind === 'process' && node.stdin.type === 'process' ? [`reads ${node.stdin.process}`] : [];
    const holds = 'holds' in node ? node.holds.map(({ lock, shared }) => `${lock}${shared ? ' read' : ''}`) : [];
    const joins = node.kind === 'join' ? node.processes : [];
    return `${node.kind} ${node.id}(${[...needs, ...reads, ...holds, ...joins].join(', ')})`;
  });
  const lines = channels.map((channel) =>
    channel.kind === 'queue'
      ? `${channel.producers.join('+')} → ${channel.maxsize} → ${channel.consumers.join('+')}`
      : channel.kind === 'pipe'
        ? channel.ends.join(' ⇄ ')
        : channel.name,
  );
  return [`slots ${slots}`, ...words, ...lines].join('; ');
}
