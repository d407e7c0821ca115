import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/broker/control.ts';
import type { ProcessNode } from '../../src/plan/plan.ts';
import type { Outcome } from '../../src/run/event.ts';
import type { Effect, Input, LifePhase as Phase } from '../../src/run/life.ts';
import { Lifecycle } from '../../src/run/lifecycle.ts';
import { processNode } from '../kit/plan.ts';

const quiet: Account = { unflushed: false, inputBrokeOff: false, outputClosed: null, toldEnd: false, held: 0 };

function life(settings: Partial<ProcessNode> = {}): Lifecycle {
  return new Lifecycle(processNode('a', {}, settings));
}

/** A process that runs since 0. */
function running(settings: Partial<ProcessNode> = {}): Lifecycle {
  const machine = life(settings);
  machine.handle({ type: 'start' }, 0);
  machine.handle({ type: 'spawned', pid: 7 }, 0);
  return machine;
}

function exits(machine: Lifecycle, exitcode: number, account: Partial<Account> = {}, now = 1): readonly Effect[] {
  return [
    ...machine.handle({ type: 'exited', exitcode, signal: exitcode < 0 ? 'SIGTERM' : null }, now),
    ...machine.handle({ type: 'emptied', leaked: [] }, now),
    ...machine.handle({ type: 'accounted', account: { ...quiet, ...account } }, now),
  ];
}

function endOf(effects: readonly Effect[]): unknown {
  const end = effects.find((effect) => effect.do === 'end');
  return end?.do === 'end' ? [end.ended.outcome, end.ended.exitcode, end.ended.cause] : undefined;
}

function settleOf(effects: readonly Effect[]): unknown {
  const settle = effects.find((effect) => effect.do === 'settle');
  return settle?.do === 'settle' ? [settle.held, settle.stream, settle.succeeded] : undefined;
}

describe('a process that ends by itself', () => {
  it('has ended only once its tree is empty and the broker has accounted for it', () => {
    const machine = life();
    expect(machine.handle({ type: 'start' }, 0)).toEqual([{ do: 'spawn' }]);
    expect(machine.handle({ type: 'spawned', pid: 7 }, 5)).toEqual([{ do: 'announce', pid: 7 }]);
    expect(machine.handle({ type: 'exited', exitcode: 0, signal: null }, 6)).toEqual([{ do: 'empty', patient: false }]);
    expect(machine.handle({ type: 'emptied', leaked: [9] }, 7)).toEqual([
      { do: 'leaked', pids: [9] },
      { do: 'account', abandon: false },
    ]);
    expect(machine.handle({ type: 'accounted', account: quiet }, 8)).toEqual([
      { do: 'settle', held: 'done', stream: 'end', succeeded: true },
      {
        do: 'end',
        ended: { outcome: 'succeeded', exitcode: 0, signal: null, startedAt: 5, cause: null, again: 'never' },
      },
    ]);
  });

  it.each([
    ['fails by its exit code', {}, 3, {}, ['failed', 3, null], ['back', 'abort', false]],
    [
      'succeeds by another code that counts',
      { successExitCodes: [0, 3] },
      3,
      {},
      ['succeeded', 3, null],
      ['done', 'end', true],
    ],
    ['fails when a stranger killed it', {}, -15, {}, ['failed', -15, null], ['back', 'abort', false]],
    [
      'fails where it put and never flushed',
      {},
      0,
      { unflushed: true },
      ['failed', 0, 'ended without flushing what it had put'],
      ['back', 'abort', false],
    ],
    [
      'fails where its input broke off',
      {},
      0,
      { inputBrokeOff: true },
      ['failed', 0, 'its input broke off'],
      ['back', 'abort', false],
    ],
    [
      'ends its streams although it failed, where that is ignored',
      { onFailure: 'ignore' as const },
      1,
      {},
      ['failed', 1, null],
      ['back', 'end', false],
    ],
    [
      'as a daemon has finished once it was told the end',
      { kind: 'daemon' as const },
      0,
      { toldEnd: true },
      ['finished', 0, null],
      ['done', 'end', true],
    ],
    [
      'as a daemon has failed',
      { kind: 'daemon' as const },
      0,
      {},
      ['failed', 0, 'a daemon must not end before all else has'],
      ['back', 'abort', false],
    ],
  ])('%s', (_, settings, exitcode, account, end, settle) => {
    const effects = exits(running(settings), exitcode, account);
    expect(endOf(effects)).toEqual(end);
    expect(settleOf(effects)).toEqual(settle);
  });
});

describe('a process whose output was closed because nobody takes it any more', () => {
  const closed = (dropped: boolean) => ({ outputClosed: { queue: 'q', dropped } });

  it.each([-13, 141])('has succeeded with %i where that is all right with the queue', (exitcode) => {
    expect(endOf(exits(running(), exitcode, closed(true)))).toEqual(['succeeded', exitcode, null]);
  });

  it('has failed by any other exit code', () => {
    expect(endOf(exits(running(), 1, closed(true)))).toEqual(['failed', 1, null]);
  });

  it('has failed for that reason where it is not', () => {
    const cause = 'its output was closed: no process is left that takes from queue `q`';
    expect(endOf(exits(running(), 141, closed(false)))).toEqual(['failed', 141, cause]);
    expect(endOf(exits(running(), 0, closed(false)))).toEqual(['failed', 0, cause]);
  });
});

describe('a process whose last output found no room while the run was being stopped', () => {
  const cutOff = { outputCutOff: 'q' };
  const told = (effects: readonly Effect[]) => effects.filter((effect) => effect.do === 'cut-off');

  it('was stopped, though it had ended well by itself', () => {
    const machine = running();
    machine.handle({ type: 'exited', exitcode: 0, signal: null }, 1);
    machine.handle({ type: 'emptied', leaked: [] }, 1);
    expect(machine.handle({ type: 'stop', as: 'stopped', reason: 'Ctrl-C' }, 2)).toEqual([
      { do: 'account', abandon: true },
    ]);
    const effects = machine.handle({ type: 'accounted', account: { ...quiet, ...cutOff } }, 3);
    expect(endOf(effects)).toEqual(['stopped', 0, 'the run was stopped']);
    expect(settleOf(effects)).toEqual(['back', 'abort', false]);
    expect(told(effects)).toEqual([{ do: 'cut-off', queue: 'q' }]);
  });

  it('breaks its stream as a daemon, too', () => {
    const daemon = running({ kind: 'daemon' });
    daemon.handle({ type: 'stop', as: 'stopped', reason: 'the run is over' }, 1);
    const effects = exits(daemon, 0, cutOff, 2);
    expect(endOf(effects)).toEqual(['stopped', 0, 'the run is over']);
    expect(settleOf(effects)).toEqual(['back', 'abort', false]);
    expect(told(effects)).toEqual([{ do: 'cut-off', queue: 'q' }]);
  });
});

describe('a process whose stdin was fed from a queue', () => {
  const fed = { fed: { queue: 'q', count: 3 } };
  const told = (effects: readonly Effect[]) => effects.filter((effect) => effect.do === 'fed');

  it('has what was written to it told where it failed, for that is done and may not have been worked on', () => {
    expect(told(exits(running(), 1, fed))).toEqual([{ do: 'fed', queue: 'q', count: 3 }]);
    const late = running({ timeoutMs: 10 });
    late.handle({ type: 'tick' }, 10);
    expect(told(exits(late, -15, fed, 11))).toEqual([{ do: 'fed', queue: 'q', count: 3 }]);
  });

  it('and nothing where it succeeded, or was stopped', () => {
    expect(told(exits(running(), 0, fed))).toEqual([]);
    const stopped = running();
    stopped.handle({ type: 'stop', as: 'stopped', reason: 'Ctrl-C' }, 1);
    expect(told(exits(stopped, -15, fed, 2))).toEqual([]);
  });
});

describe('a process that pipes join to others', () => {
  const source = (report: object) => ({ type: 'heard', report: { from: 'source', ...report } }) as Input;
  const sink = (outcome: Outcome, succeeded: boolean): Input => ({
    type: 'heard',
    report: { from: 'sink', is: 'ended', outcome, succeeded },
  });
  const whole = source({ is: 'ended', whole: true, failed: false });
  const broken = source({ is: 'ended', whole: false, failed: true });
  const piped = (settings: Partial<ProcessNode> = {}): Lifecycle =>
    running({ stdin: { type: 'process', process: 's' }, stdout: { type: 'process', process: 't' }, ...settings });
  /** Exits, and what it holds up to then. */
  const exit = (machine: Lifecycle, exitcode: number, seen = { sourceHolds: false, sinkHolds: true }) => [
    ...machine.handle({ type: 'exited', exitcode, signal: null, seen }, 1),
    ...machine.handle({ type: 'emptied', leaked: [] }, 1),
    ...machine.handle({ type: 'accounted', account: quiet }, 1),
  ];
  const reconsidered = (machine: Lifecycle, input: Input) => {
    expect(machine.handle(input, 2)).toContainEqual({ do: 'reconsider' });
    return machine.handle({ type: 'reconsider' }, 2);
  };

  it('succeeds once what wrote its input is known to have ended well', () => {
    const machine = piped();
    expect(endOf(exit(machine, 0))).toBeUndefined();
    expect(machine.phase).toBe('awaiting');
    expect(endOf(reconsidered(machine, whole))).toEqual(['succeeded', 0, null]);
  });

  it('fails where that failed, before it or after it has exited', () => {
    const machine = piped();
    exit(machine, 0);
    expect(endOf(reconsidered(machine, broken))).toEqual(['failed', 0, 'its input broke off']);
    const early = piped();
    early.handle(broken, 0);
    expect(endOf(exit(early, 0))).toEqual(['failed', 0, 'its input broke off']);
  });

  it('waits for nothing where it had enough, or failed by itself', () => {
    expect(endOf(exit(piped(), 0, { sourceHolds: true, sinkHolds: true }))).toEqual(['succeeded', 0, null]);
    expect(endOf(exit(piped(), 5))).toEqual(['failed', 5, null]);
  });

  it.each([
    ['succeeded', true, ['succeeded', -13, '`t`, which read its output, had enough of it']],
    ['failed', true, ['succeeded', -13, '`t`, which read its output, had enough of it']],
    ['failed', false, ['failed', -13, '`t`, which read its output, failed']],
    ['timed_out', false, ['failed', -13, '`t`, which read its output, failed']],
    ['terminated', false, ['terminated', -13, '`t`, which read its output, was terminated']],
    ['stopped', false, ['stopped', -13, '`t`, which read its output, was stopped']],
  ] as const)('by SIGPIPE ends as its sink did: %s (taken for success: %s)', (outcome, succeeded, end) => {
    const machine = piped({ stdin: { type: 'null' } });
    const effects = exit(machine, -13, { sourceHolds: false, sinkHolds: false });
    expect(effects).toContainEqual({
      do: 'report',
      to: 't',
      report: { from: 'source', is: 'exited', brokenPipe: true },
    });
    expect(endOf(effects)).toBeUndefined();
    expect(endOf(reconsidered(machine, sink(outcome, succeeded)))).toEqual(end);
  });

  it('by SIGPIPE while its sink still had the pipe open has failed', () => {
    expect(endOf(exit(piped({ stdin: { type: 'null' } }), -13))).toEqual(['failed', -13, null]);
  });

  it('tells its sink that it will fail as soon as it knows, so that both know why they are stopped', () => {
    const machine = piped();
    expect(machine.handle(broken, 0)).toEqual([{ do: 'report', to: 't', report: { from: 'source', is: 'doomed' } }]);
    const after = piped();
    after.handle(source({ is: 'doomed' }), 0);
    after.handle({ type: 'stop', as: 'stopped', reason: '`s` failed' }, 1);
    expect(endOf(exit(after, -15))).toEqual(['failed', -15, 'its input broke off']);
  });

  it('is not kept waiting when it is to be over', () => {
    const machine = piped();
    exit(machine, 0);
    const stop: Input = { type: 'stop', as: 'terminated', reason: 'a race is over' };
    expect(endOf(reconsidered(machine, stop))).toEqual(['terminated', 0, 'a race is over']);
  });
});

it('what cannot be started has failed, and says why', () => {
  const machine = life();
  machine.handle({ type: 'start' }, 0);
  expect(machine.handle({ type: 'refused', reason: 'there is no program `x`' }, 1)).toEqual([
    { do: 'account', abandon: false },
  ]);
  const effects = machine.handle({ type: 'accounted', account: quiet }, 2);
  expect(endOf(effects)).toEqual(['failed', null, 'there is no program `x`']);
});

it('times out, too, while it waits for the other end of a FIFO to be opened', () => {
  const machine = life({ timeoutMs: 100 });
  machine.handle({ type: 'start' }, 0);
  expect(machine.nextDeadline()).toBeNull();
  machine.handle({ type: 'opening' }, 50);
  expect(machine.nextDeadline()).toBe(150);
  expect(machine.handle({ type: 'tick' }, 149)).toEqual([]);
  expect(machine.handle({ type: 'tick' }, 150)).toEqual([{ do: 'cancel' }]);
  machine.handle({ type: 'withdrawn' }, 151);
  const effects = machine.handle({ type: 'accounted', account: quiet }, 152);
  expect(endOf(effects)).toEqual([
    'timed_out',
    null,
    'its time limit of 0.1 s has passed, and nobody has opened the other end of a FIFO that its streams are',
  ]);
  expect(machine.nextDeadline()).toBeNull();
});

it('has all of its time once it runs, however long that took', () => {
  const machine = life({ timeoutMs: 100 });
  machine.handle({ type: 'start' }, 0);
  machine.handle({ type: 'opening' }, 50);
  machine.handle({ type: 'spawned', pid: 7 }, 140);
  expect(machine.nextDeadline()).toBe(240);
});

describe('stopping', () => {
  it('sends the stop signal once, and SIGKILL after the grace', () => {
    const machine = running({ stop: { signal: 'SIGINT', graceMs: 300 } });
    const stop: Input = { type: 'stop', as: 'stopped', reason: 'interrupted' };
    expect(machine.handle(stop, 100)).toEqual([{ do: 'signal', signal: 'SIGINT', reason: 'interrupted' }]);
    expect(machine.handle(stop, 101)).toEqual([]);
    expect(machine.nextDeadline()).toBe(400);
    expect(machine.handle({ type: 'tick' }, 399)).toEqual([]);
    expect(machine.handle({ type: 'tick' }, 400)).toEqual([
      { do: 'signal', signal: 'SIGKILL', reason: 'still alive after 0.3 s' },
    ]);
    expect(machine.nextDeadline()).toBeNull();
    expect(endOf(exits(machine, -9))).toEqual(['stopped', -9, 'interrupted']);
  });

  it('says of a process that is killed within its grace that it was killed at once', () => {
    const machine = running();
    machine.handle({ type: 'stop', as: 'stopped', reason: 'interrupted' }, 100);
    expect(machine.handle({ type: 'kill' }, 101)).toEqual([
      { do: 'signal', signal: 'SIGKILL', reason: 'killed at once' },
    ]);
  });

  it('leaves the rest of the tree what is left of the grace, and says nothing of a leak', () => {
    const machine = running({ stop: { signal: 'SIGTERM', graceMs: 300 } });
    machine.handle({ type: 'stop', as: 'stopped', reason: 'interrupted' }, 100);
    const exited: Input = { type: 'exited', exitcode: -15, signal: 'SIGTERM' };
    expect(machine.handle(exited, 150)).toEqual([{ do: 'empty', patient: true }]);
    expect(machine.nextDeadline()).toBe(400);
    expect(machine.handle({ type: 'tick' }, 399)).toEqual([]);
    expect(machine.handle({ type: 'tick' }, 400)).toEqual([{ do: 'hurry' }]);
    expect(machine.handle({ type: 'emptied', leaked: [9] }, 401)).toEqual([{ do: 'account', abandon: true }]);
    expect(machine.nextDeadline()).toBeNull();
  });

  it('that was killed with all of its tree has left nothing running', () => {
    const machine = running();
    machine.handle({ type: 'kill' }, 100);
    machine.handle({ type: 'exited', exitcode: -9, signal: 'SIGKILL' }, 101);
    expect(machine.handle({ type: 'emptied', leaked: [9] }, 102)).toEqual([{ do: 'account', abandon: true }]);
  });

  it('that was wished while it was still starting ends a wait for its files, and else is carried out once it runs', () => {
    const machine = life();
    machine.handle({ type: 'start' }, 0);
    expect(machine.handle({ type: 'stop', as: 'terminated', reason: 'a race is over' }, 0)).toEqual([{ do: 'cancel' }]);
    expect(machine.handle({ type: 'spawned', pid: 7 }, 1)).toEqual([
      { do: 'announce', pid: 7 },
      { do: 'signal', signal: 'SIGTERM', reason: 'a race is over' },
    ]);
  });

  it('at once kills once, also in the middle of a gentle stop', () => {
    const machine = running();
    machine.handle({ type: 'stop', as: 'stopped', reason: 'interrupted' }, 0);
    const killed = [{ do: 'signal', signal: 'SIGKILL', reason: 'killed at once' }];
    expect(machine.handle({ type: 'kill' }, 1)).toEqual(killed);
    expect(machine.handle({ type: 'kill' }, 1)).toEqual([]);
  });

  it('of a process that has just ended by itself leaves its success to it, but waits for no room in a queue', () => {
    const machine = running();
    machine.handle({ type: 'exited', exitcode: 0, signal: null }, 1);
    machine.handle({ type: 'emptied', leaked: [] }, 1);
    expect(machine.handle({ type: 'stop', as: 'stopped', reason: 'interrupted' }, 2)).toEqual([
      { do: 'account', abandon: true },
    ]);
    expect(machine.handle({ type: 'stop', as: 'stopped', reason: 'again' }, 2)).toEqual([]);
    expect(endOf(machine.handle({ type: 'accounted', account: quiet }, 3))).toEqual(['succeeded', 0, null]);
  });

  it('of a daemon ends its streams; of a process that the run stops breaks them', () => {
    for (const [kind, stream] of [
      ['daemon', 'end'],
      ['process', 'abort'],
    ] as const) {
      const machine = running({ kind });
      machine.handle({ type: 'stop', as: 'stopped', reason: 'over' }, 0);
      expect(settleOf(exits(machine, -15))).toEqual(['back', stream, false]);
    }
  });
});

describe('time', () => {
  it('over, it is stopped by its rule and has timed out, whatever its exit code', () => {
    const machine = running({ timeoutMs: 1000 });
    expect(machine.nextDeadline()).toBe(1000);
    expect(machine.handle({ type: 'tick' }, 999)).toEqual([]);
    expect(machine.handle({ type: 'tick' }, 1000)).toMatchObject([{ do: 'signal', signal: 'SIGTERM' }]);
    expect(endOf(exits(machine, 0))).toEqual(['timed_out', 0, 'its time limit of 1 s has passed']);
  });

  it('that it does not use up leaves no deadline behind', () => {
    const machine = running({ timeoutMs: 1000 });
    exits(machine, 0);
    expect(machine.nextDeadline()).toBeNull();
  });
});

it('a broken promise fails the process even where it would have been stopped for another reason', () => {
  const machine = running();
  machine.handle({ type: 'stop', as: 'terminated', reason: 'a race is over' }, 0);
  machine.handle({ type: 'fault', reason: 'line 3 is no JSON' }, 1);
  expect(endOf(exits(machine, 0))).toEqual(['failed', 0, 'line 3 is no JSON']);
});

it('every input in every phase is either in the table or ignored, and none throws', () => {
  const inputs: Input[] = [
    { type: 'start' },
    { type: 'spawned', pid: 1 },
    { type: 'refused', reason: 'r' },
    { type: 'exited', exitcode: 0, signal: null },
    { type: 'emptied', leaked: [] },
    { type: 'accounted', account: quiet },
    { type: 'stop', as: 'stopped', reason: 's' },
    { type: 'kill' },
    { type: 'fault', reason: 'f' },
    { type: 'tick' },
    { type: 'heard', report: { from: 'source', is: 'exited', brokenPipe: false } },
    { type: 'reconsider' },
  ];
  const seen = new Set<Phase>();
  const walk = (path: readonly Input[], depth: number): void => {
    const machine = life({ timeoutMs: 1, stdin: { type: 'process', process: 's' } });
    path.forEach((input, now) => machine.handle(input, now));
    seen.add(machine.phase);
    if (depth > 0) for (const input of inputs) walk([...path, input], depth - 1);
  };
  walk([], 3);
  walk([{ type: 'start' }, { type: 'spawned', pid: 1 }, { type: 'exited', exitcode: 0, signal: null }], 3);
  expect([...seen].sort()).toEqual([
    'accounting',
    'awaiting',
    'emptying',
    'ended',
    'pending',
    'running',
    'starting',
    'stopping',
  ]);
});

describe('being killed on purpose by another', () => {
  const kill = { type: 'kill', as: 'terminated', reason: 'by `boss`' } as const;

  it('gets SIGKILL and nothing before it, and was terminated', () => {
    const machine = running();
    expect(machine.handle(kill, 1)).toMatchObject([{ do: 'signal', signal: 'SIGKILL' }]);
    const effects = exits(machine, -9);
    expect(endOf(effects)).toEqual(['terminated', -9, 'by `boss`']);
    expect(settleOf(effects)).toEqual(['back', 'end', false]);
  });

  it('is killed as soon as there is a process', () => {
    const machine = life();
    machine.handle({ type: 'start' }, 0);
    machine.handle(kill, 0);
    expect(machine.handle({ type: 'spawned', pid: 7 }, 1)).toMatchObject([
      { do: 'announce' },
      { do: 'signal', signal: 'SIGKILL' },
    ]);
    expect(endOf(exits(machine, -9))).toEqual(['terminated', -9, 'by `boss`']);
  });

  it('has succeeded where it had ended by itself before', () => {
    const machine = running();
    machine.handle({ type: 'exited', exitcode: 0, signal: null }, 1);
    machine.handle(kill, 1);
    machine.handle({ type: 'emptied', leaked: [] }, 1);
    machine.handle(kill, 1);
    expect(endOf(machine.handle({ type: 'accounted', account: quiet }, 1))).toEqual(['succeeded', 0, null]);
  });
});
