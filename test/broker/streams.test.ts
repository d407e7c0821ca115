// When streams end, break off, and end together.
import { expect, test } from 'vitest';
import { type StreamEffect, Streams } from '../../src/broker/streams.ts';

function words(effects: readonly StreamEffect[]): string[] {
  return effects.map((effect) =>
    effect.type === 'silent'
      ? `${effect.node} is silent in ${effect.queue}, ${effect.left} left${effect.aborted ? ', aborted' : ''}`
      : `${effect.queue} ${effect.aborted ? 'aborted' : 'ended'}`,
  );
}

interface Declared {
  name: string;
  producers: string[];
  consumers?: string[];
  group?: string[];
  deadLetter?: string;
}

function streams(...queues: Declared[]): Streams {
  return new Streams(queues.map((queue) => ({ consumers: [], group: null, deadLetter: null, ...queue })));
}

const quiet = { idle: () => true, waits: () => true };

test('a queue closes when its last producer has ended for good', () => {
  const machine = streams({ name: 'q', producers: ['a', 'b'] });
  expect(words(machine.ended('a', false))).toEqual(['a is silent in q, 1 left']);
  expect(words(machine.ended('b', false))).toEqual(['b is silent in q, 0 left', 'q ended']);
  expect(words(machine.ended('b', false))).toEqual([]);
});

test('a queue of dead letters closes once no queue that names it can have any more', () => {
  const machine = streams(
    { name: 'q', producers: ['a'], deadLetter: 'd' },
    { name: 'r', producers: ['a'], deadLetter: 'd' },
    { name: 'd', producers: [] },
  );
  expect(words(machine.begin())).toEqual([]);
  expect(words(machine.outlived('q'))).toEqual(['dead of q is silent in d, 1 left']);
  expect(words(machine.outlived('q'))).toEqual([]);
  expect(words(machine.outlived('d'))).toEqual([]);
  expect(words(machine.outlived('r'))).toEqual(['dead of r is silent in d, 0 left', 'd ended']);
});

test('one producer that failed breaks the stream, once the others have ended', () => {
  const machine = streams({ name: 'q', producers: ['a', 'b'] });
  expect(words(machine.ended('a', true))).toEqual(['a is silent in q, 1 left, aborted']);
  expect(words(machine.ended('b', false))).toEqual(['b is silent in q, 0 left', 'q aborted']);
});

test('what was closed in words is whole, however its process ends', () => {
  const machine = streams({ name: 'q', producers: ['a', 'b'] }, { name: 'r', producers: ['a'] });
  expect(words(machine.closed('q', 'a'))).toEqual(['a is silent in q, 1 left']);
  expect(words(machine.ended('a', true))).toEqual(['a is silent in r, 0 left, aborted', 'r aborted']);
  expect(words(machine.ended('b', false))).toEqual(['b is silent in q, 0 left', 'q ended']);
});

test('a queue to which nobody puts is closed from the beginning', () => {
  const machine = streams({ name: 'q', producers: [] }, { name: 'r', producers: ['a'] });
  expect(words(machine.begin())).toEqual(['q ended']);
});

// seed --> urls <--> crawler.1, crawler.2
const crawl = { name: 'urls', producers: ['seed', 'c.1', 'c.2'], consumers: ['c.1', 'c.2'], group: ['urls'] };

test('queues that feed themselves close when nothing moves and everybody waits', () => {
  const machine = streams(crawl);
  expect(words(machine.settleGroups(quiet))).toEqual([]);
  machine.ended('seed', false);
  expect(words(machine.settleGroups({ ...quiet, idle: () => false }))).toEqual([]);
  expect(words(machine.settleGroups({ ...quiet, waits: (node) => node === 'c.1' }))).toEqual([]);
  expect(words(machine.settleGroups(quiet))).toEqual(['urls ended']);
  expect(words(machine.settleGroups(quiet))).toEqual([]);
});

test('a member that failed breaks the streams of its group', () => {
  const machine = streams(crawl);
  machine.ended('seed', false);
  machine.ended('c.1', true);
  expect(words(machine.settleGroups(quiet))).toEqual(['urls aborted']);
});

test('queues that feed each other close together', () => {
  // a --> up --> b --> down --> a
  const machine = streams(
    { name: 'up', producers: ['a'], consumers: ['b'], group: ['up', 'down'] },
    { name: 'down', producers: ['b'], consumers: ['a'], group: ['up', 'down'] },
  );
  expect(words(machine.settleGroups({ ...quiet, idle: (queue) => queue === 'up' }))).toEqual([]);
  expect(words(machine.settleGroups(quiet))).toEqual(['up ended', 'down ended']);
});
