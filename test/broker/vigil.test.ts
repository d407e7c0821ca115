// The machine that watches who waits, told numbers for time: whom it asks and when, when it is sure, and what it only tells.
import { expect, test } from 'vitest';
import type { Sight, Stance } from '../../src/broker/sight.ts';
import { Vigil, type VigilEffect } from '../../src/broker/vigil.ts';
import type { Cause } from '../../src/broker/waits.ts';
import type { Outlook } from '../../src/broker/suspicion.ts';

/** Who waits for whom, by name; a process has the session and pid of its place in the alphabet. */
class Scene {
  readonly #waits = new Map<string, Omit<Cause, 'channel'>>();
  readonly #others = new Map<string, Stance>();
  readonly moves = new Map<string, number>();
  turns = 0;

  waits(node: string, does: Cause['does'], ...helpers: string[]): this {
    this.#waits.set(node, { does, helpers: new Set(helpers) });
    return this.stir(node);
  }

  runs(node: string): this {
    this.#waits.delete(node);
    return this.stir(node);
  }

  stir(node: string): this {
    this.turns += 1;
    this.moves.set(node, (this.moves.get(node) ?? 0) + 1);
    return this;
  }

  is(stance: Stance): this {
    this.#others.set(stance.node, stance);
    return this;
  }

  get sight(): Sight {
    const stances = [...this.moves].map(([node, moves]): Stance => {
      const sessions = [{ session: sessionOf(node), pid: sessionOf(node), moves }];
      return this.#others.get(node) ?? { node, state: 'present', sessions, streams: [] };
    });
    const others = [...this.#others.values()].filter(({ node }) => !this.moves.has(node));
    const waits = [...this.#waits].map(([node, cause]) => ({
      session: sessionOf(node),
      cause: { ...cause, channel: 'c' },
    }));
    return { stances: [...stances, ...others], waits, turns: this.turns, movers: () => [] };
  }
}

function sessionOf(node: string): number {
  return node.charCodeAt(0);
}

/** Looks as often as the machine wishes, from one time to another. */
function watch(vigil: Vigil, scene: Scene, fromMs: number, toMs: number): { at: number; effect: VigilEffect }[] {
  const all: { at: number; effect: VigilEffect }[] = [];
  for (let at = fromMs; at <= toMs; ) {
    const { effects, nextMs } = vigil.look(scene.sight, at);
    all.push(...effects.map((effect) => ({ at, effect })));
    if (nextMs === null) break;
    at += Math.max(1, nextMs);
  }
  return all;
}

const circle = () => new Scene().waits('a', 'acquire', 'b').waits('b', 'acquire', 'a');
const settings = { deadlockMs: 1000, daemons: [] };
const all = (...passive: string[]): Outlook => ({ passive, pending: [], ways: [] });
const dos = (effects: readonly VigilEffect[]) => effects.map((effect) => effect.do);

/** Both are asked after a second, and say that they are stuck. Gives the inspection that follows. */
function proved(vigil: Vigil, scene: Scene): Extract<VigilEffect, { do: 'inspect' }> {
  expect(watch(vigil, scene, 0, 1000).map(({ effect }) => effect.do)).toEqual(['ask', 'ask']);
  expect(vigil.answered(sessionOf('a'), 'broker', scene.sight, 1010)).toEqual([]);
  const [inspect] = vigil.answered(sessionOf('b'), 'broker', scene.sight, 1020);
  if (inspect?.do !== 'inspect') throw new Error('no inspection');
  return inspect;
}

test('those who wait for each other are asked once they have not stirred for so long, and not before', () => {
  const asked = watch(new Vigil(settings), circle(), 0, 1099);
  expect(asked).toEqual([
    { at: 1000, effect: { do: 'ask', session: sessionOf('a') } },
    { at: 1000, effect: { do: 'ask', session: sessionOf('b') } },
  ]);
});

test('a deadlock is told when both are stuck and nothing else of them runs', () => {
  const vigil = new Vigil(settings);
  const scene = circle();
  const { request, suspects } = proved(vigil, scene);
  expect(suspects).toEqual([
    { node: 'a', pids: [sessionOf('a')], wired: false },
    { node: 'b', pids: [sessionOf('b')], wired: false },
  ]);
  expect(vigil.inspected(request, all('a', 'b'), scene.sight, 1030)).toEqual([
    {
      do: 'deadlock',
      circle: ['a', 'b'],
      waits: [
        { node: 'a', does: 'acquire', channel: 'c', forMs: 1030, on: ['b'] },
        { node: 'b', does: 'acquire', channel: 'c', forMs: 1030, on: ['a'] },
      ],
    },
  ]);
});

test('it is none where something else of one of them runs', () => {
  const vigil = new Vigil(settings);
  const scene = circle();
  const { request } = proved(vigil, scene);
  expect(vigil.inspected(request, all('a'), scene.sight, 1030)).toEqual([]);
});

test('a connection of one that only waits for a child of its own is stuck as well, and is looked at', () => {
  const vigil = new Vigil(settings);
  const [first, holder] = [sessionOf('a'), 7];
  const both = [first, holder].map((session) => ({ session, pid: session, moves: 1 }));
  const scene = circle().is({ node: 'a', state: 'present', sessions: both, streams: [] });
  scene.moves.delete('a');
  expect(watch(vigil, scene, 0, 1000).map(({ effect }) => effect.do)).toEqual(['ask', 'ask', 'ask']);
  vigil.answered(holder, 'child', scene.sight, 1010);
  vigil.answered(sessionOf('b'), 'broker', scene.sight, 1010);
  expect(vigil.answered(first, 'broker', scene.sight, 1010)).toMatchObject([
    { do: 'inspect', suspects: [{ node: 'b' }, { node: 'a', pids: [first, holder] }] },
  ]);
});

test.each(['child', null] as const)('who waits at a channel is not stuck where it says %s', (by) => {
  const vigil = new Vigil(settings);
  const scene = circle();
  watch(vigil, scene, 0, 1000);
  vigil.answered(sessionOf('a'), by, scene.sight, 1010);
  expect(vigil.answered(sessionOf('b'), 'broker', scene.sight, 1010)).toEqual([]);
});

test('it is none where one has stirred while it was looked at', () => {
  const vigil = new Vigil(settings);
  const scene = circle();
  const { request } = proved(vigil, scene);
  expect(vigil.inspected(request, all('a', 'b'), scene.stir('b').sight, 1030)).toEqual([]);
});

test('it is none where another connection of one has come while it was looked at', () => {
  const vigil = new Vigil(settings);
  const scene = circle();
  const { request } = proved(vigil, scene);
  const sessions = [
    { session: sessionOf('b'), pid: sessionOf('b'), moves: scene.moves.get('b') ?? 0 },
    { session: 999, pid: 999, moves: 0 },
  ];
  scene.moves.delete('b');
  scene.is({ node: 'b', state: 'present', sessions, streams: [] });
  expect(vigil.inspected(request, all('a', 'b'), scene.sight, 1030)).toEqual([]);
});

test('it is none where one could be woken by something else, and that one is asked again', () => {
  const vigil = new Vigil(settings);
  const scene = circle();
  watch(vigil, scene, 0, 1000);
  vigil.answered(sessionOf('a'), 'broker', scene.sight, 1010);
  expect(vigil.answered(sessionOf('b'), null, scene.sight, 1010)).toEqual([]);
  const later = watch(vigil, scene, 1100, 2000).map(({ effect }) => effect);
  expect(new Set(later.map((effect) => (effect.do === 'ask' ? effect.session : effect.do)))).toEqual(
    new Set([sessionOf('b')]),
  );
});

test('an answer counts for what was asked, not for what came after', () => {
  const vigil = new Vigil(settings);
  const scene = circle();
  watch(vigil, scene, 0, 1000);
  vigil.answered(sessionOf('a'), 'broker', scene.sight, 1010);
  scene.stir('b');
  expect(vigil.answered(sessionOf('b'), 'broker', scene.sight, 1020)).toEqual([]);
  expect(watch(vigil, scene, 1100, 1900)).toEqual([]);
});

test('one who waits last, long after the others and at no channel, is found as soon as any other', () => {
  const vigil = new Vigil(settings);
  const scene = new Scene().waits('a', 'await', 'b').runs('b');
  expect(watch(vigil, scene, 0, 4999)).toEqual([]);
  const { turns } = scene;
  scene.waits('b', 'await', 'a').turns = turns;
  expect(watch(vigil, scene, 5000, 6099).map(({ at, effect }) => [at, effect.do])).toEqual([
    [6000, 'ask'],
    [6000, 'ask'],
  ]);
});

test('nobody is asked as long as one who could help runs', () => {
  const scene = circle().runs('c').waits('b', 'get', 'a', 'c');
  expect(dos(watch(new Vigil(settings), scene, 0, 9000).map(({ effect }) => effect))).toEqual([]);
});

test('what goes on by itself may help at any time', () => {
  const fed: Stance = { node: 'f', state: 'driven', sessions: [], streams: [] };
  const scene = new Scene().is(fed).waits('a', 'get', 'f');
  expect(watch(new Vigil(settings), scene, 0, 9000)).toEqual([]);
});

test('a join that may yet stop one of them is a way out', () => {
  const vigil = new Vigil(settings);
  const scene = circle();
  const { request } = proved(vigil, scene);
  const outlook = { ...all('a', 'b'), ways: [{ node: 'b', by: 'j' }] };
  expect(vigil.inspected(request, outlook, scene.sight, 1030)).toEqual([]);
});

test('those who may yet stop one of them are part of it where they are stuck as well, and are not what it waits for', () => {
  const vigil = new Vigil(settings);
  const scene = new Scene().waits('a', 'await', 'b').waits('b', 'acquire', 'c').waits('c', 'acquire', 'b');
  expect(watch(vigil, scene, 0, 1000)).toHaveLength(3);
  for (const node of 'ab') vigil.answered(sessionOf(node), 'broker', scene.sight, 1010);
  const [inspect] = vigil.answered(sessionOf('c'), 'broker', scene.sight, 1020);
  if (inspect?.do !== 'inspect') throw new Error('no inspection');
  const outlook = { ...all('a', 'b', 'c'), ways: [{ node: 'b', by: 'a' }] };
  const [deadlock] = vigil.inspected(inspect.request, outlook, scene.sight, 1030);
  expect(deadlock).toMatchObject({ do: 'deadlock', circle: ['b', 'c'] });
});

test('one for which there is no slot waits for who has it, and for what it says', () => {
  const vigil = new Vigil(settings);
  const scene = circle().is({ node: 'w', state: 'absent', sessions: [], streams: [] }).waits('b', 'await', 'w');
  const { request } = proved(vigil, scene);
  const pending = [{ node: 'w', does: 'slot', channel: null, named: ['b'], on: ['a', 'b'], queues: [] }] as const;
  const [deadlock] = vigil.inspected(request, { ...all('a', 'b'), pending }, scene.sight, 1030);
  expect(deadlock).toMatchObject({ do: 'deadlock', circle: ['b', 'w'] });
  const waits = deadlock?.do === 'deadlock' ? deadlock.waits : [];
  expect(waits.find(({ node }) => node === 'w')).toMatchObject({ does: 'slot', channel: null, on: ['b'] });
});

test('what has not started is part of it where it waits for one of them', () => {
  const vigil = new Vigil(settings);
  const scene = new Scene()
    .is({ node: 'w', state: 'absent', sessions: [], streams: [] })
    .waits('a', 'get', 'w')
    .waits('b', 'acquire', 'a');
  const { request, absent } = proved(vigil, scene);
  expect(absent).toEqual(['w']);
  const pending = [{ node: 'w', does: 'start', on: ['b'], queues: [] }] as const;
  const [deadlock] = vigil.inspected(request, { ...all('a', 'b'), pending }, scene.sight, 1030);
  expect(deadlock).toMatchObject({ do: 'deadlock', circle: ['a', 'w', 'b'] });
  expect(deadlock).toHaveProperty('waits[1]', { node: 'w', does: 'start', channel: null, forMs: 1030, on: ['b'] });
});

test('one that a pipe of the kernel joins to a suspect is looked at, and part of it where it waits there', () => {
  const scene = () => new Scene().runs('p').waits('a', 'get', 'p');
  const piped = { ...settings, piped: ['a', 'p'] };
  const inspected = (outlook: Outlook) => {
    const vigil = new Vigil(piped);
    const { sight } = scene();
    expect(dos(watch(vigil, scene(), 0, 1000).map(({ effect }) => effect))).toEqual(['ask', 'ask']);
    vigil.answered(sessionOf('p'), null, sight, 1010);
    const [inspect] = vigil.answered(sessionOf('a'), 'broker', sight, 1020);
    expect(inspect).toMatchObject({ do: 'inspect', suspects: [{ node: 'a' }, { node: 'p', pids: [], wired: false }] });
    return vigil.inspected(inspect?.do === 'inspect' ? inspect.request : 0, outlook, sight, 1030);
  };
  const pipes = [{ node: 'p', does: 'write', on: ['a'] }] as const;
  const [deadlock] = inspected({ ...all('a', 'p'), pipes });
  expect(deadlock).toMatchObject({ do: 'deadlock', circle: ['a', 'p'] });
  expect(inspected(all('a', 'p'))).toEqual([]);
  expect(inspected({ ...all('a'), pipes })).toEqual([]);
  expect(dos(watch(new Vigil(settings), scene(), 0, 5000).map(({ effect }) => effect))).toEqual([]);
});

test('one that works, and that a pipe of the kernel joins to others, is not told as stalled while something moves', () => {
  const vigil = new Vigil({ deadlockMs: 0, daemons: [], piped: ['a', 'p'] });
  const scene = new Scene().runs('p').runs('c').waits('a', 'get', 'p');
  for (let at = 0; at < 30_000; at += 5_000) expect(watch(vigil, scene.stir('c'), at, at + 4_999)).toEqual([]);
});

test('an `each` waits for what it holds itself by its workers', () => {
  const vigil = new Vigil(settings);
  const part = { session: sessionOf('e'), pid: 0, moves: 1 };
  const scene = new Scene()
    .waits('a', 'join', 'e')
    .waits('b', 'acquire', 'a')
    .waits('e', 'get', 'e')
    .is({ node: 'e', state: 'ours', sessions: [], streams: [part], works: ['b'] });
  const { request } = proved(vigil, scene);
  const [deadlock] = vigil.inspected(request, all('a', 'b'), scene.sight, 1030);
  expect(deadlock).toMatchObject({ circle: ['a', 'e', 'b'] });
  expect(deadlock).toHaveProperty('waits', [
    { node: 'a', does: 'join', channel: 'c', forMs: 1030, on: ['e'] },
    { node: 'e', does: 'get', channel: 'c', forMs: 1030, on: ['b'] },
    { node: 'e', does: 'work', channel: null, forMs: 1030, on: ['b'] },
    { node: 'b', does: 'acquire', channel: 'c', forMs: 1030, on: ['a'] },
  ]);
});

test('daemons that only wait for something to do are no deadlock; with a lock between them they are', () => {
  const daemons = { deadlockMs: 1000, daemons: ['a', 'b'] };
  const idle = new Scene().waits('a', 'get', 'b').waits('b', 'get', 'a');
  const vigil = new Vigil(daemons);
  expect(vigil.inspected(proved(vigil, idle).request, all('a', 'b'), idle.sight, 1030)).toEqual([]);
  const stuck = new Vigil(daemons);
  const scene = circle();
  expect(dos(stuck.inspected(proved(stuck, scene).request, all('a', 'b'), scene.sight, 1030))).toEqual(['deadlock']);
});

test('0 asks nobody', () => {
  const told = watch(new Vigil({ deadlockMs: 0, daemons: [] }), circle(), 0, 9000);
  expect(told).toEqual([]);
});

test('where nothing has moved for ten seconds, who waits is told, once', () => {
  const vigil = new Vigil(settings);
  const scene = new Scene().runs('c').waits('a', 'join', 'c');
  const stalled = watch(vigil, scene, 0, 60_000);
  expect(stalled).toEqual([
    {
      at: 10_000,
      effect: { do: 'stalled', waits: [{ node: 'a', does: 'join', channel: 'c', forMs: 10_000, on: ['c'] }] },
    },
  ]);
  scene.stir('c');
  expect(watch(vigil, scene, 60_000, 120_000)).toEqual([]);
});

test('it is not told of a daemon that waits for something to do, nor of anybody while something moves', () => {
  const idle = new Scene().runs('c').waits('a', 'get', 'c');
  expect(watch(new Vigil({ deadlockMs: 1000, daemons: ['a'] }), idle, 0, 60_000)).toEqual([]);
  const vigil = new Vigil(settings);
  const busy = new Scene().runs('c').waits('a', 'join', 'c');
  for (let at = 0; at < 30_000; at += 5_000) expect(watch(vigil, busy.stir('c'), at, at + 4_999)).toEqual([]);
});

test('who waits for the end of a daemon is told though others move, but for a daemon', () => {
  const vigil = new Vigil({ deadlockMs: 1000, daemons: ['c', 'd'] });
  const scene = new Scene().runs('b').runs('c').waits('a', 'await', 'c').waits('d', 'await', 'c');
  const told: VigilEffect[] = [];
  for (let at = 0; at < 30_000; at += 5_000)
    told.push(...watch(vigil, scene.stir('b'), at, at + 4_999).map(({ effect }) => effect));
  const wait = { node: 'a', does: 'await', channel: 'c', forMs: 10_000, on: ['c'], daemon: true };
  expect(told).toEqual([{ do: 'stalled', waits: [wait] }]);
});

test('when the run is interrupted, who has waited for some seconds is told', () => {
  const vigil = new Vigil(settings);
  const scene = new Scene().runs('c').waits('a', 'join', 'c');
  watch(vigil, scene, 0, 2000);
  expect(vigil.interrupted(scene.sight, 2900)).toEqual([]);
  expect(vigil.interrupted(scene.sight, 4000)).toEqual([
    { do: 'stalled', waits: [{ node: 'a', does: 'join', channel: 'c', forMs: 4000, on: ['c'] }] },
  ]);
});
