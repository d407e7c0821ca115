// Random histories of a queue that two `each` take from, beside a program: what is given to a worker is done, given back or condemned;
// one of the takers leaves early. Nothing is lost or given to two, and nobody is told the end while an item may come back.
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { SessionEffect } from '../../src/broker/effect.ts';
import { Queue } from '../../src/broker/queue.ts';
import type { Party } from '../../src/broker/party.ts';
import type { News } from '../../src/broker/news.ts';
import { Switchboard } from '../../src/broker/switchboard.ts';
import { Taker } from '../../src/broker/taker.ts';
import { eachItem, itemsOf } from '../../src/wire/items.ts';
import { queueOf } from '../broker/kit.ts';

type Fate = 'waits' | 'held' | 'done' | 'dead';

/** A program: it holds one item at a time, or waits. */
class Program implements Party {
  readonly session: number;
  readonly instance: string;
  room = 0;
  tag = -1;
  item: number | null = null;
  waiting = false;
  toldEnd = false;

  constructor(switchboard: Switchboard, instance: string) {
    this.session = switchboard.nextSession();
    this.instance = instance;
    switchboard.enter(this);
  }

  perform(_: number, effect: SessionEffect): void {
    if (effect.type === 'room') this.room += effect.count;
    if (effect.type === 'end') this.toldEnd = true;
    if (effect.type !== 'deliver') return;
    this.tag += 1;
    this.waiting = false;
    for (const item of eachItem(effect.batch.items)) this.item = Number(item.toString());
  }

  flush(): void {}
}

class World {
  readonly #fates: Fate[] = [];
  readonly #news: News[] = [];
  readonly #switchboard: Switchboard;
  readonly #putter: Program;
  readonly #getter: Program;
  readonly #takers = new Map<string, { readonly taker: Taker; readonly out: Map<number, number>; ranOut: boolean }>();
  #open = true;
  #sent = 0;

  constructor(workers: number, delivery: 'at-least-once' | 'at-most-once') {
    const channels = [
      queueOf('q', { delivery, producers: ['p'], consumers: ['a', 'b', 'c'], deadLetter: 'd' }),
      queueOf('d', { producers: [], consumers: ['e'] }),
    ];
    const heard = (news: News): void => void this.#news.push(news);
    this.#switchboard = new Switchboard({ runId: 'run', channels, judges: new Map() }, heard);
    this.#putter = new Program(this.#switchboard, 'p');
    this.#getter = new Program(this.#switchboard, 'c');
    for (const node of ['a', 'b']) {
      const taker = new Taker(this.#switchboard, { node, queue: 'q', most: 100 }, (notice) => {
        const it = this.#takers.get(node);
        if (it === undefined) throw new Error(`${node} is gone`);
        if (notice.type === 'ran-out') {
          it.ranOut = true;
          return this.#checkEnd(node);
        }
        const item = Number(notice.content && 'text' in notice.content ? notice.content.text : 'x');
        if (this.#fates[item] !== 'waits') throw new Error(`item ${item} is given and is ${this.#fates[item]}`);
        this.#fates[item] = delivery === 'at-most-once' ? 'done' : 'held';
        it.out.set(notice.ticket, item);
        if (it.out.size > workers) throw new Error(`${node} was given more than it has workers`);
      });
      this.#takers.set(node, { taker, out: new Map(), ranOut: false });
      taker.take(workers);
    }
    this.#queue(this.#putter, 'put').want(this.#putter.session, 1, 1, false);
    this.#turn();
    this.#atMostOnce = delivery === 'at-most-once';
  }

  readonly #atMostOnce: boolean;

  step(choice: number): void {
    const steps: (() => void)[] = [];
    const extra = choice >>> 8;
    if (this.#open)
      steps.push(
        () => this.#put(),
        () => this.#put(),
        () => this.#put(),
      );
    for (const [node, { out }] of this.#takers) {
      for (const ticket of out.keys()) steps.push(() => this.#finish(node, ticket, extra % 4));
      if (node === 'b' && extra % 5 === 0) steps.push(() => this.#leave(node));
    }
    if (this.#getter.item !== null) steps.push(() => this.#getterDone(extra % 3 === 0));
    else if (!this.#getter.waiting && !this.#getter.toldEnd) steps.push(() => this.#get());
    if (this.#open && this.#sent > 6 && extra % 7 === 0) steps.push(() => this.#close());
    steps[choice % steps.length]?.();
    this.#turn();
  }

  /** All that is begun is done, and what is wrong then. */
  settle(): void {
    if (this.#open) this.#close();
    for (let round = 0; round < 1000; round += 1) {
      for (const [node, { out }] of this.#takers) for (const ticket of [...out.keys()]) this.#finish(node, ticket, 0);
      if (this.#getter.item !== null) this.#getterDone(false);
      else if (!this.#getter.waiting && !this.#getter.toldEnd) this.#get();
      this.#turn();
    }
    for (const [node, { ranOut }] of this.#takers) if (!ranOut) throw new Error(`${node} waits for ever`);
    if (!this.#getter.toldEnd) throw new Error('the program waits for ever');
    const open = this.#fates.findIndex((fate) => fate !== 'done' && fate !== 'dead');
    if (open >= 0) throw new Error(`item ${open} is lost`);
    const dead = this.#fates.filter((fate) => fate === 'dead').length;
    const told = this.#switchboard.queues.map(({ machine }) => {
      const { put, done, dead_lettered: dying, left_over: left, redelivered } = machine.view.counts;
      return [put, done, dying, left, redelivered].join(' ');
    });
    const expected = [[this.#sent, this.#sent - dead, dead, 0, 0].join(' '), [dead, 0, 0, dead, 0].join(' ')];
    if (told.join() !== expected.join()) throw new Error(`it counts ${told.join()}, and that is ${expected.join()}`);
    const letters = this.#news.filter(({ type }) => type === 'dead_lettered').length;
    if (letters !== dead) throw new Error(`${dead} are dead, and ${letters} were told of`);
  }

  #put(): void {
    if (this.#putter.room === 0) return;
    this.#putter.room -= 1;
    const items = itemsOf([Buffer.from(String(this.#sent))]);
    this.#fates.push('waits');
    this.#sent += 1;
    this.#queue(this.#putter, 'put').want(this.#putter.session, this.#putter.room + 2, 100, false);
    this.#switchboard.put(this.#putter, this.#switchboard.idOf('q'), items, {});
  }

  #finish(node: string, ticket: number, draw: number): void {
    const it = this.#takers.get(node);
    const item = it?.out.get(ticket);
    if (it === undefined || item === undefined) return;
    it.out.delete(ticket);
    if (draw === 1 && !this.#atMostOnce) {
      it.taker.finish({ ticket, fate: { is: 'back' } });
      this.#fates[item] = 'waits';
    } else if (draw === 2 && !this.#atMostOnce) {
      it.taker.finish({ ticket, fate: { is: 'dead', reason: 'failed', attempts: 2 } });
      this.#fates[item] = 'dead';
    } else {
      it.taker.finish({ ticket, fate: { is: 'done' } });
      this.#fates[item] = 'done';
    }
    it.taker.take(1);
  }

  /** It is stopped: what it has goes back, and it takes nothing more. */
  #leave(node: string): void {
    const it = this.#takers.get(node);
    if (it === undefined) return;
    this.#takers.delete(node);
    for (const item of it.out.values()) if (!this.#atMostOnce) this.#fates[item] = 'waits';
    it.taker.shut();
    it.taker.leave();
    this.#switchboard.settle(node, { held: 'back', stream: 'abort', succeeded: false });
  }

  #get(): void {
    this.#getter.waiting = true;
    this.#queue(this.#getter, 'get').get(this.#getter.session, 1, true);
  }

  #getterDone(back: boolean): void {
    const { session, tag, item } = this.#getter;
    if (item === null) return;
    const queue = this.#queue(this.#getter, 'get');
    this.#getter.item = null;
    if (back && !this.#atMostOnce) queue.giveBack(session, tag, 1);
    else queue.done(session, tag, 1);
    this.#fates[item] = back && !this.#atMostOnce ? 'waits' : 'done';
  }

  #close(): void {
    this.#open = false;
    this.#switchboard.leave(this.#putter.session, 'p', 'goodbye');
    this.#switchboard.settle('p', { held: 'done', stream: 'end', succeeded: true });
  }

  #checkEnd(node: string): void {
    if (this.#open) throw new Error(`${node} is told the end before there is one`);
    const mayComeBack = this.#fates.findIndex((fate) => fate === 'waits' || fate === 'held');
    if (mayComeBack >= 0) throw new Error(`${node} is told the end, and item ${mayComeBack} may come back`);
    if ((this.#takers.get(node)?.out.size ?? 0) > 0) throw new Error(`${node} is told the end while it works`);
  }

  #turn(): void {
    for (let turn = 0; turn < 4; turn += 1) this.#switchboard.turns.takeNow();
    const { item } = this.#getter;
    if (item !== null && this.#fates[item] === 'waits') this.#fates[item] = this.#atMostOnce ? 'done' : 'held';
  }

  #queue(party: Party, role: 'put' | 'get'): Queue {
    return this.#switchboard.queue(party, this.#switchboard.idOf('q'), role);
  }
}

function play(workers: number, delivery: 'at-least-once' | 'at-most-once', choices: readonly number[]): void {
  const world = new World(workers, delivery);
  for (const choice of choices) world.step(choice);
  world.settle();
}

const histories = [
  fc.integer({ min: 1, max: 3 }),
  fc.constantFrom('at-least-once' as const, 'at-most-once' as const),
  fc.array(fc.nat({ max: 0xffffff }), { maxLength: 80, size: 'max' }),
] as const;

afterEach(() => vi.restoreAllMocks());

test('whatever becomes of its items, a queue loses none to its workers and ends when all are done', () => {
  fc.assert(fc.property(...histories, play), { numRuns: 1500 });
});

test.each<[string, () => void]>([
  ['the queue does not know who works', () => vi.spyOn(Queue.prototype, 'occupy').mockImplementation(() => {})],
  ['a condemned item is forgotten', () => vi.spyOn(Queue.prototype, 'condemn').mockImplementation(() => {})],
  ['what is given back is forgotten', () => vi.spyOn(Queue.prototype, 'giveBack').mockImplementation(() => {})],
  ['a taker that leaves keeps what it has', () => vi.spyOn(Taker.prototype, 'leave').mockImplementation(() => {})],
])('it is seen when %s', (_, plant) => {
  plant();
  const found = fc.check(fc.property(...histories, play), { numRuns: 400, endOnFailure: true });
  expect(found.failed).toBe(true);
});
