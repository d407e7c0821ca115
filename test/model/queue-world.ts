// A small world about one queue: honest clients whose words and the broker's travel for any time, programs that put, take,
// finish, give back, stop waiting and die. It knows of every item where it is, and complains at the first thing that the
// queue's promises do not allow. `settle` lets everybody do what they can until nothing moves any more.
import type { Batch } from '../../src/broker/batch.ts';
import type { Effect } from '../../src/broker/effect.ts';
import type { Departure } from '../../src/broker/departure.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { AsideItems } from '../../src/wire/aside.ts';
import { eachItem, itemsOf } from '../../src/wire/items.ts';
import { mayReadAhead } from '../../src/wire/message.ts';
import { type Thing, type ThingManner, Things, type ThingSettings } from './things.ts';

export interface WorldSettings extends ThingSettings {
  readonly attempts: number;
  readonly deadLetter: string | null;
  readonly delivery: 'at-least-once' | 'at-most-once';
  /** Items lie in shared memory, each by itself. */
  readonly aside: boolean;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
}

interface Client {
  readonly session: number;
  readonly instance: string;
  readonly role: 'put' | 'get';
  /** What it said and the broker has not heard, and the other way round. */
  readonly said: (() => void)[];
  readonly heard: Effect[];
  /** Sizes of the items that its program wants to put, and how. */
  toPut: number[];
  manner: ThingManner;
  /** Room by the broker's count. */
  lent: number;
  lentBytes: number;
  asked: { readonly count: number; readonly bytes: number };
  roomCount: number;
  roomBytes: number;
  /** What was put, from this side. */
  ahead: Given[];
  held: Given[];
  nextTag: number;
  /** How many the broker sent to it. */
  given: number;
  accepts: number;
  waiting: boolean;
  /** The end it gets from, as the broker has heard. */
  right: boolean;
  ended: boolean;
  closed: boolean;
}

export class QueueWorld {
  readonly #queue: Queue;
  readonly #settings: WorldSettings;
  readonly #clients = new Map<number, Client>();
  readonly #things: Things;
  /** What each join that is not answered waits for, by its request. */
  readonly #joins = new Map<number, { readonly session: number; readonly things: readonly Thing[] }>();
  #requests = 0;
  readonly #lives: Set<string>;
  #sessions = 0;
  #now = 0;
  /** Items came back, so that more may wait than the queue admits. */
  #cameBack = false;
  /** Dead letters that the queue has not spoken of. */
  #unburied: Thing[] = [];
  readonly #verdicts: string[] = [];
  /** Items that lay aside and were said to be over. */
  #overs = 0;

  constructor(queue: Queue, settings: WorldSettings) {
    this.#queue = queue;
    this.#settings = settings;
    this.#things = new Things(settings);
    this.#lives = new Set([...settings.producers, ...settings.consumers]);
    for (const instance of settings.producers) this.#open(instance, 'put');
    for (const instance of settings.consumers) this.#open(instance, 'get');
  }

  /** Does one of the things that could happen now; `choice` says which. */
  step(choice: number): void {
    const possible = this.#possible();
    if (possible.length === 0) return;
    const [, act] = possible[choice % possible.length] as Step;
    act(choice >>> 8);
    this.#turn();
  }

  /** Ends every producer, lets consumers take and finish everything, and says what is not as it should be. */
  settle(): void {
    for (const late of this.#late) this.#turnOut(late);
    this.#comeToRest();
    for (const { session, toPut } of this.#clients.values()) {
      if (toPut.length > 0) throw new Error(`session ${session} waits in put for ever`);
    }
    for (const instance of this.#settings.producers) this.#end(instance, 'done', false);
    this.#comeToRest();
    for (const { session, ended } of this.#clients.values()) {
      if (!ended) throw new Error(`session ${session} waits in get for ever`);
    }
    for (const instance of this.#settings.consumers) this.#end(instance, 'done', false);
    this.#turn();
    this.#checkItems();
  }

  // ---- What can happen ----

  #possible(): Step[] {
    const steps: Step[] = [];
    for (const client of this.#clients.values()) {
      if (client.said.length > 0)
        steps.push(['arrive', () => client.said.shift()?.()], ['arrive', () => client.said.shift()?.()]);
      if (client.heard.length > 0) steps.push(['hear', () => this.#hear(client)], ['hear', () => this.#hear(client)]);
      if (client.role === 'put') this.#producerSteps(client, steps);
      else this.#consumerSteps(client, steps);
      steps.push(['wait', () => this.#wait()]);
      if (!client.ended && !client.closed) steps.push(['join', () => this.#join(client)]);
    }
    for (const late of this.#late) steps.push(['turn out', () => this.#turnOut(late)]);
    const alive = this.#settings.consumers.filter((it) => this.#lives.has(it));
    if (alive.length > 1) {
      const victim = alive[0] as string;
      steps.push(['die', () => this.#end(victim, 'back', true)]);
      const parting = alive.at(-1) as string;
      steps.push(['finish', () => this.#end(parting, 'done', false)]);
      steps.push(['fork', () => this.#open(victim, 'get')]);
    }
    return steps;
  }

  #producerSteps(client: Client, steps: Step[]): void {
    if (client.closed) return;
    if (client.toPut.length < 4) {
      steps.push(['put', (extra) => this.#program(client, [extra % 23], extra)]);
      steps.push([
        'put many',
        (extra) =>
          this.#program(
            client,
            Array.from({ length: 1 + (extra % 9) }, (_, i) => (extra + i * 7) % 31),
            extra,
          ),
      ]);
    }
    if (client.toPut.length > 0) steps.push(['give up', () => this.#unwant(client)]);
    if (client.roomCount > 0 && client.toPut.length === 0) steps.push(['give room', () => this.#giveRoom(client)]);
  }

  #consumerSteps(client: Client, steps: Step[]): void {
    if (client.ended) return;
    const { session } = client;
    if (client.accepts < 8) {
      steps.push([
        'get',
        (extra) => {
          const count = 1 + (extra % 5);
          const waiting = client.ahead.length === 0;
          client.accepts += count;
          client.waiting = waiting;
          const right = this.#settings.order === 'deque' && (extra >>> 4) % 2 === 0;
          client.said.push(() => this.#get(client, count, waiting, right));
        },
      ]);
    }
    if (client.ahead.length > 0) {
      steps.push(['take', (extra) => this.#take(client, 1 + (extra % client.ahead.length))]);
      steps.push(['return ahead', (extra) => this.#returnAhead(client, 1 + (extra % client.ahead.length))]);
    }
    if (client.held.length > 0) {
      steps.push(['done', (extra) => this.#done(client, extra)], ['done', () => this.#done(client, 0)]);
      steps.push(['give back', (extra) => this.#giveBack(client, extra)]);
    }
    if (client.waiting) {
      steps.push([
        'unget',
        () => {
          client.waiting = false;
          client.said.push(() => this.#queue.unget(session));
        },
      ]);
    }
    const brothers = [...this.#clients.values()].filter((it) => it.instance === client.instance);
    if (brothers.length > 1) {
      const hows: Departure[] = ['goodbye', 'died', 'lost'];
      steps.push(['leave', (extra) => this.#leaveAlone(client, hows[extra % 3] as Departure)]);
    }
  }

  // ---- Producers ----

  #program(client: Client, sizes: readonly number[], extra: number): void {
    if (client.toPut.length === 0) client.manner = this.#manner(extra);
    client.toPut.push(...sizes);
    if (!this.#send(client)) this.#want(client);
  }

  /** Puts what there is room for, and says whether that is all. */
  #send(client: Client): boolean {
    const bytes: Buffer[] = [];
    while (client.toPut.length > 0) {
      const size = client.toPut[0] as number;
      if (client.roomCount < 1 || client.roomBytes < size) break;
      client.toPut.shift();
      client.roomCount -= 1;
      client.roomBytes -= size;
      bytes.push(Buffer.alloc(size));
    }
    const { manner } = client;
    if (bytes.length > 0) client.said.push(() => this.#arrivePut(client, bytes, manner));
    return client.toPut.length === 0;
  }

  #want(client: Client): void {
    const count = client.toPut.length;
    const size = client.toPut.reduce((sum, it) => sum + it, 0);
    client.said.push(() => {
      client.asked = { count, bytes: size };
      this.#queue.want(client.session, count, size, false);
    });
  }

  #manner(extra: number): ThingManner {
    const { order } = this.#settings;
    if (order === 'priority') return { priority: PRIORITIES[(extra >>> 4) % PRIORITIES.length] as number };
    return order === 'deque' ? { left: (extra >>> 4) % 2 === 0 } : {};
  }

  #unwant(client: Client): void {
    client.toPut = [];
    client.said.push(() => this.#queue.unwant(client.session));
  }

  #giveRoom(client: Client): void {
    const { roomCount, roomBytes } = client;
    client.roomCount = 0;
    client.roomBytes = 0;
    client.said.push(() => {
      this.#queue.giveRoom(client.session, roomCount, roomBytes);
      client.lent -= roomCount;
      client.lentBytes -= roomBytes;
    });
  }

  #arrivePut(client: Client, blank: readonly Buffer[], manner: ThingManner): void {
    this.#things.put(
      blank.map(({ length }) => length),
      manner,
    );
    if (this.#settings.aside)
      for (const { length } of blank) this.#queue.put(client.session, this.#aside(length), manner);
    else this.#queue.put(client.session, itemsOf(blank), manner);
    client.lent -= blank.length;
    client.lentBytes -= blank.reduce((sum, { length }) => sum + length, 0);
    // What was sent of a queue that drops waits no more, and does again where it comes back.
    if (!this.#cameBack && !this.#things.drops) this.#checkBound(0);
  }

  #aside(size: number): AsideItems {
    let over = false;
    const end = () => {
      if (over) throw new Error('an item is said to be over twice');
      over = true;
      this.#overs += 1;
    };
    return new AsideItems({ area: 1, at: 0, size }, (_, into) => into.fill(0), { over: end });
  }

  // ---- Consumers ----

  #get(client: Client, count: number, waiting: boolean, right: boolean): void {
    client.right = right;
    this.#queue.get(client.session, count, waiting, right);
  }

  #join(client: Client): void {
    this.#requests += 1;
    const request = this.#requests;
    client.said.push(() => {
      const things = this.#things.all.filter((it) => !isOver(it));
      this.#joins.set(request, { session: client.session, things });
      this.#queue.join(client.session, request);
    });
  }

  #take(client: Client, count: number): void {
    const taken = client.ahead.splice(0, count);
    client.held.push(...taken);
    client.said.push(() => {
      this.#queue.taken(client.session, count);
      for (const { number } of taken) this.#nowTaken(number);
    });
    if (this.#settings.delivery === 'at-most-once') client.held = [];
  }

  #nowTaken(number: number): void {
    const thing = this.#things.get(number);
    thing.seen = true;
    if (this.#settings.delivery === 'at-most-once') thing.place = { at: 'done' };
    else if (thing.place.at === 'session') thing.place = { ...thing.place, taken: true };
  }

  #done(client: Client, extra: number): void {
    const at = extra % client.held.length;
    const [{ tag, number }] = client.held.splice(at, 1) as [Given];
    client.said.push(() => {
      // Their memory may be written to again.
      for (const { items } of this.#queue.done(client.session, tag, 1)) items.bytes.fill(0xff);
      this.#things.get(number).place = { at: 'done' };
    });
  }

  #giveBack(client: Client, extra: number): void {
    const at = extra % client.held.length;
    const [{ tag, number }] = client.held.splice(at, 1) as [Given];
    client.said.push(() => {
      this.#queue.giveBack(client.session, tag, 1);
      this.#things.get(number).place = { at: 'backlog' };
      this.#cameBack = true;
    });
  }

  #returnAhead(client: Client, count: number): void {
    const given = client.ahead.splice(client.ahead.length - count, count);
    // What is before them counts as taken by that.
    const before = client.ahead.splice(0);
    client.held.push(...before);
    if (this.#settings.delivery === 'at-most-once') client.held = [];
    const tag = (given[0] as { tag: number }).tag;
    client.said.push(() => {
      this.#queue.giveBack(client.session, tag, count);
      for (const { number } of before) this.#nowTaken(number);
      for (const { number } of given) this.#things.get(number).place = { at: 'backlog' };
    });
  }

  /** While its instance lives on: one that is lost turns out to have died. */
  #leaveAlone(client: Client, how: Departure): void {
    this.#leave(client, how);
    if (how === 'lost') this.#late.push(client);
  }

  #turnOut(late: Client): void {
    this.#late = this.#late.filter((it) => it !== late);
    this.#queue.leave(late.session, 'died');
    this.#comeBack(this.#orphans.filter((it) => it.session === late.session).map((it) => it.thing));
    this.#orphans = this.#orphans.filter((it) => it.session !== late.session);
  }

  #leave(client: Client, how: Departure): void {
    // A goodbye is said in order; a connection that is lost takes with it what was on its way.
    if (how === 'goodbye') {
      for (const say of client.said.splice(0)) {
        say();
        this.#turn();
      }
    }
    this.#turn();
    this.#clients.delete(client.session);
    for (const [request, { session }] of this.#joins) if (session === client.session) this.#joins.delete(request);
    const mine = this.#things.all.filter((it) => it.place.at === 'session' && it.place.session === client.session);
    this.#queue.leave(client.session, how);
    if (how === 'died') this.#comeBack(mine);
    if (how === 'lost')
      for (const thing of mine) this.#orphans.push({ instance: client.instance, session: client.session, thing });
    if (how === 'goodbye') {
      for (const thing of mine) {
        if (thing.place.at === 'session' && thing.place.taken) {
          this.#orphans.push({ instance: client.instance, session: client.session, thing });
        } else {
          thing.place = { at: 'backlog' };
        }
      }
    }
  }

  /** What came back after a bad end. */
  readonly #suspects = new Set<Thing>();
  #late: Client[] = [];
  #orphans: { instance: string; session: number; thing: Thing }[] = [];

  /** All that one session was given: what is taken is charged, and what was sent because somebody waited; or else what was sent first. */
  #comeBack(things: readonly Thing[]): void {
    const given = things.flatMap((thing) => (thing.place.at === 'session' ? [{ thing, ...thing.place }] : []));
    const inHand = given.filter((it) => it.taken || this.#suspects.has(it.thing) || !mayReadAhead(this.#settings));
    const first = given.toSorted((a, b) => a.tag - b.tag).slice(0, 1);
    for (const { thing } of inHand.length > 0 ? inHand : first) thing.charges += 1;
    for (const { thing } of given) {
      thing.seen = true;
      this.#suspects.add(thing);
      if (thing.charges < this.#settings.attempts) thing.place = { at: 'backlog' };
      else if (this.#settings.deadLetter === null) thing.place = { at: 'exhausted' };
      else {
        thing.place = { at: 'dead' };
        this.#unburied.push(thing);
      }
      this.#cameBack = true;
    }
  }

  #end(instance: string, held: 'done' | 'back', abrupt: boolean): void {
    for (const client of [...this.#clients.values()]) {
      if (client.instance === instance) this.#leave(client, abrupt ? 'lost' : 'goodbye');
    }
    this.#lives.delete(instance);
    this.#late = this.#late.filter((it) => it.instance !== instance);
    const mine = this.#orphans.filter((it) => it.instance === instance);
    this.#orphans = this.#orphans.filter((it) => it.instance !== instance);
    if (held === 'back') {
      for (const session of new Set(mine.map((it) => it.session))) {
        this.#comeBack(mine.filter((it) => it.session === session).map((it) => it.thing));
      }
    } else {
      for (const { thing } of mine) thing.place = { at: 'done' };
    }
    this.#queue.settle(instance, held, !abrupt);
    if (this.#settings.producers.includes(instance)) {
      const left = this.#settings.producers.filter((it) => this.#lives.has(it)).length;
      this.#queue.silence(instance, left);
      if (left === 0) this.#queue.closeStream(false);
    }
  }

  #open(instance: string, role: 'put' | 'get'): void {
    if ([...this.#clients.values()].filter((it) => it.instance === instance).length > 2) return;
    this.#sessions += 1;
    const session = this.#sessions;
    this.#queue.enter(session, instance);
    this.#clients.set(session, {
      session,
      instance,
      role,
      said: [],
      heard: [],
      toPut: [],
      manner: {},
      lent: 0,
      lentBytes: 0,
      asked: { count: 0, bytes: 0 },
      roomCount: 0,
      roomBytes: 0,
      ahead: [],
      held: [],
      nextTag: 0,
      given: 0,
      accepts: 0,
      waiting: false,
      right: false,
      ended: false,
      closed: false,
    });
  }

  // ---- The broker's words ----

  #wait(): void {
    this.#now += 3;
  }

  #turn(): void {
    const [asked] = this.#clients.keys();
    if (asked !== undefined) this.#queue.stat(asked, STAT);
    for (const effect of this.#queue.turn(this.#now)) {
      if (effect.type === 'deliver') this.#checkDelivery(effect.session, effect.batch, effect.right);
      if (effect.type === 'drained' || effect.type === 'stranded') this.#verdicts.push(effect.type);
      if (effect.type === 'dead') this.#checkDead(effect);
      if (effect.type === 'room') this.#checkRoom(effect.session, effect.count, effect.bytes);
      if (effect.type === 'refused' && !effect.never) this.#checkRefusal(effect.session);
      if (effect.type === 'reply' && effect.request === STAT) this.#checkSize(effect.stat?.size, effect.stat?.room);
      else if (effect.type === 'reply') this.#checkJoin(effect.request);
      else if (effect.type === 'denied') this.#joins.delete(effect.request);
      else if ('session' in effect) this.#clients.get(effect.session)?.heard.push(effect);
    }
    if (this.#unburied.length > 0) throw new Error(`item ${this.#unburied[0]?.number} is dead, and nobody hears of it`);
    this.#checkCounts();
    this.#checkWaits();
    if (this.#settings.aside) this.#checkOvers();
  }

  #checkDead({ items, death }: Extract<Effect, { type: 'dead' }>): void {
    if (death.attempts !== this.#settings.attempts) throw new Error(`an item is dead after ${death.attempts} attempts`);
    for (const { length } of eachItem(items)) {
      const at = this.#unburied.findIndex(({ size }) => size === length);
      if (at < 0) throw new Error('an item is called dead that is not');
      this.#unburied.splice(at, 1);
    }
  }

  #hear(client: Client): void {
    const effect = client.heard.shift();
    switch (effect?.type) {
      case 'room':
        client.roomCount += effect.count;
        client.roomBytes += effect.bytes;
        this.#send(client);
        break;
      case 'deliver':
        for (let index = 0; index < effect.batch.items.count; index += 1) {
          client.ahead.push({ tag: client.nextTag, number: effect.batch.first + index });
          client.nextTag += 1;
        }
        client.accepts -= effect.batch.items.count;
        client.waiting = false;
        break;
      case 'withdrawn':
        if (!effect.puts) client.accepts = 0;
        else if (client.toPut.length === 0 && client.roomCount > 0) this.#giveRoom(client);
        break;
      case 'recall':
        if (effect.room && client.toPut.length === 0 && client.roomCount > 0) this.#giveRoom(client);
        if (!effect.room && client.ahead.length > 0) this.#returnAhead(client, client.ahead.length);
        break;
      case 'end':
        client.ended = true;
        client.waiting = false;
        break;
      case 'refused':
        // Full: the program goes on without it.
        client.toPut = [];
        if (effect.never) client.closed = true;
        else if (client.roomCount > 0) this.#giveRoom(client);
        break;
      case 'broken':
        client.closed = true;
        client.toPut = [];
        break;
      default:
        break;
    }
  }

  // ---- Rest ----

  #comeToRest(): void {
    for (let rounds = 0; this.#rest(); rounds += 1) {
      if (rounds > 10_000) throw new Error('it never comes to rest');
    }
  }

  /** Everybody does what they would do by themselves. Returns whether anything moved. */
  #rest(): boolean {
    let moved = false;
    for (const client of [...this.#clients.values()]) {
      while (client.said.length > 0) {
        client.said.shift()?.();
        this.#turn();
        moved = true;
      }
      this.#turn();
      while (client.heard.length > 0) {
        this.#hear(client);
        moved = true;
      }
      if (client.role === 'get' && !client.ended) {
        if (client.ahead.length > 0) {
          this.#take(client, 1);
          moved = true;
        }
        if (client.held.length > 0) {
          this.#done(client, 0);
          moved = true;
        }
        if (client.ahead.length === 0 && !client.waiting) {
          client.waiting = true;
          client.accepts += 1;
          client.said.push(() => this.#get(client, 1, true, false));
          moved = true;
        }
      }
    }
    // Patience may run out.
    this.#now += 10;
    this.#turn();
    for (const client of this.#clients.values()) if (client.heard.length > 0) moved = true;
    return moved;
  }

  #checkItems(): void {
    const lost = this.#things.all.find((it) => !isOver(it) && it.place.at !== 'exhausted');
    if (lost !== undefined) throw new Error(`item ${lost.number} is lost: ${JSON.stringify(lost.place)}`);
    const verdict = this.#things.at('exhausted').length > 0 ? 'stranded' : 'drained';
    if (this.#verdicts.join() !== verdict)
      throw new Error(`it is said to be ${this.#verdicts.join()}, and is ${verdict}`);
  }

  // ---- Checks ----

  /** With what is lent, no more may ever be on its way than fits. */
  #checkBound(lent: number): void {
    if (this.#settings.maxsize === 0) return;
    const waiting = this.#things.waiting.length + lent;
    if (waiting > this.#settings.maxsize) throw new Error(`${waiting} wait where ${this.#settings.maxsize} may`);
  }

  get #lent(): number {
    return [...this.#clients.values()].reduce((sum, { lent }) => sum + lent, 0);
  }

  #checkRoom(session: number, count: number, bytes: number): void {
    const client = this.#clients.get(session);
    if (client === undefined) throw new Error(`session ${session} is given room and is gone`);
    client.lent += count;
    client.lentBytes += bytes;
    if (count > 0 && !this.#things.drops) this.#checkBound(this.#lent);
  }

  /** A put is refused only where there is no room for all that was asked for. */
  #checkRefusal(session: number): void {
    const client = this.#clients.get(session) as Client;
    const lentBytes = [...this.#clients.values()].reduce((sum, it) => sum + it.lentBytes, 0);
    const asked = Math.max(0, client.asked.count - client.lent);
    const askedBytes = Math.max(0, client.asked.bytes - client.lentBytes);
    const { maxsize, maxBytes } = this.#settings;
    const { waiting } = this.#things;
    const room = maxsize === 0 || waiting.length + this.#lent + asked <= maxsize;
    const bytes = waiting.reduce((sum, it) => sum + it.size, lentBytes) + askedBytes;
    if (room && bytes <= maxBytes) throw new Error(`session ${session} is refused, and there is room`);
  }

  /** Its memory is used again for what is over, and for nothing else. */
  #checkOvers(): void {
    const over = this.#things.at('done').length + this.#things.dropped;
    if (this.#overs !== over) throw new Error(`${this.#overs} items are said to be over, and ${over} are`);
  }

  #checkSize(size: number | undefined, room: number | undefined): void {
    const { length } = this.#things.waiting;
    if (size !== length) throw new Error(`${size} wait by the queue's count, and ${length} by ours`);
    if (!this.#things.drops || room === undefined || room < 0) return;
    if (room > 0 !== this.#things.fits(1) && room > 0 !== this.#things.fits(0))
      throw new Error(`it says that ${room} fit`);
  }

  #checkJoin(request: number): void {
    const early = this.#joins.get(request)?.things.find((it) => !isOver(it));
    if (early !== undefined) throw new Error(`a join is answered and item ${early.number} is not done`);
    this.#joins.delete(request);
  }

  #checkDelivery(session: number, batch: Batch, right: boolean): void {
    const client = this.#clients.get(session);
    if (client === undefined) throw new Error(`session ${session} is given items and is gone`);
    if (client.right !== right) throw new Error(`session ${session} is given items from the wrong end`);
    this.#checkAlone(session, batch);
    for (const [index, bytes] of [...eachItem(batch.items)].entries()) {
      const thing = this.#things.get(batch.first + index);
      const item = `item ${thing.number}`;
      if (thing.size !== bytes.length) throw new Error(`${item} is not what was put`);
      if (thing.place.at !== 'backlog')
        throw new Error(`${item} is given out while it is ${JSON.stringify(thing.place)}`);
      const before = this.#things.before(thing, right);
      if (before !== undefined) throw new Error(`${item} is given out before ${before.number}, which comes first`);
      if (batch.seen !== thing.seen) throw new Error(`${item} is told to be ${batch.seen ? 'seen' : 'new'}`);
      if (batch.charges !== thing.charges)
        throw new Error(`${item} has ${batch.charges} charges, not ${thing.charges}`);
      thing.place = { at: 'session', session, tag: client.given, taken: false };
      client.given += 1;
    }
  }

  /** So that it is certain who is to be charged. */
  #checkAlone(session: number, { first, items }: Batch): void {
    if (this.#settings.order !== 'fifo') return;
    const isSuspect = this.#suspects.has(this.#things.get(first));
    if (isSuspect && items.count > 1) throw new Error(`session ${session} is given a suspect among others`);
    for (const { place, number } of this.#things.all) {
      if (place.at !== 'session' || place.session !== session || place.taken) continue;
      if (isSuspect || this.#suspects.has(this.#things.get(number)))
        throw new Error(`session ${session} is given ${first} beside ${number}, and one of them is a suspect`);
    }
  }

  #checkCounts(): void {
    const { put, done, left_over, dropped, dead_lettered } = this.#queue.view.counts;
    if (put !== done + left_over + dropped + dead_lettered)
      throw new Error(
        `${put} were put, ${done} are done, ${dead_lettered} dead, ${dropped} dropped, ${left_over} left`,
      );
    const dead = this.#things.at('dead').length;
    if (dead_lettered !== dead) throw new Error(`${dead_lettered} are dead by the queue's count, and ${dead} by ours`);
    const ours = this.#things.at('done').length;
    if (done !== ours) throw new Error(`${done} are done by the queue's count, and ${ours} by ours`);
    if (dropped !== this.#things.dropped)
      throw new Error(`${dropped} are dropped by the queue's count, and ${this.#things.dropped} by ours`);
  }

  /** Nobody waits for what is there already. */
  #checkWaits(): void {
    for (const { session, things } of this.#joins.values()) {
      if (things.every(isOver)) throw new Error(`session ${session} waits in join for what is done`);
    }
    if (this.#settings.overflow === 'block') return;
    for (const { session, wants } of this.#queue.view.engagements()) {
      if (wants) throw new Error(`session ${session} waits in put, where none should`);
    }
  }
}

interface Given {
  readonly tag: number;
  readonly number: number;
}

type Step = readonly [name: string, act: (extra: number) => void];

/** Lower, the sooner; and some that only look different. */
const PRIORITIES = [0, -0, 1, -1, 0.5, -2.5, 1e300, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const STAT = 0xffffffff;

/** Nothing more becomes of it. */
function isOver({ place }: Thing): boolean {
  return place.at === 'done' || place.at === 'dead' || place.at === 'dropped';
}
