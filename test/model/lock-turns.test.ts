// Slots and locks that others have, too, in random histories: processes that hold locks as a whole, programs that take them while they
// run, and a broker that hears of everything a little later. Nobody who waits for the one has the other, and all come to their end.
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Lock } from '../../src/broker/lock.ts';
import type { Channel, Node } from '../../src/plan/plan.ts';
import { type Admission, scheduleOf } from '../../src/run/admission.ts';
import { type LockTurnEffect, LockTurns } from '../../src/run/lock-turns.ts';
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';
import { planOf, processNode } from '../kit/plan.ts';

interface Draft {
  /** What it holds as a whole. */
  readonly holds: readonly string[];
  /** What its program takes while it runs. */
  readonly takes: string | null;
  /** It is terminated at some time. */
  readonly isCut: boolean;
}

/** Those who have a slot; `running`: they have their locks, too. */
type State = 'unbegun' | 'trying' | 'waiting' | 'offered' | 'inLine' | 'running' | 'ended';

const names = ['l', 'm'];
const settings = { lock: 'mutex', permits: 1, owned: true, scope: 'run', strict: false } as const;

class World {
  readonly #drafts: readonly Draft[];
  readonly #slots: number;
  readonly #draws: readonly number[];
  readonly #gate: Admission;
  readonly #turns = new LockTurns();
  readonly #locks = new Map(names.map((name) => [name, new Lock(settings)]));
  readonly #states = new Map<string, State>();
  /** What the broker has not heard yet, in order, and the runner. */
  readonly #toBroker: (() => void)[] = [];
  readonly #toRunner: (() => void)[] = [];
  /** At the broker: what each has asked for and not had. */
  readonly #asking = new Map<string, { readonly locks: readonly string[]; readonly atOnce: boolean; had: number }>();
  /** By process: fences. */
  readonly #had = new Map<string, Map<string, number>>();
  /** Whose program waits for a lock, has it, or has had it. */
  readonly #programs = new Map<string, 'before' | 'asks' | 'has' | 'after'>();
  #drawn = 0;
  #fault = '';
  #isOver = false;

  constructor(drafts: readonly Draft[], slots: number, draws: readonly number[]) {
    this.#drafts = drafts;
    this.#slots = slots;
    this.#draws = draws;
    const nodes = drafts.map(
      ({ holds }, at): Node =>
        processNode(
          `n${at}`,
          {},
          { onFailure: 'continue', holds: holds.map((lock) => ({ lock, shared: false, contested: true })) },
        ),
    );
    const channels = names.map(
      (name): Channel => ({ kind: 'lock', name, at: { line: 1, column: 1 }, reentrant: false, users: [], ...settings }),
    );
    this.#gate = scheduleOf(planOf(nodes, { slots, channels })) as Admission;
    for (const [at] of drafts.entries()) this.#states.set(`n${at}`, 'unbegun');
    for (const [at] of drafts.entries())
      for (const lock of this.#locks.values()) {
        lock.enter(at, `n${at}`);
        lock.enter(100 + at, `n${at}`);
      }
  }

  run(): string {
    this.#hear(this.#gate.begin(0));
    for (let step = 0; !this.#isOver; step += 1) {
      if (this.#fault !== '') return this.#fault;
      if (step > 3000) return 'it goes on for ever';
      const steps = this.#possible();
      const next = steps[this.#draw(Math.max(1, steps.length))];
      if (next === undefined) return `nobody can go on: ${[...this.#states].map((it) => it.join(' ')).join(', ')}`;
      next();
      this.#look();
    }
    return this.#fault === '' ? 'over' : this.#fault;
  }

  #draw(below: number): number {
    return (this.#draws[this.#drawn++ % this.#draws.length] as number) % below;
  }

  #possible(): (() => void)[] {
    const steps: (() => void)[] = [];
    for (const line of [this.#toBroker, this.#toRunner]) if (line.length > 0) steps.push(() => line.shift()?.());
    for (const [id, state] of this.#states) {
      const { takes, isCut } = this.#draft(id);
      if (isCut && state !== 'running' && state !== 'ended' && this.#draw(10) === 0)
        steps.push(() => this.#hear(this.#gate.terminate(id, 'by another', false, 0)));
      if (state !== 'running') continue;
      const program = this.#programs.get(id);
      if (takes === null || program === 'after') steps.push(() => this.#end(id, 'succeeded'));
      else if (program === 'before') steps.push(() => this.#ask(id, takes));
      else if (program === 'has') steps.push(() => this.#giveBack(id, takes));
    }
    return steps;
  }

  /** Whoever waits has nothing that another could wait for. */
  #look(): void {
    const states = [...this.#states.values()];
    const count = (...which: readonly State[]): number => states.filter((state) => which.includes(state)).length;
    const busy = count('trying', 'running');
    if (busy > this.#slots) this.#fault = `${busy} have slots, and there are ${this.#slots}`;
    if (count('offered') > 0 && count('trying') === 0) this.#fault = 'locks are kept for want of a slot';
    const waits = [...this.#states].find(([id, state]) => state === 'waiting' && this.#hasSlot(id));
    if (waits !== undefined) this.#fault = `${waits[0]} waits for locks, and has a slot`;
  }

  #hasSlot(id: string): boolean {
    return !this.#gate.isResting(id);
  }

  #draft(id: string): Draft {
    return this.#drafts[Number(id.slice(1))] as Draft;
  }

  // ---- The runner ----

  #hear(effects: readonly ScheduleEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'over') this.#isOver = true;
      if (effect.do === 'end') this.#states.set(effect.fate.node, 'ended');
      if (effect.do === 'admit') this.#perform(this.#turns.admitted(effect.node));
      if (effect.do === 'stop') this.#stop(effect.node);
      if (effect.do !== 'start') continue;
      for (const id of effect.nodes) {
        if (this.#draft(id).holds.length === 0) this.#start(id);
        else this.#perform(this.#turns.begin(id));
      }
    }
  }

  #perform(effects: readonly LockTurnEffect[]): void {
    for (const effect of effects) this.#carryOut(effect);
    const more = this.#turns.settle();
    if (more.length > 0) this.#perform(more);
  }

  #carryOut({ do: what, node }: LockTurnEffect): void {
    switch (what) {
      case 'try':
        this.#states.set(node, 'trying');
        return this.#tellBroker(() => this.#hold(node, true));
      case 'wait':
        this.#states.set(node, 'waiting');
        return this.#tellBroker(() => this.#hold(node, false));
      case 'unhold':
        if (this.#states.get(node) === 'offered') this.#states.set(node, 'inLine');
        return this.#tellBroker(() => this.#unhold(node));
      case 'rest':
        if (this.#gate.rest(node)) this.#hear(this.#gate.letIn(0));
        return;
      case 'comeBack':
        this.#states.set(node, 'offered');
        return this.#hear(this.#gate.comeBack(node, 0));
      case 'go':
        return this.#start(node);
      case 'withdraw':
        this.#states.set(node, 'ended');
        return this.#hear(this.#gate.ended({ node, outcome: 'terminated' }, 0));
    }
  }

  #start(id: string): void {
    const missing = this.#draft(id).holds.filter((lock) => !this.#had.get(id)?.has(lock));
    if (missing.length > 0) this.#fault = `${id} runs without ${missing.join(', ')}`;
    this.#states.set(id, 'running');
    this.#programs.set(id, 'before');
    this.#hear(this.#gate.started(id, 0));
  }

  #stop(id: string): void {
    if (this.#states.get(id) === 'running') this.#end(id, 'terminated');
    else this.#perform(this.#turns.cancel(id));
  }

  #end(id: string, outcome: 'succeeded' | 'terminated'): void {
    this.#states.set(id, 'ended');
    this.#tellBroker(() => this.#unhold(id));
    this.#hear(this.#gate.ended({ node: id, outcome }, 0));
  }

  #tellBroker(what: () => void): void {
    this.#toBroker.push(what);
  }

  // ---- The broker ----

  #hold(id: string, atOnce: boolean): void {
    this.#asking.set(id, { locks: [...this.#draft(id).holds].sort(), atOnce, had: 0 });
    this.#askNext(id);
  }

  #askNext(id: string): void {
    const asking = this.#asking.get(id);
    if (asking === undefined) return;
    const name = asking.locks[asking.had];
    if (name === undefined) {
      this.#asking.delete(id);
      this.#toRunner.push(() => this.#perform(this.#turns.had(id)));
      return;
    }
    (this.#locks.get(name) as Lock).acquire(Number(id.slice(1)), 1, { atOnce: asking.atOnce });
    this.#turn(name);
  }

  #unhold(id: string): void {
    const asking = this.#asking.get(id);
    this.#asking.delete(id);
    const waited = asking?.locks[asking.had];
    if (waited !== undefined) {
      (this.#locks.get(waited) as Lock).cancel(Number(id.slice(1)), 1);
      this.#turn(waited);
    }
    for (const [name, fence] of this.#had.get(id) ?? []) {
      (this.#locks.get(name) as Lock).release(Number(id.slice(1)), fence, 1, true);
      this.#turn(name);
    }
    this.#had.delete(id);
  }

  /** What a program asks for it waits for, and has its slot all the while. */
  #ask(id: string, name: string): void {
    this.#programs.set(id, 'asks');
    (this.#locks.get(name) as Lock).acquire(100 + Number(id.slice(1)), 1);
    this.#turn(name);
  }

  #giveBack(id: string, name: string): void {
    this.#programs.set(id, 'after');
    const fence = this.#had.get(`program of ${id}`)?.get(name) ?? 0;
    (this.#locks.get(name) as Lock).release(100 + Number(id.slice(1)), fence, 1, true);
    this.#turn(name);
  }

  #turn(name: string): void {
    for (const effect of (this.#locks.get(name) as Lock).turn()) {
      if (!('session' in effect)) continue;
      const isProgram = effect.session >= 100;
      const id = `n${effect.session % 100}`;
      if (effect.type === 'granted') {
        const owner = isProgram ? `program of ${id}` : id;
        this.#had.set(owner, (this.#had.get(owner) ?? new Map<string, number>()).set(name, effect.fence));
        if (isProgram) this.#programs.set(id, 'has');
        else {
          (this.#asking.get(id) as { had: number }).had += 1;
          this.#askNext(id);
        }
      } else if (effect.type === 'refused') {
        this.#asking.delete(id);
        this.#toRunner.push(() => this.#perform(this.#turns.missed(id)));
      }
    }
  }
}

/** Whoever holds a lock as a whole takes none besides: those two could wait for each other, slots or not. */
const drafts: fc.Arbitrary<readonly Draft[]> = fc
  .array(
    fc.record({
      holds: fc.subarray(names),
      takes: fc.constantFrom(null, ...names),
      isCut: fc.constantFrom(false, false, true),
    }),
    { minLength: 2, maxLength: 6 },
  )
  .map((all) => all.map((draft) => (draft.holds.length > 0 ? { ...draft, takes: null } : draft)));

const histories = fc.property(
  drafts,
  fc.integer({ min: 1, max: 3 }),
  fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }),
  (all, slots, draws) => {
    const became = new World(all, slots, draws).run();
    if (became !== 'over') throw new Error(became);
  },
);

test('nobody who waits for a lock has a slot, nor the other way round, and all come to their end', () => {
  expect(() => fc.assert(histories, { numRuns: 2000 })).not.toThrow();
});

describe('is seen in the model:', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const without = (method: 'missed' | 'cancel' | 'settle', what: LockTurnEffect['do']): void => {
    const real = LockTurns.prototype[method] as (this: LockTurns, node: string) => LockTurnEffect[];
    vi.spyOn(LockTurns.prototype, method).mockImplementation(function (this: LockTurns, node?: string) {
      return real.call(this, node ?? '').filter((effect) => effect.do !== what);
    });
  };

  test.each<[string, () => void]>([
    ['who waits for locks keeps its slot', () => without('missed', 'rest')],
    ['who waits for a slot keeps its locks', () => without('settle', 'unhold')],
    ['who is terminated keeps its locks', () => without('cancel', 'unhold')],
    [
      'who has locks and no slot does not wait to hear from those who try',
      () => {
        const had = LockTurns.prototype.had;
        vi.spyOn(LockTurns.prototype, 'had').mockImplementation(function (this: LockTurns, node) {
          const effects = had.call(this, node);
          return effects.some(({ do: what }) => what === 'comeBack') ? [...effects, { do: 'unhold', node }] : effects;
        });
      },
    ],
  ])('%s', (_fault, plant) => {
    plant();
    expect(fc.check(histories, { numRuns: 3000, endOnFailure: true }).failed).toBe(true);
  });

  test('two give up for each other what they have, for ever', () => {
    vi.spyOn(LockTurns.prototype, 'anyTries').mockReturnValue(false);
    const { errorInstance } = fc.check(histories, { numRuns: 10_000, endOnFailure: true });
    expect(errorInstance).toEqual(new Error('it goes on for ever'));
  });
});
