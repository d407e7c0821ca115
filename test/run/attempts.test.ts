// One process over all its attempts: what is started again, after how long, and what is heard of it.
import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/broker/control.ts';
import type { AgainRule, ProcessNode } from '../../src/plan/plan.ts';
import { Attempts } from '../../src/run/attempts.ts';
import { delayBefore } from '../../src/run/backoff.ts';
import type { Effect, Input } from '../../src/run/life.ts';
import { processNode } from '../kit/plan.ts';

const quiet: Account = { unflushed: false, inputBrokeOff: false, outputClosed: null, toldEnd: false, held: 0 };

const rule = (settings: Partial<AgainRule> = {}): AgainRule => ({
  policy: 'on-failure',
  attempts: 2,
  delayMs: 1000,
  backoff: 'constant',
  maxDelayMs: 300_000,
  exitCodes: null,
  ...settings,
});

/** One that plays itself: each call is what happens to it, in the order in which it does. */
class Played {
  readonly machine: Attempts;
  now = 0;
  heard: Effect[] = [];

  constructor(again: Partial<AgainRule> | null, settings: Partial<ProcessNode> = {}) {
    const node = processNode('a', {}, { ...settings, again: again === null ? null : rule(again) });
    this.machine = new Attempts(node);
    this.tell({ type: 'start' });
  }

  tell(input: Input): readonly Effect[] {
    this.heard = [...this.machine.handle(input, this.now, 0.5)];
    return this.heard;
  }

  spawns(): void {
    this.tell({ type: 'spawned', pid: 7 });
  }

  exits(exitcode: number, account: Partial<Account> = {}): readonly Effect[] {
    return [
      ...this.tell({ type: 'exited', exitcode, signal: exitcode < 0 ? 'SIGKILL' : null }),
      ...this.tell({ type: 'emptied', leaked: [] }),
      ...this.tell({ type: 'accounted', account: { ...quiet, ...account } }),
    ];
  }

  /** Lives for that long and exits. */
  lives(exitcode: number, ms = 5, account: Partial<Account> = {}): readonly Effect[] {
    this.spawns();
    this.now += ms;
    return this.exits(exitcode, account);
  }

  /** The time comes for which it asked; where that was for another attempt, there is a slot for it. */
  waits(): readonly Effect[] {
    this.now = this.machine.nextDeadline() ?? Number.NaN;
    const [first, ...rest] = this.tell({ type: 'tick' });
    return first?.do === 'return' && rest.length === 0 ? this.tell({ type: 'admitted' }) : this.heard;
  }
}

const end = (effects: readonly Effect[]) => effects.flatMap((effect) => (effect.do === 'end' ? [effect.ended] : []))[0];
const kinds = (effects: readonly Effect[]) => effects.map((effect) => effect.do);

describe('a process with `retry`', () => {
  it('goes on after a failure, with what it held gone back and its streams open', () => {
    const played = new Played({ attempts: 1 });
    const effects = played.lives(3);
    expect(effects.slice(-2)).toEqual([
      { do: 'recover', how: 'failed with exit code 3' },
      { do: 'again', attempt: 2, delayMs: 1000, ended: expect.objectContaining({ outcome: 'failed', exitcode: 3 }) },
    ]);
    expect(kinds(effects)).not.toContain('settle');
    expect(played.machine.phase).toBe('resting');
    expect(played.machine.nextDeadline()).toBe(1005);
    expect(played.waits()).toEqual([{ do: 'spawn' }]);
    expect(played.machine.attempt).toBe(2);
    const last = played.lives(0);
    expect(last).toContainEqual({ do: 'settle', held: 'done', stream: 'end', succeeded: true });
    expect(end(last)).toMatchObject({ outcome: 'succeeded', startedAt: 0, attempts: 2 });
  });

  it('has failed after its last attempt, and only then', () => {
    const played = new Played({ attempts: 2, delayMs: 0 });
    for (let attempt = 1; attempt < 3; attempt++) {
      expect(end(played.lives(1))).toBeUndefined();
      expect(played.waits()).toEqual([{ do: 'spawn' }]);
    }
    const last = played.lives(1);
    expect(last).toContainEqual(expect.objectContaining({ do: 'settle', held: 'back', stream: 'abort' }));
    expect(end(last)).toMatchObject({ outcome: 'failed', exitcode: 1, attempts: 3 });
    expect(played.machine.nextDeadline()).toBeNull();
  });

  it('has its time limit for each attempt', () => {
    const played = new Played({ attempts: 1, delayMs: 0 }, { timeoutMs: 100 });
    played.spawns();
    expect(kinds(played.waits())).toEqual(['signal']);
    expect(played.exits(-15).at(-1)).toMatchObject({ do: 'again', ended: { outcome: 'timed_out' } });
    played.waits();
    played.spawns();
    expect(played.machine.nextDeadline()).toBe(200);
    played.waits();
    expect(end(played.exits(-15))).toMatchObject({ outcome: 'timed_out', attempts: 2 });
  });

  it('waits in line once its delay is over, and may be stopped there', () => {
    const played = new Played({ attempts: 2 });
    played.lives(1);
    played.now = 1005;
    expect(played.tell({ type: 'tick' })).toEqual([{ do: 'return' }]);
    expect(played.tell({ type: 'tick' })).toEqual([]);
    expect([played.machine.phase, played.machine.nextDeadline()]).toEqual(['resting', null]);
    expect(played.tell({ type: 'stop', as: 'terminated', reason: 'by `b`' })).toEqual([{ do: 'reconsider' }]);
    expect(played.tell({ type: 'admitted' })).toEqual([]);
    expect(end(played.tell({ type: 'reconsider' }))).toMatchObject({ outcome: 'terminated', startedAt: 0 });
  });

  it('is tried again where it could not be started', () => {
    const played = new Played({ attempts: 1, delayMs: 0 });
    played.tell({ type: 'refused', reason: 'no more processes can be started' });
    expect(kinds(played.tell({ type: 'accounted', account: quiet }))).toEqual(['recover', 'again']);
    expect(played.waits()).toEqual([{ do: 'spawn' }]);
  });

  it('goes on only after the exit codes it names, and then not after a time limit', () => {
    expect(end(new Played({ exitCodes: [75] }).lives(1))).toMatchObject({ outcome: 'failed' });
    expect(end(new Played({ exitCodes: [75] }).lives(75))).toBeUndefined();
    expect(end(new Played({ exitCodes: [-9] }).lives(-9))).toBeUndefined();
    const played = new Played({ exitCodes: [-15] }, { timeoutMs: 100 });
    played.spawns();
    played.waits();
    expect(end(played.exits(-15))).toMatchObject({ outcome: 'timed_out' });
  });

  it.each([
    ['its input broke off', { inputBrokeOff: true }],
    ['nobody takes its output', { outputClosed: { queue: 'q', dropped: false } }],
  ])('is not tried again where %s', (_, account) => {
    expect(end(new Played({}).lives(0, 5, account))).toMatchObject({ outcome: 'failed' });
  });

  it.each([
    ['stopped', 'abort'],
    ['terminated', 'end'],
  ] as const)('does not wait for its next attempt when it is %s', (as, stream) => {
    const played = new Played({ delayMs: 3_600_000 });
    played.lives(1);
    expect(played.tell({ type: 'stop', as, reason: 'enough' })).toEqual([{ do: 'reconsider' }]);
    expect(played.machine.nextDeadline()).toBeNull();
    const effects = played.tell({ type: 'reconsider' });
    expect(effects).toEqual([
      { do: 'settle', held: 'back', stream, succeeded: false, how: `was ${as}` },
      { do: 'end', ended: expect.objectContaining({ outcome: as, startedAt: 0 }) },
    ]);
    expect(end(effects)?.cause).toBe('enough; before that it failed with exit code 1');
    expect(played.machine.phase).toBe('ended');
    expect(played.machine.nextDeadline()).toBeNull();
    expect(played.tell({ type: 'tick' })).toEqual([]);
  });

  it('is not tried again once it was told to stop, however it then ends', () => {
    const played = new Played({});
    played.spawns();
    played.tell({ type: 'exited', exitcode: 1, signal: null });
    played.tell({ type: 'stop', as: 'stopped', reason: 'the run stops' });
    played.tell({ type: 'emptied', leaked: [] });
    expect(end(played.tell({ type: 'accounted', account: quiet }))).toMatchObject({ outcome: 'failed' });
  });
});

describe('a daemon with `restart`', () => {
  const daemon = (again: Partial<AgainRule>) => new Played({ attempts: null, ...again }, { kind: 'daemon' });

  it('is started again when it failed, however often', () => {
    const played = daemon({ delayMs: 0 });
    for (let attempt = 1; attempt < 500; attempt++) {
      expect(kinds(played.lives(1).slice(-2))).toEqual(['recover', 'again']);
      played.waits();
    }
  });

  it('that exits 0 too early is started again by `always` alone', () => {
    expect(end(daemon({}).lives(0))).toMatchObject({ outcome: 'failed' });
    expect(end(daemon({ policy: 'always' }).lives(0))).toBeUndefined();
  });

  it('that has finished is not started again', () => {
    expect(end(daemon({ policy: 'always' }).lives(0, 5, { toldEnd: true }))).toMatchObject({ outcome: 'finished' });
  });

  it('that cannot be started even once is not tried for ever', () => {
    const played = daemon({});
    played.tell({ type: 'refused', reason: 'there is no program' });
    expect(end(played.tell({ type: 'accounted', account: quiet }))).toMatchObject({ outcome: 'failed' });
  });

  it('counts anew after it was up for a minute', () => {
    const played = daemon({ attempts: 2, delayMs: 100, backoff: 'exponential' });
    const delays = [10, 10, 60_000, 10].map((ms) => {
      const again = played.lives(1, ms).at(-1);
      played.waits();
      return again?.do === 'again' ? again.delayMs : null;
    });
    // 100 ms and 200 ms, longer by the half of a quarter.
    expect(delays).toEqual([113, 225, 113, 225]);
    expect(end(played.lives(1, 59_999))).toMatchObject({ outcome: 'failed', attempts: 5 });
  });

  it('ends its streams where it is stopped while it waits', () => {
    const played = daemon({});
    played.lives(1);
    played.tell({ type: 'stop', as: 'stopped', reason: 'all else has ended' });
    expect(played.tell({ type: 'reconsider' })[0]).toMatchObject({
      do: 'settle',
      stream: 'end',
    });
  });
});

describe('the delay', () => {
  const growing = { delayMs: 1000, backoff: 'exponential', maxDelayMs: 10_000 } as const;

  it('is exact where it is constant', () => {
    expect(delayBefore(7, { ...growing, backoff: 'constant' }, 0.9)).toBe(1000);
  });

  it('doubles, up to a quarter longer, and never beyond the longest', () => {
    const spans = [1, 2, 3, 4, 5, 5000].map((further) => [
      delayBefore(further, growing, 0),
      delayBefore(further, growing, 1),
    ]);
    expect(spans).toEqual([
      [1000, 1250],
      [2000, 2500],
      [4000, 5000],
      [8000, 10_000],
      [8000, 10_000],
      [8000, 10_000],
    ]);
  });
});
