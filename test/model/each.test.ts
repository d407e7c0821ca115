// Random histories of an `each`: items come and run out, processes end in every way, all is stopped or killed. Every item that was given
// is done with exactly once, by one worker at a time, never more at once than there are; and it comes to one end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Each, type EachEffect, type EachInput, type WorkResult } from '../../src/run/each.ts';

interface World {
  readonly workers: number;
  readonly items: number;
  readonly deadLetter: boolean;
  readonly aborted: boolean;
}

type Machine = Pick<Each, 'handle'>;

/** What was seen to be wrong. */
function play(world: World, draws: readonly number[], machine: Machine = machineFor(world)): readonly string[] {
  const complaints: string[] = [];
  const out = new Map<number, number | null>();
  const busy = new Map<number, number>();
  const told = new Set<number>();
  const fates: string[] = [];
  const results: string[] = [];
  let drawn = 0;
  const draw = (below: number): number => (draws[drawn++ % draws.length] as number) % below;
  let [credit, given, finished] = [0, 0, 0];
  let shut = false;
  let stopped = false;
  const end: { outcome: string | null } = { outcome: null };

  const hear = (effects: readonly EachEffect[]): void => {
    for (const effect of effects) {
      if (end.outcome !== null) complaints.push(`${effect.do} after the end`);
      switch (effect.do) {
        case 'take':
          if (shut) complaints.push('it took more after it had shut');
          if (effect.count === null) shut = true;
          else credit += effect.count;
          if (credit + busy.size > world.workers) complaints.push('more was asked for than there are workers');
          break;
        case 'work':
          if (busy.has(effect.worker)) complaints.push(`worker ${effect.worker} has two items`);
          if (effect.worker < 1 || effect.worker > world.workers)
            complaints.push(`there is no worker ${effect.worker}`);
          if (out.get(effect.ticket) !== null) complaints.push(`item ${effect.ticket} is worked on twice`);
          busy.set(effect.worker, effect.ticket);
          out.set(effect.ticket, effect.worker);
          break;
        case 'finish':
          if (!out.delete(effect.ticket)) complaints.push(`item ${effect.ticket} was done with twice`);
          if ([...busy.values()].includes(effect.ticket)) complaints.push(`item ${effect.ticket} was still worked on`);
          if (effect.fate.is === 'dead' && !world.deadLetter) complaints.push('a dead letter goes nowhere');
          fates.push(effect.fate.is);
          finished++;
          break;
        case 'stop':
        case 'kill':
          if (!busy.has(effect.worker)) complaints.push(`worker ${effect.worker} was stopped and has no item`);
          told.add(effect.worker);
          break;
        case 'end':
          end.outcome = effect.outcome;
      }
    }
  };
  const say = (input: EachInput): void => hear(machine.handle(input));

  say({ type: 'start' });
  for (let step = 0; end.outcome === null && complaints.length === 0; step++) {
    if (step > 20 + world.items * 20) return [...complaints, 'it goes on for ever'];
    const moves: (() => void)[] = [];
    // What was on its way when it shut still comes.
    if (credit > 0 && given < world.items && (!shut || draw(2) === 0))
      moves.push(() => {
        credit--;
        out.set(given, null);
        say({ type: 'given', ticket: given++ });
      });
    if (given === world.items && out.size === 0) moves.push(() => say({ type: 'ran-out', aborted: world.aborted }));
    for (const worker of busy.keys())
      moves.push(() => {
        busy.delete(worker);
        const outcome = outcomeOf(told.delete(worker), draw(6));
        results.push(outcome);
        say({ type: 'worked', worker, result: { outcome, how: 'failed', attempts: 1 } });
      });
    if (draw(40) === 0)
      moves.push(() => {
        stopped = true;
        say(draw(2) === 0 ? { type: 'kill' } : { type: 'stop', as: 'stopped', reason: 'interrupted' });
      });
    if (moves.length > 0) moves[draw(moves.length)]?.();
  }
  if (complaints.length > 0) return complaints;
  say({ type: 'kill' });

  if (out.size > 0) complaints.push(`${out.size} items were never done with`);
  if (finished !== given) complaints.push(`${given} were given, and ${finished} done with`);
  const failed = results.some((outcome) => outcome === 'failed' || outcome === 'timed_out');
  const fine = !stopped && !(failed && !world.deadLetter);
  if (fine && !world.aborted && (end.outcome !== 'succeeded' || fates.includes('back') || given < world.items))
    complaints.push(`it ended as ${end.outcome}, and nothing was wrong`);
  if (end.outcome === 'succeeded' && (!fine || world.aborted)) complaints.push('it succeeded, and something was wrong');
  return complaints;
}

function outcomeOf(told: boolean, draw: number): WorkResult['outcome'] {
  if (told && draw < 4) return 'stopped';
  return (['succeeded', 'succeeded', 'succeeded', 'skipped', 'failed', 'timed_out'] as const)[draw] ?? 'succeeded';
}

function machineFor({ workers, deadLetter }: World): Each {
  return new Each({ workers, deadLetter: deadLetter ? 'dead' : null });
}

const worlds: fc.Arbitrary<World> = fc.record({
  workers: fc.integer({ min: 1, max: 5 }),
  items: fc.integer({ min: 0, max: 15 }),
  deadLetter: fc.boolean(),
  aborted: fc.boolean(),
});
const draws = fc.array(fc.nat(1000), { minLength: 20, maxLength: 300 });

describe('an `each`', () => {
  it('does with every item exactly once what is to be done, and comes to its end', () => {
    fc.assert(
      fc.property(worlds, draws, (world, drawn) => {
        expect(play(world, drawn)).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });

  it.each<[string, (effects: EachEffect[]) => EachEffect[]]>([
    ['loses an item', (effects) => effects.filter((effect) => effect.do !== 'finish' || effect.ticket !== 3)],
    [
      'works on one twice',
      (effects) => effects.flatMap((effect): EachEffect[] => (effect.do === 'work' ? [effect, effect] : [effect])),
    ],
    [
      'takes too many',
      (effects) => effects.flatMap((effect): EachEffect[] => (effect.do === 'take' ? [effect, effect] : [effect])),
    ],
    ['never ends', (effects) => effects.filter((effect) => effect.do !== 'end')],
    [
      'takes what failed for done',
      (effects) => effects.map((effect) => (effect.do === 'end' ? { ...effect, outcome: 'succeeded' } : effect)),
    ],
  ])('that %s is seen', (_, spoil) => {
    const faulty = (world: World): Machine => {
      const machine = machineFor(world);
      return { handle: (input) => spoil(machine.handle(input)) };
    };
    const seen = fc
      .sample(fc.tuple(worlds, draws), { numRuns: 300 })
      .filter(([world, drawn]) => play(world, drawn, faulty(world)).length > 0);
    expect(seen.length).toBeGreaterThan(0);
  });
});
