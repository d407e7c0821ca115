// The channels of a run: who may use which, and what is said to which of their machines. When these take their turns is left to
// `Turns`, and to whom what they decide is passed on to `Dispatch`.
import { Clock } from '../clock.ts';
import type { Channel, NodeId, QueueChannel } from '../plan/plan.ts';
import { ProtocolError } from '../wire/frame.ts';
import { eachItem, type Items } from '../wire/items.ts';
import type { WelcomeChannel } from '../wire/message.ts';
import type { Manner } from './backlog.ts';
import type { Departure } from './departure.ts';
import { Dispatch } from './dispatch.ts';
import { type Judge, type Judges, words } from './judge.ts';
import { concerns, type Line, lineOf, type PipeLine, type QueueLine, queueIn, welcomeTo } from './line.ts';
import { localName } from './local-name.ts';
import type { Lock } from './lock.ts';
import type { Party } from './party.ts';
import type { News } from './news.ts';
import type { Pipe } from './pipe.ts';
import type { Queue } from './queue.ts';
import { Standing } from './standing.ts';
import { StreamEnds } from './stream-ends.ts';
import { Turns } from './turns.ts';

interface Offer {
  readonly request: number;
  readonly priority: number;
  readonly left: boolean;
}

export interface SwitchboardSettings {
  readonly runId: string;
  readonly channels: readonly Channel[];
  /** Instances that may be started again after they have ended. */
  readonly again?: readonly NodeId[];
  /** Of the queues that have an `item`. */
  readonly judges: Judges;
  /** So many items within a short time make a queue's lane worth while. */
  readonly laneItems?: number | undefined;
  readonly clock?: Clock;
}

export class Switchboard {
  /** By id less one: the id 0 means the session itself. */
  readonly #lines: readonly Line[];
  readonly #queues: ReadonlyMap<string, QueueLine>;
  readonly #streams: StreamEnds;
  readonly #dispatch: Dispatch;
  /** Instances that are one process after the other. */
  readonly #workers = new Set<NodeId>();
  /** Instances that have ended for good. */
  readonly #ended = new Set<NodeId>();
  readonly turns: Turns;
  /** It stands still while the run is paused. */
  readonly clock: Clock;
  #sessions = 0;

  constructor(
    { runId, channels, again = [], judges, laneItems, clock = new Clock(performance.now()) }: SwitchboardSettings,
    onNews: (news: News) => void,
    onTurn: () => void = () => {},
  ) {
    this.clock = clock;
    this.turns = new Turns({
      clock,
      take: (lines, now) => this.#takeTurns(lines, now),
      onTime: () => this.#markDue(),
      onTurn,
    });
    const mark = (line: Line) => this.turns.mark(line);
    const fixtures = { runId, judges, laneItems, mark };
    this.#lines = channels.map((channel, index) => lineOf(channel, index + 1, fixtures));
    const queues = this.#lines.filter((line) => line.kind === 'queue');
    this.#queues = new Map(queues.map((line) => [line.channel.name, line]));
    this.#dispatch = new Dispatch(this.#queues, this.turns, onNews);
    this.#streams = new StreamEnds(this.#queues, new Set(again), {
      mark,
      closed: (channel, aborted) => onNews({ type: 'closed', channel, aborted }),
    });
    this.#streams.begin();
  }

  // ---- Parties ----

  nextSession(): number {
    this.#sessions += 1;
    return this.#sessions;
  }

  enter(party: Party): void {
    this.#dispatch.enter(party);
  }

  /** To be called a second time with `died`, where that turns out later. */
  leave(session: number, instance: NodeId, how: Departure): void {
    this.#dispatch.leave(session);
    for (const line of this.#lines) {
      if (!concerns(line, instance)) continue;
      line.machine.leave(session, how);
      this.turns.mark(line);
      if (line.kind === 'queue') this.#streams.checkClosed(line, instance);
    }
  }

  /** One that may do what `owner` may, but for taking; and is not waited for. */
  enlist(worker: NodeId, owner: NodeId): void {
    this.#workers.add(worker);
    for (const line of this.#lines) {
      if (line.kind === 'queue' && line.producers.has(owner)) line.producers.add(worker);
      if (line.kind === 'lock' && line.users.has(owner)) line.users.add(worker);
    }
  }

  /** What an instance may use, as it is told. */
  channelsOf(instance: NodeId): WelcomeChannel[] {
    return this.#lines.filter((line) => concerns(line, instance)).map((line) => welcomeTo(line, instance));
  }

  /** The queue of that id, for something to be said to it; of a pipe, the one of its queues that the role means. */
  queue(party: Party, id: number, role: 'put' | 'get' | 'any'): Queue {
    const line = this.#lines[id - 1];
    if (line?.kind === 'pipe' && role !== 'any') return this.#direction(line, party, role);
    if (line?.kind !== 'queue') throw notGranted(id);
    const puts = role !== 'get' && line.producers.has(party.instance);
    const gets = role !== 'put' && line.consumers.has(party.instance);
    if (!puts && !gets) throw notGranted(id);
    return this.#ready(line, party).machine;
  }

  lock(party: Party, id: number): Lock {
    const line = this.#lines[id - 1];
    if (line?.kind !== 'lock' || !line.users.has(party.instance)) throw notGranted(id);
    return this.#ready(line, party).machine;
  }

  /** The lock of that name, for the runner to take it for an instance; and what that calls it. */
  lockFor(party: Party, name: string): { readonly lock: Lock; readonly name: string } {
    const line = this.#lines.find(({ kind, channel }) => kind === 'lock' && channel.name === name);
    if (line?.kind !== 'lock') throw new Error(`Internal error: there is no lock ${name}`);
    line.holders.add(party.instance);
    return { lock: this.#ready(line, party).machine, name: localName(line.channel, party.instance) };
  }

  /** Puts items that nobody judges. */
  put(party: Party, id: number, items: Items, manner: Manner): void {
    const queue = this.queue(party, id, 'put');
    const line = this.#lines[id - 1];
    if (line?.kind === 'queue' && line.judge !== null) {
      throw new ProtocolError('protocol', 'this queue judges its items, so they are put by OFFER');
    }
    queue.put(party.session, items, manner);
  }

  /** Puts an item if it fits, and answers. Every offer names a priority; it counts where there is an order by it. */
  offer(party: Party, id: number, items: Items, { request, priority, left }: Offer): void {
    const queue = this.queue(party, id, 'put');
    const line = this.#lines[id - 1];
    if (line?.kind !== 'queue') throw new ProtocolError('protocol', 'nothing is offered to a pipe: it judges nothing');
    const { judge, channel } = line;
    const [item] = eachItem(items);
    if (item === undefined || items.count > 1) throw new ProtocolError('protocol', 'one item is offered at a time');
    const misfit = judge?.(item) ?? null;
    const manner = channel.order === 'priority' ? { priority } : { left };
    if (misfit === null) return queue.offer(party.session, request, items, manner);
    const message = `the item for \`${localName(channel, party.instance)}\` ${words(misfit)}`;
    queue.refuse(party.session, items, { request, message, ...misfit });
  }

  /** What it calls the queue or the pipe. */
  nameFor(party: Party, id: number): string {
    return localName((this.#lines[id - 1] as QueueLine | PipeLine).channel, party.instance);
  }

  judgeOf(queue: string): Judge | null {
    return queueIn(this.#queues, queue).judge;
  }

  /** The id of the queue of that name. */
  idOf(queue: string): number {
    return queueIn(this.#queues, queue).id;
  }

  settingsOf(queue: string): QueueChannel {
    return queueIn(this.#queues, queue).channel;
  }

  /** A session puts no more to a queue, or sends no more through a pipe. */
  close(party: Party, id: number): void {
    this.queue(party, id, 'put').close(party.session);
    const line = this.#lines[id - 1] as QueueLine | PipeLine;
    if (line.kind === 'pipe') line.machine.close(party.session);
    else this.#streams.checkClosed(line, party.instance);
  }

  /** A session receives no more through a pipe. */
  shut(party: Party, id: number): void {
    const line = this.#lines[id - 1];
    if (line?.kind !== 'pipe' || line.machine.incoming(party.instance) === undefined) throw notGranted(id);
    this.#ready(line, party).machine.shut(party.session);
  }

  /** What was sent to it has not gone out, or has now. */
  congest(party: Party, congested: boolean): void {
    for (const line of this.#lines) {
      if (line.kind === 'lock' || !line.machine.has(party.session)) continue;
      line.machine.congest(party.session, congested);
      this.turns.mark(line);
    }
  }

  // ---- The run ----

  settle(
    node: NodeId,
    end: { held: 'done' | 'back'; stream: 'end' | 'abort'; succeeded: boolean; how?: string | undefined },
  ): void {
    this.#ended.add(node);
    for (const line of this.#lines) {
      if (!concerns(line, node)) continue;
      if (line.kind === 'queue') line.machine.settle(node, end.held, end.succeeded, end.how);
      else line.machine.settle(node);
      this.turns.mark(line);
    }
    this.#streams.ended(node, end.stream === 'abort');
  }

  /** An attempt of it has ended, and another follows: its streams go on. */
  recover(node: NodeId, how = 'ended'): void {
    for (const line of this.#lines) {
      if (!concerns(line, node)) continue;
      if (line.kind === 'queue') line.machine.recover(node, how);
      else if (line.kind === 'lock') line.machine.settle(node);
      this.turns.mark(line);
    }
  }

  get queues(): readonly { readonly name: string; readonly machine: Queue }[] {
    return [...this.#queues.values()].map(({ channel, machine }) => ({ name: channel.name, machine }));
  }

  /** Who holds a lock that is shared with other runs. */
  get holdersForHost(): NodeId[] {
    return this.#lines.flatMap((line) =>
      line.kind === 'lock' && line.host !== null ? [...line.machine.grants].map(({ instance }) => instance) : [],
    );
  }

  get pipes(): readonly { readonly name: string; readonly machine: Pipe }[] {
    return this.#lines.flatMap((line) =>
      line.kind === 'pipe' ? [{ name: line.channel.name, machine: line.machine }] : [],
    );
  }

  /** Who waits at the channels, and for whom. */
  get standing(): Standing {
    return new Standing(this.#lines, this.#ended);
  }

  stop(): void {
    this.turns.stop();
    for (const line of this.#lines) if (line.kind === 'lock') line.host?.stop();
  }

  // ---- Parts ----

  #takeTurns(lines: readonly Line[], now: number): void {
    for (const line of lines) this.#dispatch.take(line, now);
    this.#streams.look();
  }

  #direction(line: PipeLine, party: Party, role: 'put' | 'get'): Queue {
    if (!concerns(line, party.instance)) throw notGranted(line.id);
    const { machine } = this.#ready(line, party);
    const queue = role === 'put' ? machine.outgoing(party.instance) : machine.receiving(party.session);
    if (queue === undefined) throw notGranted(line.id);
    return queue;
  }

  #ready<L extends Line>(line: L, party: Party): L {
    const { session, instance, lanes } = party;
    // A lane is not worth its while to one that ends after an item.
    if (!line.machine.has(session)) line.machine.enter(session, instance, lanes && !this.#workers.has(instance));
    this.turns.mark(line);
    return line;
  }

  #markDue(): void {
    for (const line of this.#lines) {
      if (line.kind !== 'lock' && line.machine.nextDeadline !== null) this.turns.mark(line);
    }
  }
}

function notGranted(id: number): ProtocolError {
  return new ProtocolError('not-granted', `the pipeline does not declare this use of channel ${id}`);
}
