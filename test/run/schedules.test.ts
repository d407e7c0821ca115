// The schedules of runs in a run: a sub-pipeline is one node to what is around it, and a run to what is in it.
import { describe, expect, it } from 'vitest';
import type { Node, NodeId, Plan } from '../../src/plan/plan.ts';
import type { Ending } from '../../src/run/outcome.ts';
import { type IsWanted, Schedules } from '../../src/run/schedules.ts';
import { queueOf } from '../kit/channels.ts';
import { daemonNode, joinNode, pipelineNode, planOf, processNode } from '../kit/plan.ts';
import { words } from './schedule-words.ts';

class Story {
  readonly schedules: Schedules;
  constructor(nodes: readonly Node[], settings: Partial<Plan> = {}, isWanted?: IsWanted) {
    this.schedules = new Schedules(planOf(nodes, settings), isWanted);
  }
  begin = (): string[] => words(this.schedules.begin(0));
  started = (node: string): string[] => words(this.schedules.started(node, 0));
  ended = (node: string, outcome: Ending['outcome'], more: Partial<Ending> = {}): string[] =>
    words(this.schedules.ended({ node, outcome, ...more }, 0));
  recorded = (queue: string, reason: string | null = null): string[] =>
    words(this.schedules.recorded(queue, reason, 0));
  stop = (): string[] => words(this.schedules.stop('interrupted', 0));
  at = (now: number): string[] => words(this.schedules.tick(now));
}

function inside(within: NodeId, ...nodes: readonly Node[]): readonly Node[] {
  return nodes.map((node) => ({ ...node, within }));
}

describe('a sub-pipeline', () => {
  it('begins when what it needs holds, runs what is in it in its own order, and has then succeeded', () => {
    const story = new Story([
      processNode('a'),
      pipelineNode('sub', { a: 'succeeded' }),
      ...inside('sub', processNode('sub/x'), processNode('sub/y', { 'sub/x': 'succeeded' })),
      processNode('b', { sub: 'succeeded' }),
    ]);
    expect(story.begin()).toEqual(['start a']);
    expect(story.ended('a', 'succeeded')).toEqual(['wait sub', 'start sub/x']);
    expect(story.ended('sub/x', 'succeeded')).toEqual(['start sub/y']);
    expect(story.ended('sub/y', 'succeeded')).toEqual(['succeeded sub', 'start b']);
    expect(story.ended('b', 'succeeded')).toEqual(['over']);
  });

  it('has started when it begins', () => {
    const story = new Story([
      pipelineNode('sub'),
      ...inside('sub', processNode('sub/x')),
      processNode('b', { sub: 'started' }),
    ]);
    expect(story.begin()).toEqual(['wait sub', 'start b', 'start sub/x']);
  });

  it('with nothing in it has succeeded at once', () => {
    const story = new Story([pipelineNode('sub'), processNode('b', { sub: 'succeeded' })]);
    expect(story.begin()).toEqual(['wait sub', 'succeeded sub', 'start b']);
  });

  describe('with a queue of its own that is written to a file', () => {
    const to = { type: 'lines', path: '/x' } as const;
    const story = () =>
      new Story([pipelineNode('sub'), ...inside('sub', processNode('sub/x')), processNode('b', { sub: 'succeeded' })], {
        channels: [queueOf('sub/q', { to }), queueOf('q', { to })],
      });

    it('has succeeded only once that file is whole', () => {
      const it = story();
      expect(it.begin()).toEqual(['wait sub', 'start sub/x']);
      expect(it.ended('sub/x', 'succeeded')).toEqual([]);
      expect(it.recorded('q')).toEqual([]);
      expect(it.recorded('sub/q')).toEqual(['succeeded sub', 'start b']);
    });

    it('has succeeded with its last process where the file was whole before', () => {
      const it = story();
      it.begin();
      expect(it.recorded('sub/q')).toEqual([]);
      expect(it.ended('sub/x', 'succeeded')).toEqual(['succeeded sub', 'start b']);
    });

    it('has failed where it never will be', () => {
      const it = story();
      it.begin();
      it.ended('sub/x', 'succeeded');
      expect(it.recorded('sub/q', 'no space')).toContain('failed sub');
    });

    it('is stopped with the run, and does not wait for it', () => {
      const it = story();
      it.begin();
      it.ended('sub/x', 'succeeded');
      expect(it.stop()).toContain('stopped sub');
      const other = story();
      other.begin();
      other.stop();
      expect(other.ended('sub/x', 'stopped')).toContain('over');
    });
  });

  it('stops its daemons when all else in it has ended, and ends after them', () => {
    const story = new Story([
      pipelineNode('sub'),
      ...inside('sub', daemonNode('sub/d'), processNode('sub/x')),
      processNode('b'),
    ]);
    story.begin();
    expect(story.ended('sub/x', 'succeeded')).toEqual(['stop sub/d']);
    expect(story.ended('sub/d', 'stopped')).toEqual(['succeeded sub']);
    expect(story.ended('b', 'succeeded')).toEqual(['over']);
  });

  it('that fails stops what is in it, and then fails the run as a process does', () => {
    const story = new Story([
      pipelineNode('sub'),
      ...inside('sub', processNode('sub/x'), processNode('sub/y'), processNode('sub/z', { 'sub/y': 'succeeded' })),
      processNode('b'),
    ]);
    story.begin();
    expect(story.ended('sub/x', 'failed')).toEqual(['stop sub/y', 'cancelled sub/z']);
    expect(story.ended('sub/y', 'stopped')).toEqual(['failed sub', 'stopping', 'stop b']);
    expect(story.ended('b', 'stopped')).toEqual(['over failed sub']);
  });

  it('that fails leaves the others alone with `on_failure: continue`', () => {
    const story = new Story([
      pipelineNode('sub', {}, { onFailure: 'continue' }),
      ...inside('sub', processNode('sub/x')),
      processNode('b'),
    ]);
    story.begin();
    expect(story.ended('sub/x', 'failed')).toEqual(['failed sub']);
    expect(story.ended('b', 'succeeded')).toEqual(['over failed sub']);
  });

  it('that fails is cleaned up after', () => {
    const story = new Story([
      pipelineNode('sub'),
      ...inside('sub', processNode('sub/x')),
      processNode('mend', { sub: 'failed' }),
    ]);
    story.begin();
    expect(story.ended('sub/x', 'failed')).toEqual(['failed sub', 'start mend']);
    expect(story.ended('mend', 'succeeded')).toEqual(['over failed sub']);
  });

  it('has not failed where a failure in it is ignored, or a skipped clean-up is all that did not run', () => {
    const story = new Story([
      pipelineNode('sub'),
      ...inside('sub', processNode('sub/x'), processNode('sub/mend', { 'sub/x': 'failed' })),
      processNode('b', { sub: 'succeeded' }),
    ]);
    story.begin();
    expect(story.ended('sub/x', 'succeeded')).toEqual(['skipped sub/mend', 'succeeded sub', 'start b']);
  });

  it('is skipped with all that is in it where its `if` is false', () => {
    const story = new Story(
      [
        pipelineNode('sub'),
        ...inside('sub', pipelineNode('sub/in')),
        ...inside('sub/in', processNode('sub/in/x')),
        processNode('b', { sub: 'completed' }),
      ],
      {},
      () => false,
    );
    expect(story.begin()).toEqual(['skipped sub', 'skipped sub/in', 'skipped sub/in/x', 'start b']);
  });

  it('has failed where its `if` has no value', () => {
    const story = new Story([pipelineNode('sub'), ...inside('sub', processNode('sub/x'))], {}, () => ({
      refused: 'no',
    }));
    expect(story.begin()).toEqual(['failed sub', 'skipped sub/x', 'stopping', 'over failed sub']);
  });

  it('that takes too long is stopped, and has timed out', () => {
    const story = new Story([
      pipelineNode('sub', {}, { timeoutMs: 50, onFailure: 'continue' }),
      ...inside('sub', processNode('sub/x'), processNode('sub/y', { 'sub/x': 'succeeded' })),
      processNode('b', { sub: 'failed' }),
    ]);
    story.begin();
    expect(story.schedules.nextDeadline()).toBe(50);
    expect(story.at(49)).toEqual([]);
    expect(story.at(50)).toEqual(['stop sub/x', 'cancelled sub/y']);
    expect(story.ended('sub/x', 'stopped')).toEqual(['timed_out sub', 'start b']);
    expect(story.schedules.nextDeadline()).toBe(null);
  });

  it('that loses a race is terminated with all that is in it', () => {
    const story = new Story([
      pipelineNode('fast'),
      ...inside('fast', processNode('fast/x')),
      pipelineNode('slow'),
      ...inside('slow', processNode('slow/x'), pipelineNode('slow/in')),
      ...inside('slow/in', processNode('slow/in/x'), processNode('slow/in/y', { 'slow/in/x': 'succeeded' })),
      joinNode('race', ['fast', 'slow'], { mode: 1, onPass: 'terminate' }),
    ]);
    story.begin();
    expect(story.ended('fast/x', 'succeeded')).toEqual([
      'succeeded fast',
      'passed race',
      'terminate slow/x',
      'terminate slow/in/x',
      'terminated slow/in/y',
    ]);
    expect(story.ended('slow/in/x', 'terminated')).toEqual(['terminated slow/in']);
    expect(story.ended('slow/x', 'terminated')).toEqual(['terminated slow', 'over']);
  });

  it('is stopped with the run, and what has not begun never starts', () => {
    const story = new Story([
      pipelineNode('sub'),
      ...inside('sub', processNode('sub/x'), daemonNode('sub/d', { 'sub/x': 'started' })),
      pipelineNode('later', { sub: 'succeeded' }),
      ...inside('later', processNode('later/x')),
    ]);
    story.begin();
    expect(story.stop()).toEqual(['stopping', 'cancelled later', 'cancelled later/x', 'stop sub/x', 'cancelled sub/d']);
    expect(story.ended('sub/x', 'stopped')).toEqual(['stopped sub', 'over']);
  });

  it('does not count on what may become ready though nothing of it stirs', () => {
    const prospects = (type: 'tcp' | 'sdk') => {
      const probe = type === 'tcp' ? { type, host: 'h', port: 1 } : { type };
      const ready = { probe, intervalMs: 250, timeoutMs: 60_000 };
      const story = new Story([processNode('p', {}, { ready }), processNode('a', { p: 'ready' })]);
      story.begin();
      story.schedules.started('p', 0);
      return story.schedules.prospects(['p'], ['a'])?.pending;
    };
    expect(prospects('sdk')).toEqual([{ node: 'a', does: 'start', on: ['p'], queues: [] }]);
    expect(prospects('tcp')).toEqual([]);
  });

  it('may yet be terminated by those who control it or what it is in, as long as they have not ended', () => {
    const story = new Story([
      pipelineNode('sub'),
      ...inside('sub', processNode('sub/x'), processNode('sub/y', {}, { controls: ['sub/x'] })),
      processNode('b', {}, { controls: ['sub'] }),
      processNode('c', { b: 'succeeded' }, { controls: ['sub'] }),
    ]);
    story.begin();
    const waysOf = () => story.schedules.prospects(['sub/x'], [])?.ways.map(({ by }) => by);
    expect(waysOf()).toEqual(['sub/y', 'b', 'c']);
    expect(story.schedules.prospects(['sub/x'], [])?.pending).toEqual([
      { node: 'c', does: 'start', on: ['b'], queues: [] },
    ]);
    story.ended('sub/y', 'succeeded');
    story.ended('b', 'succeeded');
    expect(waysOf()).toEqual(['c']);
  });

  it('is waited for, and waits, in a deadlock', () => {
    const story = new Story([
      pipelineNode('sub'),
      ...inside('sub', processNode('sub/x'), processNode('sub/y', { 'sub/x': 'succeeded' })),
      processNode('b', { sub: 'succeeded' }),
      pipelineNode('later', { b: 'succeeded' }),
      ...inside('later', processNode('later/x')),
    ]);
    story.begin();
    expect(story.schedules.prospects(['sub/x'], ['later/x'])).toEqual({
      ways: [],
      pending: [
        { node: 'later/x', does: 'start', on: ['later'], queues: [] },
        { node: 'later', does: 'start', on: ['b'], queues: [] },
        { node: 'b', does: 'start', on: ['sub'], queues: [] },
        { node: 'sub', does: 'pass', on: ['sub/x', 'sub/y'], queues: [] },
        { node: 'sub/y', does: 'start', on: ['sub/x'], queues: [] },
      ],
    });
  });
});
