// A channel of a run together with its machine: who may use it, and what they are told of it. `Switchboard` says who says what
// to the machine, and passes on what it decides.
import type { Channel, LockChannel, NodeId, PipeChannel, QueueChannel } from '../plan/plan.ts';
import type { WelcomeChannel } from '../wire/message.ts';
import { HostLock } from './host-lock.ts';
import type { Judge, Judges } from './judge.ts';
import { laneItemsOf, mayHaveLane } from './lane.ts';
import { localName } from './local-name.ts';
import { Lock } from './lock.ts';
import { Pipe, WINDOW } from './pipe.ts';
import { Queue } from './queue.ts';

export type Line = QueueLine | LockLine | PipeLine;

export interface QueueLine {
  readonly kind: 'queue';
  readonly id: number;
  readonly channel: QueueChannel;
  readonly machine: Queue;
  readonly producers: Set<NodeId>;
  readonly consumers: ReadonlySet<NodeId>;
  /** Null: what is put is not looked at. */
  readonly judge: Judge | null;
}

export interface LockLine {
  readonly kind: 'lock';
  readonly id: number;
  readonly channel: LockChannel;
  readonly machine: Lock;
  /** Of a lock that is shared with other runs. */
  readonly host: HostLock | null;
  readonly users: Set<NodeId>;
  /** For whom the runner took it: they cannot take it themselves. */
  readonly holders: Set<NodeId>;
}

export interface PipeLine {
  readonly kind: 'pipe';
  readonly id: number;
  readonly channel: PipeChannel;
  readonly machine: Pipe;
}

export function queueIn(queues: ReadonlyMap<string, QueueLine>, name: string): QueueLine {
  const line = queues.get(name);
  if (line === undefined) throw new Error(`Internal error: there is no queue ${name}`);
  return line;
}

export interface Fixtures {
  readonly runId: string;
  readonly judges: Judges;
  readonly laneItems?: number | undefined;
  /** Something was said to a line's machine. */
  readonly mark: (line: Line) => void;
}

export function lineOf(channel: Channel, id: number, fixtures: Fixtures): Line {
  if (channel.kind === 'lock') return lockLine(channel, id, fixtures);
  if (channel.kind === 'pipe') return { kind: 'pipe', id, channel, machine: new Pipe(channel) };
  return queueLine(channel, id, fixtures);
}

function queueLine(channel: QueueChannel, id: number, { judges, laneItems }: Fixtures): QueueLine {
  const producers = new Set(channel.producers);
  const consumers = new Set(channel.consumers);
  const judge = judges.get(channel.name) ?? null;
  const machine = new Queue(channel, mayHaveLane(channel) ? (laneItems ?? laneItemsOf(channel)) : null);
  return { kind: 'queue', id, channel, machine, producers, consumers, judge };
}

function lockLine(channel: LockChannel, id: number, { runId, mark }: Fixtures): LockLine {
  const machine = new Lock(channel);
  const tell = (say: () => void) => {
    say();
    mark(line);
  };
  const host =
    channel.scope === 'run'
      ? null
      : new HostLock(channel.hostName ?? channel.name, runId, {
          arrived: (stamp) => tell(() => machine.arrived(stamp)),
          unavailable: () => tell(() => machine.unavailable()),
          broken: (reason) => tell(() => machine.broken(reason)),
        });
  const line: LockLine = {
    kind: 'lock',
    id,
    channel,
    machine,
    host,
    users: new Set(channel.users),
    holders: new Set(),
  };
  return line;
}

/** Whether an instance may use it. */
export function concerns(line: Line, node: NodeId): boolean {
  if (line.kind === 'lock') return line.users.has(node) || line.holders.has(node);
  if (line.kind === 'pipe') return line.channel.ends.includes(node);
  return line.producers.has(node) || line.consumers.has(node);
}

/** A channel as an instance that may use it is told of it. */
export function welcomeTo(line: Line, instance: NodeId): WelcomeChannel {
  if (line.kind === 'queue') return queueFor(line, instance);
  if (line.kind === 'pipe') return endOf(line, instance);
  const { lock, reentrant, owned } = line.channel;
  return { id: line.id, name: localName(line.channel, instance), kind: 'lock', lock, reentrant, owned };
}

function queueFor({ id, channel, producers, consumers, judge }: QueueLine, instance: NodeId): WelcomeChannel {
  const name = localName(channel, instance);
  const puts = producers.has(instance);
  const gets = consumers.has(instance);
  const judged = judge !== null;
  const { order, overflow, encoding, maxsize, maxBytes, confirm, delivery } = channel;
  const rules = { order, overflow, encoding, maxsize, maxBytes, confirm, delivery, judged };
  return { id, name, kind: 'queue', puts, gets, ...rules };
}

/** To its process an end of a pipe is a queue: what it puts there the other end gets, and the other way round. */
function endOf({ id, channel, machine }: PipeLine, instance: NodeId): WelcomeChannel {
  const name = localName(channel, instance);
  const { encoding } = channel;
  const puts = machine.outgoing(instance) !== undefined;
  const gets = machine.incoming(instance) !== undefined;
  const queue = { order: 'fifo', overflow: 'block', confirm: false, delivery: 'at-most-once' } as const;
  return { id, name, kind: 'pipe', puts, gets, encoding, ...WINDOW, ...queue, judged: false };
}
