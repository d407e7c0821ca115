// A lock that is lent to this process: released, it stays here until the turn ends, and whoever takes it again meanwhile need not
// ask. It never keeps others waiting for a program that is busy: a thread of ours gives it back after a millisecond
// in which nobody took it, whatever the program does. That thread is started for programs that take a lock in a tight loop.
import { Worker } from 'node:worker_threads';
import { Flag, Type } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import { discount } from './stillness.ts';

/** What the connection must allow for. */
export interface Line {
  readonly writer: FrameWriter;
  /** Where the thread writes to. */
  readonly descriptor: number | null;
  /** All that was written has gone out whole, so that the thread may write. */
  readonly quiet: boolean;
  flush(): void;
}

export class Lease {
  readonly #line: Line;
  readonly #shared = new SharedArrayBuffer(WORDS * 4 + FRAME);
  readonly #words = new Int32Array(this.#shared, 0, WORDS);
  readonly #frame = new DataView(this.#shared, WORDS * 4, FRAME);
  #thread: 'none' | 'starting' | 'ready' | 'broken' = 'none';
  #channel = 0;
  #fence = 0;
  /** As what it was kept last: a number that changes each time, so that the thread sees whether it was taken meanwhile. */
  #kept = LAST;
  /** The end of the turn is waited for. */
  #scheduled = false;

  constructor(line: Line) {
    this.#line = line;
  }

  /** Whether a lock may be borrowed; the first time it is asked, that is made possible. */
  get ready(): boolean {
    if (this.#thread === 'none') this.#start();
    return this.#thread === 'ready';
  }

  /** Until when what is lent now may stay: a time that the thread counts, because to look at the clock is what would cost most. */
  get until(): number {
    return Atomics.load(this.#words, PAUSES) + LENT;
  }

  /** The lock of that channel was released, and stays here if that is possible. */
  keep(channel: number, fence: number, until: number): boolean {
    if (this.#thread !== 'ready' || Atomics.load(this.#words, PAUSES) >= until) return false;
    // One at a time: another lock goes back now.
    if (Atomics.load(this.#words, STATE) !== NOTHING) this.#line.flush();
    if (!this.#line.quiet) return false;
    this.#channel = channel;
    this.#fence = fence;
    this.#frame.setUint16(6, channel);
    const low = fence >>> 0;
    this.#frame.setUint32(8, (fence - low) / 0x100000000);
    this.#frame.setUint32(12, low);
    this.#kept = this.#kept === LAST ? IDLE : this.#kept + 1;
    // The thread reads the frame only after it has seen this.
    Atomics.store(this.#words, STATE, this.#kept);
    if (Atomics.load(this.#words, WATCH) === 0) {
      Atomics.store(this.#words, WATCH, 1);
      Atomics.notify(this.#words, WATCH);
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#onTick);
    }
    return true;
  }

  /** Whether the lock of that channel was kept and is still here; then it is the caller's. */
  take(channel: number): boolean {
    if (channel !== this.#channel) return false;
    if (this.#takeBack()) return true;
    this.#forget();
    return false;
  }

  /** Before anything else is sent: what is kept goes back. */
  settle(): void {
    if (this.#thread !== 'ready' || Atomics.load(this.#words, STATE) === NOTHING) return;
    if (this.#takeBack()) this.#line.writer.release(this.#channel, this.#fence, 0, Flag.QUIET);
    else this.#forget();
  }

  readonly #onTick = (): void => {
    this.#scheduled = false;
    Atomics.store(this.#words, WATCH, 0);
    if (Atomics.load(this.#words, STATE) !== NOTHING) this.#line.flush();
  };

  #takeBack(): boolean {
    return Atomics.compareExchange(this.#words, STATE, this.#kept, NOTHING) === this.#kept;
  }

  /** The thread has given it back, or is in the middle of that, which takes microseconds. */
  #forget(): void {
    while (Atomics.load(this.#words, STATE) === GIVING);
    Atomics.store(this.#words, STATE, NOTHING);
  }

  #start(): void {
    const { descriptor } = this.#line;
    if (descriptor === null) return;
    this.#thread = 'starting';
    this.#frame.setUint32(0, FRAME - 4);
    this.#frame.setUint8(4, Type.RELEASE);
    this.#frame.setUint8(5, Flag.QUIET);
    const workerData = { words: this.#words, frame: new Uint8Array(this.#shared, WORDS * 4, FRAME), descriptor };
    const thread = new Worker(GIVES_BACK, {
      eval: true,
      workerData,
      env: {},
      execArgv: [],
      stderr: false,
      stdout: false,
    });
    discount(thread);
    thread.on('online', () => {
      thread.unref();
      this.#thread = 'ready';
    });
    // Without it, locks are as they were.
    thread.on('error', () => {
      this.#thread = 'broken';
    });
    thread.unref();
  }
}

/** The words that both threads see. */
const WORDS = 4;
const STATE = 0;
/** 1 while there may be something to give back; the thread sleeps on it. */
const WATCH = 1;
/** How often the thread has slept for a millisecond. */
const PAUSES = 2;
/** So many of these may have begun or ended while something is lent: one to two milliseconds. */
const LENT = 2;

const NOTHING = 0;
const GIVING = 1;
const GIVEN = 2;
/** From here on: it is kept, and may be taken. */
const IDLE = 3;
const LAST = 0x3fff_ffff;

/** A RELEASE, ready to be written. */
const FRAME = 20;

/** The thread. Whoever sees that something is kept may change that, and only who did so writes to the socket. */
const GIVES_BACK = `
const { workerData: { words, frame, descriptor } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const [STATE, WATCH, PAUSES, NEVER] = [${STATE}, ${WATCH}, ${PAUSES}, ${WORDS - 1}];
const pause = () => Atomics.wait(words, NEVER, 0, 1);
for (;;) {
  Atomics.wait(words, WATCH, 0);
  const seen = Atomics.load(words, STATE);
  pause();
  Atomics.add(words, PAUSES, 1);
  if (seen < ${IDLE} || Atomics.compareExchange(words, STATE, seen, ${GIVING}) !== seen) continue;
  let rest = Buffer.from(frame);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') break;
      pause();
    }
  }
  Atomics.store(words, WATCH, 0);
  Atomics.store(words, STATE, ${GIVEN});
}`;
