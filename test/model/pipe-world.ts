// A small world about one pipe: two ends with one or two sessions each, whose words and the broker's travel for any time;
// programs that send, wait, give up, close and die. Each message is known by its number, and the first thing that a pipe does
// not promise is complained of. `settle` lets everybody do what they can until nothing moves any more.
import type { SessionEffect } from '../../src/broker/effect.ts';
import type { Pipe } from '../../src/broker/pipe.ts';
import { eachItem, itemsOf } from '../../src/wire/items.ts';

export interface PipeWorldSettings {
  readonly duplex: boolean;
  readonly maxBytes: number;
  readonly maxsize: number;
}

export type End = 'a' | 'b';

interface Message {
  readonly size: number;
  /** By a program, and as the broker knows. */
  received: boolean;
  taken: boolean;
}

interface Client {
  readonly session: number;
  readonly end: End;
  /** Its end had no other session so far, so that what it receives is in order and complete. */
  alone: boolean;
  /** What it said and the broker has not heard, and the other way round. */
  readonly said: (() => void)[];
  readonly heard: SessionEffect[];
  /** Sizes of the messages that its program wants to send. */
  toSend: number[];
  room: number;
  roomBytes: number;
  /** Numbers of the messages that have come and that its program has not received, and the tag of the next one. */
  ahead: number[];
  nextTag: number;
  accepts: number;
  waiting: boolean;
  ended: boolean;
  broken: boolean;
  closed: boolean;
  last: number;
}

export class PipeWorld {
  readonly #pipe: Pipe;
  readonly #settings: PipeWorldSettings;
  readonly #clients = new Map<number, Client>();
  readonly #alive = new Set<End>(['a', 'b']);
  /** By the end that sent, what became of each message that the broker got. */
  readonly #sent: Record<End, Message[]> = { a: [], b: [] };
  #sessions = 0;
  #now = 0;

  constructor(pipe: Pipe, settings: PipeWorldSettings) {
    this.#pipe = pipe;
    this.#settings = settings;
    this.#open('a');
    this.#open('b');
  }

  /** Does one of the things that could happen now; `choice` says which. */
  step(choice: number): void {
    const steps = this.#possible();
    if (steps.length === 0) return;
    (steps[choice % steps.length] as Step)(choice >>> 8);
    this.#turn();
  }

  /** Lets those who live receive all there is; then the one end dies, and the other must see that and have it all. */
  settle(first: End): void {
    this.#comeToRest();
    for (const { session, toSend, end } of this.#clients.values()) {
      const isRead = this.#clientsOf(otherThan(end)).some((it) => !it.closed && this.#gets(it));
      if (toSend.length > 0 && isRead) throw new Error(`session ${session} waits in send for ever`);
    }
    this.#die(first);
    this.#comeToRest();
    for (const client of this.#clientsOf(otherThan(first))) {
      if (client.closed) continue;
      if (this.#gets(client) && !client.ended) throw new Error(`session ${client.session} waits in recv for ever`);
      if (client.toSend.length > 0) throw new Error(`session ${client.session} waits in send to nobody`);
      const missing = this.#sent[first].findIndex(({ received }) => !received);
      if (client.alone && this.#gets(client) && missing >= 0) throw new Error(`message ${missing} was never received`);
    }
  }

  // ---- What can happen ----

  #possible(): Step[] {
    const steps: Step[] = [];
    for (const client of this.#clients.values()) {
      if (client.said.length > 0) steps.push(() => client.said.shift()?.());
      if (client.heard.length > 0) steps.push(() => this.#hear(client));
      if (!client.closed) this.#programSteps(client, steps);
    }
    for (const end of this.#alive) {
      const [parent, child] = this.#clientsOf(end);
      if (child === undefined && parent?.closed === false) steps.push(rarely(() => this.#open(end)));
      if (child !== undefined) steps.push((extra) => this.#leave(child, extra % 2 === 0 ? 'goodbye' : 'died'));
      steps.push(rarely(() => this.#die(end)));
    }
    return steps;
  }

  #programSteps(client: Client, steps: Step[]): void {
    if (this.#sends(client) && !client.broken && client.toSend.length < MOST_AT_ONCE) {
      steps.push((extra) => this.#program(client, NUMBER + (extra % this.#settings.maxBytes)));
    }
    if (this.#gets(client) && !client.ended) {
      if (client.accepts < 6) steps.push((extra) => this.#ask(client, 1 + (extra % 3)));
      if (client.ahead.length > 0)
        steps.push(
          () => this.#receive(client),
          () => this.#receive(client),
        );
      if (client.waiting) steps.push(() => this.#withdraw(client));
    }
    steps.push(rarely(() => this.#close(client)));
  }

  #program(client: Client, size: number): void {
    client.toSend.push(size);
    this.#send(client);
  }

  /** Sends what there is room for, and asks for more where that is not all. */
  #send(client: Client): void {
    const { session, end } = client;
    const sizes: number[] = [];
    while (client.toSend.length > 0 && client.room > 0 && (client.toSend[0] as number) <= client.roomBytes) {
      const size = client.toSend.shift() as number;
      sizes.push(size);
      client.room -= 1;
      client.roomBytes -= size;
    }
    if (sizes.length > 0) client.said.push(() => this.#arrive(session, end, sizes));
    if (client.toSend.length === 0) return;
    const count = client.toSend.length;
    const bytes = client.toSend.reduce((sum, size) => sum + size, 0);
    client.said.push(() => this.#pipe.outgoing(end)?.want(session, count, bytes, false));
  }

  #arrive(session: number, end: End, sizes: readonly number[]): void {
    const sent = this.#sent[end];
    const messages = sizes.map((size) => {
      const bytes = Buffer.alloc(size);
      bytes.writeUInt32BE(sent.length);
      sent.push({ size, received: false, taken: false });
      return bytes;
    });
    this.#pipe.outgoing(end)?.put(session, itemsOf(messages));
  }

  #ask(client: Client, count: number): void {
    const { session } = client;
    const waiting = client.ahead.length === 0;
    client.accepts += count;
    client.waiting = waiting;
    client.said.push(() => this.#pipe.receiving(session)?.get(session, count, waiting));
  }

  #withdraw(client: Client): void {
    const { session } = client;
    client.waiting = false;
    client.said.push(() => this.#pipe.receiving(session)?.unget(session));
  }

  #receive(client: Client): void {
    const { session } = client;
    const number = client.ahead.shift() as number;
    const sent = this.#sent[otherThan(client.end)][number];
    if (sent === undefined || sent.received) throw new Error(`message ${number} was received twice`);
    if (client.alone && number !== client.last + 1) throw new Error(`message ${number} came after ${client.last}`);
    sent.received = true;
    client.last = number;
    client.said.push(() => {
      sent.taken = true;
      this.#pipe.receiving(session)?.taken(session, 1);
    });
  }

  #close(client: Client): void {
    const { session } = client;
    Object.assign(client, { closed: true, toSend: [], ahead: [], waiting: false });
    client.said.push(() => {
      if (this.#sends(client)) this.#pipe.outgoing(client.end)?.close(session);
      this.#pipe.close(session);
      if (this.#gets(client)) this.#pipe.shut(session);
    });
  }

  /** What it had said is read to its end, as the system keeps it; but not of one that dies with its end. */
  #leave(client: Client, how: 'goodbye' | 'died' | 'lost'): void {
    if (how !== 'lost') for (const word of client.said) word();
    this.#clients.delete(client.session);
    this.#pipe.leave(client.session, how);
  }

  #die(end: End): void {
    if (!this.#alive.delete(end)) return;
    for (const client of this.#clientsOf(end)) this.#leave(client, 'lost');
    this.#pipe.settle(end);
    this.#turn();
  }

  #open(end: End): void {
    for (const brother of this.#clientsOf(end)) brother.alone = false;
    this.#sessions += 1;
    const session = this.#sessions;
    this.#pipe.enter(session, end);
    this.#clients.set(session, {
      session,
      end,
      alone: session <= 2,
      said: [],
      heard: [],
      toSend: [],
      room: 0,
      roomBytes: 0,
      ahead: [],
      nextTag: 0,
      accepts: 0,
      waiting: false,
      ended: false,
      broken: false,
      closed: false,
      last: -1,
    });
  }

  // ---- The broker's words ----

  #turn(): void {
    this.#now += 3;
    for (const effect of this.#pipe.turn(this.#now)) this.#clients.get(effect.session)?.heard.push(effect);
    for (const { queue, from } of this.#pipe.ways) this.#checkWindow(this.#sent[from as End], queue.view.counts);
  }

  #checkWindow(sent: readonly Message[], counts: { readonly put: number; readonly taken: number }): void {
    const waiting = sent.filter(({ taken }) => !taken);
    if (counts.put !== sent.length || counts.taken !== sent.length - waiting.length) throw new Error('miscounted');
    const bytes = waiting.reduce((sum, { size }) => sum + size, 0);
    if (waiting.length > this.#settings.maxsize) throw new Error('more messages wait than may');
    // What one asks for at a time may be let in alone, while others have room that they have not used.
    const most = Math.max(...waiting.map(({ size }) => size), 0);
    if (bytes > this.#settings.maxBytes + MOST_AT_ONCE * most) throw new Error('more bytes wait than may');
  }

  #hear(client: Client): void {
    const effect = client.heard.shift() as SessionEffect;
    switch (effect.type) {
      case 'room':
        client.room += effect.count;
        client.roomBytes += effect.bytes;
        if (!client.closed && !client.broken) this.#send(client);
        break;
      case 'deliver':
        this.#deliver(client, [...eachItem(effect.batch.items)]);
        break;
      case 'end':
        if (effect.aborted) throw new Error('the end of file of a pipe is never an abort');
        client.waiting = false;
        client.ended = true;
        break;
      case 'broken':
        client.broken = true;
        client.toSend = [];
        break;
      case 'refused':
        // Another session of its end has closed it, or it has itself.
        if (!effect.never) throw new Error('nobody asked for that');
        client.toSend = [];
        break;
      case 'recall':
        if (!client.closed && !effect.room) this.#giveBack(client);
        break;
      case 'withdrawn':
        client.accepts = 0;
        break;
      default:
        throw new Error(`nobody asked for ${effect.type}`);
    }
  }

  #deliver(client: Client, messages: readonly Buffer[]): void {
    client.waiting = false;
    client.nextTag += messages.length;
    if (client.closed) return;
    if (client.ended) throw new Error('a message came after the end of file');
    client.ahead.push(...messages.map((message) => message.readUInt32BE()));
    client.accepts = Math.max(0, client.accepts - messages.length);
  }

  #giveBack(client: Client): void {
    const { session, nextTag } = client;
    const count = client.ahead.length;
    client.ahead = [];
    if (count > 0) client.said.push(() => this.#pipe.receiving(session)?.giveBack(session, nextTag - count, count));
  }

  // ---- Rest ----

  #comeToRest(): void {
    for (let round = 0; round < 1000; round += 1) {
      let moved = false;
      for (const client of this.#clients.values()) moved = this.#proceed(client) || moved;
      if (!moved) return;
    }
    throw new Error('it does not come to rest');
  }

  #proceed(client: Client): boolean {
    let moved = client.said.length > 0;
    for (const word of client.said.splice(0)) word();
    this.#turn();
    while (client.heard.length > 0) {
      this.#hear(client);
      moved = true;
    }
    if (client.closed || client.ended || !this.#gets(client)) return moved;
    while (client.ahead.length > 0) {
      this.#receive(client);
      moved = true;
    }
    if (client.waiting) return moved;
    this.#ask(client, 2);
    return true;
  }

  #sends({ end }: Client): boolean {
    return this.#settings.duplex || end === 'a';
  }

  #gets({ end }: Client): boolean {
    return this.#settings.duplex || end === 'b';
  }

  #clientsOf(end: End): Client[] {
    return [...this.#clients.values()].filter((client) => client.end === end);
  }
}

const NUMBER = 4;
const MOST_AT_ONCE = 4;

type Step = (extra: number) => void;

function rarely(act: () => void): Step {
  return (extra) => {
    if (extra % 8 === 0) act();
  };
}

function otherThan(end: End): End {
  return end === 'a' ? 'b' : 'a';
}
