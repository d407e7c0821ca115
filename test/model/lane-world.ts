// A small world about one queue with a direct lane: a process that puts and one that takes, as the protocol has them, whose words
// to each other and to the broker travel for any time. Either may be killed at any moment, end, ask how the queue stands, or
// meet another session of its own; the one that takes may leave with its last words said, and another follows that takes what is
// left. Each item is known by its number; what a queue does not promise is complained of.
import type { SessionEffect } from '../../src/broker/effect.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { LaneLog } from '../../src/sdk/lane-log.ts';
import { LaneTags } from '../../src/sdk/lane-tags.ts';
import { eachItem, type Items, itemsOf } from '../../src/wire/items.ts';
import type { LaneMap } from '../../src/wire/message.ts';

/** What the two ends of a lane say to each other, and who is still there to hear it. */
interface Link {
  readonly items: { readonly first: number; readonly items: Items }[];
  readonly receipts: (() => void)[];
  /** The end that puts, and the one that takes, has closed it. */
  shut: boolean;
  deaf: boolean;
}

interface Taker {
  readonly link: Link;
  readonly log: LaneLog;
  go: boolean;
  received: number;
  early: Items[];
  passed: number;
  orphan: boolean;
  map: LaneMap | null;
  base: number;
}

/** Something taken: its number, and what the broker calls it (null: it is on a lane, as that number). */
interface Thing {
  readonly number: number;
  tag: number | null;
  readonly lane: number;
}

/** Of each item, in bytes. */
const SIZE = 4;
const P = 1;
const C = 2;
const OTHER = 3;
const NEXT = 4;

export class LaneWorld {
  /** So many items went over lanes. */
  carried = 0;
  readonly #queue: Queue;
  readonly #maxsize: number;
  #now = 0;
  #putterAlive = true;
  #takerAlive = true;
  /** How either ended for good, once the broker is told. */
  readonly #said = { p: [] as (() => void)[], c: [] as (() => void)[] };
  readonly #heard = { p: [] as SessionEffect[], c: [] as SessionEffect[] };
  // The putter.
  #room = 0;
  #next = 0;
  #wants = false;
  #closed = false;
  #out: { link: Link; log: LaneLog; put: number; sent: number; offset: number; peak: number } | null = null;
  #offered: Link | null = null;
  // The taker.
  #in: Taker | null = null;
  #ahead: Thing[] = [];
  #after: Thing[] = [];
  #held: Thing[] = [];
  #nextTag = 0;
  #waits = false;
  #end: 'end' | 'abort' | null = null;
  #lastTaken = -1;
  #returned = false;
  readonly #had = new Set<number>();
  readonly #done = new Set<number>();
  readonly #doneTold = new Set<number>();
  #taken = 0;
  #settled = false;
  #visits = 0;
  /** What the taker had and had not done when it left in good order, and failed. */
  #owed: ReadonlySet<number> | null = null;

  constructor(queue: Queue, maxsize: number) {
    this.#queue = queue;
    this.#maxsize = maxsize;
    queue.enter(P, 'p', true);
    queue.enter(C, 'c', true);
  }

  /** Until there is a lane that items come over. */
  openLane(): void {
    for (let step = 0; !this.#in?.go; step += 1) {
      if (step > 100) this.#complain('no lane is opened');
      this.#hearAll();
      if (this.#offered !== null) this.#connect(true);
      else if (this.#ahead.length > 0) this.#take();
      else if (this.#held.length > 0) this.#finish();
      else if (!this.#waits) this.#get(3);
      else if (this.#room > 0) this.#put();
      else this.#want();
      this.#turn();
    }
  }

  step(choice: number): void {
    const acts = this.#acts();
    const act = acts[choice % acts.length] as () => void;
    this.#now += (choice >> 8) % 3;
    act();
    this.#turn();
  }

  /** Both come to their end, the putter first, and all that was ever put is somewhere. */
  settle(): void {
    for (let round = 0; round < 10_000; round += 1) {
      this.#now += 10;
      if (!this.#everything()) break;
      this.#turn();
    }
    if (this.#owed !== null) this.#succeed(this.#owed);
    const counts = this.#queue.view.counts;
    const lost = this.#next - counts.put;
    if (lost < 0 || (lost > 0 && !this.#killedPutter))
      this.#complain(`${this.#next} were put, and ${counts.put} counted`);
    const over = counts.done + counts.left_over;
    if (over !== counts.put) this.#complain(`of ${counts.put} put ${over} are done or left`);
    if (counts.done < this.#doneTold.size)
      this.#complain(`${this.#doneTold.size} are done, and ${counts.done} counted`);
    // What goes back after the end was told, to one who waits and holds it, is left over.
    if ((this.#takerAlive || this.#endedWell) && !this.#returned) {
      if (counts.left_over > 0) this.#complain(`${counts.left_over} are left over`);
      if (this.#taken < counts.put) this.#complain(`only ${this.#taken} of ${counts.put} came`);
    }
    this.carried = counts.direct;
  }

  #killedPutter = false;
  #endedWell = false;

  /** All that could be done now. */
  #acts(): (() => void)[] {
    const acts: (() => void)[] = [];
    const { p, c } = this.#heard;
    if (p.length > 0 && this.#putterAlive) acts.push(() => this.#hearPutter(p.shift() as SessionEffect));
    if (c.length > 0 && this.#takerAlive) acts.push(() => this.#hearTaker(c.shift() as SessionEffect));
    // Last words go together, and often faster than it is found out that somebody was killed.
    const last = this.#owed === null ? [] : Array.from({ length: 20 }, () => this.#said.c);
    for (const said of [this.#said.p, this.#said.c, ...last])
      if (said.length > 0) acts.push(() => (said.shift() as () => void)());
    if (this.#putterAlive) acts.push(...this.#putting());
    if (this.#takerAlive) acts.push(...this.#taking());
    if (this.#visits === 0 && this.#now % 23 === 0) {
      acts.push(() => {
        this.#visits = 1;
        this.#queue.enter(OTHER, 'c', false);
        this.#queue.stat(OTHER, 9);
      });
    } else if (this.#visits === 1) {
      acts.push(() => {
        this.#visits = 2;
        this.#queue.leave(OTHER, 'goodbye');
      });
    }
    if (acts.length === 0) acts.push(() => {});
    return acts;
  }

  #putting(): (() => void)[] {
    const acts: (() => void)[] = [];
    if (!this.#closed && this.#room > 0)
      acts.push(
        () => this.#put(),
        () => this.#put(),
        () => this.#put(),
      );
    if (!this.#closed && this.#room === 0 && !this.#wants && this.#out === null) {
      acts.push(() => this.#want());
    }
    const out = this.#out;
    if (out !== null) {
      if (out.link.receipts.length > 0) acts.push(() => (out.link.receipts.shift() as () => void)());
      if (out.sent < out.put && !out.link.deaf) acts.push(() => this.#send());
      if (this.#now % 13 === 0) acts.push(() => this.#closeOut());
    }
    if (this.#offered !== null) acts.push(() => this.#connect(this.#now % 5 > 0));
    acts.push(() => {
      if (this.#now % 61 === 0) this.#kill('p');
    });
    return acts;
  }

  #taking(): (() => void)[] {
    const acts: (() => void)[] = [];
    const inn = this.#in;
    if (inn !== null) {
      const { link } = inn;
      if (link.items.length > 0) acts.push(() => this.#receive(inn));
      if (this.#now % 11 === 1) acts.push(() => link.receipts.push(() => this.#closeOut()));
    }
    if (this.#ahead.length > 0)
      acts.push(
        () => this.#take(),
        () => this.#take(),
      );
    if (this.#held.length > 0) acts.push(() => this.#finish());
    // Who waits may be told the end by what it holds, and has nothing to give back to after that.
    if (!this.#waits && this.#end === null) acts.push(() => this.#giveBack());
    if (this.#ahead.length === 0 && !this.#waits && this.#end === null && !inn?.go) {
      acts.push(() => this.#get(3));
    }
    if (this.#now % 11 === 0) acts.push(() => this.#said.c.push(() => this.#queue.stat(C, 7)));
    acts.push(() => {
      if (this.#now % 61 === 0) this.#kill('c');
      else if (this.#now % (this.#putterAlive ? 61 : 5) === 1) this.#quit(inn);
    });
    return acts;
  }

  /** Nothing is on its way to the broker or from it. */
  #hearAll(): void {
    for (const said of [this.#said.p, this.#said.c]) for (const say of said.splice(0)) say();
    this.#turn();
    for (const effect of this.#heard.p.splice(0)) this.#hearPutter(effect);
    for (const effect of this.#heard.c.splice(0)) this.#hearTaker(effect);
  }

  // ---- The putter ----

  #want(): void {
    this.#wants = true;
    this.#said.p.push(() => this.#queue.want(P, 1, SIZE, false));
  }

  #put(): void {
    this.#room -= 1;
    const number = this.#next;
    this.#next += 1;
    const items = itemsOf([Buffer.from(String(number).padStart(SIZE, '0'))]);
    const out = this.#out;
    if (out === null) return void this.#said.p.push(() => this.#queue.put(P, items));
    out.log.add({ first: out.put, count: 1, size: items.size, read: () => [items] });
    out.put += 1;
    out.peak = Math.max(out.peak, out.put - out.log.taken);
    if (this.#maxsize > 0 && this.#next - this.#taken > this.#maxsize && !this.#returned) {
      this.#complain(`${this.#next - this.#taken} wait where ${this.#maxsize} may`);
    }
  }

  #send(): void {
    const out = this.#out;
    if (out === null) return;
    const passage = out.log.passages.find(({ first }) => first === out.sent);
    if (passage === undefined) throw new Error('sent and not kept');
    out.link.items.push({ first: out.sent, items: passage.read()[0] as Items });
    out.sent += 1;
  }

  #connect(can: boolean): void {
    const link = this.#offered as Link;
    this.#offered = null;
    if (!can || this.#closed || link.deaf) return void this.#said.p.push(() => this.#queue.bypass?.ready(P, false));
    this.#said.p.push(() => this.#queue.bypass?.ready(P, true));
    this.#out = { link, log: new LaneLog(), put: 0, sent: 0, offset: 0, peak: 0 };
  }

  #closeOut(): void {
    // What one that has left had said is read before.
    if (this.#owed !== null) for (const said of this.#out?.link.receipts.splice(0) ?? []) said();
    const out = this.#out;
    if (out === null || !this.#putterAlive) return;
    this.#out = null;
    out.link.shut = true;
    for (const { first, items, taken } of out.log.undone()) {
      const sent = first < out.sent;
      this.#said.p.push(() => this.#queue.bypass?.handOver(P, first, items, { sent, taken }));
    }
    const { put, sent, log, peak } = out;
    const { taken, done } = log;
    this.#said.p.push(() => this.#queue.bypass?.close(P, { put, sent, taken, done, peak }));
  }

  #hearPutter(effect: SessionEffect): void {
    if (effect.type === 'room') {
      this.#room += effect.count;
      this.#wants = false;
    } else if (effect.type === 'lane') {
      this.#offered = this.#link;
    } else if (effect.type === 'lane-stop') {
      if (this.#out !== null) this.#closeOut();
      else if (this.#offered !== null) this.#connect(false);
    } else if (effect.type === 'broken') {
      this.#closeOut();
      this.#closed = true;
    } else if (effect.type === 'refused' || effect.type === 'recall') this.#wants = false;
  }

  // ---- The taker ----

  #get(count: number): void {
    this.#waits = true;
    this.#said.c.push(() => this.#queue.get(C, count, true));
  }

  #link: Link | null = null;
  readonly #postponed: SessionEffect[] = [];

  #hearTaker(effect: SessionEffect): void {
    switch (effect.type) {
      case 'deliver': {
        const things = [...eachItem(effect.batch.items)].map((item): Thing => {
          this.#nextTag += 1;
          return { number: Number(item.toString()), tag: this.#nextTag - 1, lane: 0 };
        });
        this.#waits = false;
        (this.#in?.map ? this.#after : this.#ahead).push(...things);
        return;
      }
      case 'lane': {
        // Once all is here that came over the last one.
        if (this.#in !== null) return void this.#postponed.push(effect);
        const link: Link = { items: [], receipts: [], shut: false, deaf: false };
        this.#link = link;
        this.#in = {
          link,
          log: new LaneLog(),
          go: false,
          received: 0,
          early: [],
          passed: 0,
          orphan: false,
          map: null,
          base: 0,
        };
        return void this.#said.c.push(() => this.#queue.bypass?.ready(C, true));
      }
      case 'lane-go': {
        const inn = this.#in as Taker;
        inn.go = true;
        this.#waits = false;
        for (const items of inn.early.splice(0)) this.#pass(inn, items);
        return;
      }
      case 'lane-stop':
        (this.#in as Taker).orphan = true;
        return this.#judge();
      case 'lane-map': {
        const inn = this.#in as Taker;
        inn.map = effect.map;
        inn.base = this.#nextTag;
        for (const [, count] of effect.map.ranges) this.#nextTag += count;
        return this.#judge();
      }
      case 'end':
        this.#end = effect.aborted ? 'abort' : 'end';
        this.#waits = false;
        return;
      default:
      // Said to those who put, or about locks.
    }
  }

  #receive(inn: Taker): void {
    const { items } = inn.link.items.shift() as { items: Items };
    inn.received += items.count;
    if (inn.go) this.#pass(inn, items);
    else inn.early.push(items);
    this.#judge();
  }

  #pass(inn: Taker, items: Items): void {
    inn.log.add({ first: inn.passed, count: items.count, size: items.size, read: () => [items] });
    for (const item of eachItem(items)) {
      this.#ahead.push({ number: Number(item.toString()), tag: null, lane: inn.passed });
      inn.passed += 1;
    }
  }

  #judge(): void {
    const inn = this.#in;
    if (inn === null) return;
    const { link, map } = inn;
    const whole = link.items.length === 0 && (link.shut || inn.orphan);
    if (map === null && inn.orphan && whole) this.#handOver(inn);
    else if (map !== null && (!inn.go || inn.received >= map.sent)) this.#become(inn, map);
  }

  #handOver(inn: Taker): void {
    inn.orphan = false;
    for (const { first, items, taken } of inn.log.undone())
      this.#said.c.push(() => this.#queue.bypass?.handOver(C, first, items, { sent: true, taken }));
    let first = inn.passed;
    for (const items of inn.early) {
      const at = first;
      this.#said.c.push(() => this.#queue.bypass?.handOver(C, at, items, { sent: true, taken: false }));
      first += items.count;
    }
    const put = inn.received;
    const { taken, done } = inn.log;
    this.#said.c.push(() => this.#queue.bypass?.close(C, { put, sent: put, taken, done, peak: 0 }));
  }

  #become(inn: Taker, map: LaneMap): void {
    const tags = new LaneTags(map.ranges, inn.base);
    const { log } = inn;
    let taken = 0;
    for (const [first, count] of map.ranges) taken += Math.max(0, Math.min(count, log.taken - first));
    if (taken > 0) {
      // What came back while there was a lane came in between.
      const overtaken = this.#ahead.filter(({ tag }) => tag !== null);
      this.#ahead = this.#ahead.filter(({ tag }) => tag === null);
      for (const { tag } of overtaken) this.#said.c.push(() => this.#queue.giveBack(C, tag as number, 1));
      if (overtaken.length > 0) this.#returned = true;
      this.#said.c.push(() => this.#queue.taken(C, taken));
    }
    for (const [first, count] of map.ranges)
      for (const run of log.doneWithin(first, count))
        for (const { tag, count: many } of tags.of(run.first, run.count)) {
          this.#said.c.push(() => this.#queue.done(C, tag, many));
        }
    for (const thing of [...this.#ahead, ...this.#held]) {
      if (thing.tag !== null) continue;
      const [at] = tags.of(thing.lane, 1);
      if (at === undefined) this.#complain(`item ${thing.number} has no tag and is not done`);
      else thing.tag = at.tag;
    }
    this.#ahead.sort((one, other) => (one.tag as number) - (other.tag as number));
    this.#ahead.push(...this.#after.splice(0));
    this.#in = null;
    inn.link.deaf = true;
    for (const effect of this.#postponed.splice(0)) this.#hearTaker(effect);
  }

  #take(): void {
    const thing = this.#ahead.shift() as Thing;
    this.#taken += 1;
    if (!this.#returned && thing.number !== this.#lastTaken + 1) {
      this.#complain(`item ${thing.number} came after ${this.#lastTaken}`);
    }
    if (this.#done.has(thing.number)) this.#complain(`item ${thing.number} came again after it was done`);
    this.#lastTaken = Math.max(this.#lastTaken, thing.number);
    this.#had.add(thing.number);
    this.#held.push(thing);
    if (thing.tag !== null) return void this.#said.c.push(() => this.#queue.taken(C, 1));
    const inn = this.#in as Taker;
    inn.log.take(1);
    const out = () => {
      const bytes = this.#out?.link === inn.link ? this.#out.log.take(1) : null;
      if (bytes !== null) this.#room += 1;
    };
    inn.link.receipts.push(out);
  }

  #finish(): void {
    const thing = this.#held.shift() as Thing;
    this.#done.add(thing.number);
    const { tag, lane } = thing;
    if (tag !== null) {
      this.#said.c.push(() => {
        this.#queue.done(C, tag, 1);
        this.#doneTold.add(thing.number);
      });
      return;
    }
    const inn = this.#in as Taker;
    inn.log.finish(lane, 1);
    inn.link.receipts.push(() => {
      if (this.#out?.link === inn.link) this.#out.log.finish(lane, 1);
    });
  }

  #giveBack(): void {
    const index = this.#held.findIndex(({ tag }) => tag !== null);
    const [thing] = index < 0 ? [] : this.#held.splice(index, 1);
    if (thing === undefined) return;
    this.#taken -= 1;
    this.#returned = true;
    this.#said.c.push(() => this.#queue.giveBack(C, thing.tag as number, 1));
  }

  // ---- Ends ----

  #kill(who: 'p' | 'c'): void {
    if (who === 'p') {
      this.#putterAlive = false;
      this.#killedPutter = true;
      if (this.#out !== null) this.#out.link.shut = true;
      this.#out = null;
      this.#said.p.push(() => {
        this.#queue.leave(P, 'lost');
        this.#queue.settle('p', 'back', false);
        this.#queue.silence('p', 0);
        this.#queue.abort();
        this.#queue.closeStream(true);
      });
    } else {
      this.#takerAlive = false;
      if (this.#in !== null) this.#in.link.deaf = true;
      const out = this.#out;
      if (out !== null) out.link.receipts.push(() => this.#closeOut());
      this.#said.c.push(() => {
        this.#queue.leave(C, 'lost');
        this.#queue.settle('c', 'back', false);
      });
    }
  }

  /** The taker leaves, having said all that it took and did, and its process has failed. */
  #quit(inn: Taker | null): void {
    this.#takerAlive = false;
    if (inn !== null) {
      inn.link.deaf = true;
      inn.link.receipts.push(() => this.#closeOut());
      if (inn.link.shut && inn.go && inn.map === null) {
        for (const { items } of inn.link.items.splice(0)) {
          inn.received += items.count;
          inn.early.push(items);
        }
        this.#handOver(inn);
      }
      const { taken } = inn.log;
      const done = [...inn.log.doneWithin(0, taken)].map(({ first, count }): [number, number] => [first, count]);
      if (taken > 0) this.#said.c.push(() => this.#queue.bypass?.told(C, { taken, done }));
    }
    const early = inn?.go ? inn.early.flatMap((items) => [...eachItem(items)].map(Number)) : [];
    this.#owed = new Set([...[...this.#held, ...this.#ahead].map(({ number }) => number), ...early]);
    this.#said.c.push(() => {
      this.#queue.leave(C, 'goodbye');
      this.#queue.recover('c', 'failed');
    });
  }

  /** Another takes what is left, and can tell what its predecessor had in hand from what it had never taken. */
  #succeed(owed: ReadonlySet<number>): void {
    const missing = new Set(owed);
    this.#queue.enter(NEXT, 'c', false);
    for (let tag = 0, more = true; more; ) {
      more = false;
      this.#queue.get(NEXT, 10, true);
      for (const effect of this.#queue.turn(this.#now)) {
        if (effect.type !== 'deliver' || effect.session !== NEXT) continue;
        const { items, seen } = effect.batch;
        for (const item of eachItem(items)) {
          const number = Number(item.toString());
          missing.delete(number);
          if (seen !== this.#had.has(number))
            this.#complain(`item ${number} comes ${seen ? 'as' : 'not as'} one that was had`);
          if (this.#done.has(number)) this.#complain(`item ${number} came again after it was done`);
        }
        this.#queue.done(NEXT, tag, items.count);
        tag += items.count;
        more = true;
      }
    }
    if (missing.size > 0) this.#complain(`${missing.size} that it had do not come again`);
  }

  /** Everybody does what there is to do. False: nothing is. */
  #everything(): boolean {
    let moved = false;
    const act = (when: boolean, what: () => void) => {
      if (!when) return;
      moved = true;
      what();
    };
    act(this.#said.p.length > 0, () => (this.#said.p.shift() as () => void)());
    act(this.#said.c.length > 0, () => (this.#said.c.shift() as () => void)());
    act(this.#putterAlive && this.#heard.p.length > 0, () => this.#hearPutter(this.#heard.p.shift() as SessionEffect));
    act(this.#takerAlive && this.#heard.c.length > 0, () => this.#hearTaker(this.#heard.c.shift() as SessionEffect));
    if (moved) return true;
    if (this.#visits === 1) {
      this.#visits = 2;
      this.#queue.leave(OTHER, 'goodbye');
      return true;
    }
    if (this.#putterAlive) {
      act(this.#offered !== null, () => this.#connect(false));
      act(this.#out !== null, () => this.#closeOut());
      if (!moved && !this.#settled) {
        this.#settled = true;
        moved = true;
        this.#said.p.push(() => {
          this.#queue.leave(P, 'goodbye');
          this.#queue.settle('p', 'done', true);
          this.#queue.silence('p', 0);
          this.#queue.closeStream(false);
        });
      }
    }
    if (!this.#takerAlive || moved) return moved;
    const inn = this.#in;
    act(inn !== null && inn.link.items.length > 0, () => this.#receive(inn as Taker));
    act(this.#ahead.length > 0, () => this.#take());
    act(this.#held.length > 0, () => this.#finish());
    if (!moved && inn !== null && inn.orphan) {
      this.#judge();
      moved = inn.orphan !== this.#in?.orphan;
    }
    act(!moved && !this.#waits && this.#end === null, () => {
      this.#waits = true;
      this.#said.c.push(() => this.#queue.get(C, 10, true));
    });
    if (moved || this.#end === null || this.#endedWell) return moved;
    this.#endedWell = true;
    this.#said.c.push(() => {
      this.#queue.leave(C, 'goodbye');
      this.#queue.settle('c', 'done', true);
    });
    return true;
  }

  #turn(): void {
    for (const effect of this.#queue.turn(this.#now)) {
      if (!('session' in effect)) continue;
      if (effect.session === P) this.#heard.p.push(effect as SessionEffect);
      if (effect.session === C) this.#heard.c.push(effect as SessionEffect);
    }
  }

  #complain(what: string): never {
    throw new Error(what);
  }
}
