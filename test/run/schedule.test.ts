// The schedule of one run: what starts when, what ends what, and when all is over.
import { describe, expect, it } from 'vitest';
import type { Node, Plan } from '../../src/plan/plan.ts';
import type { Ending } from '../../src/run/outcome.ts';
import { Schedule } from '../../src/run/schedule.ts';
import { daemonNode, joinNode, planOf, processNode } from '../kit/plan.ts';
import { words } from './schedule-words.ts';

class Story {
  readonly schedule: Schedule;
  constructor(nodes: readonly Node[], settings: Partial<Plan> = {}) {
    this.schedule = new Schedule(planOf(nodes, settings));
  }
  begin = (): string[] => words(this.schedule.begin(0));
  started = (node: string): string[] => words(this.schedule.started(node, 0));
  ready = (node: string): string[] => words(this.schedule.ready(node, 0));
  ended = (node: string, outcome: Ending['outcome'], more: Partial<Ending> = {}): string[] =>
    words(this.schedule.ended({ node, outcome, ...more }, 0));
  terminate = (node: string, atOnce = false): string[] => words(this.schedule.terminate(node, 'by `boss`', atOnce, 0));
  at = (now: number): string[] => words(this.schedule.tick(now));
}

describe('starting', () => {
  it('starts all that needs nothing at once, in the order of the plan', () => {
    const story = new Story([processNode('a'), processNode('b'), daemonNode('d')]);
    expect(story.begin()).toEqual(['start a', 'start b', 'start d']);
  });

  it('starts a process once what it needs has succeeded', () => {
    const story = new Story([processNode('a'), processNode('b', { a: 'succeeded' })]);
    expect(story.begin()).toEqual(['start a']);
    expect(story.started('a')).toEqual([]);
    expect(story.ended('a', 'succeeded')).toEqual(['start b']);
    expect(story.ended('b', 'succeeded')).toEqual(['over']);
  });

  it('starts what needs `started` while the other still runs', () => {
    const story = new Story([processNode('a'), processNode('b', { a: 'started' })]);
    story.begin();
    expect(story.started('a')).toEqual(['start b']);
  });

  it('waits for every instance of a name', () => {
    const b = {
      ...processNode('b'),
      needs: [{ name: 'a', instances: ['a.1', 'a.2'], condition: 'succeeded' as const }],
    };
    const story = new Story([processNode('a.1'), processNode('a.2'), b]);
    story.begin();
    expect(story.ended('a.1', 'succeeded')).toEqual([]);
    expect(story.ended('a.2', 'succeeded')).toEqual(['start b']);
  });

  it('takes no instances at all as succeeded', () => {
    const b = { ...processNode('b'), needs: [{ name: 'a', instances: [], condition: 'succeeded' as const }] };
    expect(new Story([b]).begin()).toEqual(['start b']);
  });
});

describe('readiness', () => {
  const probe = { probe: { type: 'sdk' }, intervalMs: 250, timeoutMs: 60_000 } as const;
  const probed = (id: string, kind: 'process' | 'daemon' = 'daemon') => processNode(id, {}, { kind, ready: probe });

  it('starts what needs a daemon once that is ready, and what needs it `started` before', () => {
    const story = new Story([probed('d'), processNode('a', { d: 'ready' }), processNode('b', { d: 'started' })]);
    story.begin();
    expect(story.started('d')).toEqual(['start b']);
    expect(story.ready('d')).toEqual(['start a']);
  });

  it('waits for every instance, and counts none of them twice where it starts again', () => {
    const needs = [{ name: 'd', instances: ['d.1', 'd.2'], condition: 'ready' as const }];
    const story = new Story([probed('d.1'), probed('d.2'), { ...processNode('a'), needs }]);
    story.begin();
    for (const _ of [1, 2]) {
      expect(story.started('d.1')).toEqual([]);
      expect(story.ready('d.1')).toEqual([]);
    }
    story.started('d.2');
    expect(story.ready('d.2')).toEqual(['start a']);
  });

  it('that has been does not go by: who needs it may start later', () => {
    const story = new Story([
      probed('p', 'process'),
      processNode('a'),
      processNode('b', { p: 'ready', a: 'succeeded' }),
    ]);
    story.begin();
    story.started('p');
    story.ready('p');
    story.ended('p', 'succeeded');
    expect(story.ended('a', 'succeeded')).toEqual(['start b']);
  });

  it('that can no longer come skips who needs it, and says that it came too early', () => {
    const early = processNode('p', {}, { ready: probe, onFailure: 'continue' });
    const story = new Story([early, processNode('a', { p: 'ready' }), processNode('z')]);
    story.begin();
    story.started('p');
    const effects = story.schedule.ended({ node: 'p', outcome: 'failed' }, 0);
    expect(words(effects)).toEqual(['skipped a']);
    expect(effects[0]).toMatchObject({ cause: '`p` failed before it was ready' });
  });
});

describe('processes that pipes join', () => {
  const chain = (
    needs: Record<string, Parameters<typeof processNode>[1]> = {},
    kind: 'process' | 'daemon' = 'process',
  ) => [
    processNode('a', needs['a'], { kind, stdout: { type: 'process', process: 'b' } }),
    processNode('c', needs['c'], { kind, stdin: { type: 'process', process: 'b' } }),
    processNode('b', needs['b'], {
      kind,
      stdin: { type: 'process', process: 'a' },
      stdout: { type: 'process', process: 'c' },
    }),
  ];

  it('start together, once all that any of them needs holds', () => {
    const story = new Story([
      processNode('x'),
      processNode('y'),
      ...chain({ a: { x: 'succeeded' }, c: { y: 'started' } }),
    ]);
    expect(story.begin()).toEqual(['start x', 'start y']);
    expect(story.ended('x', 'succeeded')).toEqual([]);
    expect(story.started('y')).toEqual(['start a|b|c']);
  });

  it('are skipped together where one of them is, with what needs them', () => {
    const story = new Story([
      processNode('x', {}, { onFailure: 'continue' }),
      ...chain({ b: { x: 'succeeded' } }),
      processNode('d', { a: 'succeeded' }),
    ]);
    expect(story.begin()).toEqual(['start x']);
    const effects = story.schedule.ended({ node: 'x', outcome: 'failed' }, 0);
    expect(words(effects)).toEqual(['skipped b', 'skipped a', 'skipped c', 'skipped d', 'over failed x']);
    expect(effects[1]).toMatchObject({ cause: '`b`, which a pipe joins it to, was skipped', fate: { benign: false } });
  });

  it('are skipped together where one is terminated before it has started', () => {
    const story = new Story([
      processNode('x'),
      processNode('y'),
      ...chain({ a: { x: 'succeeded' } }),
      joinNode('j', ['y', 'c'], { mode: 1, onPass: 'terminate' }),
    ]);
    story.begin();
    expect(story.ended('y', 'succeeded')).toEqual(['passed j', 'terminated c', 'skipped a', 'skipped b']);
    expect(story.ended('x', 'succeeded')).toEqual(['over']);
  });

  it('as daemons are stopped from the writer on', () => {
    const story = new Story([...chain({}, 'daemon'), processNode('x')]);
    expect(story.begin()).toEqual(['start a|b|c', 'start x']);
    expect(story.ended('x', 'succeeded')).toEqual(['stop a']);
    expect(story.ended('a', 'stopped')).toEqual(['stop b']);
    expect(story.ended('b', 'finished')).toEqual(['stop c']);
  });
});

describe('what can no longer come true', () => {
  it('skips what waits for the success of a failure, and what waits for that, and never hangs', () => {
    const story = new Story([
      processNode('a', {}, { onFailure: 'continue' }),
      processNode('b', { a: 'succeeded' }),
      processNode('c', { b: 'succeeded' }),
    ]);
    story.begin();
    expect(story.ended('a', 'failed')).toEqual(['skipped b', 'skipped c', 'over failed a']);
  });

  it('skips a clean-up that nothing called for, benignly', () => {
    const story = new Story([
      processNode('a'),
      processNode('cleanup', { a: 'failed' }),
      processNode('c', { cleanup: 'completed' }),
    ]);
    story.begin();
    const effects = story.schedule.ended({ node: 'a', outcome: 'succeeded' }, 0);
    expect(words(effects)).toEqual(['skipped cleanup', 'start c']);
    expect(effects[0]).toMatchObject({ fate: { benign: true } });
  });

  it('runs what needs `completed` after a process skipped by `if`, and skips what needs its success', () => {
    const story = new Story([
      processNode('a'),
      processNode('b', { a: 'succeeded' }),
      processNode('c', { a: 'completed' }),
    ]);
    story.begin();
    expect(story.ended('a', 'skipped')).toEqual(['skipped b', 'start c']);
  });

  it('skips what needs a process `started` that never did', () => {
    const story = new Story([processNode('a', {}, { onFailure: 'continue' }), processNode('b', { a: 'started' })]);
    story.begin();
    expect(story.ended('a', 'failed')).toEqual(['skipped b', 'over failed a']);
  });
});

describe('failure', () => {
  it('stops everything and starts nothing more', () => {
    const story = new Story([
      processNode('a'),
      processNode('b'),
      processNode('c', { b: 'succeeded' }),
      daemonNode('d'),
    ]);
    story.begin();
    for (const id of ['a', 'b', 'd']) story.started(id);
    expect(story.ended('a', 'failed')).toEqual(['stopping', 'stop b', 'cancelled c', 'stop d']);
    expect(story.ended('b', 'stopped')).toEqual([]);
    expect(story.ended('d', 'stopped')).toEqual(['over failed a']);
  });

  it('runs the clean-up that waits for it, and still fails the run', () => {
    const story = new Story([processNode('a'), processNode('cleanup', { a: 'failed' })]);
    story.begin();
    expect(story.ended('a', 'failed')).toEqual(['start cleanup']);
    expect(story.ended('cleanup', 'succeeded')).toEqual(['over failed a']);
  });

  it('is taken for success with `on_failure: ignore`', () => {
    const story = new Story([processNode('a'), processNode('b', { a: 'succeeded' })]);
    story.begin();
    expect(story.ended('a', 'failed', { ignoreFailure: true })).toEqual(['start b']);
    expect(story.ended('b', 'succeeded')).toEqual(['over']);
  });
});

describe('joins', () => {
  it('pass when all have succeeded', () => {
    const story = new Story([
      processNode('a'),
      processNode('b'),
      joinNode('j', ['a', 'b']),
      processNode('c', { j: 'passed' }),
    ]);
    expect(story.begin()).toEqual(['start a', 'start b', 'wait j']);
    expect(story.ended('a', 'succeeded')).toEqual([]);
    expect(story.ended('b', 'succeeded')).toEqual(['passed j', 'start c']);
  });

  it('wait for their queues too', () => {
    const story = new Story([processNode('a'), joinNode('j', ['a'], { queues: ['q'] })]);
    story.begin();
    expect(story.ended('a', 'succeeded')).toEqual([]);
    expect(words(story.schedule.drained('q', 0))).toEqual(['passed j', 'over']);
  });

  it('fail, and stop the run, where a queue can never be drained', () => {
    const story = new Story([processNode('a'), processNode('b'), joinNode('j', [], { queues: ['q'] })]);
    story.begin();
    expect(words(story.schedule.stranded('q', 'broke', 0))).toEqual(['failed j', 'stopping', 'stop a', 'stop b']);
  });

  it('that time out with `continue` pass while the process still runs', () => {
    const story = new Story([
      processNode('a'),
      joinNode('j', ['a'], { timeoutMs: 10, onTimeout: 'continue' }),
      processNode('b', { j: 'passed' }),
    ]);
    story.begin();
    expect(story.schedule.nextDeadline()).toBe(10);
    expect(story.at(9)).toEqual([]);
    expect(story.at(10)).toEqual(['passed j', 'start b']);
    expect(story.schedule.nextDeadline()).toBeNull();
  });

  it('that time out with `terminate` pass once what they stopped has ended', () => {
    const story = new Story([processNode('a'), joinNode('j', ['a'], { timeoutMs: 10, onTimeout: 'terminate' })]);
    story.begin();
    expect(story.at(10)).toEqual(['terminate a']);
    expect(story.ended('a', 'terminated')).toEqual(['passed j', 'over']);
  });

  it('that time out by default fail the run', () => {
    const story = new Story([processNode('a'), joinNode('j', ['a'], { timeoutMs: 10 })]);
    story.begin();
    expect(story.at(10)).toEqual(['timed_out j', 'stopping', 'stop a']);
    expect(story.ended('a', 'stopped')).toEqual(['over failed j']);
  });

  it('of a race pass with the first, stop the others, and forgive those who failed', () => {
    const story = new Story([
      processNode('a'),
      processNode('b'),
      processNode('c'),
      joinNode('j', ['a', 'b', 'c'], { mode: 1, onPass: 'terminate' }),
    ]);
    story.begin();
    expect(story.ended('a', 'failed')).toEqual([]);
    expect(story.ended('b', 'succeeded')).toEqual(['passed j', 'terminate c']);
    expect(story.ended('c', 'terminated')).toEqual(['over']);
  });

  it('of a race fail when too few are left', () => {
    const story = new Story([processNode('a'), processNode('b'), joinNode('j', ['a', 'b'], { mode: 2 })]);
    story.begin();
    expect(story.ended('a', 'failed')).toEqual(['stopping', 'stop b', 'failed j']);
    expect(story.ended('b', 'stopped')).toEqual(['over failed a j']);
  });
});

describe('daemons', () => {
  it('are stopped when all else has ended, those that need others first', () => {
    const story = new Story([
      daemonNode('db'),
      daemonNode('web', { db: 'ready' }),
      processNode('test', { web: 'ready' }),
    ]);
    expect(story.begin()).toEqual(['start db']);
    expect(story.started('db')).toEqual(['start web']);
    expect(story.started('web')).toEqual(['start test']);
    expect(story.ended('test', 'succeeded')).toEqual(['stop web']);
    expect(story.ended('web', 'stopped')).toEqual(['stop db']);
    expect(story.ended('db', 'stopped')).toEqual(['over']);
  });

  it.each(['at the end', 'on Ctrl-C'])('are stopped %s after those that rely on them through others', (when) => {
    const story = new Story([
      daemonNode('db'),
      processNode('migrate', { db: 'ready' }),
      joinNode('ready', ['migrate']),
      daemonNode('web', { ready: 'passed' }),
      daemonNode('apart'),
      processNode('test', { web: 'ready' }),
    ]);
    story.begin();
    story.started('db');
    story.started('migrate');
    story.ended('migrate', 'succeeded');
    story.started('web');
    story.started('test');
    if (when === 'on Ctrl-C') {
      expect(words(story.schedule.stop('interrupted', 0))).toEqual(['stopping', 'stop test', 'stop apart']);
      expect(story.ended('test', 'stopped')).toEqual(['stop web']);
    } else {
      expect(story.ended('test', 'succeeded')).toEqual(['stop web', 'stop apart']);
    }
    expect(story.ended('web', 'stopped')).toEqual(['stop db']);
  });

  it('that finish by themselves let the run end', () => {
    const story = new Story([daemonNode('eater'), processNode('cook')]);
    story.begin();
    expect(story.ended('eater', 'finished')).toEqual([]);
    expect(story.ended('cook', 'succeeded')).toEqual(['over']);
  });
});

describe('Ctrl-C', () => {
  it('stops what runs and cancels the rest, clean-ups too', () => {
    const story = new Story([processNode('a'), processNode('cleanup', { a: 'completed' }), joinNode('j', ['a'])]);
    story.begin();
    expect(words(story.schedule.stop('interrupted', 0))).toEqual([
      'stopping',
      'stop a',
      'cancelled cleanup',
      'stopped j',
    ]);
    expect(story.ended('a', 'stopped')).toEqual(['over']);
  });

  it('before anything has begun ends the run', () => {
    expect(words(new Schedule(planOf([processNode('a'), daemonNode('d')])).stop('interrupted', 0))).toEqual([
      'stopping',
      'cancelled a',
      'cancelled d',
      'over',
    ]);
  });
});

it('an empty plan is over at once', () => {
  expect(new Story([]).begin()).toEqual(['over']);
});

describe('being terminated by another', () => {
  it('stops what runs, once, and what needs it to succeed is skipped without a failure', () => {
    const story = new Story([
      processNode('a'),
      processNode('b', { a: 'succeeded' }),
      processNode('c', { a: 'completed' }),
    ]);
    story.begin();
    expect(story.terminate('a')).toEqual(['terminate a']);
    expect(story.terminate('a')).toEqual([]);
    expect(story.ended('a', 'terminated')).toEqual(['skipped b', 'start c']);
    expect(story.ended('c', 'succeeded')).toEqual(['over']);
  });

  it('kills also what was told to stop before', () => {
    const story = new Story([processNode('a')]);
    story.begin();
    story.terminate('a');
    expect(story.terminate('a', true)).toEqual(['terminate a']);
    expect(story.terminate('a', true)).toEqual(['terminate a']);
  });

  it('keeps what has not started from ever starting', () => {
    const story = new Story([processNode('a'), processNode('b', { a: 'succeeded' })]);
    story.begin();
    expect(story.terminate('b')).toEqual(['terminated b']);
    expect(story.ended('a', 'succeeded')).toEqual(['over']);
  });

  it('does nothing to what has ended, and to what is being stopped with the run', () => {
    const story = new Story([processNode('a'), processNode('b')]);
    story.begin();
    story.ended('a', 'succeeded');
    expect(story.terminate('a')).toEqual([]);
    expect(story.terminate('a', true)).toEqual([]);
    expect(words(story.schedule.stop('interrupted', 0))).toEqual(['stopping', 'stop b']);
    expect(story.terminate('b')).toEqual([]);
  });

  it('is the end of a daemon like any other', () => {
    const story = new Story([daemonNode('d'), processNode('a', { d: 'ready' }), processNode('b')]);
    story.begin();
    expect(story.terminate('d')).toEqual(['terminate d']);
    expect(story.ended('d', 'terminated')).toEqual(['skipped a']);
    expect(story.ended('b', 'succeeded')).toEqual(['over']);
  });
});

describe('going on', () => {
  it('whatever fails, with all that does not need it, and failing at the end', () => {
    const story = new Story(
      [
        processNode('a'),
        processNode('b'),
        processNode('c', { a: 'succeeded' }),
        joinNode('j', ['a']),
        processNode('e', { b: 'succeeded' }),
      ],
      { keepGoing: true },
    );
    expect(story.begin()).toEqual(['start a', 'start b', 'wait j']);
    expect(story.ended('a', 'failed')).toEqual(['skipped c', 'failed j']);
    expect(story.ended('b', 'succeeded')).toEqual(['start e']);
    expect(story.ended('e', 'succeeded')).toEqual(['over failed a j']);
  });
});
