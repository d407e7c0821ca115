// Random plans with retries, restarts, time limits and probes, and random faults, through the real machines: every run comes to its end,
// each rule holds, and nobody is left who waits for a time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgainRule, Condition, Node, ProbeRule, ProcessNode, ReadyRule } from '../../src/plan/plan.ts';
import { Attempts } from '../../src/run/attempts.ts';
import type { Effect, Input } from '../../src/run/life.ts';
import { joinNode, processNode } from '../kit/plan.ts';
import { randomOf } from '../kit/random.ts';
import { play } from './attempts-world.ts';

const rules: fc.Arbitrary<AgainRule> = fc.record({
  policy: fc.constantFrom('on-failure', 'on-failure', 'always'),
  attempts: fc.constantFrom(1, 2, 5),
  delayMs: fc.constantFrom(0, 0, 10, 1000),
  backoff: fc.constantFrom('constant', 'exponential'),
  maxDelayMs: fc.constantFrom(5, 3000),
  exitCodes: fc.constantFrom(null, null, null, [1], [-9, 3]),
});

const probes: fc.Arbitrary<ReadyRule> = fc.record({
  probe: fc.constantFrom<ProbeRule>(
    { type: 'log', pattern: 'up' },
    { type: 'sdk' },
    { type: 'file', path: '/f' },
    { type: 'tcp', host: 'h', port: 1 },
  ),
  intervalMs: fc.constantFrom(1, 50, 250),
  timeoutMs: fc.constantFrom(1, 200, 2000, 60_000),
});

const drafts = fc.array(
  fc.record({
    kind: fc.constantFrom('process', 'process', 'process', 'daemon', 'join'),
    needs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 3 }),
    onFailure: fc.constantFrom('stop', 'continue', 'ignore'),
    members: fc.array(fc.nat(), { maxLength: 3 }),
    mode: fc.constantFrom<'all' | number>('all', 1, 2),
    onTimeout: fc.constantFrom('fail', 'continue', 'terminate'),
    onPass: fc.constantFrom('nothing', 'terminate'),
    timeoutMs: fc.constantFrom(null, null, 1, 300),
    graceMs: fc.constantFrom(0, 20, 500),
    again: fc.option(rules),
    unlimited: fc.boolean(),
    ready: fc.option(probes),
  }),
  { minLength: 1, maxLength: 9 },
);

type Draft = typeof drafts extends fc.Arbitrary<readonly (infer D)[]> ? D : never;

/** Each node needs only such as stand before it. */
const plans: fc.Arbitrary<readonly Node[]> = drafts.map((list) => {
  const nodes: Node[] = [];
  for (const [index, draft] of list.entries()) nodes.push(nodeOf(`n${index}`, draft, nodes));
  return nodes;
});

function nodeOf(id: string, draft: Draft, before: readonly Node[]): Node {
  const needs = Object.fromEntries(
    draft.needs.flatMap(([which, how]) => {
      const target = before[which % Math.max(1, before.length)];
      if (target === undefined) return [];
      const conditions = conditionsOf(target);
      return [[target.id, conditions[how % conditions.length] as Condition]];
    }),
  );
  const { kind, onFailure, mode, onTimeout, onPass, timeoutMs, graceMs, ready } = draft;
  if (kind === 'join') {
    const processes = before.filter((node) => node.kind === 'process').map((node) => node.id);
    const members = draft.members.flatMap((at) => processes[at % Math.max(1, processes.length)] ?? []);
    return joinNode(id, [...new Set(members)], { mode, onTimeout, onPass, timeoutMs }, needs);
  }
  const isDaemon = kind === 'daemon';
  // (Codes are of processes, and to be tried without limit of daemons.)
  const again = draft.again && {
    ...draft.again,
    ...(isDaemon ? { exitCodes: null } : { policy: 'on-failure' as const }),
    attempts: isDaemon && draft.unlimited ? null : draft.again.attempts,
    delayMs: isDaemon ? Math.max(10, draft.again.delayMs) : draft.again.delayMs,
    maxDelayMs: isDaemon ? Math.max(10, draft.again.maxDelayMs) : draft.again.maxDelayMs,
  };
  const stop = { signal: 'SIGTERM', graceMs } as const;
  return processNode(id, needs, {
    kind: isDaemon ? 'daemon' : 'process',
    onFailure: isDaemon ? 'stop' : onFailure,
    timeoutMs,
    stop,
    again,
    ready,
  });
}

function conditionsOf(target: Node): readonly Condition[] {
  if (target.kind === 'daemon') return ['ready', 'ready', 'started'];
  if (target.kind === 'join') return ['passed', 'completed'];
  return ['succeeded', 'completed', 'failed', 'started', ...((target as ProcessNode).ready ? ['ready' as const] : [])];
}

describe('whatever the plan and whatever happens to it', () => {
  it('every node ends, each rule of attempts and readiness holds, and no time is waited for at the end', () => {
    fc.assert(
      fc.property(plans, fc.nat(), fc.boolean(), (nodes, seed, interrupted) => {
        expect(play(nodes, randomOf(seed), { interrupted })).toEqual([]);
      }),
      { numRuns: 20_000, endOnFailure: true },
    );
  });

  it.each<[string, (effects: readonly Effect[], input: Input) => readonly Effect[]]>([
    ['settles what will be tried again', (effects) => effects.flatMap(alsoSettled)],
    ['says it is ready when it has only started', (effects) => effects.flatMap(readyAtOnce)],
    ['forgets that another attempt was to follow', (effects) => effects.filter((effect) => effect.do !== 'return')],
    ['goes on when it is stopped', (effects, input) => (input.type === 'stop' ? [] : effects)],
    [
      'tries a probe twice at once',
      (effects) => effects.flatMap((effect): Effect[] => (effect.do === 'try' ? [effect, effect] : [effect])),
    ],
    ['ends without a word to the broker', (effects) => effects.filter((effect) => effect.do !== 'settle')],
  ])('a machine that %s is caught', (_, bend) => {
    const faulty = fc.property(plans, fc.nat(), fc.boolean(), (nodes, seed, interrupted) => {
      const attemptsOf = (node: ProcessNode): Attempts => bent(new Attempts(node), bend);
      return play(nodes, randomOf(seed), { interrupted, attemptsOf }).length === 0;
    });
    expect(fc.check(faulty, { numRuns: 2000, endOnFailure: true }).failed).toBe(true);
  });

  it('a machine that waits for a time after its end is caught', () => {
    const faulty = fc.property(plans, fc.nat(), (nodes, seed) => {
      const attemptsOf = (node: ProcessNode): Attempts => {
        const machine = new Attempts(node);
        const next = machine.nextDeadline.bind(machine);
        machine.nextDeadline = () => next() ?? (machine.phase === 'ended' ? 1e9 : null);
        return machine;
      };
      return play(nodes, randomOf(seed), { interrupted: false, attemptsOf }).length === 0;
    });
    expect(fc.check(faulty, { numRuns: 500, endOnFailure: true }).failed).toBe(true);
  });
});

function bent(machine: Attempts, bend: (effects: readonly Effect[], input: Input) => readonly Effect[]): Attempts {
  const handle = machine.handle.bind(machine);
  machine.handle = (input, now, chance) => bend(handle(input, now, chance), input);
  return machine;
}

function alsoSettled(effect: Effect): readonly Effect[] {
  return effect.do === 'recover'
    ? [{ do: 'settle', held: 'back', stream: 'abort', succeeded: false }, effect]
    : [effect];
}

function readyAtOnce(effect: Effect): readonly Effect[] {
  return effect.do === 'announce' ? [effect, { do: 'ready', afterMs: 0 }] : [effect];
}
