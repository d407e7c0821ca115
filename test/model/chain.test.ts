// Chains of processes that read each other, through the real `lifecycle` of each, with exits, refusals, stops and delays in any
// order: every one ends, once, and half a stream is never taken for a whole one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/broker/control.ts';
import type { Effect, Ended, Input } from '../../src/run/life.ts';
import { Lifecycle } from '../../src/run/lifecycle.ts';
import { processNode } from '../kit/plan.ts';

const quiet: Account = { unflushed: false, inputBrokeOff: false, outputClosed: null, toldEnd: false, held: 0 };
const codes = [0, 0, 0, 1, 3, 141, -13, -9] as const;

interface Member {
  readonly life: Lifecycle;
  /** What the world owes it. */
  readonly due: Input['type'][];
  alive: boolean;
  exitcode: number | null;
  /** Its source held the pipe when it exited, and its sink. */
  seen: { sourceHolds: boolean; sinkHolds: boolean };
  stopped: boolean;
  ended: Ended | null;
}

type Break = (member: Lifecycle) => void;

/** Plays a chain to its end, and answers what was wrong with it. */
function play(
  length: number,
  ignored: readonly boolean[],
  draws: readonly number[],
  break_: Break = () => {},
): string[] {
  const complaints: string[] = [];
  let drawn = 0;
  const draw = (below: number): number => (draws[drawn++ % draws.length] as number) % below;
  const members = Array.from({ length }, (_, at): Member => {
    const node = processNode(
      `n${at}`,
      {},
      {
        stdin: at === 0 ? { type: 'null' } : { type: 'process', process: `n${at - 1}` },
        stdout: at === length - 1 ? { type: 'log' } : { type: 'process', process: `n${at + 1}` },
        onFailure: ignored[at] ? 'ignore' : 'continue',
      },
    );
    const life = new Lifecycle(node);
    break_(life);
    const seen = { sourceHolds: false, sinkHolds: false };
    return { life, due: [], alive: false, exitcode: null, seen, stopped: false, ended: null };
  });
  const tell = (at: number, input: Input): void => {
    const member = members[at] as Member;
    for (const effect of member.life.handle(input, 0)) carryOut(at, member, effect);
  };
  const carryOut = (at: number, member: Member, effect: Effect): void => {
    if (effect.do === 'spawn') member.due.push('spawned');
    if (effect.do === 'announce') member.due.push('exited');
    if (effect.do === 'empty') member.due.push('emptied');
    if (effect.do === 'account') member.due.push('accounted');
    if (effect.do === 'reconsider') member.due.push('reconsider');
    if (effect.do === 'report') tell(Number(effect.to.slice(1)), { type: 'heard', report: effect.report });
    if (effect.do === 'end') {
      if (member.ended) complaints.push(`n${at} ended twice`);
      member.ended = effect.ended;
    }
  };
  /** A process that runs holds its ends; one that has yet to start will. */
  const holds = (member: Member | undefined): boolean =>
    member !== undefined && (member.alive || member.due.includes('spawned')) && draw(4) > 0;
  const happen = (at: number, type: Input['type']): void => {
    const member = members[at] as Member;
    member.due.splice(member.due.indexOf(type), 1);
    if (type === 'spawned') {
      member.alive = draw(8) > 0;
      return tell(at, member.alive ? { type, pid: at + 1 } : { type: 'refused', reason: 'no such program' });
    }
    if (type === 'exited') {
      member.alive = false;
      member.exitcode = codes[draw(codes.length)] as number;
      member.seen = { sourceHolds: holds(members[at - 1]), sinkHolds: holds(members[at + 1]) };
      return tell(at, { type, exitcode: member.exitcode, signal: null, seen: member.seen });
    }
    if (type === 'emptied') return tell(at, { type, leaked: [] });
    if (type === 'accounted') return tell(at, { type, account: quiet });
    tell(at, { type: 'reconsider' });
  };
  members.forEach((_, at) => tell(at, { type: 'start' }));
  for (let step = 0; ; step++) {
    const owed = members.flatMap(({ due }, at) => due.map((type) => ({ at, type })));
    const next = owed[draw(Math.max(1, owed.length))];
    if (next === undefined) break;
    if (step > 1000) return [...complaints, 'it goes on for ever'];
    if (draw(25) === 0) {
      const at = draw(length);
      (members[at] as Member).stopped = true;
      tell(at, draw(3) === 0 ? { type: 'kill' } : { type: 'stop', as: 'terminated', reason: 'enough' });
    }
    happen(next.at, next.type);
  }
  for (const [at, { ended, exitcode, seen, stopped }] of members.entries()) {
    if (!ended) complaints.push(`n${at} never ended`);
    if (!ended || stopped) continue;
    const source = members[at - 1];
    const sink = members[at + 1];
    const failed = source?.ended?.outcome === 'failed' && !ignored[at - 1];
    if (ended.outcome === 'succeeded' && failed && !seen.sourceHolds && !isPipe(source?.exitcode))
      complaints.push(`n${at} took half a stream for the whole`);
    if (isPipe(exitcode) && !seen.sinkHolds && sink?.ended?.outcome === 'succeeded' && ended.cause === null)
      complaints.push(`n${at} failed although its sink had enough`);
    const anyFailed = members.slice(0, at).some((before) => before.ended?.outcome === 'failed');
    if (exitcode === 0 && ended.outcome === 'failed' && !anyFailed) complaints.push(`n${at} failed for no reason`);
  }
  return complaints;
}

function isPipe(exitcode: number | null | undefined): boolean {
  return exitcode === -13 || exitcode === 141;
}

const chains = [
  fc.integer({ min: 2, max: 6 }),
  fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }).map((all) => all.map((each, at) => each && at % 3 === 0)),
  fc.array(fc.nat(100_000), { minLength: 40, maxLength: 120 }),
] as const;

describe('whatever becomes of the processes of a chain', () => {
  it('every one ends, none takes half a stream for the whole, and none fails because it was read no further', () => {
    fc.assert(
      fc.property(...chains, (length, ignored, draws) => {
        expect(play(length, ignored, draws)).toEqual([]);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each<[string, Break]>([
    ['hears nothing of its source', (life) => drop(life, (input) => input.report.from === 'source')],
    ['hears nothing of its sink', (life) => drop(life, (input) => input.report.from === 'sink')],
    [
      'takes a source that failed for one that ended',
      (life) => {
        const handle = life.handle.bind(life);
        life.handle = (input, now) =>
          input.type === 'heard' && input.report.from === 'source' && input.report.is === 'ended'
            ? handle({ ...input, report: { ...input.report, whole: true } }, now)
            : handle(input, now);
      },
    ],
  ])('one that %s is caught', (_, break_) => {
    const caught = fc.check(
      fc.property(...chains, (length, ignored, draws) => play(length, ignored, draws, break_).length === 0),
      { numRuns: 5000 },
    );
    expect(caught.failed).toBe(true);
  });
});

function drop(life: Lifecycle, which: (input: Extract<Input, { type: 'heard' }>) => boolean): void {
  const handle = life.handle.bind(life);
  life.handle = (input, now) => (input.type === 'heard' && which(input) ? [] : handle(input, now));
}
