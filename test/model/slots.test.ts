// Whatever comes to its end without `slots` comes to it with as many as the planner asks for: random plans, whose programs put, take,
// fail and end at random, are played first without a limit and then with one (`slots-world`). Never do more run than there are slots,
// what is tied together starts together, and who rests between two attempts, or has no item to work on, has none and comes back.
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { AgainRule, Channel, Condition, Node, Plan, ProcessNode } from '../../src/plan/plan.ts';
import { Foresight } from '../../src/plan/foresight.ts';
import { componentsOf } from '../../src/plan/components.ts';
import { lackingSlots } from '../../src/plan/slots.ts';
import { tiesOf } from '../../src/plan/ties.ts';
import { Slots } from '../../src/run/slots.ts';
import { joinNode, planOf, processNode } from '../kit/plan.ts';
import { queueOf } from '../kit/channels.ts';
import { play } from './slots-world.ts';

interface Draft {
  readonly kind: 'process' | 'daemon' | 'join';
  readonly copies: number;
  readonly needs: readonly (readonly [number, number])[];
  readonly members: readonly number[];
  readonly holds: readonly (readonly [number, boolean])[];
  readonly puts: readonly number[];
  readonly gets: readonly number[];
  /** It works on each item of what it gets, so many at once; 0: it is no such. */
  readonly workers: number;
  readonly fails: boolean;
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
    workers: fc.constantFrom(0, 0, 0, 1, 2, 3),
    fails: fc.constantFrom(false, false, true),
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
  drafts: drawn,
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
  const all = drawn.map(checked);
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
        each: draft.workers > 0 ? { queue: `q${draft.gets[0]}`, workers: draft.workers } : null,
        again: draft.fails ? again : null,
        holds: draft.holds.map(([lock, shared]) => ({
          lock: `l${lock}`,
          shared: shared && lock === 2,
        })),
        needs,
      }),
    );
  });
  const of = (role: 'puts' | 'gets', queue: number): readonly string[] =>
    all.flatMap((draft, at) => (draft.kind !== 'join' && draft[role].includes(queue) ? (idsOf[at] as string[]) : []));
  const loops = loopsIn(all);
  // Locks are tried where nobody waits for room: who holds one that its consumer wants is another question.
  const held = all.some(({ kind, holds }) => kind === 'process' && holds.length > 0);
  const queues = rooms.map((maxsize, queue): Channel => {
    const producers = of('puts', queue);
    const consumers = of('gets', queue);
    const group = loops.find((names) => names.includes(`q${queue}`)) ?? null;
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
  const single = nodes.filter(
    (node): node is ProcessNode =>
      node.kind === 'process' && node.id === node.name && node.each === null && node.again === null,
  );
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

/** An `each` takes from one queue only, and is one; and daemons hold no locks here. */
function checked(draft: Draft): Draft {
  if (draft.kind !== 'process')
    return { ...draft, workers: 0, fails: draft.fails && draft.kind === 'daemon', holds: [] };
  const isEach = draft.workers > 0 && draft.gets.length > 0;
  return isEach
    ? { ...draft, copies: 1, gets: draft.gets.slice(0, 1), holds: [], fails: false }
    : { ...draft, workers: 0 };
}

/** The queues of each loop. */
function loopsIn(all: readonly Draft[]): readonly (readonly string[])[] {
  const queues = 4;
  const edges = [
    ...Array.from({ length: queues }, (_, queue) =>
      all.flatMap(({ kind, gets }, at) => (kind !== 'join' && gets.includes(queue) ? [queues + at] : [])),
    ),
    ...all.map(({ kind, puts }) => (kind === 'join' ? [] : puts)),
  ];
  return componentsOf(edges)
    .filter(({ length }) => length > 1)
    .map((component) => component.filter((at) => at < queues).map((at) => `q${at}`));
}

const again: AgainRule = {
  policy: 'on-failure',
  attempts: 2,
  delayMs: 0,
  backoff: 'constant',
  maxDelayMs: 0,
  exitCodes: null,
};

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
const rounds = 1000;

/** It comes to its end however it is played, as far as that was tried. */
function isSound(plan: Plan, tries: readonly (readonly number[])[]): boolean {
  try {
    return tries.every((drawn) => play(plan, drawn) === 'over' && play(plan, drawn, { early: false }) === 'over');
  } catch {
    return false;
  }
}

/** Null: it does not come to its end without slots either. */
function faultIn(plan: Plan, more: number, tries: readonly (readonly number[])[]): string | null {
  if (!hasOrder(plan) || !isSound(without(plan), [...tries, [0], [7, 3, 1], [5, 8]])) return null;
  const least = Math.max(1, ...lackingSlots(plan, 1).map(({ count }) => count));
  const limited = { ...plan, slots: more === 3 ? 1000 : least + more };
  const fault = tries.map((drawn) => play(limited, drawn)).find((it) => it !== 'over');
  return fault === undefined ? '' : `${fault}: ${shown(limited)}`;
}

test('what comes to its end without slots comes to it with as many as the planner asks for, and never do more run', () => {
  let played = 0;
  fc.assert(
    fc.property(plans, fc.nat(3), fc.array(draws, { minLength: 6, maxLength: 6 }), (plan, more, tries) => {
      const fault = faultIn(plan, more, tries);
      if (fault === null) return;
      played++;
      expect(fault).toBe('');
    }),
    { numRuns: rounds },
  );
  expect(played).toBeGreaterThan(rounds / 20);
});

const plainPlans = fc
  .record({
    all: fc.array(fc.record({ fails: fc.boolean(), workers: fc.constantFrom(0, 0, 1, 2, 3) }), {
      minLength: 1,
      maxLength: 7,
    }),
    slots: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ all, slots }): Plan => {
    const nodes = all.map(({ fails, workers }, at) =>
      processNode(
        `n${at}`,
        {},
        {
          again: fails && workers === 0 ? again : null,
          each: workers > 0 ? { queue: `q${at}`, workers } : null,
        },
      ),
    );
    const channels = nodes.flatMap(({ id, each }) =>
      each === null
        ? []
        : [
            queueOf(each.queue, {
              encoding: 'json',
              from: { type: 'values', values: [1, 2, 3, 4] },
              producers: [],
              consumers: [id],
            }),
          ],
    );
    return planOf(nodes, { slots, channels });
  });

function plainFaultIn(plan: Plan, tries: readonly (readonly number[])[]): string {
  const manner = { early: true, plain: true };
  return tries.map((drawn) => play(plan, drawn, manner)).find((it) => it !== 'over') ?? '';
}

const plainly = fc.property(
  plainPlans,
  fc.array(draws, { minLength: 2, maxLength: 2 }),
  (plan, tries) => plainFaultIn(plan, tries) === '',
);

test('of those who have nothing to do with each other none waits while a slot is free, and all have it in their turn', () => {
  fc.assert(plainly, { numRuns: rounds });
});

describe('is seen in the model:', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each<[string, () => unknown]>([
    ['who rests keeps its slot', () => vi.spyOn(Slots.prototype, 'rests').mockReturnValue(false)],
    [
      'who comes back takes a slot that it has not',
      () => vi.spyOn(Slots.prototype, 'isResting').mockReturnValue(false),
    ],
    [
      'who comes back goes before all others',
      () => {
        const due = Slots.prototype.due;
        const line: string[] = [];
        vi.spyOn(Slots.prototype, 'due').mockImplementation(function (this: Slots, nodes, now) {
          const [id = ''] = nodes;
          const others = line.filter((other) => other !== id && this.isResting(other) && this.lackOf(other) !== null);
          for (const other of others) this.withdraw(other);
          for (const one of [id, ...(this.isResting(id) ? others : [])]) due.call(this, [one], now);
          if (this.isResting(id)) line.push(id);
        });
      },
    ],
    ['a slot that was given back is given out twice', () => vi.spyOn(Slots.prototype, 'lend').mockReturnValue(true)],
    ['what was lent is never given back', () => vi.spyOn(Slots.prototype, 'regain').mockImplementation(() => {})],
    [
      'who is terminated while it rests keeps its place in line',
      () => vi.spyOn(Slots.prototype, 'withdraw').mockImplementation(() => {}),
    ],
  ])('%s', (_fault, plant) => {
    plant();
    const found = fc.check(plainly, { numRuns: 2000, endOnFailure: true });
    expect(found.failed).toBe(true);
  });
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
