// `--only`: what of a plan is left, and what becomes of the queues that nobody is there to read.
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { select } from '../../src/plan/select.ts';
import { soundPlan } from '../kit/planned.ts';

const yaml = `queues: { q: { maxsize: 2 }, r: {} }
pipes: { line: [a, b] }
processes:
  p: { run: ls, puts: q, replicas: 2 }
  c: { run: ls, gets: q, puts: r }
  d: { run: ls, gets: r }
  a: { run: ls, needs: s }
  b: { run: ls }
  w: { run: ls }
  x: { run: cat, stdin: { process: w } }
daemons:
  s: { run: ls }
joins:
  j: { processes: w, queues: q }`;

function left(plan: Plan, ...names: string[]): readonly string[] {
  const part = select(plan, names);
  return 'plan' in part ? part.plan.nodes.map(({ id }) => id).toSorted() : [`no ${part.unknown}`];
}

describe('only', () => {
  test('a name takes along what it needs, who puts to what it reads, and whom pipes join it to', async () => {
    const plan = await soundPlan(yaml);
    expect(left(plan, 'd')).toEqual(['c', 'd', 'p.1', 'p.2']);
    expect(left(plan, 'b')).toEqual(['a', 'b', 's']);
    expect(left(plan, 'w')).toEqual(['w', 'x']);
    expect(left(plan, 'j')).toEqual(['c', 'j', 'p.1', 'p.2', 'w', 'x']);
    expect(left(plan, 'p.2', 'x')).toEqual(['p.2', 'w', 'x']);
    expect(left(plan, 'p', 'nobody')).toEqual(['no nobody']);
  });

  test('a lock that is held comes along', async () => {
    const plan = await soundPlan(`locks: { seats: { permits: 2 }, other: {} }
processes:
  a: { run: ls, holds: seats, replicas: 3 }
  b: { run: ls, holds: other }`);
    const part = select(plan, ['a']);
    expect('plan' in part ? part.plan.channels : []).toMatchObject([{ name: 'seats', permits: 2 }]);
  });

  test('a queue that nobody is there to read takes all, and what is left in it is said and fails nothing', async () => {
    const part = select(await soundPlan(yaml), ['p']);
    expect('plan' in part ? part.plan.channels : []).toMatchObject([
      { name: 'q', producers: ['p.1', 'p.2'], consumers: [], maxsize: 0, leftover: 'warn' },
    ]);
  });
});
