// The channels of a run, and the turns in which their machines work. Sessions say something to a machine and mark its channel;
// once everything that came in together has been said, each marked machine takes its turn and what it decided is passed on.
// So a thousand small frames cost one turn, and one that comes alone does not wait for others.
import { type Alarm, Clock } from '../clock.ts';
import type { Channel, LockChannel, NodeId, QueueChannel } from '../plan/plan.ts';
import { ProtocolError } from '../wire/frame.ts';
import { eachItem, type Items } from '../wire/items.ts';
import type { WelcomeChannel } from '../wire/message.ts';
import type { Manner } from './backlog.ts';
import type { Departure } from './departure.ts';
import type { ChannelNews, SessionEffect } from './effect.ts';
import { HostLock } from './host-lock.ts';
import { type Judge, type Judges, words } from './judge.ts';
import { concerns, type Line, type LockLine, type PipeLine, type QueueLine, queueLine, welcomeTo } from './line.ts';
import { localName } from './local-name.ts';
import { Lock } from './lock.ts';
import { Pipe } from './pipe.ts';
import type { Queue } from './queue.ts';
import { Standing } from './standing.ts';
import { type StreamEffect, Streams } from './streams.ts';

/** Somebody who takes part in channels: a connection, or a stream of a process that is wired to a queue. */
export interface Party {
  /** Larger than every one before. */
  readonly session: number;
  readonly instance: NodeId;
  /** It can put and take past the broker. */
  readonly lanes?: boolean;
  /** Must not say anything to a machine before it returns. */
  perform(channel: number, effect: SessionEffect): void;
  /** A turn is over: what was performed can go out. */
  flush(): void;
}

export type News =
  | (Exclude<ChannelNews, { type: 'dead' }> & { readonly channel: string })
  | {
      readonly type: 'dead_lettered';
      readonly channel: string;
      readonly node: NodeId;
      readonly count: number;
      readonly deadLetter: string;
      readonly reason: string;
    }
  | { readonly type: 'closed'; readonly channel: string; readonly aborted: boolean };

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
  readonly #streams: Streams;
  readonly #grouped: boolean;
  /** Queues whose items may become dead letters of others. */
  readonly #mortal: readonly QueueLine[];
  readonly #again: ReadonlySet<NodeId>;
  readonly #parties = new Map<number, Party>();
  readonly #marked = new Set<Line>();
  readonly #speaking = new Set<Party>();
  readonly #onNews: (news: News) => void;
  readonly #onTurn: () => void;
  /** Instances that are one process after the other. */
  readonly #workers = new Set<NodeId>();
  /** Instances that have ended for good. */
  readonly #ended = new Set<NodeId>();
  /** How often something was said to the machines. */
  turns = 0;
  /** It stands still while the run is paused. */
  readonly clock: Clock;
  #sessions = 0;
  #scheduled = false;
  /** Reads in this round of the loop that brought something; whether it was one at most in the round before. */
  #reads = 0;
  #quiet = true;
  #timer: Alarm | null = null;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(
    { runId, channels, again = [], judges, laneItems, clock = new Clock(performance.now()) }: SwitchboardSettings,
    onNews: (news: News) => void,
    onTurn: () => void = () => {},
  ) {
    this.#again = new Set(again);
    this.clock = clock;
    this.#lines = channels.map((channel, index) => this.#lineOf(channel, index + 1, { runId, judges, laneItems }));
    const queues = this.#lines.filter((line) => line.kind === 'queue');
    this.#queues = new Map(queues.map((line) => [line.channel.name, line]));
    this.#streams = new Streams(queues.map((line) => line.channel));
    this.#grouped = queues.some((line) => line.channel.group !== null);
    this.#mortal = queues.filter((line) => line.channel.deadLetter !== null);
    this.#onNews = onNews;
    this.#onTurn = onTurn;
    this.#apply(this.#streams.begin());
    for (const line of this.#mortal) this.#mark(line);
  }

  // ---- Parties ----

  nextSession(): number {
    this.#sessions += 1;
    return this.#sessions;
  }

  enter(party: Party): void {
    this.#parties.set(party.session, party);
  }

  /** To be called a second time with `died`, where that turns out later. */
  leave(session: number, instance: NodeId, how: Departure): void {
    this.#parties.delete(session);
    for (const line of this.#lines) {
      if (!concerns(line, instance)) continue;
      line.machine.leave(session, how);
      this.#mark(line);
      if (line.kind === 'queue') this.#checkClosed(line, instance);
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

  judgeOf(queue: string): Judge | null {
    return this.#queue(queue).judge;
  }

  /** The id of the queue of that name. */
  idOf(queue: string): number {
    return this.#queue(queue).id;
  }

  settingsOf(queue: string): QueueChannel {
    return this.#queue(queue).channel;
  }

  /** A session puts no more to a queue, or sends no more through a pipe. */
  close(party: Party, id: number): void {
    this.queue(party, id, 'put').close(party.session);
    const line = this.#lines[id - 1] as QueueLine | PipeLine;
    if (line.kind === 'pipe') line.machine.close(party.session);
    else this.#checkClosed(line, party.instance);
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
      this.#mark(line);
    }
  }

  /** All that one read brought was said. Where one speaks at a time there is nobody to be answered together with. */
  heard(): void {
    if (!this.#scheduled) return;
    this.#reads += 1;
    if (this.#quiet && this.#reads === 1) this.turn();
  }

  /** Something waits to be flushed after this turn. */
  speaks(party: Party): void {
    this.#speaking.add(party);
    this.#schedule();
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
      this.#mark(line);
    }
    this.#apply(this.#streams.ended(node, end.stream === 'abort'));
  }

  /** An attempt of it has ended, and another follows: its streams go on. */
  recover(node: NodeId, how = 'ended'): void {
    for (const line of this.#lines) {
      if (!concerns(line, node)) continue;
      if (line.kind === 'queue') line.machine.recover(node, how);
      else if (line.kind === 'lock') line.machine.settle(node);
      this.#mark(line);
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

  /** Lets every marked machine take its turn now. */
  turn(): void {
    const stirred = this.#marked.size > 0;
    while (this.#marked.size > 0) {
      const marked = [...this.#marked];
      this.#marked.clear();
      const now = this.clock.now();
      for (const line of marked) this.#take(line, now);
      if (this.#mortal.length > 0) this.#closeGraves();
      if (this.#grouped) this.#settleGroups();
    }
    const speaking = [...this.#speaking];
    this.#speaking.clear();
    for (const party of speaking) party.flush();
    if (!stirred) return;
    this.turns += 1;
    this.#onTurn();
  }

  /** Who waits at the channels, and for whom. */
  get standing(): Standing {
    return new Standing(this.#lines, this.#ended);
  }

  stop(): void {
    this.#timer?.cancel();
    for (const line of this.#lines) if (line.kind === 'lock') line.host?.stop();
  }

  // ---- Parts ----

  #lineOf(channel: Channel, id: number, { runId, judges, laneItems }: Omit<SwitchboardSettings, 'channels'>): Line {
    if (channel.kind === 'lock') return this.#lockLine(runId, channel, id);
    if (channel.kind === 'pipe') return { kind: 'pipe', id, channel, machine: new Pipe(channel) };
    return queueLine(channel, id, judges, laneItems);
  }

  #lockLine(runId: string, channel: LockChannel, id: number): LockLine {
    const machine = new Lock(channel);
    const tell = (say: () => void) => {
      say();
      this.#mark(line);
    };
    const host =
      channel.scope === 'run'
        ? null
        : new HostLock(channel.hostName ?? channel.name, runId, {
            arrived: (stamp) => tell(() => machine.arrived(stamp)),
            unavailable: () => tell(() => machine.unavailable()),
            broken: (reason) => tell(() => machine.broken(reason)),
          });
    const line: LockLine = { kind: 'lock', id, channel, machine, users: new Set(channel.users), host };
    return line;
  }

  #take(line: Line, now: number): void {
    for (const effect of line.machine.turn(now)) {
      if (effect.type === 'seek' || effect.type === 'yield') {
        if (line.kind === 'lock') line.host?.perform(effect);
        continue;
      }
      if (effect.type === 'dead') {
        this.#bury(line, effect);
        continue;
      }
      if (!('session' in effect)) {
        this.#onNews({ ...effect, channel: line.channel.name });
        continue;
      }
      const party = this.#parties.get(effect.session);
      if (party === undefined) continue;
      party.perform(line.id, effect);
      this.#speaking.add(party);
    }
    if (line.kind !== 'lock' && line.machine.nextDeadline !== null) this.#wakeAt(line.machine.nextDeadline);
  }

  #direction(line: PipeLine, party: Party, role: 'put' | 'get'): Queue {
    if (!concerns(line, party.instance)) throw notGranted(line.id);
    const { machine } = this.#ready(line, party);
    const queue = role === 'put' ? machine.outgoing(party.instance) : machine.receiving(party.session);
    if (queue === undefined) throw notGranted(line.id);
    return queue;
  }

  #bury({ channel }: Line, { node, items, death }: Extract<ChannelNews, { type: 'dead' }>): void {
    if (channel.kind !== 'queue' || channel.deadLetter === null) throw new Error('Internal error: nowhere to bury');
    const grave = this.#queue(channel.deadLetter);
    grave.machine.bury(items, death);
    this.#mark(grave);
    const { name, deadLetter } = channel;
    this.#onNews({ type: 'dead_lettered', channel: name, node, count: items.count, deadLetter, reason: death.reason });
  }

  /** All that was dead is in its grave by now. */
  #closeGraves(): void {
    for (const { channel, machine } of this.#mortal) {
      if (machine.outlived) this.#apply(this.#streams.outlived(channel.name));
    }
  }

  #ready<L extends Line>(line: L, party: Party): L {
    const { session, instance, lanes } = party;
    // A lane is not worth its while to one that ends after an item.
    if (!line.machine.has(session)) line.machine.enter(session, instance, lanes && !this.#workers.has(instance));
    this.#mark(line);
    return line;
  }

  #mark(line: Line): void {
    this.#marked.add(line);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#quiet = this.#reads <= 1;
      this.#reads = 0;
      this.turn();
    });
  }

  #wakeAt(deadline: number): void {
    if (deadline >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = deadline;
    this.#timer = this.clock.after(deadline - this.clock.now(), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#timer = null;
      for (const line of this.#lines) {
        if (line.kind !== 'lock' && line.machine.nextDeadline !== null) this.#mark(line);
      }
    });
  }

  /** What closes a queue may be followed by another attempt: its part of the stream then ends with its last one. */
  #checkClosed(line: QueueLine, instance: NodeId): void {
    if (this.#again.has(instance) || !line.machine.hasClosed(instance)) return;
    this.#apply(this.#streams.closed(line.channel.name, instance));
  }

  #settleGroups(): void {
    const effects = this.#streams.settleGroups({
      idle: (queue) => this.#queue(queue).machine.idle,
      waits: (node, group) => this.#waits(node, group),
    });
    this.#apply(effects);
  }

  /** A process waits if each of its sessions that ever used one of these queues waits in `get` on one, and there is such a session. */
  #waits(node: NodeId, group: readonly string[]): boolean {
    const sessions = new Map<number, boolean>();
    for (const queue of group) {
      for (const { session, instance, waits, wants } of this.#queue(queue).machine.engagements()) {
        if (instance !== node) continue;
        if (wants) return false;
        sessions.set(session, waits || (sessions.get(session) ?? false));
      }
    }
    return sessions.size > 0 && [...sessions.values()].every((waits) => waits);
  }

  #apply(effects: readonly StreamEffect[]): void {
    for (const effect of effects) {
      const line = this.#queue(effect.queue);
      this.#mark(line);
      if (effect.type === 'silent') {
        line.machine.silence(effect.node, effect.left);
        if (effect.aborted) line.machine.abort();
      } else {
        line.machine.closeStream(effect.aborted);
        this.#onNews({ type: 'closed', channel: effect.queue, aborted: effect.aborted });
      }
    }
  }

  #queue(name: string): QueueLine {
    const line = this.#queues.get(name);
    if (line === undefined) throw new Error(`Internal error: there is no queue ${name}`);
    return line;
  }
}

function notGranted(id: number): ProtocolError {
  return new ProtocolError('not-granted', `the pipeline does not declare this use of channel ${id}`);
}
