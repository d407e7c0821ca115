// The machine of a queue. It takes what sessions and the run say, by method, and returns from `turn` what is to be said to
// whom, as plain data. Who may put what is for `Intake` to say, who is given what for `Outflow`; where the items are is kept
// by `Custody`, what becomes of them when their taker is gone by `Settlement`, and how it all ends by `Ending`. A session that
// asks for what it may not have makes it throw a `ProtocolError`; that ends the session.
import { earliest } from '../deadline.ts';
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import type { Items } from '../wire/items.ts';
import { type Manner, PLAINLY } from './backlog.ts';
import type { Batch, Death } from './batch.ts';
import { Bypass } from './bypass.ts';
import { Custody, type CustodySettings } from './custody.ts';
import type { Holding } from './holding.ts';
import type { Departure, End } from './departure.ts';
import type { Effect } from './effect.ts';
import { Ending } from './ending.ts';
import { Intake, type IntakeSettings, longestPut, type Refusal } from './intake.ts';
import { Joins } from './joins.ts';
import { Lane } from './lane.ts';
import { Outflow } from './outflow.ts';
import { QueueView } from './queue-view.ts';
import { type Seat, seatOf } from './seat.ts';
import { Settlement } from './settlement.ts';
import { Space } from './space.ts';
import { Speech } from './speech.ts';

export type QueueSettings = CustodySettings &
  IntakeSettings &
  Pick<QueueChannel, 'name' | 'maxsize' | 'maxBytes' | 'leftover' | 'consumers'>;

export class Queue {
  /** What can be asked of it. */
  readonly view: QueueView;
  /** Its direct lane; null where all its items go through it. */
  readonly bypass: Bypass | null;
  readonly #seats = new Map<number, Seat>();
  readonly #speech = new Speech();
  readonly #joins = new Joins(this.#speech);
  readonly #space: Space;
  readonly #custody: Custody;
  readonly #settlement: Settlement;
  readonly #ending: Ending;
  readonly #intake: Intake;
  readonly #outflow: Outflow;
  #now = 0;
  #deadline: number | null = null;

  /** `laneItems`: so many within a short time are worth a direct lane; null: it has none. */
  constructor(settings: QueueSettings, laneItems: number | null = null) {
    this.#space = new Space(settings.maxsize, settings.maxBytes);
    this.#custody = new Custody(this.#space, settings, (first, count) => this.#joins.finish(first, count));
    this.#settlement = new Settlement(settings.name, this.#custody, this.#speech);
    this.#ending = new Ending(settings);
    this.#intake = new Intake(this.#space, this.#custody, this.#ending, this.#speech, settings);
    this.#outflow = new Outflow(this.#custody, this.#ending, this.#speech, this.#seats, settings.order);
    const { producers, consumers, maxsize, maxBytes } = settings;
    const parts = {
      seats: this.#seats,
      speech: this.#speech,
      space: this.#space,
      custody: this.#custody,
      settlement: this.#settlement,
      ending: this.#ending,
      intake: this.#intake,
      outflow: this.#outflow,
      joins: this.#joins,
    };
    this.bypass =
      laneItems === null
        ? null
        : new Bypass(new Lane(this.#speech, this.#seats, laneItems), { ...parts, consumer: consumers[0] ?? '' });
    this.view = new QueueView({ ...parts, bypass: this.bypass, producers, maxsize, maxBytes });
  }

  // ---- Sessions that put ----

  has(session: number): boolean {
    return this.#seats.has(session);
  }

  /** With `lanes` it can put and take past the queue. */
  enter(session: number, instance: NodeId, lanes = false): void {
    this.#seats.set(session, seatOf(this.#custody.open(session, instance), this.#intake.open(session), lanes));
    this.bypass?.entered();
  }

  put(session: number, items: Items, manner: Manner = PLAINLY): void {
    const seat = this.#seat(session);
    seat.puts = true;
    this.#intake.accept(seat, items, manner);
  }

  /** A put that is answered. */
  offer(session: number, request: number, items: Items, manner: Manner): void {
    this.put(session, items, manner);
    this.#speech.say({ type: 'reply', session, request });
  }

  /** An item that does not fit: its room is free again. */
  refuse(session: number, items: Items, refusal: Refusal): void {
    this.#intake.refuse(this.#seat(session), items, refusal);
  }

  /** Dead letters of another queue, which need no room. */
  bury(items: Items, death: Death): void {
    this.#intake.bury(items, death);
  }

  /** Puts wait that need so much room in all. With `atOnce` they get it now or not at all. */
  want(session: number, count: number, bytes: number, atOnce: boolean): void {
    const seat = this.#seat(session);
    seat.puts = true;
    this.#intake.want(seat, count, bytes, atOnce, this.#now);
  }

  unwant(session: number): void {
    this.#intake.unwant(this.#seat(session));
  }

  giveRoom(session: number, count: number, bytes: number): void {
    this.#intake.giveRoom(this.#seat(session), count, bytes);
  }

  /** This session puts no more. */
  close(session: number): void {
    this.#intake.close(this.#seat(session));
  }

  /** The most that a frame with what a session may put now can say its length is. */
  longestPut(session: number): number {
    const seat = this.#seats.get(session);
    return seat === undefined ? 0 : longestPut(seat.loan);
  }

  // ---- Sessions that get ----

  /** It accepts `count` more items, all that it accepts from the one end; with `waiting` its program has nothing to read. */
  get(session: number, count: number, waiting: boolean, right = false): void {
    this.#outflow.get(this.#seat(session), count, waiting, right);
  }

  /** Gets no more. What there is for it now it gets first: who asks and withdraws at once wants just that. */
  unget(session: number): void {
    this.#outflow.unget(this.#seat(session), this.#now, !this.bypass?.busy);
  }

  /** Takes no more, ever: what it was given and has not taken goes back. */
  shut(session: number): void {
    this.#outflow.shut(this.#seat(session));
  }

  taken(session: number, count: number): void {
    const seat = this.#seat(session);
    this.#custody.take(this.#outflow.stir(seat, this.#now), count);
    // What it took came before it heard that the program waits: that is over.
    if (seat.waiting) this.#outflow.busy(seat);
  }

  /** Answers the items: nobody looks into them any more. */
  done(session: number, tag: number, count: number): readonly Batch[] {
    return this.#custody.finish(this.#stir(session), tag, count);
  }

  /** It keeps on taking, and finishes nothing: the queue would grow without end. */
  hoards(session: number): boolean {
    return this.#seat(session).holding.ledger.isHoard;
  }

  /** So many of the oldest items that sessions of its instance held when they left are done; with 0 all. */
  finishLeft(session: number, request: number, count: number): void {
    const { instance } = this.#seat(session);
    const finished = this.#custody.finishLeft(instance, count === 0 ? Number.POSITIVE_INFINITY : count);
    this.#speech.say({ type: 'finished', session, request, count: finished });
  }

  giveBack(session: number, tag: number, count: number): void {
    this.#custody.giveBack(this.#stir(session), tag, count);
  }

  /** Its program works on so many items, whether or not it waits for more. */
  occupy(session: number, count: number): void {
    this.#seat(session).occupied = count;
  }

  /** An item that it holds will never be done, and becomes a dead letter. */
  condemn(session: number, tag: number, death: Death): void {
    this.#settlement.condemn(this.#stir(session), tag, death);
  }

  /** What was sent to it has not gone out, or has now. */
  congest(session: number, congested: boolean): void {
    this.#outflow.congest(this.#seat(session), congested);
  }

  // ---- All sessions ----

  /** Answers when all that was put so far is done. */
  join(session: number, request: number): void {
    if (this.bypass?.park(session, () => this.join(session, request))) return;
    const { instance } = this.#seat(session);
    const { next: before, unfinished: left } = this.#custody;
    this.#joins.ask({ session, instance, request, before, left });
  }

  stat(session: number, request: number): void {
    if (this.bypass?.park(session, () => this.stat(session, request))) return;
    const stat = {
      size: this.#space.waiting,
      room: this.#intake.admits(this.#seat(session)),
      unfinished: this.#custody.unfinished,
      closed: this.#ending.stream !== 'open',
    };
    this.#speech.say({ type: 'reply', session, request, stat });
  }

  /** To be called a second time with `died`, where that turns out only after a session was lost. */
  leave(session: number, how: Departure): void {
    const seat = this.#seats.get(session);
    if (seat !== undefined) {
      this.#seats.delete(session);
      this.#outflow.leave(seat);
      this.#intake.leave(seat);
      this.#joins.forget(session);
    }
    this.bypass?.left(session, how);
    const holding = this.#custody.find(session);
    if (holding !== undefined) this.#settlement.dismiss(holding, how);
  }

  // ---- The run ----

  /** An instance has ended for good, and its sessions have left; `how` it ended, where that was no success. */
  settle(instance: NodeId, held: 'done' | 'back', succeeded: boolean, how = 'ended'): void {
    this.#release(instance, { held, how });
    if (this.#ending.settle(instance, succeeded)) this.#intake.loseConsumers(this.#seats.values());
  }

  /** An attempt of an instance has ended and another follows: what it held goes back, and it takes part as before. */
  recover(instance: NodeId, how: string): void {
    this.#release(instance, { held: 'back', how });
    this.#outflow.forget(instance);
  }

  /** A producer's part of the stream has ended; so many are left. */
  silence(instance: NodeId, producers: number): void {
    this.#ending.silence(instance);
    this.#intake.producers = producers;
  }

  /** A producer failed: the stream breaks off, now or once the others have ended. */
  abort(): void {
    for (const news of this.#ending.strand('a producer of it failed')) this.#speech.say(news);
  }

  /** The last producer has ended. */
  closeStream(aborted: boolean): void {
    this.#ending.stream = aborted ? 'aborted' : 'ended';
  }

  /** Deals out what there is, and returns everything there is to say since the last turn. */
  turn(now: number): readonly Effect[] {
    this.#now = now;
    this.#outflow.deal(now);
    this.#intake.lend(now);
    this.bypass?.consider(now);
    // What is on a lane may still change how it ends.
    if (this.bypass?.busy) return this.#speech.take();
    this.#outflow.tellEnds();
    this.#deadline = earliest(this.#intake.recall(now), this.#outflow.recall(now));
    for (const news of this.#ending.judge(this.#custody)) this.#speech.say(news);
    if (this.#ending.lost(this.#custody)) this.#joins.deny();
    return this.#speech.take();
  }

  /** When it wants a turn although nothing was said to it. */
  get nextDeadline(): number | null {
    return this.#deadline;
  }

  // ---- Parts ----

  #seat(session: number): Seat {
    const seat = this.#seats.get(session);
    if (seat === undefined) throw new Error(`Internal error: session ${session} is not at this queue`);
    return seat;
  }

  #stir(session: number): Holding {
    return this.#outflow.stir(this.#seat(session), this.#now);
  }

  /** What an instance was given goes back, or is done. */
  #release(instance: NodeId, end: End): void {
    this.#settlement.releaseAll(instance, end);
    this.bypass?.settled(instance, end);
  }
}
