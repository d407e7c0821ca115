// The putting side of a queue, in one process: spends the room the broker gave, to the broker or over a lane, and asks for more
// when a put waits for it.
import { readJson, readRoom } from '../wire/body.ts';
import type { Frame } from '../wire/frame.ts';
import { Flag, type LaneBody, Type, type WelcomeLine } from '../wire/message.ts';
import { Laid } from './areas.ts';
import { type Encoding, encodingOf } from './encoding.ts';
import { BrokenQueue, type Failure, QueueClosed } from './errors.ts';
import type { Freed } from './lane-out.ts';
import { checkManner, type Manner, mannerOf, type Placing } from './manner.ts';
import { Outlet, type Putter } from './outlet.ts';
import { type Patience, waitMs } from './patience.ts';
import type { Rider, Session } from './session.ts';
import { type WaitingPut, WaitingPuts } from './waiting-puts.ts';

export interface PutOptions extends Patience, Placing {
  /** Waits until the broker has the item. Of a queue with `confirm: true` it always does; else not, where this is not given. */
  readonly confirm?: boolean | undefined;
}

/** What every put that need not wait returns: one promise for all of them. */
export const SENT: Promise<void> = Promise.resolve();

export class Producer implements Rider, Putter {
  readonly #session: Session;
  readonly #name: string;
  readonly #outlet: Outlet;
  #queue: WelcomeLine | null = null;
  #encoding: Encoding | null = null;
  #id = 0;
  /** The broker looks at every item, and answers. */
  #judged = false;
  /** Its word that it has an item is waited for. */
  #confirms = false;
  /** Where there is room, a put is made by writing it, and no more. */
  #plain = false;
  #failure: Failure | null = null;
  /** What may be put without asking. */
  #room = 0;
  #roomBytes = 0;
  /** Puts that wait for room, in order; whatever comes after them waits behind them. */
  readonly #line: WaitingPuts;
  /** The broker was asked for room and has not given all of it; `#stale`: for puts of which some have given up. */
  #wanting = false;
  #stale = false;
  #riding = false;
  #closed = false;

  constructor(session: Session, name: string) {
    this.#session = session;
    this.#outlet = new Outlet(session, this);
    this.#name = name;
    this.#line = new WaitingPuts(session, name, () => {
      this.#stale = true;
      this.#ride();
    });
  }

  put(value: unknown, options: PutOptions | undefined): Promise<void> {
    const { way, largest } = this.#outlet;
    if (this.#plain && this.#room > 0 && options === undefined && this.#line.size === 0 && !way.congested) {
      const most = Math.min(this.#roomBytes, largest);
      const size = (this.#encoding as Encoding).put(way.writer, this.#id, value, most);
      if (size >= 0) {
        this.#room -= 1;
        this.#roomBytes -= size;
        way.wroteItem(size);
        return this.#confirms ? this.#session.confirm() : SENT;
      }
    }
    return this.#putPatiently(value, options ?? {});
  }

  /** Waits until the broker has everything that was put before. */
  async flush(): Promise<void> {
    await this.#line.passed();
    this.#outlet.leaveLane();
    await this.#session.confirm();
    this.#throwUnlessBroken();
  }

  /** Puts no more; the broker knows when this is fulfilled. */
  async close(): Promise<void> {
    const again = this.#closed;
    this.#closed = true;
    this.#plain = false;
    await this.#line.passed();
    this.#outlet.leaveLane();
    await this.#session.ask((request) => {
      if (this.#queue !== null && this.#failure === null && !again) {
        this.#session.writer.bare(Type.CLOSE, this.#queue.id);
        this.#session.areas.leave(this.#queue.id);
      }
      // The broker has taken it back with that: what it asks for meanwhile it has.
      this.#room = 0;
      this.#session.writer.number(Type.FLUSH, 0, request);
    });
    this.#throwUnlessBroken();
  }

  /** It may not put here at all, or the run is gone. */
  #throwUnlessBroken(): void {
    const error = this.#failure?.();
    if (error !== undefined && !(error instanceof BrokenQueue)) throw error;
  }

  /** What waits for room does not keep the program from ending. */
  abandon(): void {
    this.#line.abandon();
  }

  /** The program ends. Gives how many puts still wait for room and were not given up. */
  leave(): number {
    this.#outlet.leaveLane();
    return this.#line.holding;
  }

  open(queue: WelcomeLine, encoding = encodingOf(queue)): void {
    this.#queue = queue;
    this.#encoding = encoding;
    this.#id = queue.id;
    this.#judged = queue.judged;
    this.#confirms = queue.confirm;
    this.#plain = !queue.judged && !this.#closed;
    this.#outlet.open(queue);
    this.#line.open(queue, encoding);
    this.#ride();
  }

  receive(frame: Frame): void {
    switch (frame.type) {
      case Type.ROOM: {
        const { count, bytes } = readRoom(frame);
        return this.onRoom(count, bytes);
      }
      case Type.LANE:
        return this.#outlet.enterLane(readJson(frame) as unknown as LaneBody);
      case Type.LANE_STOP:
        return this.#outlet.leaveLane();
      case Type.BROKEN:
        this.#outlet.leaveLane();
        return this.fail(() => new BrokenQueue(`no process is left that takes from \`${this.#name}\``));
      case Type.REFUSED:
        if (frame.flags === Flag.NEVER) this.#line.fail(() => this.#closedError());
        return;
      case Type.WITHDRAWN:
      case Type.RECALL:
        return this.#giveRoom();
    }
  }

  onRoom(count: number, bytes: number): void {
    this.onFreed({ count, bytes });
    this.serve();
  }

  onFreed({ count, bytes }: Freed): void {
    if (this.#failure !== null || (this.#closed && this.#line.size === 0)) return;
    this.#room += count;
    this.#roomBytes += bytes;
  }

  onTurn(): void {
    this.serve();
  }

  fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#room = 0;
    this.#outlet.destroy();
    this.#line.fail(failure);
  }

  /** Puts what waits, as far as there is room. */
  serve(): void {
    const queue = this.#queue;
    for (const put of this.#line) {
      const bytes = put.bytes;
      if (queue === null || bytes === null || this.#room === 0 || bytes.length > this.#roomBytes) break;
      if (this.#outlet.way.congested) return;
      // A lane that turns out to be broken while it is written to has the rest of the line put past it.
      this.#line.remove(put);
      put.settle(this.#spend(bytes, put.manner));
    }
    // Room that nobody uses would make another's put fail.
    if (queue?.overflow === 'fail') this.#giveRoom();
    this.#wanting &&= this.#line.size > 0 || this.#stale;
    if (this.#wanting || this.#line.size > 0) this.#ride();
  }

  /** Tells the broker what the waiting puts need: those at the head of the line, so that producers take turns. */
  settle(): void {
    this.#riding = false;
    const { writer } = this.#session;
    if (this.#queue === null || this.#failure !== null) return;
    const { id } = this.#queue;
    const [head] = this.#line;
    if (head === undefined) {
      if (this.#wanting) writer.bare(Type.UNWANT, id);
      this.#wanting = false;
    } else if (head.trying === 'ask') {
      this.#try(head, id);
    } else if (head.trying === null && !this.#outlet.bypasses) {
      const { count, bytes } = this.#line.need;
      writer.room(Type.WANT, id, count, bytes);
      this.#wanting = true;
    }
    this.#stale = false;
  }

  async #putPatiently(value: unknown, options: PutOptions): Promise<void> {
    const manner = mannerOf(options);
    const patience = waitMs(options);
    const timeMs = this.#queue?.overflow === 'fail' ? 0 : patience;
    options.signal?.throwIfAborted();
    if (this.#failure !== null) throw this.#failure();
    if (this.#closed) throw this.#closedError();
    if (this.#queue !== null) checkManner(manner, this.#queue);
    const bytes = this.#layDown(value) ?? this.#encoding?.encode(value) ?? null;
    if (options.confirm) this.#outlet.leaveLane();
    const failure = await this.#place(bytes, value, manner, timeMs, options.signal);
    if (failure !== null) {
      if (bytes instanceof Laid) this.#session.areas.takeBack((this.#queue as WelcomeLine).id, bytes);
      throw failure();
    }
    if ((options.confirm || this.#queue?.confirm) && !this.#judged) await this.#session.confirm();
  }

  /** What may have to wait is copied by that, where it is large: and not once more when it is put. */
  #layDown(value: unknown): Laid | null {
    const view = this.#judged || this.#outlet.bypasses ? undefined : this.#encoding?.view?.(value);
    return view === undefined ? null : this.#session.areas.layDown((this.#queue as WelcomeLine).id, view);
  }

  /** Puts at once where that is possible, else takes a place in the line. */
  #place(
    bytes: Uint8Array | Laid | null,
    value: unknown,
    manner: Manner,
    timeMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Failure | null> | null {
    const first = this.#line.size === 0;
    if (first && bytes !== null && this.#room > 0 && bytes.length <= this.#roomBytes && !this.#outlet.way.congested) {
      return this.#spend(bytes, manner);
    }
    if (timeMs === 0 && this.#line.patient) return Promise.resolve(this.#line.full(0));
    return new Promise((resolve) => {
      this.#line.add({ bytes, value, manner, timeMs, signal }, resolve);
      this.#ride();
    });
  }

  /** Room at once or not at all: whatever the broker has to say to this has come when it answers the FLUSH behind. */
  #try(put: WaitingPut, id: number): void {
    const { writer } = this.#session;
    const { length } = put.bytes as Uint8Array | Laid;
    writer.room(Type.WANT, id, 1, length, Flag.TRY);
    put.trying = 'asked';
    const decide = (failure: Failure) => {
      // What has its room and only waits for the system to take more will be put.
      if (!this.#line.has(put) || (this.#room > 0 && this.#roomBytes >= length)) return;
      put.settle(failure);
      if (this.#line.size > 0) this.#ride();
    };
    this.#session.request({
      write: (request) => writer.number(Type.FLUSH, 0, request),
      answer: () => decide(this.#line.full(0)),
      fail: decide,
    });
  }

  /** Puts it; where it is judged, there is more to wait for. */
  #spend(bytes: Uint8Array | Laid, manner: Manner): Promise<Failure | null> | null {
    this.#room -= 1;
    this.#roomBytes -= bytes.length;
    return this.#outlet.put(bytes, manner);
  }

  /** Gives back what no put waits for. */
  #giveRoom(): void {
    if (this.#line.size > 0 || this.#room === 0 || this.#queue === null) return;
    this.#session.writer.room(Type.GIVE_ROOM, this.#queue.id, this.#room, this.#roomBytes);
    this.#room = 0;
    this.#roomBytes = 0;
    this.#session.wrote();
  }

  #ride(): void {
    if (this.#riding) return;
    this.#riding = true;
    this.#session.ride(this);
  }

  #closedError(): QueueClosed {
    return new QueueClosed(`this process has closed \`${this.#name}\` for its puts`);
  }
}
