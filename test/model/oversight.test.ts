// Random histories of processes that watch each other through the real `oversight`, held against what each of them must hear: every
// wait is answered once, at the end and not before, and who waits is always seen to wait.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Answer, Oversight } from '../../src/broker/oversight.ts';

const wards = ['a', 'b', 'c'];
const sessions = [1, 2, 3];

type Step =
  | { readonly do: 'start' | 'end'; readonly node: string; readonly code: number }
  | { readonly do: 'wait' | 'cancel'; readonly session: number; readonly request: number; readonly node: string }
  | { readonly do: 'leave'; readonly session: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom('start' as const, 'start' as const, 'end' as const),
      node: fc.constantFrom(...wards),
      code: fc.integer({ min: -15, max: 3 }),
    }),
    fc.record({
      do: fc.constantFrom('wait' as const, 'wait' as const, 'cancel' as const),
      session: fc.constantFrom(...sessions),
      request: fc.nat({ max: 5 }),
      node: fc.constantFrom(...wards),
    }),
    fc.record({ do: fc.constant('leave' as const), session: fc.constantFrom(...sessions) }),
  ),
  { maxLength: 60 },
);

/** What is wrong with how it answers; nothing, where all is well. */
function play(history: readonly Step[], oversight: Oversight): string[] {
  const complaints: string[] = [];
  const ended = new Map<string, number>();
  const running = new Set<string>();
  /** `session request` → for whom. */
  const open = new Map<string, string>();
  for (const [at, step] of history.entries()) {
    if (step.do === 'start') {
      if (ended.has(step.node)) continue;
      running.add(step.node);
      oversight.started(step.node, at + 1);
    } else if (step.do === 'end') {
      const expected = ended.has(step.node) ? [] : [...open].filter(([, node]) => node === step.node);
      if (!ended.has(step.node)) ended.set(step.node, step.code);
      const answers: readonly Answer[] = oversight.ended(step.node, step.code);
      const heard = answers.map(({ session, request }) => `${session} ${request}`).toSorted();
      if (
        heard.join() !==
        expected
          .map(([key]) => key)
          .toSorted()
          .join()
      )
        complaints.push(`at ${at}: heard ${heard.join()}`);
      if (answers.some(({ state }) => state.alive || state.exitcode !== step.code))
        complaints.push(`at ${at}: not its end`);
      for (const [key] of expected) open.delete(key);
    } else if (step.do === 'wait') {
      const key = `${step.session} ${step.request}`;
      if (open.has(key)) continue;
      const state = oversight.wait(step.session, step.request, step.node);
      if ((state === null) === ended.has(step.node)) complaints.push(`at ${at}: answered too early, or not at all`);
      if (state === null) open.set(key, step.node);
    } else if (step.do === 'cancel') {
      const waited = open.delete(`${step.session} ${step.request}`);
      if (oversight.cancel(step.session, step.request) !== waited) complaints.push(`at ${at}: cancelled in vain`);
    } else if (step.do === 'leave') {
      oversight.left(step.session);
      for (const key of [...open.keys()]) if (key.startsWith(`${step.session} `)) open.delete(key);
    }
    const seen = oversight
      .waits()
      .flatMap(({ session, cause }) => [...cause.helpers].map((node) => `${session} ${node}`));
    const waiting = new Set([...open].map(([key, node]) => `${key.split(' ')[0]} ${node}`));
    if (seen.toSorted().join() !== [...waiting].toSorted().join())
      complaints.push(`at ${at}: seen to wait: ${seen.join()}`);
    for (const node of wards) {
      const { alive, exitcode } = oversight.look(node);
      if (alive !== (running.has(node) && !ended.has(node)) || exitcode !== (ended.get(node) ?? null))
        complaints.push(`at ${at}: wrong of ${node}`);
    }
  }
  return complaints;
}

function watched<T extends Oversight>(make: new (speakers: ConstructorParameters<typeof Oversight>[0]) => T): T {
  return new make([{ node: 'boss', outputs: [], controls: wards }]);
}

test('every wait is answered once, when it is over', () => {
  fc.assert(
    fc.property(steps, (history) => {
      expect(play(history, watched(Oversight))).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});

test.each<[string, new (speakers: ConstructorParameters<typeof Oversight>[0]) => Oversight]>([
  [
    'forgets who has left',
    class extends Oversight {
      override left(): void {}
    },
  ],
  [
    'tells the end to one only',
    class extends Oversight {
      override ended(node: string, exitcode: number | null): Answer[] {
        return super.ended(node, exitcode).slice(0, 1);
      }
    },
  ],
  [
    'takes the end of an attempt for the end',
    class extends Oversight {
      override started(node: string, pid: number): void {
        super.ended(node, null);
        super.started(node, pid);
      }
    },
  ],
])('a fault is seen: one that %s', (_, faulty) => {
  const seen = fc.check(
    fc.property(steps, (history) => play(history, watched(faulty)).length === 0),
    { numRuns: 3000 },
  );
  expect(seen.failed).toBe(true);
});
