// Who starts when, where not all that is due may run at once.
import { describe, expect, it } from 'vitest';
import type { Channel, Node } from '../../src/plan/plan.ts';
import { type Admission, scheduleOf } from '../../src/run/admission.ts';
import type { Ending } from '../../src/run/outcome.ts';
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';
import { daemonNode, joinNode, planOf, processNode } from '../kit/plan.ts';
import { lockOf, queueOf } from '../kit/channels.ts';

class Story {
  readonly #schedule;
  constructor(slots: number | null, nodes: readonly Node[], channels: readonly Channel[] = []) {
    this.#schedule = scheduleOf(planOf(nodes, { slots, channels }));
  }
  begin = (): string[] => words(this.#schedule.begin(0));
  started = (node: string): string[] => words(this.#schedule.started(node, 0));
  ended = (node: string, outcome: Ending['outcome'] = 'succeeded'): string[] =>
    words(this.#schedule.ended({ node, outcome }, 0));
  stop = (): string[] => words(this.#schedule.stop('interrupted', 0));
  rest = (node: string): string[] => {
    const gate = this.#schedule as Admission;
    return gate.rest(node) ? words(gate.letIn(0)) : ['keeps it'];
  };
  comeBack = (node: string): string[] => words((this.#schedule as Admission).comeBack(node, 0));
  waits = (absent: readonly string[]) => this.#schedule.prospects([], absent)?.pending;
}

function words(effects: readonly ScheduleEffect[]): string[] {
  return effects.map((effect) => {
    if (effect.do === 'end') return `${effect.fate.outcome} ${effect.fate.node}`;
    if (effect.do === 'start') return `start ${effect.nodes.join('|')}`;
    return 'node' in effect && effect.node !== null ? `${effect.do} ${effect.node}` : effect.do;
  });
}

const queue = (name: string, maxsize: number, producers: readonly string[], consumers: readonly string[]): Channel =>
  queueOf(name, { maxsize, encoding: 'json', producers, consumers });

describe('slots', () => {
  it('go to those who are due, in their order, as others end; daemons and joins take none', () => {
    const story = new Story(2, [
      daemonNode('d'),
      processNode('a'),
      processNode('b'),
      processNode('c'),
      joinNode('j', ['a', 'b', 'c']),
      processNode('e', { a: 'succeeded' }),
    ]);
    expect(story.begin()).toEqual(['wait j', 'start d', 'start a', 'start b']);
    expect(story.ended('a')).toEqual(['start c']);
    expect(story.ended('c')).toEqual(['start e']);
  });

  it('are taken together by a producer and the consumer of its bounded queue', () => {
    const story = new Story(2, [processNode('x'), processNode('p'), processNode('c')], [queue('q', 1, ['p'], ['c'])]);
    expect(story.begin()).toEqual(['start x']);
    expect(story.ended('x')).toEqual(['start p', 'start c']);
  });

  it('are not taken by one of two who talk before the other is due', () => {
    const line: Channel = {
      kind: 'pipe',
      name: 'l',
      at: { line: 1, column: 1 },
      encoding: 'json',
      duplex: true,
      ends: ['a', 'b'],
    };
    const story = new Story(2, [processNode('a'), processNode('x'), processNode('b', { x: 'succeeded' })], [line]);
    expect(story.begin()).toEqual(['start x']);
    expect(story.ended('x')).toEqual(['start a', 'start b']);
  });

  it('go to one whose mate starts only once it has', () => {
    const nodes = [processNode('p'), processNode('c', { p: 'started' }), processNode('x')];
    const story = new Story(2, nodes, [queue('q', 1, ['p'], ['c'])]);
    expect(story.begin()).toEqual(['start p', 'start x']);
    expect(story.started('p')).toEqual([]);
    expect(story.ended('x')).toEqual(['start c']);
  });

  it('go to a producer before its reader, whichever comes first, where one is left', () => {
    const story = new Story(1, [processNode('c'), processNode('p')], [queue('q', 0, ['p'], ['c'])]);
    expect(story.begin()).toEqual(['start p']);
    expect(story.ended('p')).toEqual(['start c']);
  });

  it('are kept from those behind a large group that could start once those have ended who run', () => {
    const group = ['a', 'b', 'c'].map((id, at) =>
      processNode(
        id,
        {},
        {
          ...(at > 0 ? { stdin: { type: 'process', process: 'ab'.charAt(at - 1) } } : {}),
          ...(at < 2 ? { stdout: { type: 'process', process: 'bc'.charAt(at) } } : {}),
        },
      ),
    );
    const story = new Story(3, [processNode('x'), processNode('y'), ...group, processNode('z')]);
    expect(story.begin()).toEqual(['start x', 'start y']);
    expect(story.ended('x')).toEqual([]);
    expect(story.ended('y')).toEqual(['start a|b|c']);
    expect(story.ended('b')).toEqual(['start z']);
  });

  it('are given to others between two attempts, and had again in turn', () => {
    const story = new Story(1, [processNode('a'), processNode('b'), processNode('c')]);
    expect(story.begin()).toEqual(['start a']);
    expect(story.rest('a')).toEqual(['start b']);
    expect(story.comeBack('a')).toEqual([]);
    expect(story.waits(['a'])).toEqual([
      { node: 'a', does: 'slot', channel: null, named: ['b'], on: ['b'], queues: [] },
    ]);
    expect(story.ended('b')).toEqual(['start c']);
    expect(story.ended('c')).toEqual(['admit a']);
    expect(story.ended('a')).toEqual(['over']);
  });

  it('are kept for who rests and is needed: nobody has them who would not give them back', () => {
    const nodes = [processNode('p'), processNode('c'), processNode('x'), processNode('y'), processNode('z')];
    const story = new Story(2, nodes, [queue('q', 1, ['p'], ['c']), queue('r', 1, ['x'], ['y'])]);
    expect(story.begin()).toEqual(['start p', 'start c']);
    expect(story.rest('c')).toEqual(['start z']);
    expect(story.comeBack('c')).toEqual([]);
    expect(story.ended('z')).toEqual(['admit c']);
  });

  it('are not waited for any more by one that is stopped between two attempts, or in line', () => {
    const story = new Story(1, [processNode('a'), processNode('b')]);
    story.begin();
    story.rest('a');
    story.comeBack('a');
    expect(story.stop()).toEqual(['stopping', 'stop a', 'stop b']);
    expect(story.ended('b', 'stopped')).toEqual([]);
    expect(story.ended('a', 'stopped')).toEqual(['over']);
  });

  it('are had by daemons that come back, whoever waits', () => {
    const story = new Story(1, [daemonNode('d'), processNode('a'), processNode('b')]);
    story.begin();
    story.rest('d');
    expect(story.comeBack('d')).toEqual(['admit d']);
  });

  it('are told to be waited for by the first in line, after long, and ever more rarely', () => {
    const gate = scheduleOf(planOf([processNode('a'), processNode('b'), processNode('c')], { slots: 1 }));
    gate.begin(0);
    expect(gate.nextDeadline()).toBe(10_000);
    expect(gate.tick(9999)).toEqual([]);
    const fact = { does: 'start', channel: null, forMs: 10_000, on: ['a'] };
    expect(gate.tick(10_000)).toEqual([
      {
        do: 'queued',
        waits: [
          { ...fact, node: 'b' },
          { ...fact, node: 'c' },
        ],
        behind: 0,
      },
    ]);
    expect(gate.nextDeadline()).toBe(30_000);
    gate.ended({ node: 'a', outcome: 'succeeded' }, 11_000);
    gate.ended({ node: 'b', outcome: 'succeeded' }, 12_000);
    expect(gate.nextDeadline()).toBeNull();
  });

  it('are asked for in vain once the run stops: who waits is cancelled', () => {
    const story = new Story(1, [processNode('a'), processNode('b')]);
    expect(story.begin()).toEqual(['start a']);
    expect(story.stop()).toEqual(['stopping', 'stop a', 'cancelled b']);
    expect(story.ended('a', 'stopped')).toEqual(['over']);
  });

  it('are not needed to be terminated', () => {
    const race = joinNode('j', ['a', 'b', 'c'], { mode: 1, onPass: 'terminate' });
    const story = new Story(1, [processNode('a'), processNode('b'), processNode('c'), race]);
    expect(story.begin()).toEqual(['wait j', 'start a']);
    expect(story.ended('a')).toEqual(
      ['end j', 'terminated b', 'terminated c', 'over'].map((it) => it.replace('end j', 'passed j')),
    );
  });

  it('that others have are what one waits for in a deadlock', () => {
    const story = new Story(1, [processNode('a'), processNode('b')]);
    story.begin();
    expect(story.waits(['b'])).toEqual([
      { node: 'b', does: 'slot', channel: null, named: ['a'], on: ['a'], queues: [] },
    ]);
  });
});

describe('holds', () => {
  const lock = lockOf('l', []);
  const rw: Channel = { ...lock, name: 'page', lock: 'rw' };
  const holds = (id: string, name: string, shared = false): Node =>
    processNode(id, {}, { holds: [{ lock: name, shared }] });
  const story = (nodes: readonly Node[], channels: readonly Channel[] = []): Story =>
    new Story(null, nodes, [lock, rw, ...channels]);

  it('lets those who want the same lock run one after the other, and keeps nobody else', () => {
    const { begin, ended, waits } = story([holds('a', 'l'), holds('b', 'l'), processNode('c')]);
    expect(begin()).toEqual(['start a', 'start c']);
    expect(waits(['b'])).toEqual([{ node: 'b', does: 'start', channel: 'l', named: ['a'], on: ['a'], queues: [] }]);
    expect(ended('a', 'failed')).toContain('cancelled b');
  });

  it('lets readers in together, and a writer alone, each in its turn', () => {
    const nodes = [holds('r', 'page', true), holds('s', 'page', true), holds('w', 'page'), holds('t', 'page', true)];
    const { begin, ended } = story(nodes);
    expect(begin()).toEqual(['start r', 'start s']);
    expect(ended('r')).toEqual([]);
    expect(ended('s')).toEqual(['start w']);
    expect(ended('w')).toEqual(['start t']);
  });

  it('gives a lock to the writer of a queue before its reader, whichever is first', () => {
    const { begin, ended } = story([holds('c', 'l'), holds('p', 'l')], [queue('q', 0, ['p'], ['c'])]);
    expect(begin()).toEqual(['start p']);
    expect(ended('p')).toEqual(['start c']);
  });
});
