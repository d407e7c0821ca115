// Who is who. The broker knows which sessions and wired streams belong to which instance, hears from the run which of them run,
// are gone and how they ended, and sees that nothing of an instance is settled before all it said was worked through.
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { Clock } from '../clock.ts';
import type { Channel, NodeId } from '../plan/plan.ts';
import type { Frame } from '../wire/frame.ts';
import type { LaneBody, Welcome } from '../wire/message.ts';
import { accountOf } from './account.ts';
import { Collector } from './collector.ts';
import type { Account, Command, Counts, Notice } from './control.ts';
import { Entrance } from './entrance.ts';
import { Errands } from './errands.ts';
import { Feeder } from './feeder.ts';
import { Holders } from './holders.ts';
import type { Instance } from './instance.ts';
import { Instances } from './instances.ts';
import type { Judges } from './judge.ts';
import { LargeBuffers } from './large-buffers.ts';
import { Lookout } from './lookout.ts';
import { type News, noticeOf } from './news.ts';
import { RunnerSide, withRunner } from './runner-side.ts';
import { type Claim, type Reception, Session } from './session.ts';
import { SharedMemory } from './shared-memory.ts';
import { Switchboard } from './switchboard.ts';
import { tokenFor } from './token.ts';
import { Workforce } from './workforce.ts';
import type { Waker } from './sight.ts';

type Of<T extends Command['type']> = Extract<Command, { readonly type: T }>;

export class Broker implements Reception {
  readonly runId: string;
  readonly buffers = new LargeBuffers();
  readonly memory: SharedMemory;
  readonly clock = new Clock(performance.now());
  readonly switchboard: Switchboard;
  readonly runnerSide: RunnerSide;
  readonly workforce: Workforce;
  readonly holders: Holders;
  readonly #key: string;
  readonly #notify: (notice: Notice) => void;
  readonly #instances: Instances;
  readonly #sessions = new Map<number, Session>();
  readonly #lookout: Lookout;
  readonly #folder: string;
  readonly #entrance: Entrance;
  readonly #errands: Errands;

  /** `judges`: of the queues that have an `item`. `mostConnections`: how many there is room for. */
  constructor(
    { runId, key, channels, speakers = [], again = [], socket, laneItems, ...watching }: Omit<Of<'open'>, 'type'>,
    notify: (notice: Notice) => void,
    judges: Judges = new Map(),
    memory = new SharedMemory(),
    mostConnections = Number.POSITIVE_INFINITY,
  ) {
    this.memory = memory;
    this.runId = runId;
    this.#key = key;
    this.#folder = dirname(socket);
    this.#notify = notify;
    this.#instances = new Instances([...speakers.map(({ node }) => node), ...channels.flatMap(partiesOf)]);
    this.#entrance = new Entrance(key, this.#instances, notify, mostConnections);
    this.switchboard = new Switchboard(
      { runId, channels: channels.map(withRunner), again, judges, laneItems, clock: this.clock },
      (news) => this.#hear(news),
      () => this.#lookout.stir(),
    );
    this.#errands = new Errands(speakers, notify, (asker) => this.switchboard.turns.speaks(asker));
    this.runnerSide = new RunnerSide(channels, this.switchboard, notify);
    this.workforce = new Workforce(this.switchboard, notify);
    this.holders = new Holders(this.switchboard);
    this.#lookout = new Lookout(this.switchboard, watching, {
      stances: () => [
        ...this.#instances.stances(this.holders, this.workforce),
        ...this.runnerSide.stances(),
        ...this.#errands.stances(this.#instances),
      ],
      waits: () => this.#errands.waits(),
      session: (session) => this.#sessions.get(session),
      notify,
    });
  }

  /** Somebody has connected. */
  connected(socket: Socket): void {
    this.#entrance.arrived(new Session(socket, this));
  }

  // ---- Sessions ----

  admit(session: Session, claim: Claim): void {
    this.#entrance.admit(session, claim);
    this.#sessions.set(session.session, session);
  }

  laneAt(channel: number, number: number): LaneBody {
    const path = join(this.#folder, `l${channel}.${number}`);
    return { path, key: tokenFor(this.#key, `lane ${path}`) };
  }

  departed(session: Session): void {
    this.#entrance.left(session);
    const instance = this.#instances.get(session.instance);
    if (instance === undefined) return;
    if (!instance.sessions.delete(session)) return;
    this.#sessions.delete(session.session);
    this.#errands.left(session.session);
    if (!session.orderly) this.#lost(session, instance);
    instance.departed();
  }

  offended(session: Session, reason: string): void {
    this.#entrance.offended(session, reason);
  }

  /** Only the first time is news. */
  ready({ instance: node }: Session): void {
    const instance = this.#instances.get(node);
    if (instance === undefined || instance.saidReady) return;
    instance.saidReady = true;
    this.#notify({ type: 'ready', node });
  }

  answered({ session }: Session, by: Waker | null): void {
    this.#lookout.answered(session, by);
  }

  brokeOff(node: NodeId): void {
    const instance = this.#instances.get(node);
    if (instance !== undefined) instance.brokeOff = true;
  }

  longestOutput(session: Session, length: number): number {
    return this.#errands.longest(session, length);
  }

  asked(session: Session, frame: Frame): void {
    this.#errands.hear(session, frame);
    this.#lookout.stir();
  }

  grantsOf(instance: NodeId): Pick<Welcome, 'outputs' | 'controls'> {
    return this.#errands.grantsOf(instance);
  }

  // ---- The run ----

  pause(): void {
    this.clock.hold();
  }

  resume(): void {
    const pausedMs = this.clock.release();
    for (const session of this.#sessions.values()) session.paused(pausedMs);
  }

  done({ errand }: Of<'done'>): void {
    this.#errands.done(errand);
  }

  ended({ node, exitcode }: Of<'ended'>): void {
    this.#errands.ended(node, exitcode);
  }

  tellWaits(): void {
    this.#lookout.tell();
  }

  inspected({ request, outlook }: Of<'outlook'>): void {
    this.#lookout.inspected(request, outlook);
  }

  started({ node, pid }: Of<'started'>): void {
    this.#errands.started(node, pid);
    const instance = this.#instances.get(node);
    if (instance === undefined) return;
    instance.pid = pid;
    for (const session of instance.undecided.splice(0)) {
      if (session.pid !== pid) this.switchboard.leave(session.session, node, 'died');
    }
    for (const collector of instance.collectors) collector.started();
  }

  each(command: Of<'each'>): void {
    this.workforce.begin(command);
    const { node, workers } = command;
    // It has begun, and is no process by itself.
    this.#errands.started(node, null);
    for (const worker of workers) {
      this.#instances.begin(worker);
      this.#errands.enlist(worker, node);
    }
  }

  feed(command: Of<'feed'>): void {
    const instance = this.#instances.known(command.node);
    const feeder = new Feeder(this.switchboard, command);
    instance.feeders.add(feeder);
  }

  collect(command: Of<'collect'>): void {
    const instance = this.#instances.known(command.node);
    const collector = new Collector(this.switchboard, command, (reason) => {
      this.#notify({ type: 'miswired', node: command.node, reason });
    });
    instance.collectors.add(collector);
  }

  /** Nothing of its process tree is alive, so all its ends are closed: what they still hold is read to the end first. */
  async gone({ node, abandon }: Of<'gone'>): Promise<Account> {
    const instance = this.#instances.known(node);
    const finished = instance.finish(this.clock, abandon);
    this.#lookout.stir();
    await finished;
    return accountOf(instance, this.switchboard);
  }

  settle({ node, held, stream, succeeded, how, orderly = false }: Of<'settle'>): void {
    const instance = this.#instances.get(node);
    if (instance === undefined || instance.settled) return;
    this.holders.ended(node, succeeded || orderly);
    // It is a process for each of its items, and its streams are those of its `each`.
    if (this.workforce.isWorker(node)) return this.#follow(instance, how, 1);
    for (const worker of this.workforce.end(node)) this.#instances.delete(worker);
    instance.settled = true;
    instance.silence();
    this.switchboard.settle(node, { held, stream, succeeded, how });
    this.runnerSide.settled(node);
  }

  /** An attempt of it has ended, and another follows. */
  recover({ node, how }: Of<'recover'>): void {
    const instance = this.#instances.get(node);
    if (instance === undefined || instance.settled) return;
    this.holders.ended(node, false);
    this.#follow(instance, how, instance.attempt + 1);
  }

  counts(): Counts['queues'] {
    this.switchboard.turns.takeNow();
    return Object.fromEntries(this.switchboard.queues.map(({ name, machine }) => [name, machine.view.counts]));
  }

  pipeCounts(): Counts['pipes'] {
    return Object.fromEntries(this.switchboard.pipes.map(({ name, machine }) => [name, machine.counts]));
  }

  close(): void {
    this.#lookout.close();
    this.switchboard.stop();
    this.memory.close();
  }

  /** The run is no more, and nobody ends its processes. Those that hold what other runs will hold now must not go on. */
  orphaned(): void {
    for (const node of this.switchboard.holdersForHost) this.#instances.get(node)?.kill();
  }

  // ---- Parts ----

  #hear(news: News): void {
    if (news.type !== 'drained' || !this.runnerSide.holdsBack(news.channel)) this.#notify(noticeOf(news));
  }

  /** What a process had goes, and another follows it. */
  #follow(instance: Instance, how: string | undefined, attempt: number): void {
    const { node } = instance;
    instance.silence();
    this.switchboard.recover(node, how);
    this.#instances.begin(node, attempt);
    this.#lookout.stir();
  }

  /** What the process that the run started was given stays with it until nothing of it is left; another's comes back now. */
  #lost(session: Session, instance: Instance): void {
    if (session.puts && !session.child) instance.unflushed = true;
    const forked = instance.pid !== null && instance.pid !== session.pid;
    this.switchboard.leave(session.session, instance.node, forked ? 'died' : 'lost');
    if (instance.pid === null) instance.undecided.push(session);
  }
}

function partiesOf(channel: Channel): readonly NodeId[] {
  if (channel.kind === 'lock') return channel.users;
  return channel.kind === 'pipe' ? channel.ends : [...channel.producers, ...channel.consumers];
}
