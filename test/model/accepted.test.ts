// A pipeline in which the planner finds nothing never comes to a state in which nobody can go on, whatever its programs do, as long as
// they put and take as declared, read to the end, and take or put wherever they can; and one that it refuses for processes that wait for
// each other does. Played with the real `schedule`.
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Findings } from '../../src/pipeline/finding.ts';
import { Source } from '../../src/pipeline/source.ts';
import { isProcess } from '../../src/plan/node-kind.ts';
import { planSource } from '../../src/plan/check.ts';
import type { Plan, ProcessNode, QueueChannel } from '../../src/plan/plan.ts';
import { scheduleOf } from '../../src/run/admission.ts';
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';

interface Stream {
  /** 0: no limit. */
  readonly room: number;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
  readonly group: readonly string[] | null;
  waiting: number;
  closed: boolean;
  lost: boolean;
}

/** One line for what became of it: `over`, or who was left and could not go on. Without `items` each puts a few. */
function play(plan: Plan, draws: readonly number[], items?: number): string {
  let drawn = 0;
  const draw = (below: number): number => (draws[drawn++ % draws.length] as number) % below;
  const schedule = scheduleOf(plan);
  const processes = new Map(plan.nodes.flatMap((node) => (node.kind === 'join' ? [] : [[node.id, node] as const])));
  const streams = streamsOf(plan);
  const alive = new Map<string, { readonly node: ProcessNode; readonly puts: Map<string, number> }>();
  const ended = new Set<string>();
  const run = { isOver: false };

  const hear = (effects: readonly ScheduleEffect[]): void => {
    for (const effect of effects) {
      if (effect.do === 'over') run.isOver = true;
      if (effect.do === 'end' && processes.has(effect.fate.node)) ended.add(effect.fate.node);
      if (effect.do === 'stop' && alive.has(effect.node)) end(effect.node, effect.as);
      if (effect.do !== 'start') continue;
      for (const id of effect.nodes) {
        const node = processes.get(id) as ProcessNode;
        alive.set(id, { node, puts: new Map(outputsOf(node).map((name) => [name, items ?? draw(5)])) });
      }
      if (plan.slots !== null && [...alive.values()].filter(({ node }) => node.kind === 'process').length > plan.slots)
        throw new Error(`more run than there are slots: ${[...alive.keys()].join(', ')}`);
      for (const id of effect.nodes) hear(schedule.started(id, 0));
    }
  };
  const end = (id: string, outcome: 'succeeded' | 'finished' | 'stopped' | 'terminated'): void => {
    alive.delete(id);
    ended.add(id);
    hear(schedule.ended({ node: id, outcome }, 0));
  };
  const stream = (name: string): Stream => streams.get(name) as Stream;
  const toldEnd = (name: string): boolean => stream(name).closed && stream(name).waiting === 0;

  /** All that could happen now. */
  const possible = (): (() => void)[] => {
    const steps: (() => void)[] = [];
    for (const [id, { node, puts }] of alive) {
      for (const [name, left] of puts) {
        const to = stream(name);
        const isBroken = to.consumers.every((consumer) => ended.has(consumer));
        if (left === 0 || (!isBroken && to.room > 0 && to.waiting >= to.room)) continue;
        steps.push(() => {
          puts.set(name, left - 1);
          if (isBroken) to.lost = true;
          else to.waiting++;
        });
      }
      const inputs = inputsOf(node);
      for (const name of inputs) if (stream(name).waiting > 0) steps.push(() => stream(name).waiting--);
      const isDone = [...puts.values()].every((left) => left === 0) && inputs.every(toldEnd);
      if (isDone && node.kind === 'process') steps.push(() => end(id, 'succeeded'));
      if (isDone && node.kind === 'daemon' && inputs.length > 0) steps.push(() => end(id, 'finished'));
    }
    for (const [name, each] of streams) {
      if (each.closed || !canClose(each)) continue;
      steps.push(() => {
        each.closed = true;
        if (each.lost) hear(schedule.stranded(name, 'no consumer is left', 0));
      });
    }
    for (const [name, each] of streams)
      if (toldEnd(name) && !each.lost && !drained.has(name))
        steps.push(() => {
          drained.add(name);
          hear(schedule.drained(name, 0));
        });
    return steps;
  };
  const drained = new Set<string>();
  const canClose = ({ producers, group }: Stream): boolean => {
    if (producers.every((producer) => ended.has(producer))) return true;
    if (group === null) return false;
    const members = group.map(stream);
    const takers = new Set(members.flatMap(({ consumers }) => consumers));
    return (
      members.every(({ waiting }) => waiting === 0) &&
      members.every((member) =>
        member.producers.every(
          (producer) =>
            ended.has(producer) ||
            (takers.has(producer) && [...(alive.get(producer)?.puts.values() ?? [1])].every((left) => left === 0)),
        ),
      )
    );
  };

  hear(schedule.begin(0));
  for (let step = 0; !run.isOver; step++) {
    const steps = possible();
    const next = steps[draw(Math.max(1, steps.length))];
    if (next === undefined) return `nobody can go on: ${[...alive.keys()].join(', ')}`;
    if (step > 10_000) return 'it goes on for ever';
    next();
  }
  return 'over';
}

function streamsOf({ nodes, channels }: Plan): Map<string, Stream> {
  const queues = channels.filter((channel): channel is QueueChannel => channel.kind === 'queue');
  const streams = new Map<string, Stream>();
  const add = (name: string, its: Pick<Stream, 'room' | 'producers' | 'consumers' | 'group'>): void => {
    streams.set(name, { ...its, waiting: 0, closed: false, lost: false });
  };
  for (const { name, maxsize, producers, consumers, group } of queues)
    add(name, { room: maxsize, producers, consumers, group });
  for (const node of nodes)
    if (isProcess(node) && node.stdin.type === 'process')
      add(`into ${node.id}`, { room: 1, producers: [node.stdin.process], consumers: [node.id], group: null });
  return streams;
}

function inputsOf({ id, grants, stdin }: ProcessNode): readonly string[] {
  const queues = grants.filter(({ role }) => role === 'get').map(({ channel }) => channel);
  return stdin.type === 'process' ? [...queues, `into ${id}`] : queues;
}

function outputsOf({ grants, stdout }: ProcessNode): readonly string[] {
  const queues = grants.filter(({ role }) => role === 'put').map(({ channel }) => channel);
  return stdout.type === 'process' ? [...queues, `into ${stdout.process}`] : queues;
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const queueNames = fc.subarray(['q', 'r', 's'], { maxLength: 2 });
const needs = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd', 'e', 'j', 'k'),
  fc.constantFrom('completed', 'completed', 'started'),
  { maxKeys: 2 },
);
const process = fc
  .record({ puts: queueNames, gets: queueNames, needs, reads: fc.option(name, { freq: 3 }), twice: fc.nat(5) })
  .map(({ reads, twice, ...rest }) => ({
    run: 'ls',
    ...rest,
    ...(reads === null ? {} : { stdin: { process: reads } }),
    ...(twice === 0 ? { replicas: 2 } : {}),
  }));
const daemon = fc.record({ puts: queueNames, gets: queueNames }).map((rest) => ({ run: 'ls', ...rest }));
const join = fc.record({
  processes: fc.subarray(['a', 'b', 'c', 'd', 'e'], { maxLength: 2 }),
  queues: queueNames,
  needs: fc.constant({}),
});
const queue = fc.constantFrom({}, { maxsize: 1 }, { maxsize: 2 });
const slots = fc.option(fc.integer({ min: 1, max: 6 }), { freq: 3, nil: undefined });
const pipelines = fc.record({
  slots,
  queues: fc.record({ q: queue, r: queue, s: queue }),
  processes: fc.dictionary(name, process, { minKeys: 1, maxKeys: 5 }),
  daemons: fc.dictionary(fc.constant('z'), daemon, { maxKeys: 1 }),
  joins: fc.dictionary(fc.constantFrom('j', 'k'), join, { maxKeys: 2 }),
});

const beside = fc.tuple(process, fc.boolean(), fc.boolean()).map(([any, takes, waits]) => ({
  ...any,
  ...(takes && { gets: ['q'] }),
  ...(waits && { needs: { e: 'completed' } }),
}));
/** One of a loop puts to a queue besides, in which there is only so much room. */
const besideLoop = fc
  .record({
    slots,
    queues: fc.record({ q: fc.constantFrom({ maxsize: 1 }, { maxsize: 2 }), r: queue, s: fc.constant({}) }),
    replicas: fc.integer({ min: 1, max: 2 }),
    others: fc.dictionary(fc.constantFrom('a', 'b', 'c'), beside, { minKeys: 1, maxKeys: 3 }),
    served: fc.constantFrom('processes', 'daemons'),
    joins: fc.dictionary(fc.constantFrom('j', 'k'), join, { maxKeys: 2 }),
  })
  .map(({ replicas, others, served, ...rest }) => {
    const asking = { run: 'ls', puts: 'r', gets: 's', replicas };
    const answering = { run: 'ls', puts: ['s', 'q'], gets: 'r' };
    const processes = { ...others, e: asking, ...(served === 'processes' && { d: answering }) };
    return { ...rest, processes, daemons: served === 'daemons' ? { z: answering } : {} };
  });

/** Warnings that say that something may never end. */
const doubts = new Set(['bounded-loop', 'stream-never-ends']);
/** Planning takes its time. */
const rounds = 2000;

test('a pipeline in which nothing is found never comes to where nobody can go on', async () => {
  let played = 0;
  await fc.assert(
    fc.asyncProperty(pipelines, fc.array(fc.nat(1000), { minLength: 30, maxLength: 60 }), async (pipeline, draws) => {
      const text = JSON.stringify(known(pipeline));
      const { plan, diagnostics } = await planSource(new Source('/pipeline.yaml', text));
      if (plan === null || diagnostics.some(({ code }) => doubts.has(code))) return;
      played++;
      expect(play(plan, draws)).toBe('over');
    }),
    { numRuns: rounds },
  );
  expect(played).toBeGreaterThan(rounds / 40);
});

test('a pipeline in which processes wait for each other comes to where nobody can go on, once there is more than there is room for', async () => {
  let refused = 0;
  const draws = fc.array(fc.nat(1000), { minLength: 30, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(besideLoop, fc.array(draws, { minLength: 5, maxLength: 5 }), async (pipeline, tries) => {
      const source = new Source('/pipeline.yaml', JSON.stringify(known(pipeline)));
      const codes = (await planSource(source)).diagnostics.map(({ code }) => code);
      if (!codes.includes('stream-deadlock') || codes.includes('queue-without-consumer')) return;
      const { plan } = await planUnseeing(source, 'stream-deadlock');
      if (plan === null) return;
      refused++;
      expect(tries.map((each) => play(plan, each, 9)).filter((end) => end !== 'over')).not.toEqual([]);
    }),
    { numRuns: rounds / 4 },
  );
  expect(refused).toBeGreaterThan(rounds / 100);
});

/** As if there were no such finding. */
async function planUnseeing(source: Source, unseen: string): ReturnType<typeof planSource> {
  const { error } = Findings.prototype;
  const spy = vi.spyOn(Findings.prototype, 'error').mockImplementation(function (this: Findings, code, ...rest) {
    if (code !== unseen) error.call(this, code, ...rest);
  });
  try {
    return await planSource(source);
  } finally {
    spy.mockRestore();
  }
}

describe('what a daemon is in the middle of', () => {
  const played = async (slots: number, rest: string): Promise<readonly string[]> => {
    const { plan, diagnostics } = await planSource(new Source('/pipeline.yaml', `slots: ${slots}\n${rest}`));
    if (plan === null) return diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code);
    return [...new Set([[0], [1, 2, 3], [4, 7, 2, 9, 1], [3, 5]].map((draws) => play(plan, draws)))];
  };

  test('has all of a loop at once', async () => {
    const loop = `queues: { r: {}, s: {} }
processes:
  a: { run: ls, puts: r, gets: s, replicas: 2 }
daemons:
  z: { run: ls, puts: s, gets: r }`;
    expect(await played(1, loop)).toEqual(['slots-deadlock']);
    expect(await played(2, loop)).toEqual(['over']);
  });

  test('lets who feeds it go before who takes from it, or both at once where there are bounds', async () => {
    const chain = (bounds: string): string => `queues: { q: ${bounds}, r: ${bounds} }
processes:
  c: { run: ls, gets: r, replicas: 2 }
  a: { run: ls, puts: q, replicas: 2 }
daemons:
  z: { run: ls, gets: q, puts: r }`;
    expect(await played(1, chain('{}'))).toEqual(['over']);
    expect(await played(1, chain('{ maxsize: 1 }'))).toEqual(['slots-deadlock']);
    expect(await played(2, chain('{ maxsize: 1 }'))).toEqual(['over']);
  });
});

test('a consumer that waits for its producer is seen to be stuck', async () => {
  const text = `queues: { q: { maxsize: 1 } }
processes:
  p: { run: ls, puts: q }
  c: { run: ls, gets: q }`;
  const { plan } = await planSource(new Source('/pipeline.yaml', text));
  const nodes = plan?.nodes.map((node) =>
    node.id === 'c' ? { ...node, needs: [{ name: 'p', instances: ['p'], condition: 'completed' as const }] } : node,
  );
  expect(play({ ...(plan as Plan), nodes: nodes ?? [] }, [4])).toBe('nobody can go on: p');
});

/** Without the names that nothing has, so that more of them are sound. */
function known<T extends { readonly processes: object; readonly joins: object; readonly daemons: object }>(
  pipeline: T,
): T {
  const names = new Set([...Object.keys(pipeline.processes), ...Object.keys(pipeline.joins)]);
  return JSON.parse(
    JSON.stringify(pipeline, (key, value: unknown) => {
      if (key === 'needs' && value !== null)
        return Object.fromEntries(
          Object.entries(value as Record<string, string>)
            .filter(([each]) => names.has(each))
            .map(([each, condition]) => [each, each in pipeline.joins ? 'completed' : condition]),
        );
      if (key === 'processes' && Array.isArray(value)) return value.filter((each) => names.has(each as string));
      if (key === 'stdin' && !names.has((value as { process: string }).process)) return undefined;
      return value;
    }),
  ) as T;
}
