// When a probe is tried, when it has held, and what becomes of one that never does: in numbers for time.
import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/broker/control.ts';
import type { AgainRule, ProbeRule, ProcessNode, ReadyRule } from '../../src/plan/plan.ts';
import { Attempts } from '../../src/run/attempts.ts';
import type { Effect, Input } from '../../src/run/life.ts';
import { processNode } from '../kit/plan.ts';

const quiet: Account = { unflushed: false, inputBrokeOff: false, outputClosed: null, toldEnd: false, held: 0 };
const tcp: ProbeRule = { type: 'tcp', host: 'localhost', port: 80 };
const file: ProbeRule = { type: 'file', path: '/f' };
const log: ProbeRule = { type: 'log', pattern: 'up' };
const again: AgainRule = {
  policy: 'on-failure',
  attempts: null,
  delayMs: 1000,
  backoff: 'constant',
  maxDelayMs: 1000,
  exitCodes: null,
};

class Played {
  readonly machine: Attempts;
  now = 0;

  constructor(probe: ProbeRule, settings: Partial<ProcessNode> = {}, ready: Partial<ReadyRule> = {}) {
    const rule = { probe, intervalMs: 250, timeoutMs: 60_000, ...ready };
    this.machine = new Attempts(processNode('a', {}, { ...settings, ready: rule }));
    this.tell({ type: 'start' });
  }

  tell(input: Input): readonly string[] {
    return this.effects(input).map((effect) => effect.do);
  }

  effects(input: Input): readonly Effect[] {
    return this.machine.handle(input, this.now, 0);
  }

  spawns(): readonly string[] {
    return this.tell({ type: 'spawned', pid: 7 });
  }

  at(now: number, input: Input = { type: 'tick' }): readonly string[] {
    this.now = now;
    return this.tell(input);
  }

  /** Its delay is over, and there is a slot for its next attempt. */
  begins(now: number): readonly string[] {
    return [...this.at(now), ...this.tell({ type: 'admitted' })];
  }

  ends(exitcode: number): readonly Effect[] {
    return [
      ...this.effects({ type: 'exited', exitcode, signal: null }),
      ...this.effects({ type: 'emptied', leaked: [] }),
      ...this.effects({ type: 'accounted', account: quiet }),
    ];
  }
}

const endOf = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.do === 'end' ? [[effect.ended.outcome, effect.ended.cause]] : []))[0];

describe('a probe', () => {
  it('is tried as soon as the process runs, and again some time after each try', () => {
    const played = new Played(tcp);
    expect(played.spawns()).toEqual(['announce', 'try']);
    expect(played.at(40, { type: 'unheld', reason: 'no' })).toEqual([]);
    expect(played.machine.nextDeadline()).toBe(290);
    expect(played.at(289)).toEqual([]);
    expect(played.at(290)).toEqual(['try']);
    expect(played.at(300, { type: 'held' })).toEqual(['unwatch', 'ready']);
    expect(played.machine.nextDeadline()).toBeNull();
    expect(played.at(310, { type: 'held' })).toEqual([]);
  });

  it('is dropped after ten seconds, and tried again once that is over', () => {
    const played = new Played(tcp);
    played.spawns();
    expect(played.machine.nextDeadline()).toBe(10_000);
    expect(played.at(10_000)).toEqual(['drop']);
    expect(played.machine.nextDeadline()).toBe(60_000);
    played.at(10_020, { type: 'unheld', reason: 'no answer' });
    expect(played.at(10_270)).toEqual(['try']);
  });

  it('that hears by itself is never tried', () => {
    const played = new Played(log);
    expect(played.spawns()).toEqual(['announce']);
    expect(played.machine.nextDeadline()).toBe(60_000);
    expect(played.at(5, { type: 'held' })).toEqual(['unwatch', 'ready']);
  });

  it('that held before it was heard that the process runs, holds', () => {
    const played = new Played({ type: 'sdk' });
    expect(played.tell({ type: 'held' })).toEqual([]);
    expect(played.spawns()).toEqual(['announce', 'unwatch', 'ready']);
    expect(played.machine.nextDeadline()).toBeNull();
  });

  it('that does not hold in time stops the process, which has failed and says why', () => {
    const played = new Played(tcp, { kind: 'daemon' }, { timeoutMs: 1000 });
    played.spawns();
    played.at(900, { type: 'unheld', reason: 'nothing accepts connections' });
    expect(played.at(1000)).toEqual(['unwatch', 'signal']);
    expect(endOf(played.ends(-15))).toEqual(['failed', 'it was not ready within 1 s: nothing accepts connections']);
  });

  it('is asked nothing more once the process is stopped', () => {
    const played = new Played(tcp);
    played.spawns();
    expect(played.tell({ type: 'stop', as: 'stopped', reason: 'enough' })).toEqual(['unwatch', 'signal']);
    expect(played.tell({ type: 'unheld', reason: 'no' })).toEqual([]);
    expect(endOf(played.ends(0))).toEqual(['stopped', 'enough']);
  });
});

describe('one that ends by itself', () => {
  it('without having been ready has failed, whatever its exit code', () => {
    const played = new Played(log);
    played.spawns();
    expect(endOf(played.ends(0))).toEqual([
      'failed',
      'it ended before it was ready: no line of its output matched `up`',
    ]);
  });

  it('has been ready where its last words say so', () => {
    const played = new Played(log);
    played.spawns();
    played.tell({ type: 'exited', exitcode: 0, signal: null });
    expect(played.tell({ type: 'held' })).toEqual(['unwatch', 'ready']);
    played.tell({ type: 'emptied', leaked: [] });
    expect(endOf(played.effects({ type: 'accounted', account: quiet }))).toEqual(['succeeded', null]);
  });

  it('is looked after once more, by a look that began after its end', () => {
    const played = new Played(file);
    played.spawns();
    played.at(10, { type: 'unheld', reason: 'not there' });
    expect(played.at(20, { type: 'exited', exitcode: 0, signal: null })).toEqual(['try', 'empty']);
    expect(played.tell({ type: 'unheld', reason: 'not there' })).toEqual([]);

    const trying = new Played(file);
    trying.spawns();
    expect(trying.tell({ type: 'exited', exitcode: 0, signal: null })).toEqual(['empty']);
    expect(trying.tell({ type: 'unheld', reason: 'not there' })).toEqual(['try']);
    expect(trying.tell({ type: 'held' })).toEqual(['unwatch', 'ready']);
  });

  it('is not looked after where somebody else may answer', () => {
    const played = new Played(tcp);
    played.spawns();
    expect(played.tell({ type: 'exited', exitcode: 0, signal: null })).toEqual(['unwatch', 'empty']);
  });

  it('is not held against its readiness where it was told to end meanwhile', () => {
    const played = new Played(file);
    played.spawns();
    played.tell({ type: 'exited', exitcode: 0, signal: null });
    expect(played.tell({ type: 'stop', as: 'stopped', reason: 'the run stops' })).toEqual(['unwatch']);
    played.tell({ type: 'emptied', leaked: [] });
    expect(endOf(played.effects({ type: 'accounted', account: quiet }))).toEqual(['succeeded', null]);
  });
});

describe('over several attempts', () => {
  it('a process has all the time anew for each', () => {
    const played = new Played(tcp, { again: { ...again, attempts: 1 } }, { timeoutMs: 2000 });
    played.spawns();
    played.now = 1500;
    played.ends(1);
    expect(played.machine.nextDeadline()).toBe(2500);
    expect(played.begins(2500)).toEqual(['return', 'spawn']);
    played.spawns();
    played.tell({ type: 'unheld', reason: 'no' });
    played.at(4499);
    expect(played.at(4500)).toContain('signal');
    expect(endOf(played.ends(0))?.[0]).toBe('failed');
  });

  it('a daemon has to be ready within its time, however often it is started until then', () => {
    const played = new Played(log, { kind: 'daemon', again }, { timeoutMs: 1500 });
    for (const ended of [400, 1450]) {
      played.spawns();
      played.now = ended;
      played.ends(1);
      if (ended === 400) expect(played.begins(1400)).toEqual(['return', 'spawn']);
    }
    expect(played.machine.phase).toBe('resting');
    expect(played.machine.nextDeadline()).toBe(1500);
    played.now = 1500;
    expect(endOf(played.effects({ type: 'tick' }))).toEqual([
      'failed',
      'it was not ready within 1.5 s: no line of its output matched `up`; before that it failed: it ended before it was ready: no line of its output matched `up`',
    ]);
    expect(played.machine.nextDeadline()).toBeNull();
  });

  it('a daemon that was not ready in time is not started again', () => {
    const played = new Played(log, { kind: 'daemon', again }, { timeoutMs: 1000 });
    played.spawns();
    played.at(1000);
    expect(endOf(played.ends(-15))?.[0]).toBe('failed');
  });

  it('a daemon that was ready is looked at anew after a restart, with all its time', () => {
    const played = new Played(log, { kind: 'daemon', again }, { timeoutMs: 1500 });
    played.spawns();
    played.at(100, { type: 'held' });
    played.now = 50_000;
    played.ends(1);
    expect(played.machine.nextDeadline()).toBe(51_000);
    played.begins(51_000);
    played.spawns();
    expect(played.machine.nextDeadline()).toBe(52_500);
    expect(played.at(51_100, { type: 'held' })).toEqual(['unwatch', 'ready']);
  });
});
