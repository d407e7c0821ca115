// Whatever a pipeline says, it becomes findings or a plan that holds together.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isProcess } from '../../src/plan/node-kind.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { planned } from '../kit/planned.ts';

/** Mostly what is right, and now and then what is wrong. */
function mostly<T>(right: fc.Arbitrary<T>, ...wrong: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 30, arbitrary: right }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
}

/** A few of the settings, as people write them. */
function few<T extends object>(settings: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  const keys = Object.keys(settings) as (keyof T & string)[];
  return fc.subarray(keys, { maxLength: 3 }).chain((chosen) => {
    const some = Object.fromEntries(chosen.map((key) => [key, settings[key]]));
    return fc.record(some) as unknown as fc.Arbitrary<Partial<T>>;
  });
}

const name = fc.constantFrom('a', 'b', 'c');
const reference = mostly<string>(name, 'a.1', 'b.2', 'a.0', 'x', 'A', '${{ params.p }}');
const references = fc.oneof(reference, fc.array(reference, { maxLength: 2 }));
const condition = mostly(fc.constantFrom('succeeded', 'completed', 'started'), 'failed', 'ready', 'passed');
const text = mostly<string>(
  fc.constantFrom('x', '${{ params.p }}', '${{ run.id }}', '${{ replica }}-${{ run.dir }}'),
  '',
  '${{ matrix.k }}',
  '${{ env.E }}',
  '${{ nope }}',
  '${{',
  '\u0000',
);
const duration = mostly<string | number>(fc.constantFrom('1s', '5m', 2), '${{ params.p }}', '${{ run.id }}', 'soon');
const count = mostly<string | number>(fc.oneof(fc.nat(3), fc.constant('${{ 2 }}')), '${{ params.p }}', -1, 200_000);
const env = fc.dictionary(fc.constantFrom('E', 'F', 'FORKLINE_TOKEN'), text, { maxKeys: 2 });
const scalar = fc.oneof(fc.nat(3), text);
const entries = fc.array(fc.dictionary(fc.constantFrom('k', 'l'), scalar, { maxKeys: 2 }), { maxLength: 2 });

const shared = {
  needs: fc.oneof(references, fc.dictionary(reference, condition, { maxKeys: 2 })),
  if: mostly<string | boolean>(fc.oneof(fc.boolean(), fc.constant("run.id != ''")), 'params.p &&', '${{ env.E }}'),
  puts: references,
  gets: references,
  stdin: fc.oneof(fc.constant(null), fc.record({ file: text }), fc.record({ queue: reference })),
  stdout: fc.oneof(fc.constant(null), fc.record({ file: text }), fc.record({ queue: reference })),
  replicas: count,
  matrix: fc.record(
    { k: fc.oneof(fc.array(scalar, { maxLength: 3 }), text), include: entries, exclude: entries },
    { requiredKeys: [] },
  ),
  cwd: text,
  env,
  timeout: duration,
  locks: references,
  stop: fc.record({ grace: duration }),
};
const process = fc
  .tuple(
    fc.oneof(
      fc.record({ run: mostly(fc.constant('ls'), '${{ params.p }}') }),
      fc.record({ command: fc.array(text, { minLength: 1, maxLength: 3 }) }),
      fc.record({
        target: mostly(fc.constantFrom('a.py#f', 'b.ts#f'), '${{ params.p }}#f', 'c.py#f'),
        args: fc.array(fc.oneof(text, entries), { maxLength: 2 }),
      }),
    ),
    few({ ...shared, on_failure: fc.constantFrom('stop', 'continue', 'ignore') }),
  )
  .map(([launch, rest]) => ({ ...rest, ...launch }));
const daemon = fc
  .tuple(fc.record({ run: fc.constant('ls') }), few(shared))
  .map(([launch, rest]) => ({ ...rest, ...launch }));
const join = fc.record(
  {
    processes: references,
    mode: fc.constantFrom('all', 'any', 2),
    needs: shared.needs,
    timeout: duration,
    on_timeout: fc.constantFrom('fail', 'continue'),
  },
  { requiredKeys: ['processes'] },
);
const queue = few({
  maxsize: count,
  leftover: fc.constantFrom('fail', 'ignore'),
  order: fc.constantFrom('fifo', 'lifo', 'priority', 'deque'),
  overflow: fc.constantFrom('block', 'drop_oldest', 'drop_newest', 'fail'),
  max_bytes: fc.constant('1MiB'),
});
const pipelines = fc.record(
  {
    params: fc.record({
      p: mostly<unknown>(
        fc.constantFrom(3, { type: 'integer', default: 2 }),
        'x',
        [1],
        { type: 'integer', default: 'x' },
        { type: 'string' },
      ),
    }),
    env,
    timeout: duration,
    defaults: fc.record({ env, timeout: duration, cwd: text }, { requiredKeys: [] }),
    queues: fc.record({ a: queue, b: queue, c: queue }),
    locks: fc.constant({ a: {}, b: {}, c: {} }),
    processes: fc.record({ a: process, b: process, c: process, d: process }),
    daemons: fc.dictionary(mostly(fc.constantFrom('e', 'f'), 'a'), daemon, { maxKeys: 2 }),
    joins: fc.dictionary(mostly(fc.constantFrom('j', 'k'), 'b'), join, { maxKeys: 2 }),
  },
  { requiredKeys: ['processes', 'queues', 'locks', 'params'] },
);

test('whatever a pipeline says, it becomes findings or a plan that holds together', async () => {
  let plans = 0;
  await fc.assert(
    fc.asyncProperty(pipelines, async (pipeline) => {
      const { plan, findings } = await planned(JSON.stringify(pipeline), { files: { 'a.py': '', 'b.ts': '' } });
      expect(plan === null).toBe(findings.some((finding) => finding.includes(' error ')));
      if (plan === null) return;
      plans++;
      expectWhole(plan);
    }),
    { numRuns: 400 },
  );
  expect(plans).toBeGreaterThan(0);
});

function expectWhole(plan: Plan): void {
  const before = new Set<string>();
  for (const node of plan.nodes) {
    for (const { instances } of node.needs) for (const id of instances) expect(before).toContain(id);
    if (node.kind === 'join') for (const id of node.processes) expect(before).toContain(id);
    expect(before).not.toContain(node.id);
    before.add(node.id);
  }
  const channels = new Set(plan.channels.map(({ kind, name }) => `${kind} ${name}`));
  for (const node of plan.nodes) {
    if (!isProcess(node)) continue;
    for (const { channel, role } of node.grants) expect(channels).toContain(`${kindFor[role]} ${channel}`);
  }
  for (const channel of plan.channels) {
    for (const id of usersOf(channel)) expect(before).toContain(id);
  }
}

const kindFor = { put: 'queue', get: 'queue', lock: 'lock', send: 'pipe', receive: 'pipe' } as const;

function usersOf(channel: Plan['channels'][number]): readonly string[] {
  if (channel.kind === 'lock') return channel.users;
  return channel.kind === 'pipe' ? channel.ends : [...channel.producers, ...channel.consumers];
}
